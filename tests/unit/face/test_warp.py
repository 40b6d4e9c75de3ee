from typing import cast

import numpy as np
import pytest

from daemon.face.bending import ABOVE, BELOW
from daemon.face.catalogue import find_face
from daemon.face.clip import Clip
from daemon.face.footage import View
from daemon.face.lips import Lips
from daemon.face.pixels import Floats
from daemon.face.portrait import layer
from daemon.face.shapes import PARAMETERS, SHAPES, VOICE
from daemon.face.warp import Warp
from daemon.media import Image, Mouth
from tests.faces import POINTS, skin

LINE = 218  # the row of the lips


@pytest.fixture(scope="module")
def warp() -> Warp:
    folder = find_face("default").directory
    return Warp(Lips(*(layer(folder / f"{name}.png") for name in ("lips", "teeth", "tongue"))))


def shape(name: str) -> Mouth:
    return np.array([*SHAPES[name], 1.0], np.float32)


def painted(warp: Warp, mouth: Mouth, image: Image | None = None, points: Floats = POINTS) -> Image:
    shown = View(skin() if image is None else image, points, cast(Clip, None), 0)
    warp.paint(shown, mouth)
    return shown.image


def dark(image: Image) -> int:
    """How many pixels of the mouth are far darker than skin."""
    return int((image[190:260, 120:200].mean(axis=2) < 85).sum())


def test_at_rest_nothing_changes(warp: Warp) -> None:
    np.testing.assert_array_equal(painted(warp, np.zeros(PARAMETERS, np.float32)), skin())


def test_the_mouth_opens_as_wide_as_the_vowel(warp: Warp) -> None:
    a, e, i, m = (dark(painted(warp, shape(name))) for name in ("a", "e", "i", "m b p"))
    assert a > e > i > m
    assert m <= dark(skin()) * 1.2


def laughing() -> tuple[Image, Floats]:
    """A picture of somebody who shows a row of (blue) teeth, and where its points are."""
    image, points = skin(), POINTS.copy()
    points[list(ABOVE)[1:-1], 1], points[list(BELOW)[1:-1], 1] = 213, 227
    image[214:226, 137:184] = 40, 40, 230
    return image, points


def blue(image: Image) -> int:
    return int((image[:, :, 2] > image[:, :, 0].astype(int) + 60).sum())


def test_teeth_that_the_picture_shows_stay_where_they_are(warp: Warp) -> None:
    image, points = laughing()
    opened = painted(warp, shape("a"), image.copy(), points)
    np.testing.assert_array_equal(opened[221:224, 150:170], image[221:224, 150:170])
    assert dark(opened) > 100, "below them it is dark"
    assert blue(painted(warp, shape("m b p"), image.copy(), points)) < 0.25 * blue(image)


def test_a_laughing_mouth_closes_without_a_jump(warp: Warp) -> None:
    image, points = laughing()
    counts = []
    for share in np.linspace(0, 1, 30):
        mouth = (share * shape("m b p")).astype(np.float32)
        counts.append(blue(painted(warp, mouth, image.copy(), points)))
    assert counts[0] == blue(image)
    assert np.abs(np.diff(counts)).max() < 0.3 * counts[0]


def smiling() -> tuple[Image, Floats]:
    """One that laughs, with the dark that a smile has in its corners."""
    image, points = laughing()
    for columns in (slice(130, 135), slice(186, 191)):
        image[214:221, columns] = 40, 20, 15
    return image, points


@pytest.mark.parametrize("name", ["u w", "o", "m b p", "rest"])
def test_a_smile_that_narrows_or_closes_has_no_dark_corners(warp: Warp, name: str) -> None:
    image, points = smiling()
    spoken = painted(warp, shape(name), image.copy(), points)
    corners = np.r_[120:146, 175:201]
    before, after = ((one[200:240, corners].mean(axis=2) < 85).sum() for one in (image, spoken))
    assert after < 0.35 * before


def test_a_smile_that_rounds_is_no_dark_slot(warp: Warp) -> None:
    image, points = laughing()
    assert dark(painted(warp, shape("u w"), image, points)) < 20


def test_a_smile_narrows_less_than_closed_lips(warp: Warp) -> None:
    """A line down the cheek shows how far the corner of the mouth has come in."""
    moved = []
    for image, points in ((skin(), POINTS), laughing()):
        image[:, 196:199] = 255, 255, 255
        row = painted(warp, shape("u w"), image, points)[218].mean(axis=1)
        moved.append(197 - float((np.arange(320) * (row > 210)).sum() / (row > 210).sum()))
    assert 0.5 < moved[1] < 0.6 * moved[0]


def test_below_bare_teeth_there_is_no_bright_band(warp: Warp) -> None:
    image, points = laughing()
    below = painted(warp, shape("a"), image, points)[228:250, 150:170].astype(int)
    assert (below[below.mean(axis=2) < 100][:, 0]).max() < 140


def test_after_speech_a_smile_comes_back_without_a_jump(warp: Warp) -> None:
    image, points = smiling()
    mouth = np.zeros(PARAMETERS, np.float32)
    mouth[VOICE] = 0.02
    nearly = painted(warp, mouth, image.copy(), points)
    away = np.abs(nearly.astype(int) - image).max(axis=2)
    assert away.max() < 60
    assert away.mean(where=away > 0) < 15


def test_in_a_grey_picture_the_mouth_is_grey(warp: Warp) -> None:
    grey = np.repeat(skin().mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    image = painted(warp, shape("a"), grey).astype(int)
    assert np.ptp(image, axis=2).max() <= 2


def test_what_is_above_the_nose_and_far_below_the_chin_stays(warp: Warp) -> None:
    for name in SHAPES:
        image = painted(warp, shape(name))
        np.testing.assert_array_equal(image[:180], skin()[:180])
        np.testing.assert_array_equal(image[318:], skin()[318:])


def test_the_bent_part_has_no_edge(warp: Warp) -> None:
    """Beside the mouth a picture without grain or lips stays smooth, whatever is said."""
    x, y = np.meshgrid(np.linspace(80, 200, 320), np.linspace(60, 180, 320))
    smooth = np.stack([x, y, (x + y) / 2], 2).astype(np.uint8)
    for name in SHAPES:
        image = painted(warp, shape(name), smooth.copy()).astype(int)
        for columns in (slice(0, 118), slice(202, 320)):
            assert np.abs(np.diff(image[:, columns], axis=0)).max() <= 4, name
            assert np.abs(np.diff(image[:, columns], axis=1)).max() <= 4, name


def test_a_face_at_the_edge_of_the_picture(warp: Warp) -> None:
    for by in ((-130, 0), (130, 0), (0, 95), (-400, 0)):
        shown = View(skin(), POINTS + np.array(by, np.float32), cast(Clip, None), 0)
        warp.paint(shown, shape("a"))
        assert shown.image.shape == skin().shape
