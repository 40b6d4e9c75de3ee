"""Clips on disk: whole, or refused; a picture that goes bad while it runs is not the end."""

import os
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from daemon.commands.film import write_film
from daemon.expression import Attitude, Pose
from daemon.face.background import Backdrop, Background
from daemon.face.catalogue import NoFace
from daemon.face.clip import Clip, ClipWriter, FaceTrack
from daemon.face.film import Film
from daemon.face.filmed import FilmedFace, WarpedMouths, picture_source
from daemon.face.kept_pictures import DamagedPicture
from daemon.face.mattes import write_mattes
from daemon.face.own_face_factory import warped_mouths
from daemon.media import Image
from daemon.worker import CancelToken
from tests.faces import POINTS, skin

COUNT = 30


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "clip"
    writer = ClipWriter(place, 25)
    for _ in range(COUNT):
        writer.add(skin())
    points = np.tile(POINTS, (COUNT, 1, 1))
    boxes = np.tile(np.array([70, 60, 250, 270], np.float32), (COUNT, 1))
    writer.finish(FaceTrack(points, boxes, [(0, COUNT)]))
    return place


def test_a_clip_is_read_as_it_was_written(place: Path) -> None:
    clip = Clip(place)
    assert (len(clip), clip.size, clip.fps, clip.runs) == (COUNT, (320, 320), 25, [(0, COUNT)])
    assert np.abs(clip.picture(COUNT - 1).astype(int) - skin()).mean() < 3
    assert clip.face(COUNT - 1).shape == (96, 96, 3)
    assert clip.face(0).std() > 1
    assert clip.face(0, 256).shape == (256, 256, 3)
    small = cv2.resize(clip.face(0, 192), (96, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - clip.face(0)).mean() < 3


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for i in range(0, len(data), 97):
        data[i] ^= 0x55
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["clip.npz", "frames.jpg", "faces.npy"])
@pytest.mark.parametrize("harm", [zeroed, cut, flipped, Path.unlink])
def test_a_damaged_clip_is_refused(place: Path, name: str, harm: Callable[[Path], None]) -> None:
    if name == "faces.npy" and harm in (zeroed, flipped):
        pytest.skip("small faces hold colours only; any bytes are some")
    harm(place / name)
    with pytest.raises(NoFace, match="damaged"):
        Clip(place)


@pytest.mark.parametrize(
    "changed",
    [
        {"runs": np.array([[0, COUNT + 1]])},
        {"runs": np.empty((0, 2), np.int64)},
        {"ends": np.arange(COUNT)},
        {"points": np.full((COUNT, 468, 2), np.nan, np.float32)},
        {"points": np.zeros((3, 468, 2), np.float32)},
        {"fps": 0.0},
        {"version": 99},
        {"boxes": np.array([{}], object)},
    ],
)
def test_a_clip_that_contradicts_itself_is_refused(place: Path, changed: dict[str, object]) -> None:
    with np.load(place / "clip.npz") as held:
        values = {**held, **changed}
    np.savez(place / "clip.npz", **values, allow_pickle=True)
    with pytest.raises(NoFace, match="damaged"):
        Clip(place)


def left_half(image: Image) -> Image:
    """A matte: somebody is on the left."""
    matte = np.zeros(image.shape[:2], np.uint8)
    matte[:, : image.shape[1] // 2] = 255
    return matte


def test_mattes_are_kept_beside_the_pictures(place: Path) -> None:
    assert Clip(place).mattes is None
    shares: list[float] = []
    write_mattes(Clip(place), place, left_half, shares.append)
    assert len(shares) == COUNT and shares[-1] == 1
    mattes = Clip(place).mattes
    assert mattes is not None
    np.testing.assert_array_equal(mattes.matte(COUNT - 1), left_half(skin()))


def test_mattes_that_are_interrupted_are_none(place: Path) -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    before = sorted(place.iterdir())
    with pytest.raises(KeyboardInterrupt):
        write_mattes(Clip(place), place, left_half, stop)
    assert sorted(place.iterdir()) == before
    assert Clip(place).mattes is None


@pytest.mark.parametrize("name", ["mattes.jpg", "mattes.npy"])
@pytest.mark.parametrize("harm", [zeroed, cut])
def test_damaged_mattes_are_refused(place: Path, name: str, harm: Callable[[Path], None]) -> None:
    write_mattes(Clip(place), place, left_half, lambda _share: None)
    harm(place / name)
    with pytest.raises(NoFace, match="damaged"):
        Clip(place)


def test_a_film_s_background_is_replaced(place: Path) -> None:
    write_mattes(Clip(place), place, left_half, lambda _share: None)
    green = np.empty((320, 320, 3), np.uint8)
    green[:] = (0, 177, 64)
    backdrop = Backdrop(Background(green), (320, 320))
    pictures = picture_source([(Clip(place), Attitude.SPEAKING)], 25, backdrop)
    image = pictures.view(3, Pose()).image
    assert (image[:, 165:] == (0, 177, 64)).all()
    assert np.abs(image[:, :150].astype(int) - skin()[:, :150]).mean() < 3


def face_of(place: Path) -> FilmedFace:
    pictures = picture_source([(Clip(place), Attitude.SPEAKING)], 25)
    return FilmedFace(pictures, warped_mouths(25, pictures), 25, (320, 320), "Synthetic.")


def test_a_picture_that_goes_bad_shows_the_one_before(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    face = face_of(place)
    first = face.picture(0, None).copy()
    os.truncate(place / "frames.jpg", 1000)  # a disk that fails while it runs
    for tick in range(1, 10):
        np.testing.assert_array_equal(face.picture(tick, None), first)
    assert len(caplog.records) == 1
    with pytest.raises(DamagedPicture):
        Clip.picture(face._pictures.source(5)[0], 5)


def test_a_film_of_a_real_face_says_that_it_is_synthetic(place: Path, tmp_path: Path) -> None:
    face, path = face_of(place), tmp_path / "film.mp4"
    assert isinstance(face._mouths, WarpedMouths)
    write_film(path, face, Film(), np.zeros(4800, np.float32), "A voice.", 0.0, CancelToken())
    with av.open(str(path)) as film:
        assert film.metadata["comment"] == "A voice. Synthetic."
