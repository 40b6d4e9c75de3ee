import struct
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from daemon.errors import InputError
from daemon.face.photograph import BACKDROP
from daemon.face.source import Options, pictures, probe_media
from daemon.media import Image
from tests.films import PORTRAIT, portrait, turned, write_film, write_sound

SIZE = (1280, 720)


def bars(count: int, size: tuple[int, int] = (128, 96)) -> list[Image]:
    """Pictures whose grey tells their number."""
    return [np.full((size[1], size[0], 3), 20 + 8 * i, np.uint8) for i in range(count)]


def read(path: Path, options: Options | None = None, fps: float = 25) -> list[Image]:
    return [image for image, _ in pictures(probe_media(path), fps, options or Options(), SIZE)]


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
    ((image, scale),) = pictures(probe_media(film), 25, options, SIZE)
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
    source = probe_media(PORTRAIT)
    assert source.still
    np.testing.assert_array_equal(read(PORTRAIT)[0], portrait())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent.mp4", "does not exist"),
        (lambda path: path, "not a file"),
        (lambda path: write_sound(path / "sound.mp4"), "only sound"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        probe_media(make(tmp_path))  # type: ignore[operator]


def test_a_corrupt_film(tmp_path: Path) -> None:
    corrupt = tmp_path / "film.mp4"
    corrupt.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 20)
    with pytest.raises(InputError, match="neither a film nor a photograph"):
        read(corrupt)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(InputError, match="is empty"):
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
        probe_media(film)


def test_a_crop_that_leaves_nothing(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", bars(2))
    with pytest.raises(InputError, match="too little is left"):
        read(film, Options(crop=(90, 95, 0, -1)))


def hiding() -> Pillow.Image:
    """A picture whose left half is transparent, with noise hidden in it."""
    noise = np.random.default_rng(1).integers(0, 255, (100, 128, 4), np.uint8)
    noise[:, :64, 3] = 0
    noise[:, 64:] = (10, 200, 30, 255)
    return Pillow.fromarray(noise)


def palette() -> Pillow.Image:
    """The same with a palette, one of whose colours is transparent."""
    places = np.zeros((100, 128), np.uint8)
    places[:, 64:] = 1
    image = Pillow.fromarray(places)
    image.putpalette([255, 0, 0, 10, 200, 30])
    image.info["transparency"] = 0
    return image


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.png", hiding),
        ("a.webp", hiding),
        ("a.tiff", hiding),
        ("a.avif", hiding),
        ("a.png", palette),
        ("a.gif", palette),
        ("A.PNG", hiding),
        ("nameless", hiding),
    ],
)
def test_what_is_transparent_is_calm(
    tmp_path: Path, name: str, make: Callable[[], Pillow.Image]
) -> None:
    image = make()
    options = {"lossless": True} if name == "a.webp" else {}
    form = None if "." in name else "PNG"
    image.save(tmp_path / name, form, **options)
    shown = read(tmp_path / name)[0].astype(int)
    assert np.abs(shown[:, :60] - BACKDROP).max() < 8
    assert np.abs(shown[:, 68:] - (10, 200, 30)).max() < 16


def test_edges_that_are_half_transparent(tmp_path: Path) -> None:
    pixels = np.full((100, 128, 4), 255, np.uint8)
    pixels[..., 3] = 128
    Pillow.fromarray(pixels).save(tmp_path / "a.png")
    expected = (255 + np.array(BACKDROP)) / 2
    np.testing.assert_allclose(read(tmp_path / "a.png")[0][50, 50], expected, atol=1)


@pytest.mark.parametrize("codec", ["qtrle", "png", "libvpx-vp9"])
def test_films_with_transparency(tmp_path: Path, codec: str) -> None:
    path = tmp_path / ("a.webm" if "vpx" in codec else "a.mov")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 128, 100
        stream.pix_fmt = {"qtrle": "argb", "png": "rgba"}.get(codec, "yuva420p")
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(np.asarray(hiding()), format="rgba")
            container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode(None))
    shown = read(path)
    assert len(shown) == 30
    assert np.abs(shown[5][:, :60].astype(int) - BACKDROP).max() < 12


@pytest.mark.parametrize("number", range(1, 9))
def test_every_turn_of_a_camera_is_undone(tmp_path: Path, number: int) -> None:
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[:30, :40] = 255
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what puts an upright picture so
    image = Pillow.fromarray(pixels)
    if number in turns:
        image = image.transpose(Pillow.Transpose(turns[number]))
    exif = Pillow.Exif()
    exif[0x0112] = number
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    shown = read(tmp_path / "a.jpg")[0]
    assert shown.shape == (96, 128, 3)
    assert shown[:25, :35].mean() > 240
    assert shown[35:].mean() < 10


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr", "I;16", "I", "F", "RGBX"])
def test_every_kind_of_colour(tmp_path: Path, mode: str) -> None:
    grey = np.full((96, 128), 128, np.uint8)
    grey[:, 64:] = 255
    if mode in ("I;16", "I"):
        image = Pillow.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    elif mode == "F":
        image = Pillow.fromarray(grey.astype(np.float32) / 255)
    else:
        image = Pillow.fromarray(grey).convert("RGB").convert(mode)
    image.save(tmp_path / "a.tiff")
    shown = read(tmp_path / "a.tiff")[0]
    assert shown[:, 70:].mean() > 250
    assert mode == "1" or 118 < shown[:, :60].mean() < 138


def test_a_picture_that_moves_is_a_film(tmp_path: Path) -> None:
    for name in ("a.gif", "a.webp", "a.png"):
        images = [Pillow.fromarray(image) for image in bars(20)]
        images[0].save(
            tmp_path / name, save_all=True, append_images=images[1:], duration=80, lossless=True
        )
        source = probe_media(tmp_path / name)
        assert not source.still
        assert source.seconds == pytest.approx(1.6)
        assert shades(read(tmp_path / name))[:7] == [0, 0, 1, 1, 2, 2, 3]
        assert len(read(tmp_path / name)) == pytest.approx(40, abs=1)


def test_a_picture_that_hardly_moves_is_a_photograph(tmp_path: Path) -> None:
    images = [Pillow.fromarray(image) for image in bars(3)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=40)
    assert probe_media(tmp_path / "a.gif").still


def test_formats_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(1000))
    with pytest.raises(InputError, match="format HEIC") as failure:
        probe_media(path)
    assert "JPEG" in failure.value.fix


def test_a_picture_of_too_many_pixels(tmp_path: Path) -> None:
    Pillow.new("1", (30_000, 30_000)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="million pixels"):
        probe_media(tmp_path / "a.png")


def test_postscript_starts_no_program(tmp_path: Path) -> None:
    Pillow.new("RGB", (100, 100)).save(tmp_path / "a.eps")
    with pytest.raises(InputError, match="neither a film nor"):
        probe_media(tmp_path / "a.eps")


@pytest.mark.parametrize("line", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:1,\n{}\n"])
def test_a_playlist_opens_nothing(tmp_path: Path, line: str) -> None:
    film = write_film(tmp_path / "film.mp4", bars(20))
    for place in (film.name, str(film), f"file:{film}"):
        (tmp_path / "list.m3u8").write_text(line.format(place))
        with pytest.raises(InputError):
            read(tmp_path / "list.m3u8")


def test_a_header_that_claims_an_hour(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", bars(20))
    data = film.read_bytes()
    place = data.index(b"\x44\x89\x88") + 3  # Matroska's duration, a double
    film.write_bytes(data[:place] + struct.pack(">d", 3_600_000.0) + data[place + 8 :])
    assert probe_media(film).seconds == 0
    assert shades(read(film)) == list(range(20))


def test_tags_that_are_no_utf_8(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", bars(20))
    data = film.read_bytes()
    assert b"VideoHandler" in data or b"Lavf" in data
    film.write_bytes(data.replace(b"Lavf", b"\xff\xc3\x28\xe9"))
    assert shades(read(film)) == list(range(20))


def test_pictures_of_changing_size_become_one(tmp_path: Path) -> None:
    for name, size in (("a.ts", (128, 96)), ("b.ts", (256, 192))):
        write_film(tmp_path / name, bars(20, size))
    film = tmp_path / "film.ts"
    film.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    shown = read(film)
    assert {image.shape for image in shown} == {(96, 128, 3)}
