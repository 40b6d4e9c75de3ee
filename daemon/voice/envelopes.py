"""Spectral envelopes of speech, as logarithms of power at points evenly spaced on the mel scale."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE = 24_000  # Hz; the plain voices have nothing above 12 kHz
BANDS = 80  # points of an envelope
CEPSTRA = 24  # of its cosine transform: the shape of the vocal tract, without the pitch

_LOWEST_HZ = 60.0

Array = NDArray[np.float64]


def _mel(hz: ArrayLike) -> Array:
    return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))


PLACES = 700 * np.expm1(np.linspace(_mel(_LOWEST_HZ), _mel(RATE / 2), BANDS) / 1127)
"""The bands' frequencies in Hz."""

COSINES: Array = np.sqrt(2 / BANDS) * np.cos(
    np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5)
)
COSINES[0] /= np.sqrt(2)
"""Bands to cepstra: shape (cepstra, bands); transposed, the way back."""


def bands(power: Array) -> Array:
    """Return the log envelopes (n, bands) of power spectra (n, bins)."""
    return _between(np.log(power + 1e-16), PLACES / (RATE / 2) * (power.shape[1] - 1))


def at_bins(values: Array, bins: int) -> Array:
    """Return values at the bands, (n, bands), as values at spectral bins, (n, bins)."""
    places = _mel(np.maximum(np.linspace(0, RATE / 2, bins), _LOWEST_HZ))
    scale = (BANDS - 1) / (_mel(RATE / 2) - _mel(_LOWEST_HZ))
    return _between(values, (places - _mel(_LOWEST_HZ)) * scale)


def _between(values: Array, places: Array) -> Array:
    """Interpolate along the second axis at fractional ``places``."""
    left = np.clip(places.astype(int), 0, values.shape[1] - 2)
    share = np.clip(places - left, 0, 1)
    return np.asarray(values[:, left] * (1 - share) + values[:, left + 1] * share)


def stretched(power: Array, warp: float) -> Array:
    """Move what is at a frequency f to ``warp`` times f."""
    return np.exp(_between(np.log(power + 1e-16), np.arange(power.shape[1]) / warp))


def warping(warp: float) -> Array:
    """Return the same for log envelopes at the bands, as a matrix (bands, bands)."""
    scale = (BANDS - 1) / (_mel(RATE / 2) - _mel(_LOWEST_HZ))
    places = (_mel(PLACES / warp) - _mel(_LOWEST_HZ)) * scale
    return _between(np.eye(BANDS), places).T


def warped(covariance: Array, warp: float) -> Array:
    """Return the covariance of stretched envelopes."""
    matrix = warping(warp)
    return np.asarray(matrix @ covariance @ matrix.T)


def cepstral(covariance: Array) -> Array:
    """Return the covariance of the cepstra, kept away from the singular."""
    return np.asarray(COSINES @ covariance @ COSINES.T + 1e-3 * np.eye(CEPSTRA))


def monge(source: Array, target: Array) -> Array:
    """Return the matrix that maps a normal distribution to another and moves it least."""
    root, inverse = _root(source, 0.5), _root(source, -0.5)
    return np.asarray(inverse @ _root(root @ target @ root, 0.5) @ inverse)


def _root(matrix: Array, power: float) -> Array:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 1e-9) ** power) @ vectors.T)
