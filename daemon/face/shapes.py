"""Mouth shapes from sound: which lips, teeth and tongue go with what is heard.

``visemes.VisemeNetwork`` hears which mouth position is likely every 10 ms; this module turns that
into a vector that moves the way lips do. Where it is known what is spoken, that decides
(``spoken.py``), and the sound only tells how loud it is. A vector is float32 with one number from 0
to 1 for each of the names below (``WIDE`` may be a little negative).
"""

import math
from collections import deque
from typing import Protocol

import numpy as np

from daemon.face.visemes import (
    AFTER,
    BANDS,
    BEFORE,
    SILENT_DB,
    STEP_HZ,
    VISEMES,
    Floats,
    Spectra,
    VisemeNetwork,
    VoiceLevel,
    power_of,
    seen,
)
from daemon.media import Mouth, Samples

OPEN, WIDE, ROUND, PRESS, BITE, TEETH, TONGUE, VOICE = range(8)
"""The jaw's fall; lips spread; lips rounded; lips pressed together; lower lip under the upper
teeth; lips parted over closed teeth; tongue raised to the teeth; how lively the speech is."""
PARAMETERS = 8

SHAPES: dict[str, tuple[float, ...]] = {
    #               open  wide  round press bite teeth tongue
    "rest":        (0.00, 0.00, 0.00, 0.00, 0.0, 0.00, 0.0),
    "m b p":       (0.00, 0.00, 0.10, 1.00, 0.0, 0.00, 0.0),
    "a":           (1.00, 0.10, 0.00, 0.00, 0.0, 0.05, 0.0),
    "e":           (0.60, 0.55, 0.00, 0.00, 0.0, 0.20, 0.0),
    "i":           (0.24, 1.00, 0.00, 0.00, 0.0, 0.45, 0.1),
    "o":           (0.60, 0.00, 0.75, 0.00, 0.0, 0.00, 0.0),
    "u w":         (0.16, 0.00, 1.00, 0.00, 0.0, 0.00, 0.0),
    "uh":          (0.44, 0.15, 0.10, 0.00, 0.0, 0.10, 0.0),
    "f v":         (0.06, 0.10, 0.00, 0.00, 1.0, 0.00, 0.0),
    "t d n l th":  (0.22, 0.20, 0.00, 0.00, 0.0, 0.30, 0.9),
    "s z":         (0.05, 0.50, 0.00, 0.00, 0.0, 0.85, 0.2),
    "sh ch":       (0.08, 0.00, 0.60, 0.00, 0.0, 0.80, 0.0),
    "r":           (0.22, 0.00, 0.50, 0.00, 0.0, 0.15, 0.3),
    "k g h":       (0.28, 0.20, 0.00, 0.00, 0.0, 0.15, 0.0),
}  # fmt: skip

# How fast lips follow, as time constants. They close on m, b, p faster than they relax, for such a
# closure lasts 60 to 90 ms and has to be seen.
RISE_S, FALL_S, CLOSE_S = 0.028, 0.060, 0.020
LEAD_STEPS = 2  # lips prepare a sound before it is heard; this also makes up for RISE_S
KNOWN_PACE = 0.65  # of the way to a known shape in one step: it moves smoothly by itself
KNOWN_LEAD_S = 0.01  # which makes up for that
JAW_STEP = 0.12  # that a jaw opens or shuts at most in a step: from end to end, two pictures
LIVELY_S, CALM_S = 0.35, 0.9
SHARPEN = 1.8  # power on the probabilities: less of the average mouth, more of the likeliest
LOUD_DB = 20.0  # a vowel this far below the voice's loudest opens the jaw by QUIET_OPEN only
QUIET_OPEN = 0.7


def _part(seconds: float) -> float:
    """Return how much of the way is gone in one step with this time constant."""
    return 1 - math.exp(-1 / (STEP_HZ * seconds))


_RISE, _FALL, _CLOSE = _part(RISE_S), _part(FALL_S), _part(CLOSE_S)


def _paces(target: Floats, before: Floats, shut: float) -> Floats:
    """Return which part of its way each part of the mouth goes in one step."""
    pace = np.where(target > before[:VOICE], _RISE, _FALL)
    pace[OPEN] = max(pace[OPEN], _CLOSE * shut)
    pace[PRESS] = _CLOSE if shut else _RISE
    return np.asarray(pace)


class KnownShapes(Protocol):
    """What is known of the mouth beside the sound."""

    def at(self, time_s: float) -> Floats | None:
        """Return the shape at a time, float32 (7,); ``None`` where nothing is known."""


class MouthShapes:
    """Fed pieces of any length of one sound, yields one vector per video frame.

    The n-th vector since the beginning belongs to n/``fps`` seconds and comes as soon as the sound
    up to 58 ms later is there; how the sound is cut does not matter.
    """

    def __init__(
        self, rate: int, fps: float, network: VisemeNetwork, known: KnownShapes | None = None
    ) -> None:
        self.rate = rate
        self._fps = fps
        self._network = network
        self._known = known
        self._spectra = Spectra(rate)
        self._level = VoiceLevel()
        self._table = np.array([SHAPES[name] for name in VISEMES], np.float32)
        self._kept = np.full((BEFORE + AFTER, BANDS), SILENT_DB, np.float32)
        self._heard = deque([(SILENT_DB, False)] * (AFTER + 1), AFTER + 1)
        self._mouth = np.zeros(PARAMETERS, np.float32)
        self._step = -AFTER - LEAD_STEPS - 1
        self._frame = 0

    def feed(self, samples: Samples) -> list[Mouth]:
        """Take in the next samples (mono, at ``rate``) and return the vectors that are ready."""
        spectra = self._spectra.feed(samples)
        if not len(spectra):
            return []
        heard, levels = [], []
        for power in power_of(spectra).tolist():
            self._level.step(power)
            levels.append(self._level.voice)
            self._heard.append((power, self._level.open))
            speaking = any(is_open for _, is_open in self._heard)
            heard.append((self._heard[0][0] - self._level.voice, speaking))
        spectra = np.concatenate([self._kept, spectra])
        self._kept = spectra[-BEFORE - AFTER :]
        likely = self._network(seen(spectra, np.array(levels, np.float32))) ** SHARPEN
        targets = likely @ self._table / likely.sum(axis=1, keepdims=True)
        ready: list[Mouth] = []
        for target, (loudness, speaking) in zip(targets, heard, strict=True):
            ready += self._move(target, loudness, speaking)
        return ready

    def _move(self, target: Floats, loudness: float, speaking: bool) -> list[Mouth]:
        """Move the mouth by one step; return the vectors of frames that it passes."""
        before, self._mouth = self._mouth, self._mouth.copy()
        known = self._known.at((self._step + 1) / STEP_HZ + KNOWN_LEAD_S) if self._known else None
        pace: Floats | float = KNOWN_PACE
        shut = 0.0  # what is known has its closures in it already
        if known is not None:
            target = known
        else:
            shut = min(max((float(target[PRESS]) - 0.25) / 0.4, 0.0), 1.0)
            pace = _paces(target, before, shut)
        if speaking:
            loud = min(max(1 + loudness / LOUD_DB, 0.0), 1.0)
            target[OPEN] *= (QUIET_OPEN + (1 - QUIET_OPEN) * loud) * (1 - shut)
        else:  # a stop is silent before it is heard: what is known of closed lips remains
            pressed = target[PRESS] if known is not None else 0.0
            target = np.zeros_like(target)
            target[PRESS] = pressed
        moved = (target - before[:VOICE]) * pace
        if known is not None:
            moved[OPEN] = min(max(moved[OPEN], -JAW_STEP), JAW_STEP)
        self._mouth[:VOICE] += moved
        lively = _part(LIVELY_S) if speaking else _part(CALM_S)
        self._mouth[VOICE] += (float(speaking) - before[VOICE]) * lively
        self._step += 1
        ready: list[Mouth] = []
        while (ago := self._step - self._frame * STEP_HZ / self._fps) >= 0:
            ready.append(self._mouth + (before - self._mouth) * np.float32(ago))
            self._frame += 1
        return ready
