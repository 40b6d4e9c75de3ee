"""Recordings of one person: finding them, and seeing what is wrong with them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.audio.files import holds_sound, read_recording
from daemon.ears.speech_detection import CHUNK, Silero
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken

MAX_FILE_S = 3600.0  # of one file
SOUND = frozenset(  # endings of files that are named when they cannot be read
    (
        ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac",
        ".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".oga", ".ogg", ".opus",
        ".wav", ".wave", ".webm", ".wma", ".wv",
    )
)  # fmt: skip

_SPEECH = 0.5  # Silero's probability from which on it is speech
_QUIET = 0.05  # share of a recording, its quietest, that is taken for what is behind the voice
_CLIPPED = 2e-4  # share of samples that lie flat at the peak
_LOUD = 0.3  # a flat top below is a quiet recording's coarse steps
_NOISE_DB = 20.0  # speech less than this above what is behind it is noisy
_MUSIC_DB = 40.0  # tones less than this below the speech are heard behind it
_TONAL = 0.25  # spectral flatness of steady noise is about 0.5, of music below 0.2
_LITTLE = 0.25  # share of speech below which a recording is something else
_SAME = 0.65  # cosine; two recordings of one person are above 0.75, of two below 0.6
_WINDOW_S = 3.0  # of speech for one embedding


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of a collection and what was noticed in it."""

    path: Path
    audio: Audio
    """At the file's own rate."""
    speech: Samples
    """What of it is speech, joined, at ``LISTEN_RATE``."""
    faults: tuple[str, ...]
    """What is wrong with it, in the user's language."""

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return len(self.speech) / LISTEN_RATE


Embed = Callable[[Samples], NDArray[np.float32]]
"""Speech at ``LISTEN_RATE`` → the speaker as a unit vector."""


def find_recordings(place: Path) -> list[Path]:
    """Return the sound files of a folder and those below it, or the one file.

    What has another ending is known by its contents; a damaged file with a usual one is there, too,
    so that it can be named. Raises ``InputError`` when there are none.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise InputError(tr("{path} does not exist.").format(path=place))
    found = sorted(
        path
        for path in place.rglob("*")
        if not path.name.startswith(".")
        and path.is_file()
        and (path.suffix.lower() in SOUND or holds_sound(path))
    )
    if not found:
        raise InputError(tr("There are no recordings in {path}.").format(path=place))
    return found


def examine(path: Path, silero: Silero) -> Recording:
    """Read a recording and look for faults. Raises ``InputError`` when it cannot be read."""
    audio = read_recording(path, MAX_FILE_S, rate=None)
    heard = audio.at_rate(LISTEN_RATE).samples
    likely = _probabilities(heard, silero)
    chunks = heard[: len(likely) * CHUNK].reshape(-1, CHUNK)
    speech, quiet = chunks[likely > _SPEECH], _quietest(chunks)
    faults = []
    if _clipped(audio.samples) > _CLIPPED:
        faults.append(tr("clipped: it was recorded too loud"))
    if len(speech) < _LITTLE * len(chunks):
        faults.append(tr("hardly any speech: silence, music or noise"))
    else:
        above = _decibels(speech) - _decibels(quiet)
        if above < _MUSIC_DB and _flatness(quiet) < _TONAL:
            faults.append(tr("music or humming behind the voice"))
        elif above < _NOISE_DB:
            faults.append(tr("noisy: the voice is only {db:.0f} dB above it").format(db=above))
    return Recording(path, audio, speech.reshape(-1), tuple(faults))


def examine_all(
    paths: Sequence[Path], silero: Silero, cancel: CancelToken
) -> tuple[list[Recording], list[str]]:
    """Examine recordings; return those that can be read, and what is wrong with any of them.

    One bad file is no reason to lose the others. Raises ``InputError`` when none can be read.
    """
    recordings: list[Recording] = []
    faults: list[str] = []
    failure: InputError | None = None
    for path in paths:
        cancel.check()
        try:
            recording = examine(path, silero)
        except InputError as error:
            failure = error
            faults.append(tr("left out: {reason}").format(reason=error))
            continue
        recordings.append(recording)
        faults += [f"{path.name}: {fault}" for fault in recording.faults]
    if not recordings and failure is not None:
        raise failure
    return recordings, faults


def several_speakers(
    recordings: Sequence[Recording], embed: Embed, same: float = _SAME
) -> list[Path]:
    """Return the recordings in which somebody else speaks than in most of them.

    ``same`` is the cosine from which on two vectors of ``embed`` are one person's.
    """
    found: list[tuple[Path, NDArray[np.float32]]] = []
    for recording in recordings:
        found += [(recording.path, embed(window)) for window in _windows(recording.speech)]
    if len(found) < 2:
        return []
    vectors = np.stack([vector for _, vector in found])
    # The one that most are near to, and not the mean, which two people would share.
    alike = vectors @ vectors.T
    usual = vectors[(alike > same).sum(axis=1).argmax()]
    others = {path: None for (path, vector) in found if float(vector @ usual) < same}
    return list(others)


def _windows(speech: Samples) -> Iterator[Samples]:
    size = round(_WINDOW_S * LISTEN_RATE)
    for begin in range(0, max(1, len(speech) - size // 2), size):
        window = speech[begin : begin + size]
        if len(window) >= size // 2:
            yield window


def _probabilities(heard: Samples, silero: Silero) -> NDArray[np.float32]:
    silero.reset()
    whole = heard[: len(heard) // CHUNK * CHUNK].reshape(-1, CHUNK)
    return np.array([silero.probability(chunk) for chunk in whole], np.float32)


def _quietest(chunks: Samples) -> Samples:
    """Return the quietest chunks: between words, or the stop before a consonant."""
    order = np.argsort(np.mean(np.square(chunks), axis=1))
    return chunks[order[: max(1, int(_QUIET * len(chunks)))]]


def _clipped(samples: Samples) -> float:
    """Return the share of samples that lie in a flat top, three or more in a row."""
    level = np.abs(samples)
    peak = level.max(initial=0.0)
    if peak < _LOUD:
        return 0.0
    flat = level >= 0.999 * peak
    run = flat[2:] & flat[1:-1] & flat[:-2]
    return float(run.mean()) if len(run) else 0.0


def _decibels(chunks: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(chunks)) + 1e-10))


def _flatness(chunks: Samples) -> float:
    """Return how noise-like sound is: 1 for white noise, 0 for a tone; any slope aside."""
    power = np.square(np.abs(np.fft.rfft(chunks * np.hanning(CHUNK)))) + 1e-12
    bands = power[:, 8:248].reshape(len(chunks), 15, 16)  # 250 Hz to 7.75 kHz, in 500 Hz
    flat = np.exp(np.log(bands).mean(axis=2)) / bands.mean(axis=2)
    return float((flat * bands.sum(axis=2)).sum() / bands.sum())
