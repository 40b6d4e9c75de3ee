"""Which mouth goes with phones whose times are known, because a voice here speaks them.

After Cohen and Massaro, "Modeling coarticulation in synthetic visual speech" (1993): every phone
draws each part of the mouth towards its own shape, most in its own time and less around it. Lips
round long before an "oo"; a vowel shapes the lips through a "k", which has no shape of its own.
What must not be mixed away is put on top: lips that close on m, b and p, and the bite of f and v.
"""

import functools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daemon.face.motion import ease
from daemon.face.shapes import BITE, OPEN, PRESS, ROUND, SHAPES, TEETH, VOICE
from daemon.face.visemes import VISEMES, Floats
from daemon.media import Phone

LETTERS = {
    "m b p": "mbpɓʙɸβ",
    "a": "aɑʌɐ",
    "e": "eɛæ",
    "i": "iɪjɨɿʅ",
    "o": "oɔɒœɞɵɶ",
    "u w": "uʊwʉyʏɥøɯʍ",
    "uh": "əɚɜɝɘɤᵻᵊ",
    "f v": "fvʋɱⱱ",
    "t d n l th": "tdnlθðɾrTʈɖɳɭɬɮɫɲʎɺ",
    "s z": "szʦʣɕʑʨʥ",
    "sh ch": "ʃʒʂʐʧʤꭧS",
    "r": "ɹɻɽ",
    "k g h": "kɡgŋhxɣχħɦqɢʁʀʕʔcɟʝçɰɴʟʜX",
}
"""Letters of IPA, and those that Kokoro writes for two, by what the lips do."""
DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ"}
"""Kokoro writes each of these as one letter."""
PAUSES = ',.;:!?…—()"“”|'
ASPIRATED, HELD = "ʰ", 0.6  # such a p is heard after its lips have parted, from this share on
REACH_S = 0.03  # how far a phone is felt: half as much 25 ms before and after
ROUNDING_S = 0.05  # and its rounding, which lips prepare early
CLOSING_S = 0.045  # lips take so long to close, and to part
JAW_S = 0.09  # and the jaw that goes with them, so that no picture shuts a wide mouth
JAW_OPEN_S = 0.02  # to either side of a vowel's middle, for which it is open as far as it goes
FAR_S = 0.2  # phones further away are not felt at all
KEPT_S = 1.0  # phones so long ago are forgotten

_CLASS = {letter: VISEMES.index(name) for name, row in LETTERS.items() for letter in row}
_CLASS |= {mark: 0 for mark in PAUSES}
_LIPS, _BITE = VISEMES.index("m b p"), VISEMES.index("f v")
_TABLE = np.array([SHAPES[name] for name in VISEMES], np.float32)
# How much a class minds its shape, and its rounding: few consonants have lips of their own.
_MINDS = {"t d n l th": (0.6, 0.25), "k g h": (0.3, 0.15), "s z": (1.0, 0.3), "m b p": (0.7, 0.15),
          "f v": (0.9, 0.3)}  # fmt: skip


def _weights() -> Floats:
    table = np.ones((len(VISEMES), VOICE), np.float32)
    for name, (strength, rounding) in _MINDS.items():
        table[VISEMES.index(name)] = strength
        table[VISEMES.index(name), ROUND] = rounding
    return table


_STRENGTH = _weights()
_REACH = np.full(VOICE, REACH_S, np.float32)
_REACH[ROUND] = ROUNDING_S


@functools.lru_cache(maxsize=1024)
def visemes_of(symbol: str) -> tuple[int, ...]:
    """Return which of ``VISEMES`` a symbol is spoken with; nothing where it only prolongs."""
    letters = "".join(DIPHTHONGS.get(letter, letter) for letter in symbol)
    return tuple(_CLASS[letter] for letter in letters if letter in _CLASS)


@dataclass(slots=True)
class _Segment:
    """A viseme, and from when to when it is heard, in seconds."""

    start: float
    end: float
    viseme: int
    held: float
    """The share of it in which lips stay closed."""


class SpokenShapes:
    """The mouth of what is spoken, by time; see ``shapes.KnownShapes``."""

    def __init__(self, fps: float) -> None:
        # A closure is held so long that a picture is sure to fall into it.
        self._shortest = 1 / fps + 0.012
        self._segments: list[_Segment] = []
        self._starts: list[float] = []

    def add(self, phones: Sequence[Phone], rate: int, at_s: float) -> None:
        """Take in the phones of a piece of sound at ``rate`` that begins at ``at_s``."""
        if not phones:
            return
        begin = at_s + phones[0].start / rate
        kept = [one for one in self._segments if one.end > at_s - KEPT_S and one.start < begin]
        if kept:
            kept[-1].end = min(kept[-1].end, begin)
        for phone in phones:
            start, end = at_s + phone.start / rate, at_s + phone.end / rate
            visemes = visemes_of(phone.symbol)
            if not visemes and kept and kept[-1].end >= start - 1e-6:
                kept[-1].end = end
            each = (end - start) / max(1, len(visemes))
            held = HELD if phone.symbol.endswith(ASPIRATED) else 1.0
            for i, viseme in enumerate(visemes):
                kept.append(_Segment(start + i * each, start + (i + 1) * each, viseme, held))
        self._segments = kept
        self._starts = [one.start for one in kept]

    def at(self, time_s: float) -> Floats | None:
        """Return the shape at a time, float32 (7,); ``None`` where nobody knows what is spoken."""
        first = bisect_left(self._starts, time_s - 2 * FAR_S)
        near = [
            one
            for one in self._segments[first : bisect_left(self._starts, time_s + FAR_S)]
            if one.end > time_s - FAR_S
        ]
        if not any(one.start <= time_s < one.end for one in near):
            return None
        away = np.array([max(one.start - time_s, time_s - one.end, 0) for one in near], np.float32)
        which = [one.viseme for one in near]
        weight = _STRENGTH[which] * np.exp(-np.square(away[:, None] / _REACH))
        shape = (weight * _TABLE[which]).sum(axis=0) / weight.sum(axis=0)
        shut = self._closed(near, _LIPS, time_s)
        bite = self._closed(near, _BITE, time_s) * (1 - shut)
        shape[PRESS], shape[BITE] = shut, bite
        jaw = self._closed(near, _LIPS, time_s, jaw=True)
        shape[OPEN] *= (1 - jaw) * (1 - 0.8 * bite)
        shape[TEETH] *= 1 - shut
        return np.asarray(shape, np.float32)

    def _closed(
        self, near: Sequence[_Segment], viseme: int, time_s: float, jaw: bool = False
    ) -> float:
        """Return how far the lips, or the ``jaw``, are closed for a viseme, 0 to 1.

        A jaw takes longer, but less about a short vowel, which is to be seen open.
        """
        ago = ahead = FAR_S
        for one in near:
            if one.viseme != viseme:
                continue
            end = one.start + (one.end - one.start) * one.held
            more = max(0.0, self._shortest - (end - one.start)) / 2
            if time_s >= one.start - more:
                ago = min(ago, max(time_s - end - more, 0.0))
            else:
                ahead = min(ahead, one.start - more - time_s)
        half = (ago + ahead) / 2  # of what is between two closures
        takes = min(max(half - JAW_OPEN_S, JAW_OPEN_S), JAW_S) if jaw else CLOSING_S
        return ease(1 - min(ago, ahead) / takes)
