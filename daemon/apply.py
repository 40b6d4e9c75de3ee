"""Other settings for a running daemon: what can change at once, changes; the rest is named.

All new parts are built first, then put in the place of the old in one step, then the old are
released. So a part that cannot be built changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

import numpy as np

from daemon.brain.style import Style, load_style
from daemon.components import Components
from daemon.config import Settings
from daemon.config.state import LIVE, differences
from daemon.dialogue.apologies import make_apologies
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.parts import Parts
from daemon.journal import set_level
from daemon.media import Samples
from daemon.remote.standby import OnServer
from daemon.running import Running
from daemon.stages import AdjustableVoice, LipSync, MultilingualRecognizer, Part, Synthesizer
from daemon.voice.voiced_languages import require_voices
from daemon.worker import Worker

# What other settings make anew; the rest of those that change at once is only told of them.
VOICE = ("voice.engine", "voice.english", "voice.mandarin", "voice.others")
TUNED = ("voice.speed", "voice.volume")  # unless the voice can change these as it is
CONVERTED = ("voice.name", "voice.content_vec")
FACE = ("face.name", "face.background")
HEARING = ("ears.languages",)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Built:
    """New parts in the place of old ones; ``None`` where the old one stays."""

    voice: Synthesizer | None = None
    apologies: dict[str, Samples] | None = None
    converts_anew: bool = False
    conversion: Conversion | None = None
    """The new one; there may be none any more."""
    tunes: bool = False
    """The voice stays, and only speaks at another pace, or louder or softer."""
    face: LipSync | None = None
    style: Style | None = None
    """Read anew each time, because its file may have changed."""


class Applied(TypedDict):
    """What became of settings, by name."""

    changed: list[str]
    needs_restart: list[str]


async def apply(running: Running, wanted: Settings) -> Applied:
    """Bring ``wanted`` into force.

    A part that cannot be built raises what is wrong with it, and everything stays as it was. With
    another voice or face, what is being said is cut short.
    """
    names = differences(running.components.settings, wanted)
    changed = [name for name in names if name in LIVE]
    kept = {name for name in names if name not in changed}
    settings = _merge(running.components.settings, wanted, kept)
    components = running.components.with_settings(settings)
    async with AsyncExitStack() as undo:
        built = await _build(running, components, set(changed), undo)
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
    running: Running, components: Components, changed: set[str], undo: AsyncExitStack
) -> _Built:
    """Build what ``changed`` asks for; ``undo`` releases it."""
    built, parts = _Built(), running.session.parts
    built.style = load_style(components.settings.brain.style)
    built.tunes = isinstance(parts.synthesizer, AdjustableVoice) and not changed & set(VOICE)
    remade = {*VOICE, *(() if built.tunes else TUNED)}
    if isinstance(parts.synthesizer, OnServer):  # it cuts texts by the languages that are set
        remade |= set(HEARING)
    if changed & remade:
        built.voice = await components.make(parts.speaking, components.voice)
        undo.push_async_callback(components.release, parts.speaking, built.voice)
        built.apologies = await make_apologies(
            built.voice, parts.speaking, components.settings.ears.languages
        )
    if changed & {
        *remade,
        *CONVERTED,
    }:  # a converted voice has learnt what the plain one sounds like
        plain = built.voice or parts.synthesizer
        built.converts_anew = True
        built.conversion = await components.other_conversion(plain, parts.speaking)
        for worker, part in _converter(built.conversion):
            undo.push_async_callback(components.release, worker, part)
    if changed & set(FACE) and running.screen is not None:
        built.face = await components.make(parts.drawing, components.other_face)
        undo.push_async_callback(components.release, parts.drawing, built.face)
    if changed & set(HEARING):
        languages = components.settings.ears.languages
        require_voices(components.settings, components.store)
        if built.apologies is None:
            made = await make_apologies(parts.synthesizer, parts.speaking, languages)
            built.apologies = made
        await _understand(parts, languages)
    return built


async def _understand(parts: Parts, languages: Sequence[str]) -> None:
    """Have the recogniser expect these; the last that may fail: it takes all at once, or none."""
    if isinstance(recognizer := parts.recognizer, MultilingualRecognizer):
        await parts.hearing.run(lambda _: recognizer.understand(languages))


def _swap(
    running: Running, wanted: Settings, settings: Settings, built: _Built
) -> list[Callable[[], Awaitable[None]]]:
    """Put everything new in its place without a pause; return what releases the old."""
    session, before, release = running.session, running.session.parts, running.components.release
    new: dict[str, object] = {}
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
    if built.tunes:
        _tune(running, settings)
    if (openers := session.parts.openers) is not None:
        openers.apply_settings(settings)
        if running.components.settings.voice != settings.voice:
            openers.forget_sounds()
    running.components.settings = settings
    if new:
        session.use(**new)
        session.stop_speaking()  # after it nobody calls the old ones
    if built.face is not None and running.screen is not None:
        running.screen.use(built.face)
    if running.screen is not None:
        running.screen.behaviour.expressiveness = wanted.face.expressiveness
    set_level(wanted.log.level)
    session.barge_in_s = wanted.dialogue.barge_in_s
    running.chat.history.languages = settings.ears.languages
    running.chat.history.persona = wanted.brain.persona
    running.chat.history.style = built.style
    running.chat.move_to(wanted.dialogue.place)
    running.chat.memory.settings = wanted.memory
    running.tools.use(wanted.tools.servers)
    session.context.apply_settings(settings.dialogue, settings.ears.languages)
    return old


def _tune(running: Running, settings: Settings) -> None:
    """Have the voice there is speak at the pace, and as loud, as the settings say."""
    session, voice = running.session, running.session.parts.synthesizer
    before, wanted = running.components.settings.voice, settings.voice
    if not isinstance(voice, AdjustableVoice) or before == wanted:
        return
    voice.set_speed(wanted.speed)
    voice.set_volume(wanted.volume)
    if before.volume > 0:  # of silence nothing can be made louder
        louder = np.float32(wanted.volume / before.volume)
        session.apologies = {name: sound * louder for name, sound in session.apologies.items()}


def _converter(conversion: Conversion | None) -> list[tuple[Worker, Part]]:
    """Return what is to be released of a converted voice, with its thread."""
    if conversion is None or conversion.converter is None:
        return []
    return [(conversion.worker, conversion.converter)]


def _merge(before: Settings, wanted: Settings, kept: set[str]) -> Settings:
    """Return ``wanted`` with what cannot change as it was."""
    values, old = wanted.model_dump(), before.model_dump()
    for name in kept:
        section, key = name.split(".")
        values[section][key] = old[section][key]
    return Settings.model_validate(values)
