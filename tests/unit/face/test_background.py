"""What is behind the person: what the setting may say, and what becomes of the pictures."""

import os
import struct
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from daemon.errors import DigitalLifeError, InputError, SetupError
from daemon.face.background import Backdrop, Background, read_background
from daemon.face.photograph import BACKDROP, read_picture
from daemon.media import Image
from tests.films import PORTRAIT

SIZE = (64, 36)
RED, BLUE = (200, 30, 20), (20, 30, 200)


def shown(text: str | Path, size: tuple[int, int] = SIZE) -> Image:
    background = read_background(str(text), size)
    assert background is not None and background.picture is not None
    assert background.picture.shape == (size[1], size[0], 3)
    return background.picture


def saved(path: Path, size: tuple[int, int], colour: tuple[int, ...] = RED) -> Path:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    Pillow.new(mode, size, colour).save(path)
    return path


def test_the_face_s_own_and_the_same_blurred() -> None:
    assert read_background("own", SIZE) is None
    assert read_background("", SIZE) is None
    assert read_background("blur", SIZE) == Background(None)


@pytest.mark.parametrize(
    ("text", "colour"), [("#00b140", (0, 177, 64)), ("#0f0", (0, 255, 0)), ("navy", (0, 0, 128))]
)
def test_one_colour_is_exactly_that(text: str, colour: tuple[int, int, int]) -> None:
    assert (shown(text) == colour).all()


@pytest.mark.parametrize(
    "text", ["gren", "beach.jpg", "#12345", "./beach.jpg", "own ", "\x00", "~nobody-here/a.png"]
)
def test_what_is_no_background(text: str) -> None:
    with pytest.raises(SetupError, match="is not a background") as raised:
        read_background(text, SIZE)
    assert "full path" in raised.value.fix


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (37, 61), (640, 360)])
def test_a_picture_of_any_shape_fills_the_picture(tmp_path: Path, size: tuple[int, int]) -> None:
    assert np.abs(shown(saved(tmp_path / "a.png", size)).astype(int) - RED).max() <= 1


def test_the_middle_of_a_picture_is_shown(tmp_path: Path) -> None:
    whole = np.zeros((300, 100, 3), np.uint8)
    whole[:100], whole[200:] = RED, BLUE
    whole[100:200] = 255
    Pillow.fromarray(whole).save(tmp_path / "a.png")
    assert (shown(tmp_path / "a.png", (64, 48)) == 255).all()


def test_a_picture_in_the_user_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    saved(tmp_path / "a.png", (64, 36))
    assert (shown("~/a.png") == RED).all()


def test_of_an_animation_the_first_picture_is_shown(tmp_path: Path) -> None:
    frames = [Pillow.new("RGB", SIZE, colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    assert np.abs(shown(tmp_path / "a.gif").astype(int) - RED).max() <= 4


def test_what_is_transparent_is_calm(tmp_path: Path) -> None:
    assert (shown(saved(tmp_path / "a.png", SIZE, (*RED, 0))) == BACKDROP).all()


def test_a_camera_s_turn_is_undone(tmp_path: Path) -> None:
    tall = np.zeros((64, 36, 3), np.uint8)
    tall[:32] = 255  # a camera held sideways: what is up lies to the left in the file
    exif = Pillow.Exif()
    exif[0x0112] = 8
    turned = Pillow.fromarray(np.ascontiguousarray(np.rot90(tall, -1)))
    turned.save(tmp_path / "a.png", exif=exif)
    picture = shown(tmp_path / "a.png", (36, 64))
    assert picture[:30].min() == 255 and picture[34:].max() == 0


def _text(path: Path) -> None:
    path.write_text("this is no picture")


def _broken_off(path: Path) -> None:
    held = BytesIO()
    Pillow.open(PORTRAIT).save(held, "JPEG")
    path.write_bytes(held.getvalue()[: len(held.getvalue()) // 2])


def _enormous(path: Path) -> None:
    Pillow.new("1", (10_000, 10_000)).save(path, "PNG")


def _nothing(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_text, "is not a picture that can be read"),
        (_broken_off, "truncated"),
        (_enormous, "has more than 50 million pixels"),
        (_nothing, "is empty"),
        (os.mkfifo, "is not a file"),
        (os.mkdir, "is not a file"),
        (lambda _path: None, "does not exist"),
    ],
    ids=["text", "broken off", "100 megapixels", "empty", "pipe", "folder", "absent"],
)
def test_what_cannot_be_read(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "a.png"
    make(path)
    tracemalloc.start()
    with pytest.raises(InputError, match=message):
        read_background(str(path), SIZE)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 40_000_000, "nothing large is decoded to find that out"


def test_a_large_jpeg_is_shrunk_while_it_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", (1600, 1200))
    assert read_picture(path, SIZE, 100_000).shape == (50, 67, 3)
    with pytest.raises(InputError, match="more than"):
        read_picture(path, (1600, 1200), 100_000)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK", "I;16", "I", "F"])
def test_a_large_picture_of_any_kind_is_shrunk_before_it_is_converted(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "a.tiff"
    Pillow.new(mode, (640, 360), 0).save(path)
    assert read_picture(path, SIZE, 1_000_000).shape == (36, 64, 3)
    assert shown(path).shape == (36, 64, 3)


def test_a_small_tiff_in_an_enormous_tile_is_not_decoded(tmp_path: Path) -> None:
    """Its decoder makes room for whole tiles, however little of them is seen."""
    tags = {
        256: 100, 257: 100, 258: 8, 259: 8, 262: 1, 277: 1,
        322: 30_000, 323: 30_000, 324: 8, 325: 8,
    }  # fmt: skip
    entries = (struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    content = b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", len(tags))
    path = tmp_path / "a.tiff"
    path.write_bytes(content + b"".join(entries) + bytes(4))
    with pytest.raises(InputError, match="million pixels"):
        shown(path)


def test_no_error_but_our_own(tmp_path: Path) -> None:
    whole = PORTRAIT.read_bytes()
    random = np.random.default_rng(3)
    path = tmp_path / "a.png"
    for _ in range(40):
        spoilt = bytearray(whole)
        for place in random.integers(0, len(whole), 12).tolist():
            spoilt[place] = int(random.integers(256))
        path.write_bytes(spoilt)
        try:
            shown(path)
        except DigitalLifeError as error:
            assert str(path) in str(error)


def person(shape: tuple[int, int]) -> tuple[Image, Image]:
    """Somebody red before something blue, and where they are: the middle third."""
    image, matte = np.full((*shape, 3), BLUE, np.uint8), np.zeros(shape, np.uint8)
    part = slice(shape[0] // 3, None), slice(shape[1] // 3, shape[1] * 2 // 3)
    image[part], matte[part] = RED, 255
    return image, matte


def test_a_backdrop_is_cut_to_where_the_picture_will_lie() -> None:
    columns = np.repeat(np.arange(128, dtype=np.uint8)[None], 72, axis=0)
    backdrop = Backdrop(Background(np.dstack([columns] * 3)), (128, 72))
    image, matte = person((36, 36))
    behind, kept = backdrop.behind(image, matte)
    assert behind.shape == image.shape
    assert abs(int(behind[0, 0, 0]) - 28) <= 2 and abs(int(behind[0, -1, 0]) - 99) <= 2
    np.testing.assert_array_equal(kept, matte)


def test_whom_the_picture_s_edge_cuts_off_ends_softly_in_a_wider_one() -> None:
    backdrop = Backdrop(Background(np.zeros((72, 128, 3), np.uint8)), (128, 72))
    image, everywhere = person((72, 72))[0], np.full((72, 72), 255, np.uint8)
    _, kept = backdrop.behind(image, everywhere)
    assert (kept[:, 0] == 0).all() and (kept[:, 36] == 255).all()
    same = Backdrop(Background(np.zeros((72, 72, 3), np.uint8)), (72, 72))
    assert (same.behind(image, everywhere)[1] == 255).all()
