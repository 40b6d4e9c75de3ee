"""Other settings for a running daemon: what can change at once, changes; the rest is named.

All new parts are built first, then put in the place of the old in one step, then the old are
released. So a part that cannot be built changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from daemon.app import Running
from daemon.config import Settings
from daemon.dialogue.apologies import make_apologies
from daemon.dialogue.conversion import Conversion
from daemon.ears.whisper import Whisper
from daemon.loading import Loader
from daemon.media import Samples
from daemon.service.journal import set_level
from daemon.stages import LipSync, Part, Synthesizer
from daemon.worker import Worker

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


@dataclass(slots=True)
class _Built:
    """New parts in the place of old ones; ``None`` where the old one stays."""

    voice: Synthesizer | None = None
    apologies: dict[str, Samples] | None = None
    converts_anew: bool = False
    conversion: Conversion | None = None
    """The new one; there may be none any more."""
    face: LipSync | None = None


async def apply(running: Running, wanted: Settings) -> dict[str, Any]:
    """Bring ``wanted`` into force: ``changed`` and ``needs_restart`` name the settings.

    A part that cannot be built raises what is wrong with it, and everything stays as it was. With
    another voice or face, what is being said is cut short.
    """
    names = differences(running.loader.settings, wanted)
    changed = [name for name in names if name in LIVE]
    kept = {name for name in names if name not in changed}
    settings = _merge(running.loader.settings, wanted, kept)
    loader = running.loader.asking_for(settings)
    async with AsyncExitStack() as undo:
        built = await _build(running, loader, set(changed), undo)
        undo.pop_all()
    old = _swap(running, wanted, settings, built)
    for release in old:
        try:
            await release()
        except Exception as error:  # what is wanted is in force, and nobody uses the old part
            log.warning("an old part was not freed: %s", type(error).__name__)
    for name in changed:
        log.info("%s changed", name)
    for name in sorted(kept):
        log.warning("%s needs a restart", name)
    return {"changed": changed, "needs_restart": sorted(kept)}


async def _build(
    running: Running, loader: Loader, changed: set[str], undo: AsyncExitStack
) -> _Built:
    """Build what ``changed`` asks for; ``undo`` releases it."""
    built, parts = _Built(), running.session.parts
    if changed & set(VOICE):
        built.voice = await loader.make(parts.speaking, loader.voice)
        undo.push_async_callback(loader.release, parts.speaking, built.voice)
        built.apologies = await make_apologies(built.voice, parts.speaking)
    if changed & {
        *VOICE,
        *CONVERTED,
    }:  # a converted voice has learnt what the plain one sounds like
        plain = built.voice or parts.synthesizer
        built.converts_anew = True
        built.conversion = await loader.other_conversion(plain, parts.speaking)
        for worker, part in _converter(built.conversion):
            undo.push_async_callback(loader.release, worker, part)
    if changed & set(FACE) and running.screen is not None:
        built.face = await loader.make(parts.drawing, loader.other_face)
        undo.push_async_callback(loader.release, parts.drawing, built.face)
    if changed & set(HEARING) and isinstance(recognizer := running.recognizer, Whisper):
        languages = loader.settings.ears.languages
        # the last that may fail, because it takes them at once, all or none
        await parts.hearing.run(lambda _: recognizer.understand(languages))
    return built


def _swap(
    running: Running, wanted: Settings, settings: Settings, built: _Built
) -> list[Callable[[], Awaitable[None]]]:
    """Put everything new in its place without a pause; return what releases the old."""
    session, before, release = running.session, running.session.parts, running.loader.release
    new: dict[str, Any] = {}
    old: list[Callable[[], Awaitable[None]]] = []
    if built.voice is not None:
        new["synthesizer"] = built.voice
        old.append(partial(release, before.speaking, before.synthesizer))
    if built.apologies is not None:
        session.apologies = built.apologies
    if built.converts_anew:
        new["conversion"] = built.conversion
        if before.conversion is not None:
            old.append(before.conversion.stop)
            old += [partial(release, *found) for found in _converter(before.conversion)]
    if built.face is not None and running.screen is not None:
        new["lip_sync"] = built.face
        old += [running.screen.drawn, partial(release, before.drawing, running.screen.face)]
    running.loader.settings = settings
    if new:
        session.use(**new)
        session.stop_speaking()  # after it nobody calls the old ones
    if built.face is not None and running.screen is not None:
        running.screen.use(built.face)
    set_level(wanted.log.level)
    session.barge_in_s = wanted.dialogue.barge_in_s
    running.chat.history.persona = wanted.brain.persona
    running.chat.keeper.settings = wanted.memory
    running.tools.use(wanted.tools.servers)
    session.lately.attend(settings.dialogue)
    return old


def _converter(conversion: Conversion | None) -> list[tuple[Worker, Part]]:
    """Return what is to be released of a converted voice, with its thread."""
    if conversion is None or conversion.converter is None:
        return []
    return [(conversion.worker, conversion.converter)]


def _merge(before: Settings, wanted: Settings, kept: set[str]) -> Settings:
    """Return ``wanted`` with what cannot change as it was."""
    values, old = wanted.model_dump(), before.model_dump()
    for name in kept:
        room, key = name.split(".")
        values[room][key] = old[room][key]
    return Settings.model_validate(values)
