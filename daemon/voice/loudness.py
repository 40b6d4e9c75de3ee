"""How loud a voice is, as people hear it, kept from one start to the next: measuring takes 0.7 s.

The meter is that of ITU-R BS.1770-4 for one channel: the sound passes a filter that weighs
frequencies as the ear does, its power is taken in blocks of 0.4 s, and blocks that are silent, or
10 LU below the others, do not count. So pauses do not make a voice softer.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from daemon.media import Audio
from daemon.remembered import RememberedNumbers

SILENT_LUFS = -70.0  # blocks below it are silence
_RELATIVE_LU = -10.0  # those so far below the mean of the others are pauses
_BLOCK_S, _STEP_S = 0.4, 0.1
_TAIL_S = 0.5  # of silence behind the sound, in which the filter settles
_OFFSET = -0.691  # LU: a sine of 997 Hz at full scale is -3.01 LUFS

MAX_KNOWN = 32  # voices at one pace: more than anybody has; the oldest are forgotten


def loudness(audio: Audio) -> float:
    """Return the integrated loudness of a sound in LUFS; ``-inf`` where there is only silence."""
    power = _block_power(_weighted(audio), audio.rate)
    heard = power[power > _power(SILENT_LUFS)]
    if not len(heard):
        return -math.inf
    kept = heard[heard > np.mean(heard) * 10 ** (_RELATIVE_LU / 10)]
    return _OFFSET + 10 * math.log10(np.mean(kept))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _weighted(audio: Audio) -> NDArray[np.float64]:
    """Return the sound behind the K filter: float64, shape (n,)."""
    size = len(audio.samples) + int(_TAIL_S * audio.rate)
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))  # one sample's delay, by frequency
    response = _shelf(z, audio.rate) * _high_pass(z, audio.rate)
    sound = np.fft.irfft(np.fft.rfft(audio.samples, size) * response, size)
    return np.asarray(sound[: len(audio.samples)], np.float64)


def _shelf(z: NDArray[np.complex128], rate: int) -> NDArray[np.complex128]:
    """Return the response of the first stage, which a head has: 4 dB more above 1.7 kHz.

    The analogue prototype behind the standard's coefficients for 48 kHz, as libebur128 has it.
    """
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    over = (
        (high + band * k / q + k * k)
        + 2 * (k * k - high) * z
        + (high - band * k / q + k * k) * z**2
    )
    return np.asarray(over / (1 + k / q + k * k + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z**2))


def _high_pass(z: NDArray[np.complex128], rate: int) -> NDArray[np.complex128]:
    """Return the response of the second stage: nothing below 38 Hz is heard."""
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    whole = 1 + k / q + k * k
    under = 1 + 2 * (k * k - 1) / whole * z + (1 - k / q + k * k) / whole * z**2
    return np.asarray((1 - 2 * z + z**2) / under)


def _block_power(sound: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Return the mean square of each block: shape (blocks,), at least one."""
    size, step = round(_BLOCK_S * rate), round(_STEP_S * rate)
    padded = np.pad(sound, (0, max(0, size - len(sound))))
    sums = np.concatenate([[0.0], np.cumsum(np.square(padded))])
    starts = np.arange(0, len(padded) - size + 1, step)
    return np.asarray((sums[starts + size] - sums[starts]) / size, np.float64)


@runtime_checkable
class MeasuredVoice(Protocol):
    """A voice of which it may be known how loud it is."""

    @property
    def loudness(self) -> float | None:
        """LUFS of its speech as it comes; ``None`` where that has to be measured."""


@runtime_checkable
class Fingerprinted(Protocol):
    """A voice that is known by its files."""

    fingerprint: str
    """Changes with the files, and with the pace that it was made for."""


def fingerprint(files: Sequence[Path], speed: float) -> str:
    """Return what tells voices apart: where their files are, how large, and how old."""
    seen = [(path, path.stat()) for path in files]
    told = [f"{path} {found.st_size} {found.st_mtime_ns}" for path, found in seen]
    return "; ".join((*told, f"{speed:g}"))


class KnownLevels:
    """Levels in one small file. A file that cannot be read or written only costs the time."""

    def __init__(self, path: Path) -> None:
        self._known = RememberedNumbers(path, MAX_KNOWN)

    def get(self, key: str) -> float | None:
        """Return the loudness of ``key``'s voice in LUFS; ``None`` where it is not known."""
        level = self._known.get(key)
        return level if isinstance(level, float) and SILENT_LUFS < level < 0 else None

    def put(self, key: str, level: float) -> None:
        """Keep it."""
        self._known.keep(key, level)
