"""Sound files, and the sound of films, read through FFmpeg."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.media_files import Undecodable, opened

SLOWEST, FASTEST = 1_000, 768_000  # Hz; a header that tells another rate lies
CHANNELS = 256  # at most; recorders have up to 128 tracks
SILENT = 1e-3  # of the loudest channel's power: a channel below it carries nothing
AGAINST = -0.5  # correlation with the loudest channel from which on a channel is turned round
LOUDEST = 64.0  # floats beyond are no sound
LOST = 0.5  # of the power that the channels can give together; a mean below it hides the voice


def read_recording(path: Path, max_s: float, rate: int | None = LISTEN_RATE) -> Audio:
    """Read a sound file, or the sound of a video, at ``rate``; ``None`` is the file's own.

    Any format, rate and number of channels that FFmpeg knows; rate and channels may change on the
    way. Raises ``InputError`` when there is nothing to read, no sound in it, or more than ``max_s``
    seconds of it: no more than that is ever decoded or held, whatever the file's header claims.
    """
    mix = Downmix()
    try:
        audio = _decoded(path, max_s, rate, mix)
        if (better := mix.better()) is not None:
            audio = _decoded(path, max_s, rate, better)
    except Undecodable as error:
        raise InputError(
            tr("{path} is damaged or not a sound file ({reason}).").format(
                path=path, reason=str(error) or tr("it contradicts itself")
            )
        ) from error
    return Audio(np.clip(audio.samples, -1, 1), audio.rate)


def holds_sound(path: Path) -> bool:
    """Whether a file holds sound that can be decoded, judged by its contents."""
    try:
        with opened(path) as container:
            return next(_frames(container, path), None) is not None
    except (InputError, Undecodable):
        return False


class Downmix:
    """Makes one channel of several.

    That is their mean: FFmpeg's own mono is 3 dB louder and clips. Where the mean would lose the
    voice, ``better`` tells so once all has been heard: channels of opposite phase cancel in it, and
    one of sixteen tracks drowns among the empty ones.
    """

    def __init__(self, weights: dict[int, NDArray[np.float32]] | None = None) -> None:
        """``weights`` of the channels, by how many there are; without, all weigh the same."""
        self._weights = weights or {}
        self._heard: dict[int, _Moments] = {}

    def __call__(self, sound: NDArray[np.float32]) -> Samples:
        """Return (n,) of ``sound`` (n, channels)."""
        count = sound.shape[1]
        if count == 1:
            return sound[:, 0]
        self._heard.setdefault(count, _Moments(count)).add(sound)
        weights = self._weights.get(count)
        if weights is None:
            return np.asarray(sound.mean(axis=1), np.float32)
        return np.asarray(sound @ weights, np.float32)

    def better(self) -> "Downmix | None":
        """Return how it should have been done; ``None`` when it was right."""
        weights = {count: _best(heard.powers()) for count, heard in self._heard.items()}
        lost = {count: best for count, best in weights.items() if best is not None}
        return Downmix(lost) if lost else None


class _Moments:
    """What is known of the channels of all that was heard."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))

    def add(self, sound: NDArray[np.float32]) -> None:
        """Take notice of (n, channels)."""
        self._count += len(sound)
        self._sums += sound.sum(axis=0, dtype=np.float64)
        self._products += sound.T @ sound

    def powers(self) -> NDArray[np.float64]:
        """Return the channels' products without their direct current, which nobody hears."""
        powers = self._products - np.outer(self._sums, self._sums) / max(1, self._count)
        return np.asarray(powers, np.float64)


def _best(power: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return better weights than the mean's for channels with these products, if it loses them."""
    own = power.diagonal()
    loudest = int(own.argmax())
    alike = power[loudest] / np.sqrt(np.maximum(own * own[loudest], 1e-30))
    weights = np.where(alike < AGAINST, -1.0, 1.0) * (own > SILENT * own[loudest])
    weights /= max(1.0, np.abs(weights).sum())
    mean = np.full(len(own), 1 / len(own))
    if mean @ power @ mean >= LOST * (weights @ power @ weights):
        return None
    return np.asarray(weights, np.float32)


class _Line:
    """Makes frames of one form mono, and brings them to the wanted rate."""

    def __init__(self, frame: AudioFrame, rate: int) -> None:
        self._form = _form(frame)
        # PyAV reads planes beyond their end where there are eight or more of them, and FFmpeg's
        # filters take no more than 64 channels: so planes are packed, and what is packed is not.
        self._packer = av.AudioResampler(format="flt") if frame.format.is_planar else None
        own = frame.sample_rate
        self._resampler = soxr.ResampleStream(own, rate, 1, dtype="float32")
        self._plain = own == rate

    def takes(self, frame: AudioFrame | None) -> bool:
        """Whether a frame has the form of those before."""
        return frame is not None and _form(frame) == self._form

    def feed(self, frame: AudioFrame | None, mix: Downmix) -> Samples:
        """Return what a frame gives; ``None`` is the end."""
        frames = self._packer.resample(frame) if self._packer else [frame]
        made = [mix(_samples(packed)) for packed in frames if packed]
        mono = np.concatenate(made) if made else np.empty(0, np.float32)
        if self._plain:
            return mono
        return np.asarray(self._resampler.resample_chunk(mono, last=frame is None), np.float32)


def _form(frame: AudioFrame) -> tuple[object, ...]:
    return frame.sample_rate, frame.format.name, frame.layout.name, frame.layout.nb_channels


def _samples(packed: AudioFrame) -> NDArray[np.float32]:
    """Return (n, channels), finite."""
    sound = packed.to_ndarray().reshape(-1, packed.layout.nb_channels)
    if sound.dtype == np.uint8:
        return (sound.astype(np.float32) - 128) / np.float32(128)
    if sound.dtype.kind == "i":
        return sound.astype(np.float32) / np.float32(2 ** (8 * sound.dtype.itemsize - 1))
    return np.asarray(np.clip(np.nan_to_num(sound), -LOUDEST, LOUDEST), np.float32)


def _decoded(path: Path, max_s: float, rate: int | None, mix: Downmix) -> Audio:
    pieces: list[Samples] = []
    length = 0
    line: _Line | None = None
    with opened(path) as container:
        for frame in chain(_frames(container, path), (None,)):
            new = []
            if line is not None and not line.takes(frame):
                new.append(line.feed(None, mix))
                line = None
            if frame is not None:
                rate = rate or frame.sample_rate
                line = line or _Line(frame, rate)
                new.append(line.feed(frame, mix))
            pieces += new
            length += sum(map(len, new))
            if rate and length > max_s * rate:
                raise InputError(
                    tr("{path} is longer than {seconds:.0f} s, the most that is taken.").format(
                        path=path, seconds=max_s
                    ),
                )
    if not length or not rate:
        raise InputError(tr("There is no sound in {path}.").format(path=path))
    return Audio(np.concatenate(pieces), rate)


def _frames(container: InputContainer, path: Path) -> Iterator[AudioFrame]:
    """Decode; raises ``InputError`` when there is no sound, or more is damaged than whole."""
    streams = container.streams.audio
    if not streams:
        raise InputError(tr("There is no sound in {path}.").format(path=path))
    stream = next((one for one in streams if one.codec_context is not None), None)
    if stream is None:
        raise Undecodable(tr("its codec is unknown"))
    good = bad = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            frames = packet.decode()
            good += 1
        except av.FFmpegError:
            bad += 1  # players skip a damaged packet too
            continue
        for frame in frames:
            if not isinstance(frame, AudioFrame) or not _believable(frame):
                raise Undecodable
            if frame.samples:
                yield frame
    if bad > good:
        raise InputError(tr("{path} is damaged.").format(path=path))


def _believable(frame: AudioFrame) -> bool:
    return SLOWEST <= frame.sample_rate <= FASTEST and 1 <= frame.layout.nb_channels <= CHANNELS
