"""Another person's voice without training: the WORLD vocoder, moved from one voice to another.

WORLD (Morise et al., 2016) takes speech apart into pitch, spectral envelope and breath, and puts it
together again. In between, three things are moved from the voice that speaks towards the one that
is wanted, all learnt from half a minute of each:

- pitch: its median and its spread;
- the vocal tract: the envelope is stretched along frequency, by the factor that makes the
  envelopes likeliest for the wanted voice (vocal tract length normalisation, Lee and Rose, 1996);
- colour: the mean of the log envelopes, and part of their covariance, by the linear map between
  two normal distributions that moves least (Monge's, as in colour transfer by Pitié and Kokaram,
  2007).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.errors import InputError, SetupError
from daemon.i18n import tr
from daemon.media import Audio, Samples
from daemon.voice import envelopes
from daemon.voice.chunked_conversion import convert_in_chunks, fit, match_loudness
from daemon.voice.envelopes import RATE
from daemon.worker import CancelToken

with warnings.catch_warnings():  # so-vits-svc-fork brings a pyworld that asks for its own version
    warnings.simplefilter("ignore")
    import pyworld

MAX_PIECE_S = 8.0  # converted in one go; longer speech in pieces
LEARNT_S = 120.0  # of a recording; more changes nothing
MIN_VOICED_S = 1.0  # without so much voiced sound, a voice cannot be told

_PERIOD_MS = 5.0  # WORLD's usual frame
_FLOOR_HZ, _CEIL_HZ = 71.0, 600.0  # WORLD's own floor; children and shouting reach 600 Hz
_WARPS = np.arange(0.8, 1.26, 0.02)  # from a man to a child, and back
_WARPED = 0.5  # share of the best stretch: all of it is less alike, and less clear
_COLOURED = 0.5  # share of the covariance's map: with all of it, consonants blur
_MAX_COLOUR_DB = 12.0  # a recording's own colour, as of a telephone, is not copied beyond this
_SMOOTH = 2.0  # bands; finer detail of the mean belongs to what was said, not to who said it
_CONTEXT_S = 0.1

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Timbre:
    """What is known of a voice. Envelopes are natural logarithms of power."""

    pitch: float
    """Median of the logarithm of its pitch in Hz."""
    spread: float
    """Standard deviation of that."""
    mean: Array
    """Mean envelope of its voiced sounds: shape (bands,)."""
    covariance: Array
    """Of those envelopes: shape (bands, bands)."""
    ceiling: float
    """Hz; the recording held nothing above."""

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file; the caller handles ``OSError``."""
        with path.open("wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> "Timbre":
        """Read what ``save`` wrote. Raises ``SetupError``."""
        try:
            # From memory: numpy leaves a damaged file open.
            with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
                held = {name: np.asarray(file[name], np.float64) for name in cls.__slots__}
            timbre = cls(
                pitch=float(held["pitch"]),
                spread=float(held["spread"]),
                mean=held["mean"].reshape(envelopes.BANDS),
                covariance=held["covariance"].reshape(envelopes.BANDS, envelopes.BANDS),
                ceiling=float(held["ceiling"]),
            )
            if not all(np.isfinite(value).all() for value in held.values()):
                raise ValueError("not finite")
        # A damaged archive raises whatever its reader trips over.
        except Exception as error:
            raise SetupError(
                tr("The voice file {path} is damaged: {reason}").format(path=path, reason=error)
            ) from error
        return timbre


@dataclass(frozen=True, slots=True)
class _Frames:
    """Speech taken apart: n frames of WORLD."""

    f0: Array  # (n,), Hz, 0 where unvoiced
    envelope: Array  # (n, bins), power
    breath: Array  # (n, bins), 0 to 1


def measure(recordings: Sequence[Audio], cancel: CancelToken) -> Timbre:
    """Learn a voice from its recordings, any rates.

    Raises ``InputError`` when they hold less than ``MIN_VOICED_S`` of voiced sound: silence,
    whispering, or no person.
    """
    pitches: list[Array] = []
    found: list[Array] = []
    left = round(LEARNT_S * RATE)
    for recording in recordings:
        samples = recording.at_rate(RATE).samples[:left]
        left -= len(samples)
        for begin in range(0, len(samples), round(MAX_PIECE_S * RATE)):
            cancel.check()
            frames = _analyse(samples[begin : begin + round(MAX_PIECE_S * RATE)], cancel)
            voiced = frames.f0 > 0
            pitches.append(np.log(frames.f0[voiced]))
            found.append(envelopes.bands(frames.envelope[voiced]))
    pitch = np.concatenate(pitches) if pitches else np.empty(0)
    if len(pitch) * _PERIOD_MS / 1000 < MIN_VOICED_S:
        raise InputError(tr("There is no voice in the recording: it is silent or whispered."))
    bands = np.concatenate(found)
    loudness = bands.mean(axis=1)
    bands = bands[loudness > np.percentile(loudness, 10)]  # its fading ends tell of the room
    return Timbre(
        pitch=float(np.median(pitch)),
        spread=float(pitch.std()),
        mean=bands.mean(axis=0),
        covariance=np.cov(bands.T),
        ceiling=min(RATE, *(recording.rate for recording in recordings)) / 2,
    )


class World:
    """Speaks in the voice of ``target``; ``sources`` are the voices that it will be given.

    Each piece is taken for that source which it sounds most like; without any, for its own.
    """

    def __init__(self, target: Timbre, sources: Sequence[Timbre] = ()) -> None:
        self._target = target
        self._maps = [_Map(source, target) for source in sources]

    def warm_up(self) -> None:
        """Convert a moment of sound: the first run allocates."""
        tone = np.sin(2 * np.pi * 150 * np.arange(RATE // 4) / RATE).astype(np.float32)
        self.convert(Audio(tone, RATE), CancelToken())

    def close(self) -> None:
        """Nothing is held."""

    def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
        """Return ``audio`` in the other voice, at ``RATE``; sound without voice comes unchanged."""
        source = audio.at_rate(RATE)

        def one(samples: Samples) -> Samples:
            return self._convert(samples, cancel)

        made = Audio(convert_in_chunks(source, one, MAX_PIECE_S, _CONTEXT_S), RATE)
        return match_loudness(made, source)

    def _convert(self, samples: Samples, cancel: CancelToken) -> Samples:
        if len(samples) < RATE * 0.03 or not samples.any():  # too short for WORLD's windows
            return samples
        frames = _analyse(samples, cancel)
        voiced = frames.f0 > 0
        if not voiced.any():
            return samples
        bands = envelopes.bands(frames.envelope)
        way = self._way(np.log(frames.f0[voiced]), bands[voiced])
        f0 = frames.f0.copy()
        f0[voiced] = np.clip(way.pitch(f0[voiced]), _FLOOR_HZ / 2, RATE / 8)
        cancel.check()
        envelope = np.ascontiguousarray(way.envelope(frames.envelope, bands))
        cancel.check()
        made = pyworld.synthesize(f0, envelope, frames.breath, RATE, _PERIOD_MS)
        return fit(np.asarray(np.nan_to_num(made), np.float32), len(samples))

    def _way(self, pitch: Array, bands: Array) -> "_Map":
        if self._maps:
            return max(self._maps, key=lambda way: way.likelihood(pitch, bands))
        spread = float(pitch.std()) or self._target.spread
        covariance = np.cov(bands.T) if len(bands) > 1 else self._target.covariance
        own = Timbre(float(np.median(pitch)), spread, bands.mean(axis=0), covariance, RATE / 2)
        return _Map(own, self._target)


class _Map:
    """The way from one voice to another."""

    def __init__(self, source: Timbre, target: Timbre) -> None:
        self._source, self._target = source, target
        ratio = target.spread / max(source.spread, 1e-3)
        self._ratio = float(np.clip(ratio, 0.8, 1.25))  # beyond, it sounds sung or bored
        inverse = np.linalg.inv(envelopes.cepstral(target.covariance)[1:, 1:])
        # The mean is left out: it holds the microphone's colour. So is loudness, cepstrum 0.
        best = min(
            _WARPS,
            key=lambda warp: float(
                np.trace(
                    inverse @ envelopes.cepstral(envelopes.warped(source.covariance, warp))[1:, 1:]
                )
            ),
        )
        self.warp = float(best**_WARPED)
        matrix = envelopes.warping(self.warp)
        mean = matrix @ source.mean
        self._mean = envelopes.COSINES @ mean
        self._colour = _colour(mean, target, source.ceiling)
        covariance = envelopes.cepstral(matrix @ source.covariance @ matrix.T)
        moved = envelopes.monge(covariance, envelopes.cepstral(target.covariance)) - np.eye(
            envelopes.CEPSTRA
        )
        self._moved = _COLOURED * moved
        self._inverse = np.linalg.inv(envelopes.cepstral(source.covariance))
        self._volume = -float(np.linalg.slogdet(self._inverse)[1])
        self._warping = matrix

    def likelihood(self, pitch: Array, bands: Array) -> float:
        """How likely such sounds are for the source voice, up to a constant."""
        away = (bands - self._source.mean) @ envelopes.COSINES.T
        shape = np.einsum("ij,jk,ik->i", away, self._inverse, away).mean() + self._volume
        height = (np.median(pitch) - self._source.pitch) / max(self._source.spread, 0.05)
        return -float(shape) - float(height**2)

    def pitch(self, f0: Array) -> Array:
        """Move pitches in Hz."""
        source, target = self._source, self._target
        return np.asarray(np.exp((np.log(f0) - source.pitch) * self._ratio + target.pitch))

    def envelope(self, power: Array, bands: Array) -> Array:
        """Move envelopes (n, bins), of which ``bands`` are the logarithms at the bands."""
        warped = bands @ self._warping.T
        moved = (warped @ envelopes.COSINES.T - self._mean) @ self._moved.T
        moved[:, 0] = 0  # loudness stays
        most = _MAX_COLOUR_DB / 10 * np.log(10)
        change = np.clip(moved @ envelopes.COSINES, -most, most) + self._colour
        return np.asarray(
            envelopes.stretched(power, self.warp)
            * np.exp(envelopes.at_bins(change, power.shape[1])),
            np.float64,
        )


def _analyse(samples: Samples, cancel: CancelToken) -> _Frames:
    sound = samples.astype(np.float64)
    rough, times = pyworld.dio(
        sound, RATE, f0_floor=_FLOOR_HZ, f0_ceil=_CEIL_HZ, frame_period=_PERIOD_MS
    )
    f0 = pyworld.stonemask(sound, rough, times, RATE)
    cancel.check()
    envelope = pyworld.cheaptrick(sound, f0, times, RATE)
    cancel.check()
    return _Frames(f0, envelope, pyworld.d4c(sound, f0, times, RATE))


def _colour(mean: Array, target: Timbre, ceiling: float) -> Array:
    """Return what has to be added to each band of a voice with this mean envelope."""
    difference = target.mean - mean
    weights = np.exp(
        -0.5 * ((np.arange(envelopes.BANDS)[:, None] - np.arange(envelopes.BANDS)) / _SMOOTH) ** 2
    )
    held = min(target.ceiling, ceiling) * 0.95 > envelopes.PLACES
    weights = weights * held  # nothing is known of what a recording could not hold
    smooth = (weights @ difference) / np.maximum(weights.sum(axis=1), 1e-12)
    smooth[~held] = smooth[held][-1]
    most = _MAX_COLOUR_DB / 10 * np.log(10)
    return np.asarray(np.clip(smooth - smooth[held].mean(), -most, most))
