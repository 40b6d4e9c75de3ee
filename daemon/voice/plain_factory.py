"""Makes the plain voices that the settings ask for, of whichever engine."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import Settings
from daemon.errors import SetupError
from daemon.folders import cache_folder
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Audio
from daemon.stages import PacedVoice, Synthesizer
from daemon.store.model_store import ModelStore
from daemon.voice.language_runs import LanguageRun, Polyglot
from daemon.voice.loudness import MeasuredVoice
from daemon.voice.pacing import streaming
from daemon.voice.plain_voices import KOKORO, PlainVoice
from daemon.voice.voice_choice import speaking_voices
from daemon.voice.voice_speeds import kokoro_is_quick
from daemon.worker import CancelToken

if TYPE_CHECKING:
    from daemon.voice.bilingual import Bilingual
    from daemon.voice.kokoro.network import KokoroNetwork

log = logging.getLogger(__name__)


class PlainFactory:
    """Makes voices; those of Kokoro share its network, which is loaded with the first."""

    def __init__(self, settings: Settings, store: ModelStore) -> None:
        self._settings = settings
        self._store = store
        self._network: KokoroNetwork | None = None

    def make(self, found: PlainVoice) -> Synthesizer:
        """Make a voice; ``SetupError`` where its files are not there or not right."""
        speed = self._settings.voice.speed
        if found.engine == "kokoro":
            from daemon.voice.kokoro.voice import Kokoro

            return Kokoro(self.network(), found.name, speed)
        if found.engine == "espeak":
            from daemon.voice.espeak import Espeak

            return Espeak(speed)
        place = self._store.path(found.weight) if found.weight else Path(found.name)
        if found.engine == "fastspeech2":
            from daemon.voice.mandarin import Mandarin

            return Mandarin(place, speed)
        from daemon.voice.piper import Piper

        return Piper(place, speed)

    def network(self) -> "KokoroNetwork":
        """Return Kokoro's network, loaded once."""
        if self._network is None:
            from daemon.voice.kokoro.network import open_network

            self._network = open_network(self._store.path(KOKORO))
        return self._network

    def every_language(self) -> "Bilingual":
        """Make what speaks every language that there is a voice for."""
        from daemon.voice.bilingual import Bilingual
        from daemon.voice.loudness import KnownLevels

        chosen = self.chosen()
        try:
            english = self.make(chosen["en"])
        except SetupError as error:
            if self._settings.voice.engine != "auto" or chosen["en"].engine != "kokoro":
                raise
            log.warning("%s", error)
            chosen = self.chosen(without_kokoro=True)
            english = self.make(chosen["en"])
        others = {
            code: (LatePolyglot if found.engine == "kokoro" else LateVoice)(self, found)
            for code, found in chosen.items()
            if code not in ("en", "zh")
        }
        later = others.keys() - set(self._settings.ears.languages)
        return Bilingual(
            english,
            self.mandarin(chosen.get("zh")),
            self._settings.voice.volume,
            KnownLevels(cache_folder() / "voice-levels.json"),
            others,
            later,
        )

    def chosen(self, *, without_kokoro: bool = False) -> dict[str, PlainVoice]:
        """Return the voice of each language, by its code; see ``speaking_voices``."""
        voice = self._settings.voice
        if without_kokoro:
            voice = voice.model_copy(update={"engine": "piper"})
        return speaking_voices(voice, self._store, kokoro_is_quick(self._store))

    def mandarin(self, found: PlainVoice | None) -> Synthesizer | None:
        """Make what speaks Chinese; ``None`` if nothing can, and it is not to be understood."""
        from daemon.voice.espeak import Espeak

        if found is not None:
            try:
                return self.make(found)
            except SetupError as error:
                log.warning("%s", error)
        try:
            return Espeak(self._settings.voice.speed)
        except SetupError as error:
            if "zh" in self._settings.ears.languages:
                raise
            log.warning("%s %s", error, tr("Chinese words are left out."))
            return None


def speaking_names(settings: Settings, store: ModelStore) -> dict[str, str]:
    """Return the name of the voice of each language, as people are told; never raises."""
    try:
        chosen = PlainFactory(settings, store).chosen()
    except SetupError:
        return {"en": settings.voice.english, "zh": settings.voice.mandarin}
    return {code: voice.name for code, voice in chosen.items()}


class LateVoice:
    """A voice for a further language: made when it is first asked for."""

    def __init__(self, factory: PlainFactory, found: PlainVoice) -> None:
        self._factory = factory
        self._found = found
        self._made: Synthesizer | None = None
        self._speed: float | None = None

    def warm_up(self) -> None:
        """Make it now: people will talk to it in its language."""
        self.made()

    def close(self) -> None:
        """Close the voice, if it was made."""
        if self._made is not None:
            self._made.close()

    @property
    def loudness(self) -> float | None:
        """LUFS of its speech as it comes; ``None`` where that has to be measured."""
        voice = self.made()
        return voice.loudness if isinstance(voice, MeasuredVoice) else None

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace from the next sentence on."""
        self._speed = speed

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Speak; raises ``SetupError`` where the voice cannot be loaded."""
        return self.made().synthesize(text, cancel)

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Speak with the first sound as soon as the voice can."""
        for audio in streaming(self.made())(text, cancel):
            yield audio.at_rate(SPEAK_RATE)

    def made(self) -> Synthesizer:
        """Return the voice, made by now."""
        if self._made is None:
            self._made = self._factory.make(self._found)
            self._made.warm_up()
        if self._speed is not None and isinstance(self._made, PacedVoice):
            self._made.set_speed(self._speed)
        return self._made


class LatePolyglot(LateVoice):
    """One that speaks words of other languages itself."""

    def synthesize_runs(self, runs: Sequence[LanguageRun], cancel: CancelToken) -> Iterator[Audio]:
        """Speak what belongs together."""
        voice = self.made()
        if isinstance(voice, Polyglot):
            return voice.synthesize_runs(runs, cancel)
        return voice.synthesize("".join(run.text for run in runs if run.language), cancel)
