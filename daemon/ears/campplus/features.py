"""What CAM++ hears: the logarithms of 80 bands, as Kaldi computes them.

The numbers are those that 3D-Speaker trains with, which are Kaldi's (feat/feature-window.cc and
feat/mel-computations.cc) without its dither: 25 ms every 10 ms, pre-emphasis, Povey's window, the
power in triangles on the mel scale from 20 Hz to 8 kHz, less each band's mean.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from daemon.media import LISTEN_RATE, Samples

BANDS = 80
WINDOW, HOP = 400, 160  # samples: 25 and 10 ms

_TRANSFORM = 512  # samples
_LOWEST_HZ = 20.0
_PREEMPHASIS = np.float32(0.97)
_QUIETEST = np.finfo(np.float32).eps


def log_bands(speech: Samples) -> NDArray[np.float32]:
    """Return the bands of ``speech`` (``LISTEN_RATE``), shape (``BANDS``, frames).

    Whole windows only: a frame for each 10 ms, less two. Raises ``ValueError`` for less than one.
    """
    if len(speech) < WINDOW:
        raise ValueError(f"{WINDOW} samples make a window, not {len(speech)}")
    frames = np.lib.stride_tricks.sliding_window_view(speech, WINDOW)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True, dtype=np.float32)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectra = np.fft.rfft((frames - _PREEMPHASIS * before) * _window(), _TRANSFORM)
    power = np.square(np.abs(spectra)).astype(np.float32)
    bands = np.log(np.maximum(power @ _triangles(), _QUIETEST)).T
    return np.ascontiguousarray(bands - bands.mean(axis=1, keepdims=True))


@cache
def _window() -> NDArray[np.float32]:
    return np.asarray(np.hanning(WINDOW) ** 0.85, np.float32)


@cache
def _triangles() -> NDArray[np.float32]:
    """Return what each band takes of each frequency, shape (frequencies, ``BANDS``)."""
    frequencies = np.arange(_TRANSFORM // 2 + 1) * LISTEN_RATE / _TRANSFORM
    corners = np.linspace(_mel(np.array(_LOWEST_HZ)), _mel(np.array(LISTEN_RATE / 2)), BANDS + 2)
    places = _mel(frequencies)[:, np.newaxis]
    rising = (places - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - places) / np.diff(corners)[1:]
    return np.asarray(np.maximum(np.minimum(rising, falling), 0), np.float32)


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127 * np.log1p(hertz / 700)
