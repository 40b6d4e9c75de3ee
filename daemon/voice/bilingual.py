"""One voice that speaks English, Chinese, and both in one sentence.

Each run of a text goes to the voice of its script; both voices come out at the same rate and
loudness.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daemon.config import Language
from daemon.graphics import device_of
from daemon.languages import language as known_language
from daemon.media import SPEAK_RATE, Audio, Samples
from daemon.stages import PacedVoice, Synthesizer
from daemon.voice import english_text
from daemon.voice.loudness import Fingerprinted, KnownLevels
from daemon.voice.mandarin_digits import HAN
from daemon.voice.mandarin_numbers import spoken
from daemon.voice.pauses import active_level
from daemon.worker import CancelToken

ACTIVE_DBFS = -20.0
"""RMS level of speech, silence between the words left out; leaves 20 dB for the peaks."""

_KNEE, _CEILING = 0.8, 0.95  # peaks above the knee are bent, so that none passes the ceiling

_LETTER = "A-Za-z\u00c0-\u024f"
_TOKEN = re.compile(
    rf"(?P<zh>[{HAN}]+)|(?P<en>[{_LETTER}]+(?:['’][{_LETTER}]+)*)|(?P<number>\d+(?:[.,:]\d+)*)|.",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?;])(?=\s)")
_WORDS = re.compile(rf"[{HAN}{_LETTER}\d]")
_LETTERS = re.compile(rf"[{HAN}{_LETTER}]")
# Letters right behind a number are a unit, which says nothing about the language, 10KG, 5 cm, nor
# do single ones: E=mc².
_WORD = re.compile(rf"(?<![\d{_LETTER}])(?<!\d )[{_LETTER}]{{2,}}(?:[-'’][{_LETTER}]+)*")


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """A stretch of text for one voice."""

    language: Language
    text: str


def runs(text: str) -> list[LanguageRun]:
    """Cut ``text`` by script. Numbers and punctuation go with the words they stand at.

    A text without Chinese is one English run. Numbers, signs and abbreviations come written out.
    """
    found: list[LanguageRun] = []
    for part in _sentences(text):
        for run in _runs(part):
            if found and found[-1].language == run.language:
                found[-1] = LanguageRun(run.language, found[-1].text + run.text)
            else:
                found.append(run)
    written = {"zh": spoken, "en": english_text.spoken}
    return [LanguageRun(run.language, written[run.language](run.text)) for run in found]


def _sentences(text: str) -> list[str]:
    """Cut where the language of the whole changes from one sentence to the next."""
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        if parts and (
            not _LETTERS.search(parts[-1])  # the number of an item: 1. 打开
            or not _WORDS.search(sentence)
            or _is_chinese(sentence) == _is_chinese(parts[-1])
        ):
            parts[-1] += sentence
        else:
            parts.append(sentence)
    return parts


def _runs(text: str) -> list[LanguageRun]:
    """Cut a text in which one language is at home, and words of the other are guests."""
    chinese = _is_chinese(text)
    if chinese:
        text = spoken(text)
    found: list[LanguageRun] = []
    leading = ""  # what stands before the first word
    for token in _TOKEN.finditer(text):
        language = _language(token, text, "zh" if chinese else "en")
        if language is None:
            if found:
                found[-1] = LanguageRun(found[-1].language, found[-1].text + token[0])
            else:
                leading += token[0]
        elif found and found[-1].language == language:
            found[-1] = LanguageRun(language, found[-1].text + token[0])
        else:
            found.append(LanguageRun(language, leading + token[0]))
            leading = ""
    return found


def _is_chinese(text: str) -> bool:
    """Whether Chinese is the language of the whole, and foreign words are only borrowed."""
    characters = len(re.findall(f"[{HAN}]", text))
    words = len(_WORD.findall(text))
    return characters > words or (
        characters == words == 0 and bool(re.search("[，。！？、；：]", text))
    )


def _language(token: re.Match[str], text: str, whole: Language) -> Language | None:
    """Say whose a token is; ``None`` for what goes with what is before it."""
    if token["zh"]:
        return "zh"
    if token["en"]:
        return "en"
    if not token["number"]:
        return None
    # In Chinese, the numbers that are left by now belong to a name: GPT-4, Python 3.11, 5G.
    beside = text[max(0, token.start() - 1) : token.end() + 1]
    return "zh" if whole == "en" and re.search(f"[{HAN}]", beside) else "en"


class Bilingual:
    """Speaks with an English and a Mandarin voice, matched in loudness; ``volume`` is 0 to 1.

    What it yields is at ``SPEAK_RATE``, with speech at ``ACTIVE_DBFS`` times ``volume``. Without a
    Mandarin voice, Chinese is left out.
    """

    def __init__(
        self,
        english: Synthesizer,
        mandarin: Synthesizer | None,
        volume: float = 1.0,
        levels: KnownLevels | None = None,
    ) -> None:
        """``levels`` keeps how loud each voice was found to be."""
        self._voices: dict[Language, Synthesizer] = {"en": english}
        if mandarin is not None:
            self._voices["zh"] = mandarin
        self._volume = np.float32(volume)
        self._levels = levels
        self._gains: dict[Language, np.float32] = {}

    @property
    def device(self) -> str:
        """Where the voices compute, English first."""
        return ", ".join(dict.fromkeys(map(device_of, self._voices.values())))

    def warm_up(self) -> None:
        """Warm both voices up and measure how loud each is.

        One gain a voice, and not one a sentence, so that soft sentences stay soft.
        """
        for language, voice in self._voices.items():
            voice.warm_up()
            self._gains[language] = self._gain(language, voice)

    def close(self) -> None:
        """Close both voices."""
        for voice in self._voices.values():
            voice.close()

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of each run, piece by piece, at ``SPEAK_RATE``."""
        for run in runs(text):
            voice = self._voices.get(run.language)
            if voice is None:
                continue
            if run.language not in self._gains:
                self._gains[run.language] = self._gain(run.language, voice)
            for audio in voice.synthesize(run.text, cancel):
                if cancel.cancelled:
                    return
                samples = _limited(audio.at_rate(SPEAK_RATE).samples * self._gains[run.language])
                yield Audio(samples * self._volume, SPEAK_RATE)

    def set_speed(self, speed: float) -> None:
        """Have both voices speak at ``speed`` times their own pace from the next sentence on."""
        for voice in self._voices.values():
            if isinstance(voice, PacedVoice):
                voice.set_speed(speed)

    def set_volume(self, volume: float) -> None:
        """Speak so loud, 0 to 1, from the next piece on."""
        self._volume = np.float32(volume)

    def _gain(self, language: Language, voice: Synthesizer) -> np.float32:
        level = self._level(known_language(language).said.calibration, voice)
        return np.float32(10 ** (ACTIVE_DBFS / 20) / level) if level else np.float32(1)

    def _level(self, text: str, voice: Synthesizer) -> float:
        """Return how loud a voice is; 0 where it says nothing."""
        key = f"{voice.fingerprint}; {text}" if isinstance(voice, Fingerprinted) else ""
        if self._levels and key and (known := self._levels.get(key)):
            return known
        pieces = voice.synthesize(text, CancelToken())
        found = [level for piece in pieces if (level := active_level(piece)) > 0]
        level = float(np.median(found)) if found else 0.0
        if self._levels and key and level:
            self._levels.put(key, level)
        return level


def _limited(samples: Samples) -> Samples:
    """Bend what is above the knee smoothly under the ceiling; the rest stays as it is."""
    headroom = np.float32(_CEILING - _KNEE)
    level = np.abs(samples)
    bent = _KNEE + headroom * np.tanh((level - _KNEE) / headroom)
    return np.where(level > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)
