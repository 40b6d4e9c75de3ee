"""New settings for a running daemon: what can change at once, changes; the rest is named."""

import logging
from typing import Any

from daemon.app import Running
from daemon.config import Settings
from daemon.ears.whisper import Whisper
from daemon.service.journal import set_level

VOICE = ("voice.english", "voice.mandarin", "voice.speed", "voice.volume")
CONVERTED = ("voice.name", "voice.content_vec")
FACE = ("face.name",)
HEARING = ("ears.languages",)
NAMES = ("dialogue.name", "dialogue.wake_phrases", "dialogue.follow_up_s")
MEMORY = ("memory.keep", "memory.days", "memory.recall_tokens")
LIGHT = ("log.level", "dialogue.barge_in_s", "brain.persona", "persona.name")
TOOLS = ("tools.servers",)
LIVE = (*VOICE, *CONVERTED, *FACE, *HEARING, *NAMES, *MEMORY, *LIGHT, *TOOLS)
"""Settings that change at once; others wait for a restart."""

log = logging.getLogger(__name__)


def differences(before: Settings, after: Settings) -> list[str]:
    """Name the settings that differ, such as ``voice.speed``."""
    old, new = before.model_dump(), after.model_dump()
    return [
        f"{room}.{key}" for room in old for key in old[room] if old[room][key] != new[room][key]
    ]


async def apply(running: Running, wanted: Settings) -> dict[str, Any]:
    """Bring ``wanted`` into force: ``changed`` and ``needs_restart`` name the settings.

    A voice or face that cannot be loaded raises ``DigitalLifeError``, and the one before stays.
    With another voice or face, what is being said is cut short.
    """
    names = differences(running.loader.settings, wanted)
    changed = [name for name in names if name in LIVE]
    before = running.loader.settings
    kept = {name for name in names if name not in changed}
    running.loader.settings = _merge(before, wanted, kept)
    try:
        if set(changed) & set(VOICE):
            await _change_voice(running)
        # A converted voice has learnt what the plain one sounds like.
        if set(changed) & {*VOICE, *CONVERTED}:
            await _change_conversion(running)
        if set(changed) & set(FACE):
            await _change_face(running)
        if set(changed) & set(HEARING):
            await _change_languages(running)
    except BaseException:
        running.loader.settings = before
        raise
    set_level(wanted.log.level)
    running.session.barge_in_s = wanted.dialogue.barge_in_s
    running.chat.history.persona = wanted.brain.persona
    running.chat.keeper.settings = wanted.memory
    running.tools.use(wanted.tools.servers)
    if running.attentive is not None:
        running.attentive.settings = wanted.dialogue
    for name in changed:
        log.info("%s changed", name)
    for name in sorted(kept):
        log.warning("%s needs a restart", name)
    return {"changed": changed, "needs_restart": sorted(kept)}


def _merge(before: Settings, wanted: Settings, kept: set[str]) -> Settings:
    """Return ``wanted`` with what cannot change as it was."""
    values, old = wanted.model_dump(), before.model_dump()
    for name in kept:
        room, key = name.split(".")
        values[room][key] = old[room][key]
    return Settings.model_validate(values)


async def _change_voice(running: Running) -> None:
    speaking, old = running.parts.speaking, running.session.parts.synthesizer
    voice = await running.loader.make(speaking, running.loader.voice)
    running.session.use(synthesizer=voice)
    running.session.hush()  # after it nobody calls the old one
    await running.loader.release(speaking, old)


async def _change_languages(running: Running) -> None:
    languages, recognizer = running.loader.settings.ears.languages, running.recognizer
    if isinstance(recognizer, Whisper):
        await running.parts.hearing.run(lambda _: recognizer.understand(languages))


async def _change_conversion(running: Running) -> None:
    parts = running.session.parts
    new = await running.loader.other_conversion(parts.synthesizer, parts.speaking)
    running.session.use(conversion=new)
    running.session.hush()
    if parts.conversion is not None:
        await parts.conversion.stop()
        if parts.conversion.converter is not None:
            await running.loader.release(parts.conversion.worker, parts.conversion.converter)


async def _change_face(running: Running) -> None:
    if running.screen is None:
        return
    drawing, old = running.parts.drawing, running.screen.face
    face = await running.loader.make(drawing, running.loader.other_face)
    running.session.use(lip_sync=face)
    running.session.hush()
    await running.screen.use(face)
    await running.loader.release(drawing, old)
