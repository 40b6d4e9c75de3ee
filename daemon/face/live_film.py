"""An MP4 of pictures and sound that is made while they happen, for as long as that goes on.

It comes in fragments of a second (ISO/IEC 14496-12, 8.8), each complete with its index: what there
is of the film can be played, wherever it ends, and nothing of it stays in memory.
"""

import struct
from fractions import Fraction
from os import SEEK_END
from typing import BinaryIO

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.video.frame import PictureType

from daemon.face.video import add_streams, add_waiting_sound, film_frame, sound_frame
from daemon.media import SPEAK_RATE, Image, Samples

CLOCK = 90_000  # Hz, of the pictures' times: each has its own, and lasts until the next
BOX = 8  # bytes of a box's head: its length, itself included, and its kind
FRAGMENT_S = 1.0  # this much is lost if nobody ends the film
SHORTEST = SPEAK_RATE // 100  # samples
KEY_S = 4.0  # between pictures that need no other: a player jumps to these
# Made while a conversation goes on, so it must cost little; "zerolatency" keeps no picture back.
ENCODER = {"preset": "superfast", "tune": "zerolatency", "crf": "21", "threads": "1"}


class LiveFilm:
    """Makes the film; one thread's. ``written`` hands over what is ready of the file."""

    def __init__(self, size: tuple[int, int], fps: int, comment: str = "") -> None:
        """Begin a film of ``size`` (even width and height), of at most about ``fps``.

        ``comment`` is kept in the file's metadata.
        """
        self._written = bytearray()
        options = {
            "movflags": "+delay_moov+default_base_moof",
            "frag_duration": str(round(FRAGMENT_S * 1e6)),
        }
        self._file = av.open(_Collector(self._written), "w", format="mp4", options=options)
        if comment:
            self._file.metadata["comment"] = comment
        self._video, self._sound = add_streams(self._file, size, fps, SPEAK_RATE)
        self._video.codec_context.time_base = Fraction(1, CLOCK)
        self._video.codec_context.options = ENCODER
        self._fifo = AudioFifo()
        self._samples = 0
        self._last = -1  # ticks of the last picture, and of the last that needs no other
        self._key = 0

    @property
    def seconds(self) -> float:
        """How long the film is, by its sound."""
        return self._samples / SPEAK_RATE

    def add_picture(self, image: Image, at_s: float) -> None:
        """Show a picture from ``at_s`` on; one before the last one's time is left out."""
        ticks = round(at_s * CLOCK) if self._last >= 0 else 0
        if ticks <= self._last:
            return
        frame = film_frame(image)
        frame.pts, frame.time_base = ticks, Fraction(1, CLOCK)
        if self._last < 0 or ticks - self._key >= KEY_S * CLOCK:
            frame.pict_type = PictureType.I
            self._key = ticks
        self._last = ticks
        self._file.mux(self._video.encode(frame))

    def add_sound(self, samples: Samples) -> None:
        """Append mono sound at ``SPEAK_RATE``."""
        if len(samples):
            self._fifo.write(sound_frame(samples, SPEAK_RATE, self._samples))
            self._samples += len(samples)
            add_waiting_sound(self._file, self._sound, self._fifo, rest=False)

    def written(self) -> bytes:
        """Return what has been written since the last call."""
        written = bytes(self._written)
        self._written.clear()
        return written

    def close(self) -> bytes:
        """Finish the film, and return the last of it."""
        if not self._samples:  # of a film that ended at once; without any, the file is none
            self.add_sound(np.zeros(SHORTEST, np.float32))
        add_waiting_sound(self._file, self._sound, self._fifo, rest=True)
        for stream in (self._video, self._sound):
            self._file.mux(stream.encode(None))
        self._file.close()
        return self.written()


def whole_length(file: BinaryIO) -> int:
    """Return how many bytes of a film that was broken off somewhere can be played."""
    whole = place = 0
    end = file.seek(0, SEEK_END)
    while place + BOX <= end:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(BOX))
        place += max(length, BOX)
        if kind == b"mdat" and place <= end:
            whole = place
    return whole


class _Collector:
    """What FFmpeg writes to: a file without an end, in which it cannot go back."""

    def __init__(self, written: bytearray) -> None:
        self._written = written

    def write(self, data: bytes) -> int:
        """Keep it."""
        self._written += data
        return len(data)
