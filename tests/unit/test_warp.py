from typing import cast

import numpy as np
import pytest

from daemon.face.catalogue import find_face
from daemon.face.clip import Clip
from daemon.face.footage import View
from daemon.face.lips import Lips
from daemon.face.portrait import layer
from daemon.face.shapes import PARAMETERS, SHAPES
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


def painted(warp: Warp, mouth: Mouth, image: Image | None = None) -> Image:
    shown = View(skin() if image is None else image, POINTS, cast(Clip, None), 0)
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
