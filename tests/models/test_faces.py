"""A real face found, prepared and shown."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from daemon.errors import InputError, SetupError
from daemon.expression import Attitude, Pose
from daemon.face.background import Backdrop, Background
from daemon.face.clip import Clip
from daemon.face.detection import Box, Detector
from daemon.face.filmed import FilmedFace, PictureSource, picture_source
from daemon.face.own_face_factory import warped_mouths
from daemon.face.person import PersonFinder
from daemon.face.prepare import PrepareObserver, prepare
from daemon.face.shapes import SHAPES
from daemon.face.source import Options, probe_media
from daemon.media import Image
from tests.films import PORTRAIT, nobody, portrait, swaying, write_film

SIZE = (640, 360)
EYES, MOUTH = (slice(100, 125), slice(285, 350)), (slice(145, 190), slice(290, 350))


@pytest.fixture(scope="module")
def detector(weights: Callable[[str], Path]) -> Detector:
    return Detector(
        weights("blazeface") / "face_detection_short_range.tflite",
        weights("face-mesh") / "face_landmark.tflite",
    )


@pytest.fixture(scope="module")
def person(weights: Callable[[str], Path]) -> PersonFinder:
    return PersonFinder(weights("selfie-segmentation") / "selfie_segmentation.tflite")


class Told:
    """Keeps what a person would read."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.shares: list[float] = []
        self.watch = PrepareObserver(self.shares.append, self.notes.append)


@pytest.fixture
def told() -> Told:
    return Told()


Make = Callable[..., Clip]


@pytest.fixture
def make(detector: Detector, told: Told, tmp_path: Path) -> Make:
    """Films, or the path of a file, to the clip that is made of them."""

    def made(what: list[Image] | Path, options: Options | None = None) -> Clip:
        path = what if isinstance(what, Path) else write_film(tmp_path / "film.mp4", what)
        place = prepare(
            probe_media(path), options or Options(), 25, SIZE, (detector, None), tmp_path / "face",
            told.watch,
        )  # fmt: skip
        return Clip(place)

    return made


def test_the_face_is_found(detector: Detector) -> None:
    (box,) = detector.find(portrait())
    assert box.left < 168 < box.right
    points = detector.points(portrait(), box)
    assert points is not None
    assert np.hypot(*(points[[33, 133]].mean(0) - [144, 102])) < 6, "the eye on the left"
    assert np.hypot(*(points[[13, 14]].mean(0) - [163, 146])) < 6, "the mouth"


@pytest.mark.parametrize("colour", [0, 255, 128])
def test_what_is_blank_at_the_ends_is_left_out(make: Make, told: Told, colour: int) -> None:
    blank = np.full((320, 320, 3), colour, np.uint8)
    film = swaying(50)
    fade = [
        np.asarray(cv2.addWeighted(image, share, blank, 1 - share, 0), np.uint8)
        for image, share in zip(film, (0.1, 0.25, 0.4, 0.55, 0.7, 0.8), strict=False)
    ]
    clip = make([*[blank] * 9, *fade, *film, *fade[::-1], *[blank] * 4])
    assert clip.runs == [(15, 65)]
    assert told.notes == ["The picture is black or blank at 0.0–0.6 s, 2.6–3.0 s: left out"]


def test_a_title_before_the_film_is_left_out(make: Make, told: Told) -> None:
    clip = make([*[nobody()] * 8, *swaying(50), *[nobody()] * 3])
    assert clip.runs == [(8, 58)]
    assert told.notes == ["No face is seen at 0.0–0.3 s, 2.3–2.4 s: left out"]


def test_black_in_the_middle_parts_the_film(make: Make) -> None:
    black = np.zeros((320, 320, 3), np.uint8)
    assert make([*swaying(30), *[black] * 3, *swaying(30)]).runs == [(0, 30), (33, 63)]


def test_a_small_face_in_a_wide_picture_is_found(detector: Detector) -> None:
    wide = np.full((400, 1200, 3), 150, np.uint8)
    wide[100:260, 900:1060] = cv2.resize(portrait(), (160, 160), interpolation=cv2.INTER_AREA)
    (box,) = detector.find(wide)
    assert 900 < box.left < box.right < 1060


def test_a_film_is_prepared_once(make: Make, told: Told, tmp_path: Path) -> None:
    clip = make(swaying(50))
    assert (len(clip), clip.size, clip.runs) == (50, (320, 320), [(0, 50)])
    assert told.shares[-1] == 1.0
    assert np.abs(clip.picture(20).astype(int) - swaying(50)[20]).mean() < 4
    assert np.ptp(clip.points[:, 1, 0]) > 9, "the points sway with the face"
    jumps = np.abs(np.diff(clip.boxes, 2, axis=0)).max()
    assert jumps < 1, "the boxes do not tremble"
    assert clip.face(0).shape == (96, 96, 3)
    told.shares.clear()
    make(tmp_path / "film.mp4")
    assert told.shares == []
    assert [path.name for path in (tmp_path / "face").iterdir()]


def test_a_photograph_is_one_picture(make: Make) -> None:
    clip = make(PORTRAIT)
    assert len(clip) == 1
    left, top, right, bottom = clip.boxes[0]
    assert 110 < left < 125 < 205 < right < 220
    assert 75 < top < 90, "below the hair"
    assert 180 < bottom < 192, "below the chin"


def test_a_film_of_one_picture_is_a_photograph(make: Make, told: Told) -> None:
    assert len(make([portrait()])) == 1
    assert "one picture" in told.notes[0]


def test_nobody(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No face is seen"):
        make([nobody()] * 30)
    assert not (tmp_path / "face").exists()


def test_two_faces(make: Make, told: Told) -> None:
    far = cv2.resize(portrait(), (260, 260), interpolation=cv2.INTER_AREA)
    beside = cv2.copyMakeBorder(far, 30, 30, 20, 20, cv2.BORDER_REPLICATE)
    clip = make([np.ascontiguousarray(np.hstack([beside, portrait()]))] * 30)
    assert told.notes == ["There are 2 faces; the largest is used"]
    assert clip.points[0, :, 0].mean() > 240


def test_a_face_that_is_away_for_a_while(make: Make, told: Told) -> None:
    film = swaying(120)
    film[50:75] = [nobody()] * 25
    clip = make(film)
    assert told.notes == ["No face is seen at 2.0–3.0 s: left out"]
    assert clip.runs == [(0, 50), (75, 120)]


def test_a_face_that_is_away_for_a_moment(make: Make, told: Told) -> None:
    film = swaying(60)
    film[30:35] = [nobody()] * 5
    clip = make(film)
    assert told.notes == []
    assert clip.runs == [(0, 60)]
    assert np.abs(np.diff(clip.points[25:40, 1, 0])).max() < 2


def test_a_face_that_is_away_too_often(make: Make) -> None:
    with pytest.raises(InputError, match=r"50% of .* no face is seen: 1\.2–2\.4 s"):
        make([*swaying(30), *[nobody()] * 30])


def test_a_film_that_is_too_short(make: Make) -> None:
    with pytest.raises(InputError, match=r"only 0\.5 s long"):
        make(swaying(12))


def test_the_box_is_obeyed(make: Make) -> None:
    options = Options(box=(60, 210, 110, 220))
    clip = make(swaying(30), options)
    np.testing.assert_allclose(clip.boxes, np.tile([110, 60, 220, 210], (30, 1)))


class Slow:
    """Finds a face whose box grows, and a larger one where there is none."""

    def __init__(self) -> None:
        self.looks = 0

    def find(self, image: Image) -> list[Box]:
        self.looks += 1
        return [Box(0, 230, 300, 320), Box(100, 60, 230 + self.looks, 200)]


def test_the_boxes_of_the_detector_that_wav2lip_knows_are_preferred(
    detector: Detector, tmp_path: Path, told: Told
) -> None:
    slow = Slow()
    place = prepare(
        probe_media(write_film(tmp_path / "film.mp4", swaying(41))), Options(), 25, SIZE,
        (detector, slow), tmp_path / "face", told.watch,
    )  # fmt: skip
    boxes = Clip(place).boxes
    assert slow.looks == 9, "one look in five pictures"
    np.testing.assert_allclose(boxes[20], [100, 60, 235, 210], atol=0.1)
    assert (np.diff(boxes[:, 2]) >= -1e-4).all(), "those between are between"


def test_what_is_interrupted_leaves_nothing(detector: Detector, tmp_path: Path, told: Told) -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    film = write_film(tmp_path / "film.mp4", swaying(40))
    with pytest.raises(KeyboardInterrupt):
        prepare(
            probe_media(film), Options(), 25, SIZE, (detector, None), tmp_path / "face",
            PrepareObserver(stop, told.notes.append),
        )  # fmt: skip
    assert not (tmp_path / "face").exists()


def test_a_damaged_clip(make: Make, tmp_path: Path) -> None:
    make(swaying(30))
    (place,) = (tmp_path / "face").iterdir()
    frames = place / "frames.jpg"
    frames.write_bytes(frames.read_bytes()[:-100])
    with pytest.raises(SetupError, match="damaged"):
        Clip(place)


def face_of(clip: Clip) -> FilmedFace:
    pictures = picture_source([(clip, Attitude.SPEAKING)], 25)
    return FilmedFace(pictures, warped_mouths(25, pictures), 25, SIZE)


def difference(one: Image, other: Image, part: tuple[slice, slice]) -> float:
    return float(np.abs(one[part].astype(int) - other[part]).mean())


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (320, 320), (1280, 720)])
def test_pictures_have_the_camera_s_size(make: Make, size: tuple[int, int]) -> None:
    pictures = picture_source([(make(PORTRAIT), Attitude.SPEAKING)], 25)
    face = FilmedFace(pictures, warped_mouths(25, pictures), 25, size)
    assert face.picture(0, None).shape == (size[1], size[0], 3)


def test_only_the_mouth_speaks(make: Make) -> None:
    still = face_of(make(swaying(60)))
    speaking = face_of(make(swaying(60)))
    for tick in range(30):
        mouth = np.array([*SHAPES["a"], 1.0], np.float32)
        one, other = still.picture(tick, None), speaking.picture(tick, mouth)
    assert difference(one, other, MOUTH) > 5
    assert difference(one, other, EYES) == 0


def test_after_speech_the_film_s_own_mouth_comes_back(make: Make) -> None:
    still = face_of(make(swaying(60)))
    speaking = face_of(make(swaying(60)))
    for tick in range(80):
        mouth = np.array([*SHAPES["a"], 1.0], np.float32) if 0 < tick < 10 else None
        one, other = still.picture(tick, None), speaking.picture(tick, mouth)
    np.testing.assert_array_equal(one, other)


def test_a_photograph_blinks_and_sways(make: Make) -> None:
    face = face_of(make(PORTRAIT))
    pictures = [face.picture(tick, None) for tick in range(0, 200)]
    moved = [difference(pictures[0], picture, EYES) for picture in pictures]
    steps = [difference(a, b, EYES) for a, b in pairwise(pictures)]
    assert max(moved) > 4
    assert max(steps) > 4 * float(np.median(steps)), "a blink"
    corner = (slice(0, 20), slice(0, 20))
    assert max(difference(pictures[0], picture, corner) for picture in pictures) == 0


HAIR, WALL = (slice(20, 60), slice(130, 190)), (slice(0, 80), slice(265, 320))


def green_behind(clip: Clip, person: PersonFinder) -> PictureSource:
    green = np.empty((320, 320, 3), np.uint8)
    green[:] = (0, 177, 64)
    backdrop = Backdrop(Background(green), (320, 320))
    return picture_source([(clip, Attitude.SPEAKING)], 25, backdrop, person.matte)


def test_the_person_is_told_from_the_background(person: PersonFinder) -> None:
    person.begin()
    matte = person.matte(portrait())
    assert matte.shape == (320, 320)
    assert (matte[95:115, 135:190] == 255).all()
    assert (matte[WALL] == 0).all()
    assert 0.002 < ((matte > 25) & (matte < 230)).mean() < 0.05, "the edge is soft, and narrow"


def test_a_photograph_before_another_background(make: Make, person: PersonFinder) -> None:
    person.begin()
    clip = make(PORTRAIT)
    before, own = green_behind(clip, person), picture_source([(clip, Attitude.SPEAKING)], 25)
    for pose in (Pose(), Pose(x=5, roll=0.02)):
        image = before.view(0, pose).image
        assert (image[WALL] == (0, 177, 64)).all()
        assert difference(image, own.view(0, pose).image, HAIR) < 12


def test_a_film_s_person_is_found_once_and_its_background_replaced(
    detector: Detector, person: PersonFinder, tmp_path: Path, told: Told
) -> None:
    film = write_film(tmp_path / "film.mp4", swaying(30))

    def add(finder: PersonFinder | None) -> Clip:
        place = prepare(
            probe_media(film), Options(), 25, SIZE, (detector, None), tmp_path / "face",
            told.watch, finder,
        )  # fmt: skip
        return Clip(place)

    assert add(None).mattes is None
    assert add(person).mattes is not None, "a clip that was there learns it"
    assert told.shares[-1] == 1
    told.shares.clear()
    clip = add(person)
    assert told.shares == [], "once"
    pictures = green_behind(clip, person)
    for tick in (3, 17):
        image = pictures.view(tick, Pose()).image
        assert (image[WALL] == (0, 177, 64)).all()
        assert difference(image, clip.picture(tick), HAIR) < 12
