"""Reads a photograph, or an animated picture, as it is meant to be seen: upright, in full colour.

What is transparent becomes one calm colour; what is hidden in it, often the background that was cut
away, is not shown. Only formats that Pillow decodes by itself are read: none starts a program.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.media import Image
from daemon.media_files import check_file

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM")
ANIMATED = ("PNG", "WEBP", "AVIF", "GIF")  # other formats with several pictures hold pages
MAX_PIXELS = 120_000_000  # 360 MB in memory; the largest of telephones have 108 million
BACKDROP = (118, 126, 140)
TILEWIDTH, TILELENGTH = 322, 323  # of a TIFF
USUAL_S = 0.1  # of a picture in an animation that does not tell
_APPLE = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")


def animation_s(path: Path) -> float | None:
    """Return how many seconds an animated picture lasts, 0 for one that stands still.

    ``None`` when it is no picture. Raises ``InputError`` for one that cannot be read here.
    """
    with _opened(path) as image:
        if image is None:
            return None
        if image.format not in ANIMATED:
            return 0.0
        count = getattr(image, "n_frames", 1)
        return sum(_duration(image, number) for number in range(count)) if count > 1 else 0.0


def read_photograph(path: Path) -> Image:
    """Return the picture in a file, the first of several; ``InputError`` when there is none."""
    with _opened(path) as image:
        if image is None:
            raise InputError(
                tr("{path} is neither a film nor a photograph that can be read").format(path=path)
            )
        return _shown(image)


def read_picture(path: Path, least: tuple[int, int], most: int) -> Image:
    """Return a picture for a background, the first of several; ``InputError`` when there is none.

    ``most`` bounds the pixels that are decoded: a JPEG is shrunk on the way, but not below the size
    ``least``.
    """
    check_file(path)
    with _opened(path) as image:
        if image is None:
            raise InputError(tr("{path} is not a picture that can be read").format(path=path))
        image.draft("RGB", least)
        if _pixels(image) > most:
            raise _too_large(path, most)
        return _shown(image, least)


def read_animation(path: Path) -> Iterator[tuple[float, Image]]:
    """Yield the pictures of an animated one, each with its time in seconds."""
    with _opened(path) as image:
        time_s = 0.0
        for number in range(getattr(image, "n_frames", 1) if image else 0):
            assert image is not None
            duration = _duration(image, number)
            shown = _shown(image)
            yield time_s, shown
            time_s += duration
        if time_s:
            yield time_s, shown  # the last one stays for its time, too


def on_backdrop(picture: Image, alpha: Image) -> Image:
    """Lay a picture (RGB) with ``alpha`` (height, width) before the calm colour."""
    backdrop = np.empty_like(picture)
    backdrop[:] = BACKDROP
    share = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB).astype(np.uint16)
    mixed = picture * share + backdrop * (255 - share) + 127
    return np.asarray(mixed // 255, np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[Pillow.Image | None]:
    """Open a picture, ``None`` when it is none; errors within the block are ``InputError``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels, and of EXIF data that is damaged
            with Pillow.open(path, formats=FORMATS) as image:
                if _pixels(image) > MAX_PIXELS:
                    raise Pillow.DecompressionBombError
                yield image
    except InputError:
        raise
    except UnidentifiedImageError:
        if (other := _unknown(path)) is not None:
            raise other from None
        yield None
    except Pillow.DecompressionBombError as error:
        raise _too_large(path, MAX_PIXELS) from error
    # A damaged file leads Pillow's decoders into errors of any class.
    except Exception as error:
        raise InputError(
            tr("{path} is neither a film nor a photograph that can be read").format(path=path)
            + f": {error}"
        ) from error


def _pixels(image: Pillow.Image) -> int:
    """Return how many are decoded: of a TIFF whole tiles, which may be larger than the picture."""
    tile = 0
    if isinstance(image, TiffImageFile):
        across, down = (image.tag_v2.get(tag) for tag in (TILEWIDTH, TILELENGTH))
        tile = across * down if isinstance(across, int) and isinstance(down, int) else 0
    return max(tile, image.width * image.height)


def _too_large(path: Path, most: int) -> InputError:
    return InputError(
        tr("{path} has more than {count} million pixels").format(path=path, count=most // 1_000_000)
    )


def _unknown(path: Path) -> InputError | None:
    """Say what cannot be read here, though telephones and cameras write it."""
    with path.open("rb") as file:
        begin = file.read(12)
    if begin[4:8] == b"ftyp" and begin[8:12] in _APPLE:
        kind = "HEIC"
    elif begin.startswith(_JPEG_XL):
        kind = "JPEG XL"
    else:
        return None
    return InputError(
        tr("{path} is a photograph in the format {kind}, which cannot be read here").format(
            path=path, kind=kind
        ),
        tr("save it as JPEG or PNG"),
    )


def _duration(image: Pillow.Image, number: int) -> float:
    image.seek(number)
    image.load()  # WebP's tell only then
    return float(image.info.get("duration") or 0) / 1000 or USUAL_S


def _shown(image: Pillow.Image, least: tuple[int, int] | None = None) -> Image:
    """Return the picture that ``image`` is at, shrunk if it is much larger than ``least``."""
    upright: Pillow.Image = image
    try:
        upright = ImageOps.exif_transpose(image)
    except Exception:  # EXIF data that nobody can read turns nothing
        image.load()
    if least is not None:
        upright = _reduced(upright, least)
    if upright.mode.startswith(("I", "F")):
        return _deep(np.asarray(upright, np.float64))
    if upright.has_transparency_data:
        pixels = np.asarray(upright.convert("RGBA"), np.uint8)
        return on_backdrop(pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))
    return np.array(upright.convert("RGB"), np.uint8)


def _reduced(image: Pillow.Image, least: tuple[int, int]) -> Pillow.Image:
    """Shrink a picture by a whole number, so that what follows takes little memory."""
    times = min(image.width // least[0], image.height // least[1])
    if times < 2:
        return image
    if image.mode.startswith("I;"):  # sixteen bits, and means only of thirty-two
        image = image.convert("I")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.reduce(times)


def _deep(grey: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Image:
    """Return a grey picture of more than eight bits, or of fractions, in eight."""
    grey = np.nan_to_num(grey)
    most = grey.max(initial=0)
    scale = 255 if most <= 1 else 1 if most <= 255 else 255 / max(65535, most)
    small = np.clip(grey * scale, 0, 255).astype(np.uint8)
    return np.repeat(small[:, :, None], 3, axis=2)
