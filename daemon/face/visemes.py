"""Which mouth position is heard, every 10 ms: a mel spectrum and a small network.

The network (one hidden layer, weights in ``visemes.npz``) was taught by ``faces/learn_mouth.py``
on synthesized speech whose phonemes' times are known. It hears the sound relative to how loud the
voice has been, so that a quiet voice moves the lips as much as a loud one.
"""

from importlib import resources

import numpy as np
from numpy.typing import NDArray

from daemon.media import Samples

Floats = NDArray[np.float32]

STEP_HZ = 100  # a spectrum every 10 ms
WINDOW_S = 0.016  # short enough that the harmonics of a high voice melt into its formants
BANDS = 24
LOWEST_HZ, HIGHEST_HZ = 70.0, 7600.0  # what every sampling rate of speech carries
BEFORE, AFTER = 7, 3  # spectra seen before and after the one that is judged
SILENT_DB = -100.0

QUIETEST_DB = -55.0  # dB of full scale: a voice below this no longer counts as a voice
LEVEL_FALL_DB = 0.02  # per step: the loudness a voice is measured against sinks by 2 dB/s
FLOOR_RISE_DB = 0.12  # per step: a steady sound counts as background after some seconds
OPEN_DB, SHUT_DB = -30.0, -37.0  # relative to the voice: hysteresis of the gate
ABOVE_FLOOR_DB = 9.0

VISEMES = (
    "rest", "m b p", "a", "e", "i", "o", "u w", "uh", "f v", "t d n l th", "s z", "sh ch", "r",
    "k g h",
)  # fmt: skip


def mel_bank(rate: int) -> Floats:
    """Return triangular mel filters over the power spectrum, shape (bins, ``BANDS``)."""
    window = round(WINDOW_S * rate)
    frequencies = np.fft.rfftfreq(window, 1 / rate)
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    rising = (frequencies[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(np.minimum(rising, falling), 0).astype(np.float32)


class Spectra:
    """Cuts a stream of sound into log-mel spectra; the k-th is centred on k/``STEP_HZ`` seconds."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size = round(WINDOW_S * rate)
        self._bank = mel_bank(rate)
        self._window = np.hanning(self._size).astype(np.float32)
        self._scale = float(np.square(self._window).sum()) * self._size / 2
        self._held = np.zeros(self._size // 2, np.float32)
        self._start = -(self._size // 2)  # place of the first held sample
        self._next = 0

    def feed(self, samples: Samples) -> Floats:
        """Return the spectra that can be had now, in dB of full scale, shape (n, ``BANDS``)."""
        self._held = np.concatenate([self._held, samples.astype(np.float32)])
        half = self._size // 2
        end = self._start + len(self._held)
        firsts = []
        while (first := round(self._next * self._rate / STEP_HZ) - half) + self._size <= end:
            firsts.append(first - self._start)
            self._next += 1
        if not firsts:
            return np.empty((0, BANDS), np.float32)
        pieces = self._held[np.array(firsts)[:, None] + np.arange(self._size)] * self._window
        power = np.square(np.abs(np.fft.rfft(pieces))).astype(np.float32) / self._scale
        drop = max(0, round(self._next * self._rate / STEP_HZ) - half - self._start)
        self._held, self._start = self._held[drop:], self._start + drop
        return np.asarray(10 * np.log10(power @ self._bank + 10 ** (SILENT_DB / 10)), np.float32)


class VoiceLevel:
    """Follows how loud the voice is, how loud the background, and whether there is speech."""

    def __init__(self) -> None:
        self.voice, self.floor, self.open = QUIETEST_DB, -80.0, False

    def step(self, power: float) -> None:
        """Take in the power of one spectrum, in dB."""
        self.voice = max(power, self.voice - LEVEL_FALL_DB, QUIETEST_DB)
        self.floor = min(power, self.floor + FLOOR_RISE_DB)
        threshold = self.voice + (SHUT_DB if self.open else OPEN_DB)
        steady = self.floor + ABOVE_FLOOR_DB * (0.6 if self.open else 1.0)
        self.open = power > max(threshold, steady, QUIETEST_DB - 15)


def power_of(spectra: Floats) -> Floats:
    """Return the total power of each spectrum in dB."""
    return np.asarray(10 * np.log10(np.sum(10 ** (spectra / 10), axis=1)), np.float32)


def seen(spectra: Floats, voice: Floats) -> Floats:
    """Return the network's input for every spectrum but the first ``BEFORE`` and last ``AFTER``.

    ``voice`` is the voice's level at each input's last spectrum.
    """
    count = len(spectra) - BEFORE - AFTER
    rows = np.arange(count)[:, None] + np.arange(BEFORE + AFTER + 1)
    relative = spectra[rows] - voice[:, None, None]
    return np.asarray(np.clip(relative / 20 + 1.5, -1.0, 2.0).reshape(count, -1), np.float32)


class VisemeNetwork:
    """The taught network."""

    def __init__(self) -> None:
        path = resources.files("daemon.face").joinpath("visemes.npz")
        with path.open("rb") as file, np.load(file) as weights:
            self._layers = [
                (weights[f"w{i}"].astype(np.float32), weights[f"b{i}"].astype(np.float32))
                for i in range(2)
            ]

    def __call__(self, inputs: Floats) -> Floats:
        """Return the probabilities of ``VISEMES``, shape (n, 14), for inputs from ``seen``."""
        (w0, b0), (w1, b1) = self._layers
        scores = np.maximum(inputs @ w0 + b0, 0) @ w1 + b1
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True), np.float32)
