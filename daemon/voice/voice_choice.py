"""Which plain voice speaks which language: what the settings name, else what suits the machine."""

import logging
import shutil
from collections.abc import Iterator

from daemon.config import VoiceSettings
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.store.model_store import ModelStore, WeightState
from daemon.voice.plain_voices import ESPEAK, KOKORO, PlainVoice, find_plain, is_there, plain_voices

AUTO = "auto"
PIPER_ENGLISH = "piper-joe"
MANDARIN = ("mandarin-baker", "piper-huayan")
"""What speaks Chinese where Kokoro does not, the best first, as far as it was fetched."""

log = logging.getLogger(__name__)


def speaking_voices(
    voice: VoiceSettings, store: ModelStore, kokoro_is_quick: bool
) -> dict[str, PlainVoice]:
    """Return the voice of each language that can be spoken, by its code; English is the first.

    ``kokoro_is_quick`` is what was measured here. Raises ``SetupError`` for names that no voice
    has, and for an engine that is set and is not there.
    """
    kokoro_is_there = has_kokoro(store)
    if voice.engine == "kokoro" and not kokoro_is_there:
        store.path(KOKORO)  # says what is missing of it
    kokoro = kokoro_is_there and (
        voice.engine == "kokoro" or (voice.engine == AUTO and kokoro_is_quick)
    )
    found = {"en": _english(voice, store, kokoro)}
    if mandarin := _mandarin(voice, store, kokoro, kokoro_is_there):
        found["zh"] = mandarin
    if kokoro_is_there:  # slow or not, nothing else speaks these
        for known in plain_voices(store):
            is_new = known.engine == "kokoro" and known.language not in found
            if is_new and is_there(known, store):
                found[known.language] = known
    return found | dict(_others(voice, store))


def has_kokoro(store: ModelStore) -> bool:
    """Whether Kokoro's files are there."""
    return KOKORO in store.manifest.weights and store.status(KOKORO).state is WeightState.READY


def english_weight(voice: VoiceSettings, store: ModelStore, kokoro_is_quick: bool) -> str:
    """Return the weight without which English is not spoken; "" for a file of the user's own."""
    return speaking_voices(voice, store, kokoro_is_quick)["en"].weight


def _english(voice: VoiceSettings, store: ModelStore, kokoro: bool) -> PlainVoice:
    if voice.english != AUTO:
        return _of_language("en", voice.english, store)
    return _first_kokoro("en", store) if kokoro else find_plain(PIPER_ENGLISH, store)


def _mandarin(
    voice: VoiceSettings, store: ModelStore, kokoro: bool, kokoro_is_there: bool
) -> PlainVoice | None:
    """Return what speaks Chinese, or what stands in for it; ``None`` if nothing does."""
    if voice.mandarin not in (AUTO, ESPEAK):
        named = _of_language("zh", voice.mandarin, store)
        if is_there(named, store):
            return named
        log.warning("%s", tr("The voice {name} is not there.").format(name=named.name))
    elif voice.mandarin == AUTO and kokoro:
        return _first_kokoro("zh", store)
    if voice.mandarin != ESPEAK:
        known = store.manifest.weights
        stand_ins = [find_plain(name, store) for name in MANDARIN if name in known]
        for stand_in in stand_ins:
            if is_there(stand_in, store):
                return stand_in
        if kokoro_is_there:  # slow, and still better understood than espeak-ng
            return _first_kokoro("zh", store)
    return find_plain(ESPEAK, store) if shutil.which("espeak-ng") else None


def _others(voice: VoiceSettings, store: ModelStore) -> Iterator[tuple[str, PlainVoice]]:
    for name in voice.others:
        found = find_plain(name, store)
        if found.language in ("en", "zh"):
            field = "english" if found.language == "en" else "mandarin"
            raise SetupError(
                tr("{name} speaks a language with a setting of its own.").format(name=name),
                f'[voice] {field} = "{name}"',
            )
        if is_there(found, store):
            yield found.language, found
        else:
            log.warning("%s", tr("The voice {name} is not there.").format(name=name))


def _of_language(code: str, name: str, store: ModelStore) -> PlainVoice:
    """Return the voice of that name; ``SetupError`` where it speaks another language."""
    found = find_plain(name, store)
    if found.language != code:
        raise SetupError(
            tr("{name} does not speak this language but “{language}”.").format(
                name=name, language=found.language
            ),
            "digital-life voices list",
        )
    return found


def _first_kokoro(code: str, store: ModelStore) -> PlainVoice:
    return next(
        known
        for known in plain_voices(store)
        if known.engine == "kokoro" and known.language == code
    )
