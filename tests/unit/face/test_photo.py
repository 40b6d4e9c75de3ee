"""A photograph holds itself as the pose says, and the mouth is found where it has moved to."""

from typing import cast

import cv2
import numpy as np
import pytest

from daemon.expression import Pose
from daemon.face.background import Backdrop, Background
from daemon.face.clip import Clip
from daemon.face.photo import CORNERS, INNER, LEFT_BROW, LOWER_LIDS, RIGHT_BROW, Photo
from daemon.media import Image
from tests.faces import POINTS, skin

NOSE, CHIN, CROWN = 4, 152, 10


class OnePicture:
    """A clip of one picture, with the points that only a photograph looks at."""

    def __init__(self) -> None:
        points = POINTS.copy()
        points[list(LEFT_BROW)] = [(98, 102), (106, 98), (118, 96), (130, 98), (142, 102)]
        points[list(RIGHT_BROW)] = [(178, 102), (190, 98), (202, 96), (214, 98), (222, 102)]
        points[list(LOWER_LIDS)] = [(122, 126), (198, 126)]
        points[NOSE] = 160, 175
        self.points = points[None]

    def picture(self, _number: int) -> Image:
        return skin()


@pytest.fixture(scope="module")
def photo() -> Photo:
    return Photo(cast(Clip, OnePicture()), 25)


def moved(photo: Photo, pose: Pose, *points: int) -> np.ndarray:
    """How far points are from where they are at rest, in pixels, right and down."""
    by = photo.view(0, pose).points - photo.view(0, Pose()).points
    return np.asarray(by[list(points)])


def test_at_rest_it_is_the_photograph(photo: Photo) -> None:
    away = np.abs(photo.view(0, Pose()).image.astype(int) - skin())
    assert away.mean() < 1, "but for its grain"
    assert away.max() < 12


def test_a_smile_lifts_the_corners_of_the_mouth_and_pulls_them_apart(photo: Photo) -> None:
    left, right = moved(photo, Pose(smile=1), *CORNERS)
    assert left[1] < -1.5 and right[1] < -1.5
    assert left[0] < -0.8 and right[0] > 0.8
    assert np.abs(moved(photo, Pose(smile=1), CROWN)).max() < 0.1


def test_brows_are_raised_each_for_itself(photo: Photo) -> None:
    left, right = moved(photo, Pose(brow_left=6), LEFT_BROW[2], RIGHT_BROW[2])
    assert left[1] < -1.5
    assert abs(right[1]) < 0.5
    inner, outer = moved(photo, Pose(worry=5), INNER[0], LEFT_BROW[0])
    assert inner[1] < 2 * outer[1] - 0.5


def test_the_head_turns_nods_and_comes_nearer(photo: Photo) -> None:
    nose, chin = moved(photo, Pose(yaw=6), NOSE, CHIN)
    assert nose[0] > chin[0] + 1
    assert moved(photo, Pose(pitch=6), NOSE)[0, 1] > 2
    crown, chin = moved(photo, Pose(forward=0.03), CROWN, CHIN)
    assert crown[1] < chin[1] - 3


def test_the_picture_follows_its_points(photo: Photo) -> None:
    """The dark line of the lips lies where the corners of the mouth say."""

    def line(pose: Pose) -> float:
        column = photo.view(0, pose).image[200:235, 140:180].mean(axis=(1, 2))
        dark = column.max() - column
        return float((dark**3 * np.arange(35)).sum() / (dark**3).sum())

    by = moved(photo, Pose(y=6), 13)[0, 1]
    assert line(Pose(y=6)) - line(Pose()) == pytest.approx(by, abs=0.5)


def test_what_is_seen_to_move_is_drawn_anew(photo: Photo) -> None:
    assert not photo.moves(Pose(), Pose(x=0.2))
    assert photo.moves(Pose(), Pose(smile=0.3))
    assert photo.moves(Pose(), Pose(lids=0.3))


def test_before_another_background_the_head_moves_and_what_is_behind_does_not() -> None:
    y, x = np.mgrid[:320, :320]
    matte = np.where(np.hypot((x - 160) / 105, (y - 170) / 140) < 1, 255, 0).astype(np.uint8)
    stripes = np.where((x // 10 + y // 10)[..., None] % 2, (0, 177, 64), (20, 20, 90))
    backdrop = Backdrop(Background(stripes.astype(np.uint8)), (320, 320))
    photo = Photo(cast(Clip, OnePicture()), 25, backdrop, lambda _image: matte)
    still, turned = (photo.view(0, pose).image for pose in (Pose(), Pose(x=9, roll=0.04)))
    clear = cv2.dilate(matte, np.ones((41, 41), np.uint8)) == 0
    for image in (still, turned):
        np.testing.assert_array_equal(image[clear], stripes[clear])
    inside = cv2.erode(matte, np.ones((9, 9), np.uint8)) > 0
    assert np.abs(still[inside].astype(int) - skin()[inside]).mean() < 1
    assert np.abs(turned[inside].astype(int) - still[inside]).mean() > 1
