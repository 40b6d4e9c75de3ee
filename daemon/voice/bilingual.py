"""One voice that speaks English, Chinese and more, several in one sentence.

Each run of a text goes to the voice of its language; all voices come out at the same rate and
loudness.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from daemon.graphics import device_of
from daemon.languages import language as known_language
from daemon.media import SPEAK_RATE, Audio, Samples, joined
from daemon.stages import PacedVoice, Synthesizer
from daemon.voice.language_runs import BOTH, UNREADABLE, LanguageRun, Passage, Polyglot, passages
from daemon.voice.loudness import (
    SILENT_LUFS,
    Fingerprinted,
    KnownLevels,
    MeasuredVoice,
    loudness,
)
from daemon.voice.pacing import streaming, until_cancelled
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

SPEECH_LUFS = -21.0
"""How loud all voices speak; their peaks lie up to 20 dB above it."""

Speak = Callable[[Synthesizer, Sequence[LanguageRun]], Iterator[Audio]]
"""A way to have a voice speak."""

CLAUSE_LUFS = SPEECH_LUFS + 1.0
"""How loud a clause by itself may be: there is no softer one beside it."""
BRIEF_LETTERS = 16  # Good morning!

_FIRST_IDEOGRAPHIC = "\u3000"
_KNEE, _CEILING = 0.8, 0.95  # peaks above the knee are bent, so that none passes the ceiling


class Bilingual:
    """Speaks with a voice for each language, matched in loudness; ``volume`` is 0 to 1.

    What it yields is at ``SPEAK_RATE``, with speech at ``SPEECH_LUFS`` times ``volume``. Without a
    Mandarin voice, Chinese is left out; what is in a script without a voice is left out too, and
    it says so once.
    """

    def __init__(
        self,
        english: Synthesizer,
        mandarin: Synthesizer | None,
        volume: float = 1.0,
        levels: KnownLevels | None = None,
        others: Mapping[str, Synthesizer] | None = None,
        later: Collection[str] = (),
    ) -> None:
        """``levels`` keeps how loud each voice was found to be.

        ``others`` speak further languages, by their codes; those of ``later`` are warmed up and
        measured when they first speak.
        """
        self._voices: dict[str, Synthesizer] = {"en": english}
        if mandarin is not None:
            self._voices["zh"] = mandarin
        self._voices |= others or {}
        self._languages = tuple(dict.fromkeys((*BOTH, *self._voices)))
        self._later = later
        self._likely = ""
        self._has_told = False
        self._volume = np.float32(volume)
        self._levels = levels
        self._gains: dict[str, np.float32] = {}

    @property
    def device(self) -> str:
        """Where the voices compute, English first."""
        return ", ".join(dict.fromkeys(map(device_of, self._voices.values())))

    def warm_up(self) -> None:
        """Warm all voices up and measure how loud each is.

        One gain a voice, and not one a sentence, so that soft sentences stay soft.
        """
        for language, voice in self._voices.items():
            if language in self._later:
                continue
            voice.warm_up()
            self._gains[language] = self._gain(language, voice)

    def close(self) -> None:
        """Close all voices."""
        for voice in self._voices.values():
            voice.close()

    def expect(self, language: str) -> None:
        """Note the language of the conversation, for a text that does not tell its own."""
        self._likely = language

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of each run, piece by piece, at ``SPEAK_RATE``."""
        return until_cancelled(self._passages(text, partial(_speak, cancel=cancel)), cancel)

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the same in smaller pieces, from those voices that make them."""
        return until_cancelled(self._passages(text, partial(_stream, cancel=cancel)), cancel)

    def _passages(self, text: str, speak: Speak) -> Iterator[Audio]:
        for passage in passages(text, self._languages, self._likely):
            yield from self._passage(passage, speak)
            if any(run.language == UNREADABLE for run in passage.runs) and not self._has_told:
                self._has_told = True
                log.warning("A part of a text is in a script that no voice here can read.")
                told = known_language(passage.language).said.unreadable
                yield from self._spoken(
                    passage.language, [LanguageRun(passage.language, told)], speak
                )

    def _passage(self, passage: Passage, speak: Speak) -> Iterator[Audio]:
        home = self._voices.get(passage.language)
        if isinstance(home, Polyglot):
            yield from self._spoken(passage.language, passage.runs, speak)
            return
        for run in passage.runs:
            yield from self._spoken(run.language, [run], speak)

    def _spoken(self, language: str, runs: Sequence[LanguageRun], speak: Speak) -> Iterator[Audio]:
        """Yield ``runs`` in the voice of one language, as loud as the others."""
        voice = self._voices.get(language)
        if voice is None:
            return
        if language not in self._gains:
            self._gains[language] = self._gain(language, voice)
        gain = self._gains[language]
        spoken = (audio.at_rate(SPEAK_RATE) for audio in speak(voice, runs))
        pieces = (audio.shaped(audio.samples * gain) for audio in spoken)
        for audio in softened(pieces) if is_brief(runs) else pieces:
            yield audio.shaped(limited(audio.samples) * self._volume)

    def set_speed(self, speed: float) -> None:
        """Have all voices speak at ``speed`` times their own pace from the next sentence on."""
        for voice in self._voices.values():
            if isinstance(voice, PacedVoice):
                voice.set_speed(speed)

    def set_volume(self, volume: float) -> None:
        """Speak so loud, 0 to 1, from the next piece on."""
        self._volume = np.float32(volume)

    def _gain(self, language: str, voice: Synthesizer) -> np.float32:
        heard = self._loudness(known_language(language).said.calibration, voice)
        return np.float32(10 ** ((SPEECH_LUFS - heard) / 20) if heard > SILENT_LUFS else 1)

    def _loudness(self, text: str, voice: Synthesizer) -> float:
        """Return how loud a voice is, in LUFS."""
        if isinstance(voice, MeasuredVoice) and (known := voice.loudness) is not None:
            return known
        key = f"{voice.fingerprint}; {text}; LUFS" if isinstance(voice, Fingerprinted) else ""
        if self._levels and key and (known := self._levels.get(key)):
            return known
        pieces = list(voice.synthesize(text, CancelToken()))
        if not pieces:
            return SILENT_LUFS
        sound = np.concatenate([piece.samples for piece in pieces])
        heard = loudness(Audio(sound, pieces[0].rate))
        if self._levels and key and heard > SILENT_LUFS:
            self._levels.put(key, heard)
        return heard


def _speak(voice: Synthesizer, runs: Sequence[LanguageRun], cancel: CancelToken) -> Iterator[Audio]:
    if isinstance(voice, Polyglot):
        return voice.synthesize_runs(runs, cancel)
    return voice.synthesize("".join(run.text for run in runs), cancel)


def _stream(
    voice: Synthesizer, runs: Sequence[LanguageRun], cancel: CancelToken
) -> Iterator[Audio]:
    if isinstance(voice, Polyglot):
        return _speak(voice, runs, cancel)
    return streaming(voice)("".join(run.text for run in runs), cancel)


def is_brief(runs: Sequence[LanguageRun]) -> bool:
    """Whether these are a word or three, such as an opener."""
    letters = "".join(run.text for run in runs)
    return sum(3 if char >= _FIRST_IDEOGRAPHIC else 1 for char in letters) <= BRIEF_LETTERS


def softened(pieces: Iterator[Audio]) -> Iterator[Audio]:
    """Yield the pieces no louder than clauses are: words alone are spoken with more force.

    They are at ``SPEAK_RATE``, and waited for, as one gain is for all.
    """
    waited = list(pieces)
    excess = loudness(joined(waited)) - CLAUSE_LUFS if waited else 0.0
    for audio in waited:
        yield audio.shaped(audio.samples * np.float32(10 ** (-max(0.0, excess) / 20)))


def limited(samples: Samples) -> Samples:
    """Bend what is above the knee smoothly under the ceiling; the rest stays as it is."""
    headroom = np.float32(_CEILING - _KNEE)
    level = np.abs(samples)
    bent = _KNEE + headroom * np.tanh((level - _KNEE) / headroom)
    return np.where(level > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)
