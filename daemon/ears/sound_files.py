"""Recordings as a source of sound, and the interface they share with the microphone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.audio.frame import AudioFrame

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken


class Source(Protocol):
    """Where sound comes from: a microphone or a recording."""

    def chunks(self, cancel: CancelToken) -> Iterator[Samples]:
        """Yield the sound (``LISTEN_RATE``, any lengths) until it ends or ``cancel`` is set."""


class Recording:
    """Sound that is already there, as a ``Source`` as fast as it can be taken."""

    PIECE = LISTEN_RATE // 10  # samples: short enough for events to come in order with cancelling

    def __init__(self, audio: Audio) -> None:
        """``audio`` may have any rate."""
        self._samples = audio.at_rate(LISTEN_RATE).samples

    def chunks(self, cancel: CancelToken) -> Iterator[Samples]:
        """Yield the recording once, in pieces of 0.1 s."""
        for start in range(0, len(self._samples), self.PIECE):
            if cancel.cancelled:
                return
            yield self._samples[start : start + self.PIECE]


def read_recording(path: Path, max_s: float, rate: int | None = LISTEN_RATE) -> Audio:
    """Read a sound file, or the sound of a video, at ``rate``; ``None`` is the file's own.

    Any format, rate and number of channels that FFmpeg knows. Raises ``InputError`` when there is
    nothing to read, no sound in it, or more than ``max_s`` seconds of it: no more than that is
    ever decoded or held, whatever the file's header claims.
    """
    try:
        if not path.exists():
            raise InputError(tr("{path} does not exist.").format(path=path))
        if not path.is_file():
            raise InputError(tr("{path} is not a file.").format(path=path))
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(tr("{path} is empty.").format(path=path))
            file.seek(0)
            # An open file and no protocols: a playlist cannot make FFmpeg fetch what it names.
            with av.open(file, "r", options={"protocol_whitelist": "none"}) as container:
                audio = _decode(container, path, max_s, rate)
    except av.FFmpegError as error:  # before OSError: some are both
        raise InputError(
            tr("{path} is damaged or not a sound file ({reason}).").format(
                path=path, reason=error.strerror
            )
        ) from error
    except OSError as error:
        raise InputError(
            tr("{path} cannot be read ({reason}).").format(path=path, reason=error.strerror)
        ) from error
    return Audio(np.clip(np.nan_to_num(audio.samples), -1, 1), audio.rate)


def _decode(
    container: av.container.InputContainer, path: Path, max_s: float, rate: int | None
) -> Audio:
    if not container.streams.audio:
        raise InputError(tr("There is no sound in {path}.").format(path=path))
    stream = container.streams.audio[0]
    rate = rate or stream.rate
    resampler = av.AudioResampler(format="fltp", rate=rate)
    pieces: list[Samples] = []
    length = good = bad = 0
    for packet in container.demux(stream):
        try:
            frames = [out for frame in packet.decode() for out in resampler.resample(frame)]
            good += 1
        except av.FFmpegError:
            bad += 1  # players skip a damaged packet too
            continue
        length += _take(frames, pieces)
        if length > max_s * rate:
            raise InputError(
                tr("{path} is longer than {seconds:.0f} s, the most that is taken.").format(
                    path=path, seconds=max_s
                ),
            )
    if bad > good:
        raise InputError(tr("{path} is damaged.").format(path=path))
    if good:
        length += _take(resampler.resample(None), pieces)
    if not length:
        raise InputError(tr("There is no sound in {path}.").format(path=path))
    return Audio(np.concatenate(pieces), rate)


def _take(frames: list[AudioFrame], pieces: list[Samples]) -> int:
    """Append the sound of ``frames`` to ``pieces`` and return its length.

    The channels' mean is taken here because FFmpeg's own mono is 3 dB louder and clips.
    """
    new: list[Samples] = [frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]
    pieces += new
    return sum(map(len, new))
