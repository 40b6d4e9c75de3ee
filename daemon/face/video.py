"""An MP4 of pictures and sound: H.264 and AAC, playable from a browser to a phone."""

import contextlib
import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from daemon.errors import StorageError
from daemon.files import fsync_rename, unwritable
from daemon.i18n import tr
from daemon.media import Image, Samples

CRF = "19"  # x264's constant quality: no difference is seen beside the original
SOUND_BITS = 160_000  # per second, for one channel of speech


def add_streams(
    file: OutputContainer, size: tuple[int, int], fps: int, rate: int
) -> tuple[VideoStream, AudioStream]:
    """Add the streams of a film: pictures in BT.709, and mono sound at ``rate``."""
    pictures = file.add_stream("h264", fps)
    sound = file.add_stream("aac", rate, layout="mono")
    video = pictures.codec_context
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    video.color_range = ColorRange.MPEG
    video.colorspace = Colorspace.ITU709
    video.color_primaries = ColorPrimaries.BT709
    video.color_trc = ColorTrc.BT709
    sound.codec_context.bit_rate = SOUND_BITS
    return pictures, sound


def film_frame(image: Image) -> av.VideoFrame:
    """Return a picture as the streams take it; its time is not set."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )


def sound_frame(samples: Samples, rate: int, position: int) -> av.AudioFrame:
    """Return mono sound as the streams take it, ``position`` samples after the beginning."""
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
    )
    frame.sample_rate = rate
    frame.pts = position
    frame.time_base = Fraction(1, rate)
    return frame


def add_waiting_sound(
    file: OutputContainer, stream: AudioStream, waiting: AudioFifo, rest: bool
) -> None:
    """Write the sound that ``waiting`` holds in whole frames of the stream; the ``rest``, too."""
    size = stream.codec_context.frame_size or 1024
    while (frame := waiting.read(size, partial=rest)) is not None:
        file.mux(stream.encode(frame))


class VideoFile:
    """Writes a film; nothing bears its name until it is whole.

    Pictures and sound may come in any order; each continues where its last one ended, and both
    begin at zero. As a context manager it is closed at the end, or aborted by an error.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], fps: int, rate: int, comment: str = ""
    ) -> None:
        """Begin a film of ``size`` (even width and height) with mono sound at ``rate``.

        ``comment`` is kept in the file's metadata. Raises ``StorageError`` when it cannot be
        written.
        """
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._open = False
        if path.is_dir():
            raise StorageError(tr("{path} is a folder.").format(path=path))
        try:
            self._part.open("wb").close()  # the muxer opens it only when it has something to write
            self._file = av.open(
                str(self._part), "w", format="mp4", options={"movflags": "+faststart"}
            )
            self._open = True
            if comment:
                self._file.metadata["comment"] = comment
            self._video, self._sound = add_streams(self._file, size, fps, rate)
            self._video.codec_context.time_base = Fraction(1, fps)
            self._video.codec_context.options = {"crf": CRF, "preset": "veryfast"}
        except OSError as error:
            self.abort()
            raise unwritable(self._path, error) from error
        self._fifo = AudioFifo()
        self._rate = rate
        self._pictures = self._samples = 0

    def add_picture(self, image: Image) -> None:
        """Append a picture of the agreed size."""
        frame = film_frame(image)
        frame.pts = self._pictures
        frame.time_base = self._video.codec_context.time_base
        self._pictures += 1
        try:
            self._file.mux(self._video.encode(frame))
        except OSError as error:
            self.abort()
            raise unwritable(self._path, error) from error

    def add_sound(self, samples: Samples) -> None:
        """Append mono sound."""
        frame = sound_frame(samples, self._rate, self._samples)
        self._samples += len(samples)
        self._fifo.write(frame)
        self._encode_sound(rest=False)

    def _encode_sound(self, rest: bool) -> None:
        try:
            add_waiting_sound(self._file, self._sound, self._fifo, rest)
        except OSError as error:
            self.abort()
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        """Finish the film and give it its name."""
        if not self._open:
            return
        self._encode_sound(rest=True)
        try:
            for stream in (self._video, self._sound):
                self._file.mux(stream.encode(None))
            self._file.close()
            self._open = False
            fsync_rename(self._part, self._path)
        except OSError as error:
            self.abort()
            raise unwritable(self._path, error) from error

    def abort(self) -> None:
        """Throw away what was written."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._file.close()
        with contextlib.suppress(OSError):  # NotADirectoryError when the folder is a file
            self._part.unlink()

    def __enter__(self) -> "VideoFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()
