"""Reads what a person gives as a face: a film, at a steady rate and upright, or a photograph."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import Image

LONGEST_S = 300.0
SHORTEST_S = 1.0
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
class Source:
    """A file that has been looked at."""

    path: Path
    still: bool
    """A photograph."""
    seconds: float
    """As far as the file tells; 0 if it does not."""


def look(path: Path) -> Source:
    """Say what a file is; ``InputError`` when it is neither film nor photograph."""
    if not path.exists():
        raise InputError(tr("There is no file {path}").format(path=path))
    if not path.is_file():
        raise InputError(tr("{path} is not a file").format(path=path))
    if cv2.haveImageReader(str(path)):
        return Source(path, True, 0.0)
    try:
        with av.open(str(path)) as container:
            streams = container.streams
            if not streams.video:
                raise InputError(tr("{path} holds no pictures, only sound").format(path=path))
            stream = streams.video[0]
            if stream.duration is not None and stream.time_base is not None:
                seconds = float(stream.duration * stream.time_base)
            else:
                seconds = (container.duration or 0) / 1e6
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if seconds > LONGEST_S:
        raise _too_long(path)
    return Source(path, False, seconds)


def pictures(
    source: Source, fps: float, options: Options, largest: tuple[int, int]
) -> Iterator[tuple[Image, float]]:
    """Yield the pictures of a film ``fps`` times a second, or the one of a photograph.

    Each is upright, shrunk to fit into ``largest``, and of even width and height; with it comes how
    many times as large it is now. Raises ``InputError`` where the file breaks off or nothing can be
    read.
    """
    if source.still:
        image = cv2.imread(str(source.path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise _unreadable(source.path, None)
        yield _fitted(np.asarray(image, np.uint8), options, largest)
        return
    count = 0
    for image in _steady(source.path, fps):
        count += 1
        if count > LONGEST_S * fps:
            raise _too_long(source.path)
        yield _fitted(image, options, largest)
    if not count:
        raise _unreadable(source.path, None)


def _steady(path: Path, fps: float) -> Iterator[Image]:
    """Decode; what shows at k/fps seconds is the k-th."""
    last: Image | None = None
    start, time_s, count = 0.0, 0.0, 0
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                time_s = frame.time if frame.time is not None else count / fps
                if last is None:
                    start = time_s
                while last is not None and count / fps < time_s - start - ROUNDED_S:
                    yield last
                    count += 1
                upright = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
                last = np.ascontiguousarray(upright)
    except (OSError, ValueError) as error:
        if last is None:
            raise _unreadable(path, error) from error
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


def _unreadable(path: Path, error: Exception | None) -> InputError:
    reason = getattr(error, "strerror", None) or (str(error) if error else "")
    message = tr("{path} is neither a film nor a photograph that can be read")
    return InputError(message.format(path=path) + (f": {reason}" if reason else ""))


def _too_long(path: Path) -> InputError:
    return InputError(
        tr("{path} is longer than {minutes:.0f} minutes; half a minute is enough").format(
            path=path, minutes=LONGEST_S / 60
        )
    )
