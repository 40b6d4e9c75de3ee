"""Sound as servers send it: 16 bits, little-endian, one channel or more, bare or as WAV."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from daemon.i18n import tr
from daemon.media import Audio, Samples
from daemon.remote.place import Unusable

RATES = range(8_000, 96_001)  # Hz of speech as anybody makes it
MAX_HEADER_BYTES = 4096  # of a WAV, before its sound
MAX_CHANNELS = 8
_COMPRESSED = (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\x1aE\xdf\xa3")


@dataclass(frozen=True, slots=True)
class Format:
    """How the bytes of a sound are to be read."""

    rate: int
    channels: int = 1

    def __post_init__(self) -> None:
        if self.rate not in RATES or not 1 <= self.channels <= MAX_CHANNELS:
            raise Unusable(tr("a sound of {rate} Hz").format(rate=self.rate))


def to_pcm(samples: Samples) -> bytes:
    """Return 16 bits a sample."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def sounds(pieces: Iterable[bytes], expected: Format) -> Iterator[Audio]:
    """Yield what the bytes sound like, piece by piece, as one channel.

    They are bare samples of the ``expected`` format, or a WAV that tells its own. Raises
    ``Unusable`` for what is compressed, or damaged.
    """
    rest, form = b"", None
    for piece in pieces:
        rest += piece
        if form is None:
            if len(rest) < 4:
                continue
            if rest.startswith(b"RIFF"):
                if (found := _wav_format(rest)) is None:
                    continue
                form, begins = found
                rest = rest[begins:]
            elif rest.startswith(_COMPRESSED):
                raise Unusable(tr("compressed sound, and not samples"))
            else:
                form = expected
        size = 2 * form.channels
        whole = len(rest) // size * size
        if whole:
            yield _audio(rest[:whole], form)
            rest = rest[whole:]


def _audio(content: bytes, form: Format) -> Audio:
    samples = np.frombuffer(content, "<i2").reshape(-1, form.channels).mean(axis=1) / 32768
    return Audio(samples.astype(np.float32), form.rate)


def _wav_format(content: bytes) -> tuple[Format, int] | None:
    """Return the format of a WAV and where its sound begins; ``None`` while that has not come."""
    at, form = 12, None
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"data":
            if form is None:
                raise Unusable(tr("a damaged WAV"))
            return form, at + 8
        if name == b"fmt " and at + 24 <= len(content):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, at + 8)
            if kind not in (1, 0xFFFE) or bits != 16:
                raise Unusable(tr("a WAV that is not of 16 bits"))
            form = Format(rate, channels)
        at += 8 + size + size % 2
    if at > MAX_HEADER_BYTES or len(content) > MAX_HEADER_BYTES:
        raise Unusable(tr("a damaged WAV"))
    return None
