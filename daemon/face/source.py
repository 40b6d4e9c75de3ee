"""Reads what a person gives as a face: a film, at a steady rate and upright, or a photograph."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from daemon.errors import InputError
from daemon.face.photograph import (
    MAX_PIXELS,
    animation_s,
    on_backdrop,
    read_animation,
    read_photograph,
)
from daemon.i18n import tr
from daemon.media import Image
from daemon.media_files import Undecodable, check_file, opened

MAX_VIDEO_S = 300.0
MIN_VIDEO_S = 1.0
ROUNDED_S = 0.002  # by which containers round the times of pictures

Sides = tuple[int, int, int, int]
"""Top, bottom, left, right, in pixels; for a box or a crop -1 is the picture's own edge."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the pictures are to be read; names and meanings are those of Wav2Lip's own program."""

    box: Sides | None = None
    """Where the face is in every picture, instead of finding it."""
    pads: Sides = (0, 10, 0, 0)
    """What Wav2Lip sees beyond the face that was found."""
    crop: Sides = (0, -1, 0, -1)
    """The part of the pictures that is used, after turning and shrinking."""
    rotate: bool = False
    """Turn everything a quarter to the right."""
    resize_factor: int = 1
    """Shrink everything so many times."""

    def fitted(self, scale: float, size: tuple[int, int]) -> "Options":
        """Return them for pictures of ``size`` that were made ``scale`` times as large.

        Raises ``InputError`` where the box is none, or not in the picture.
        """
        pads = _scaled(self.pads, scale)
        if self.box is None:
            return replace(self, pads=pads)
        top, bottom, left, right = _scaled(self.box, scale)
        right, bottom = (size[0] if right < 0 else right), (size[1] if bottom < 0 else bottom)
        if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
            raise InputError(
                tr("--box {box} is not a part of the picture, which has {width}×{height}").format(
                    box=" ".join(map(str, self.box)),
                    width=round(size[0] / scale),
                    height=round(size[1] / scale),
                ),
                tr("give top, bottom, left and right, in pixels"),
            )
        return replace(self, pads=pads, box=(top, bottom, left, right))


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file that has been looked at."""

    path: Path
    still: bool
    """A photograph."""
    seconds: float
    """As far as the file tells; 0 if it does not."""
    animated: bool = False
    """A picture that moves, such as a GIF."""


def probe_media(path: Path) -> MediaInfo:
    """Say what a file is; ``InputError`` when it is neither film nor photograph."""
    check_file(path)
    seconds = animation_s(path)
    if seconds is not None:
        if seconds > MAX_VIDEO_S:
            raise _too_long(path)
        moves = seconds >= MIN_VIDEO_S
        return MediaInfo(path, not moves, seconds if moves else 0.0, moves)
    try:
        with opened(path) as container:
            stream = _video(container, path)
            if stream.duration is not None and stream.time_base is not None:
                seconds = float(stream.duration * stream.time_base)
            else:
                seconds = (container.duration or 0) / 1e6
            if seconds > MAX_VIDEO_S:
                if _goes_on(container, stream):
                    raise _too_long(path)
                seconds = 0.0
    except Undecodable as error:
        raise _unreadable(path, str(error)) from error
    return MediaInfo(path, False, max(0.0, seconds))


def pictures(
    source: MediaInfo, fps: float, options: Options, largest: tuple[int, int]
) -> Iterator[tuple[Image, float]]:
    """Yield the pictures of a film ``fps`` times a second, or the one of a photograph.

    Each is upright, shrunk to fit into ``largest``, and of even width and height, the same for all;
    with it comes how many times as large it is now. Raises ``InputError`` where the file breaks off
    or nothing can be read.
    """
    if source.still:
        yield _fitted(read_photograph(source.path), options, largest)
        return
    timed = read_animation(source.path) if source.animated else _filmed(source.path)
    count, size = 0, (0, 0)
    for image in _steady(timed, source.path, fps):
        count += 1
        if count > MAX_VIDEO_S * fps:
            raise _too_long(source.path)
        fitted, scale = _fitted(image, options, largest)
        size = size if count > 1 else (fitted.shape[1], fitted.shape[0])
        if fitted.shape[:2] != size[::-1]:
            fitted = _image(cv2.resize(fitted, size, interpolation=cv2.INTER_AREA))
        yield fitted, scale
    if not count:
        raise _unreadable(source.path, "")


def _video(container: InputContainer, path: Path) -> VideoStream:
    """Return the first film in a file; the picture on a record's sleeve is none."""
    films = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not films:
        if container.streams.audio:
            raise InputError(tr("{path} holds no pictures, only sound").format(path=path))
        raise Undecodable
    known = next((film for film in films if film.codec_context is not None), None)
    if known is None:
        raise Undecodable(tr("its codec is unknown"))
    return known


def _goes_on(container: InputContainer, stream: VideoStream) -> bool:
    """Whether there really are pictures after ``MAX_VIDEO_S``, as the header says."""
    container.seek(round(MAX_VIDEO_S * 1e6))
    return any(
        (_seconds(packet.pts, stream) or 0) > MAX_VIDEO_S for packet in container.demux(stream)
    )


def _seconds(pts: int | None, stream: VideoStream) -> float | None:
    if pts is None or stream.time_base is None:
        return None
    return float(pts * stream.time_base)


def _filmed(path: Path) -> Iterator[tuple[float | None, Image]]:
    """Yield the pictures of a film, each with its time in seconds, where that is known."""
    with opened(path) as container:
        stream = _video(container, path)
        decoder = _decoder(stream)
        for packet in container.demux(stream):
            for frame in decoder.decode(packet if packet.size else None):
                if frame.width * frame.height > MAX_PIXELS:
                    raise Undecodable(f"{frame.width}×{frame.height}")
                yield _seconds(frame.pts, stream), _upright(frame)


def _decoder(stream: VideoStream) -> VideoCodecContext:
    """Return the film's decoder; FFmpeg's usual one for WebM does not know of transparency."""
    name = stream.codec_context.name
    if stream.metadata.get("alpha_mode", "0") == "1" and name in ("vp8", "vp9"):
        found = CodecContext.create("libvpx" if name == "vp8" else "libvpx-vp9", "r")
        assert isinstance(found, VideoCodecContext)
        return found
    stream.thread_type = "AUTO"
    return stream.codec_context


def _upright(frame: VideoFrame) -> Image:
    form = frame.format
    if form.has_palette or any(part.is_alpha for part in form.components):
        pixels = _image(frame.to_ndarray(format="rgba"))
        image = on_backdrop(pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))
    else:
        image = _image(frame.to_ndarray(format="rgb24"))
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))


def _steady(timed: Iterable[tuple[float | None, Image]], path: Path, fps: float) -> Iterator[Image]:
    """Bring pictures to a rate: what shows at k/fps seconds is the k-th."""
    last: Image | None = None
    start, time_s, count = 0.0, 0.0, 0
    try:
        for known_s, image in timed:
            time_s = known_s if known_s is not None else count / fps
            if last is None:
                start = time_s
            if time_s - start > MAX_VIDEO_S:
                raise _too_long(path)
            while last is not None and count / fps < time_s - start - ROUNDED_S:
                yield last
                count += 1
            last = image
    except Undecodable as error:
        if last is None:
            raise _unreadable(path, str(error)) from error
        raise InputError(
            tr("{path} is damaged after {seconds:.0f} s").format(path=path, seconds=count / fps)
        ) from error
    if last is not None and count / fps <= time_s - start + ROUNDED_S:
        yield last


def _fitted(image: Image, options: Options, largest: tuple[int, int]) -> tuple[Image, float]:
    if options.resize_factor > 1:
        scale = 1 / options.resize_factor
        image = _image(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    if options.rotate:
        image = _image(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
    height, width = image.shape[:2]
    top, bottom, left, right = options.crop
    image = image[top : height if bottom < 0 else bottom, left : width if right < 0 else right]
    if min(image.shape[:2], default=0) < 64:
        raise InputError(
            tr("Of a picture of {width}×{height} pixels too little is left").format(
                width=width, height=height
            )
        )
    height, width = image.shape[:2]
    scale = min(1.0, largest[0] / width, largest[1] / height)
    size = round(width * scale) // 2 * 2, round(height * scale) // 2 * 2
    if size != (width, height):
        image = _image(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(image), scale


def _scaled(sides: Sides, scale: float) -> Sides:
    top, bottom, left, right = (side if side == -1 else round(side * scale) for side in sides)
    return top, bottom, left, right


def _image(array: object) -> Image:
    return np.asarray(array, np.uint8)


def _unreadable(path: Path, reason: str) -> InputError:
    message = tr("{path} is neither a film nor a photograph that can be read")
    return InputError(message.format(path=path) + (f": {reason}" if reason else ""))


def _too_long(path: Path) -> InputError:
    return InputError(
        tr("{path} is longer than {minutes:.0f} minutes; half a minute is enough").format(
            path=path, minutes=MAX_VIDEO_S / 60
        )
    )
