"""The sound as Wav2Lip hears it: mel spectrograms, whole or as the sound comes.

The numbers are those of Wav2Lip's ``hparams.py`` and ``audio.py`` (Prajwal et al., 2020,
arXiv:2008.10010): pre-emphasis, a Hann window of 50 ms every 12.5 ms, 80 mel bands, decibels scaled
to [-4, 4].
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from daemon.media import Samples

Floats = NDArray[np.float32]

RATE = 16_000  # Hz
HOP = 200  # samples: 12.5 ms, so 80 spectra a second
WINDOW = 800  # samples: 50 ms, also the length of the transform
BANDS = 80
LOWEST_HZ, HIGHEST_HZ = 55.0, 7600.0
PREEMPHASIS = np.float32(0.97)
QUIETEST = 1e-5  # -100 dB
REFERENCE_DB = 20.0
RANGE_DB, LARGEST = 100.0, 4.0
PER_S = RATE // HOP
CHUNK = 16  # spectra that one picture sees: 200 ms


def melspectrogram(wav: Samples) -> Floats:
    """Return the mel spectrogram of float32 sound at 16 kHz, shape (80, T), in [-4, 4].

    The k-th column is centred on sample ``HOP * k``; T is ``len(wav) // HOP + 1``.
    """
    padded = np.pad(_preemphasized(wav, np.float32(0)), WINDOW // 2)
    return _mel(padded, 1 + len(wav) // HOP)


def mel_chunks(mel: Floats, fps: float) -> Floats:
    """Cut a mel spectrogram (80, T) into what each picture sees, shape (N, 80, 16).

    As in the original the last chunk ends with the sound, so that N is a few less than the
    pictures in the sound; a sound too short for one chunk raises ``ValueError``.
    """
    if mel.shape[1] < CHUNK:
        raise ValueError(f"a chunk needs {CHUNK} spectra, not {mel.shape[1]}")
    starts: list[int] = []
    while (start := int(len(starts) * PER_S / fps)) + CHUNK <= mel.shape[1]:
        starts.append(start)
    starts.append(mel.shape[1] - CHUNK)
    return np.stack([mel[:, start : start + CHUNK] for start in starts])


class MelStream:
    """Cuts sound that comes in pieces into chunks; where it is cut does not matter.

    The n-th chunk is the one that ``mel_chunks`` would give for a sound that never ends. It is
    there as soon as the sound up to 212 ms after its picture is.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._last = np.float32(0)
        self._held = np.zeros(WINDOW // 2, np.float32)
        self._mel = np.zeros((BANDS, 0), np.float32)
        self._first = 0  # number of the first spectrum in _mel
        self._count = 0

    def feed(self, samples: Samples) -> Floats:
        """Take in sound at 16 kHz; return the chunks that are ready, shape (n, 80, 16)."""
        if len(samples):
            sound = _preemphasized(samples, self._last)
            self._last = np.float32(samples[-1])
            self._held = np.concatenate([self._held, sound])
        count = max(0, (len(self._held) - WINDOW) // HOP + 1)
        if count:
            self._mel = np.concatenate([self._mel, _mel(self._held, count)], axis=1)
            self._held = self._held[count * HOP :]
        ready = []
        while (start := int(self._count * PER_S / self._fps) - self._first) + CHUNK <= (
            self._mel.shape[1]
        ):
            ready.append(self._mel[:, start : start + CHUNK])
            self._count += 1
        drop = min(max(start, 0), self._mel.shape[1])
        self._mel, self._first = self._mel[:, drop:], self._first + drop
        return np.stack(ready) if ready else np.zeros((0, BANDS, CHUNK), np.float32)


def _preemphasized(wav: Samples, before: np.float32) -> Floats:
    shifted = np.concatenate([[before], wav[:-1]]) if len(wav) else wav
    return np.asarray(wav - PREEMPHASIS * shifted, np.float32)


def _mel(sound: Floats, count: int) -> Floats:
    """Return the first ``count`` spectra of sound that begins half a window early."""
    places = np.arange(count)[:, None] * HOP + np.arange(WINDOW)
    spectra = np.abs(np.fft.rfft(sound[places] * _window(), axis=1)).astype(np.float32)
    loud = 20 * np.log10(np.maximum(_bank() @ spectra.T, QUIETEST)) - REFERENCE_DB
    scaled = 2 * LARGEST * (loud + RANGE_DB) / RANGE_DB - LARGEST
    return np.asarray(np.clip(scaled, -LARGEST, LARGEST), np.float32)


@cache
def _window() -> Floats:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@cache
def _bank() -> Floats:
    """Return triangular filters of equal area over the amplitudes (Slaney's scale)."""
    edges = _hz(np.linspace(_mels(LOWEST_HZ), _mels(HIGHEST_HZ), BANDS + 2))
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (np.maximum(0, np.minimum(rising, falling)) * area[:, None]).astype(np.float32)


# Slaney's mel scale: linear below 1 kHz, logarithmic above.
_LINEAR_HZ, _LOG_HZ, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mels(hz: float) -> float:
    if hz < _LOG_HZ:
        return hz / _LINEAR_HZ
    return float(_LOG_HZ / _LINEAR_HZ + np.log(hz / _LOG_HZ) / _LOG_STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = mels - _LOG_HZ / _LINEAR_HZ
    bent = _LOG_HZ * np.exp(_LOG_STEP * above)
    return np.asarray(np.where(above < 0, mels * _LINEAR_HZ, bent))
