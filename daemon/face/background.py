"""What is behind the person: their own background, the same blurred, one colour, or a picture."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageColor

from daemon.errors import SetupError
from daemon.face.canvas import Frame
from daemon.face.matte import blurred_behind
from daemon.face.photograph import BACKDROP, read_picture
from daemon.face.pixels import smooth
from daemon.i18n import tr
from daemon.media import Image

OWN, BLUR = "own", "blur"
MAX_PIXELS = 50_000_000  # up to 13 bytes each while it is read: with transparency, most
FADE = 0.05  # of a picture's width: how a person whom its edge cuts off ends within a larger one


@dataclass(frozen=True, slots=True)
class Background:
    """What is shown behind the person instead of what is there."""

    picture: Image | None
    """Of the size that is shown; ``None`` stands for what is there, blurred."""


def calm(size: tuple[int, int]) -> Background:
    """Return the colour that stands for what cannot be shown."""
    return Background(_plain(BACKDROP, size))


def read_background(text: str, size: tuple[int, int]) -> Background | None:
    """Return what the setting ``face.background`` asks for; ``None`` is the face's own.

    Raises ``InputError`` for a picture that cannot be read, ``SetupError`` for what is none.
    """
    if text in ("", OWN):
        return None
    if text == BLUR:
        return Background(None)
    path = Path(text)
    with suppress(RuntimeError):  # ~ of a user that there is not
        path = path.expanduser()
    if path.is_absolute():
        return Background(_covering(read_picture(path, size, MAX_PIXELS), size))
    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError:
        raise SetupError(
            tr("face.background = “{text}” is not a background.").format(text=text),
            tr("{own}, {blur}, a colour such as #00b140, or the full path of a picture").format(
                own=OWN, blur=BLUR
            ),
        ) from None
    return Background(_plain((red, green, blue), size))


def _plain(colour: tuple[int, int, int], size: tuple[int, int]) -> Image:
    picture = np.empty((size[1], size[0], 3), np.uint8)
    picture[:] = colour
    return picture


def _covering(picture: Image, size: tuple[int, int]) -> Image:
    """Return the middle of ``picture`` in the shape of ``size``, at that size."""
    height, width = picture.shape[:2]
    wide = min(width, max(1, round(height * size[0] / size[1])))
    high = min(height, max(1, round(width * size[1] / size[0])))
    x, y = (width - wide) // 2, (height - high) // 2
    way = cv2.INTER_AREA if wide > size[0] else cv2.INTER_CUBIC
    middle = picture[y : y + high, x : x + wide]
    return np.asarray(cv2.resize(middle, size, interpolation=way), np.uint8)


class Backdrop:
    """A background for pictures of persons, which may be of another size than what is shown."""

    def __init__(self, background: Background, size: tuple[int, int]) -> None:
        """``size`` is that of what is shown."""
        self._background, self._size = background, size
        self._known: dict[tuple[int, ...], tuple[Image, Image | None]] = {}

    def behind(self, image: Image, matte: Image) -> tuple[Image, Image]:
        """Return what is to be behind the person, of the picture's size, and the matte for it."""
        if self._background.picture is None:
            return blurred_behind(image, matte), matte
        if image.shape not in self._known:
            frame = Frame(image, self._size, True, self._background.picture)
            fade = _fade(matte.shape) if frame.beside else None
            self._known[image.shape] = frame.behind(), fade
        behind, fade = self._known[image.shape]
        if fade is None:
            return behind, matte
        return behind, np.asarray(cv2.multiply(matte, fade, scale=1 / 255), np.uint8)


def _fade(shape: tuple[int, ...]) -> Image:
    """Return how much is left of a person in each pixel, 0 to 255: less towards both sides."""
    height, width = shape
    away = np.minimum(np.arange(width), np.arange(width)[::-1]) / (FADE * width)
    return np.repeat((255 * smooth(away)).astype(np.uint8)[None], height, axis=0)
