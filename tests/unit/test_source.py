from pathlib import Path

import cv2
import numpy as np
import pytest

from daemon.errors import InputError
from daemon.face.source import Options, look, pictures
from daemon.media import Image
from tests.films import PORTRAIT, portrait, turned, write_film, write_sound

SIZE = (1280, 720)


def bars(count: int, size: tuple[int, int] = (128, 96)) -> list[Image]:
    """Pictures whose grey tells their number."""
    return [np.full((size[1], size[0], 3), 20 + 8 * i, np.uint8) for i in range(count)]


def read(path: Path, options: Options | None = None, fps: float = 25) -> list[Image]:
    return [image for image, _ in pictures(look(path), fps, options or Options(), SIZE)]


def shades(images: list[Image]) -> list[int]:
    return [round((float(image.mean()) - 20) / 8) for image in images]


def test_a_film_is_read_whole(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(20))
    assert shades(read(film)) == list(range(20))


def test_another_rate_keeps_the_time(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(20))
    assert shades(read(film, fps=12.5)) == list(range(0, 20, 2))


def test_a_changing_rate_becomes_steady(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", bars(4), [0, 120, 160, 320])
    assert shades(read(film)) == [0, 0, 0, 1, 2, 2, 2, 2, 3]


def test_a_telephone_s_turn_is_undone(tmp_path: Path) -> None:
    image = np.zeros((96, 128, 3), np.uint8)
    image[:, :40] = 220  # what is on the left is above once it is turned to the right
    upright = read(turned(write_film(tmp_path / "film.mp4", [image] * 3)))[0]
    assert upright.shape == (128, 96, 3)
    assert upright[:30].mean() > 200
    assert upright[60:].mean() < 20


def test_rotate_crop_and_shrink_as_in_the_original(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(2, (640, 400)))
    (image, _) = read(film, Options(rotate=True, resize_factor=2, crop=(10, 250, 0, -1)))
    assert image.shape == (240, 200, 3)


def test_places_are_given_in_the_pixels_of_the_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(1, (3840, 2160)))
    options = Options(box=(300, -1, 600, 1500), pads=(0, 30, -6, 0))
    ((image, scale),) = pictures(look(film), 25, options, SIZE)
    fitted = options.fitted(scale, (image.shape[1], image.shape[0]))
    assert (fitted.box, fitted.pads) == ((100, 720, 200, 500), (0, 10, -2, 0))


@pytest.mark.parametrize("box", [(250, 60, 130, 320), (10, 60, 130, 1300), (-5, 60, 10, 50)])
def test_a_box_that_is_none(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(InputError, match="not a part of the picture, which has 1280×960"):
        Options(box=box).fitted(0.5, (640, 480))


def test_what_is_too_large_is_shrunk_to_even_sides(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(1, (3840, 2160)))
    assert read(film)[0].shape == (720, 1280, 3)
    tall = write_film(tmp_path / "tall.mp4", bars(1, (718, 1282)))
    height, width = read(tall)[0].shape[:2]
    assert (height, width % 2) == (720, 0)


def test_a_photograph() -> None:
    source = look(PORTRAIT)
    assert source.still
    np.testing.assert_array_equal(read(PORTRAIT)[0], portrait())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent.mp4", "no file"),
        (lambda path: path, "not a file"),
        (lambda path: write_sound(path / "sound.mp4"), "only sound"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        look(make(tmp_path))  # type: ignore[operator]


def test_a_corrupt_film(tmp_path: Path) -> None:
    corrupt = tmp_path / "film.mp4"
    corrupt.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 20)
    with pytest.raises(InputError, match="neither a film nor a photograph"):
        read(corrupt)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(InputError, match="neither a film nor a photograph"):
        read(empty)


def test_a_corrupt_photograph(tmp_path: Path) -> None:
    corrupt = tmp_path / "photo.png"
    made, data = cv2.imencode(".png", portrait())
    assert made
    corrupt.write_bytes(data.tobytes()[:64])
    with pytest.raises(InputError, match="neither a film nor a photograph"):
        read(corrupt)


def test_a_film_of_an_hour(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(2), [0, 3_600_000])
    with pytest.raises(InputError, match="longer than 5 minutes"):
        look(film)


def test_a_crop_that_leaves_nothing(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(2))
    with pytest.raises(InputError, match="too little is left"):
        read(film, Options(crop=(90, 95, 0, -1)))
