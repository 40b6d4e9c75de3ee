from typing import cast

import cv2
import numpy as np
import pytest

from daemon.face.clip import SIDE, Clip, cut_out
from daemon.face.compositor import Compositor, mask_of, region, seam, sharpness
from daemon.face.footage import View
from daemon.media import Image
from tests.faces import POINTS, skin
from tests.films import portrait

BOX = np.array([60, 50, 260, 270], np.float32)


def view(image: Image | None = None, by: tuple[float, float] = (0, 0)) -> View:
    points = POINTS + np.array(by, np.float32)
    return View(skin() if image is None else image, points, cast(Clip, None), 0)


def small(image: Image) -> Image:
    """What a perfect generator would give back."""
    left, top, right, bottom = BOX.astype(int)
    part = image[top:bottom, left:right]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def test_only_the_lower_face_changes() -> None:
    shown, before = view(), skin()
    Compositor().paste(shown, np.zeros((SIDE, SIDE, 3), np.uint8), BOX, POINTS, 1.0)
    changed = np.abs(shown.image.astype(int) - before).max(axis=2) > 1
    rows, columns = np.nonzero(changed)
    assert rows.min() > POINTS[168, 1], "the bridge of the nose and what is above it stay"
    left, top, right, bottom = region(view())
    assert (columns.min(), rows.min()) >= (left, top)
    assert columns.max() < right
    assert rows.max() < bottom


def test_a_perfect_face_leaves_the_picture_as_it_is() -> None:
    shown = view()
    Compositor().paste(shown, small(skin()), BOX, POINTS, 1.0)
    assert np.abs(shown.image.astype(int) - skin()).mean() < 0.5


@pytest.mark.parametrize("cast_", [(14, -9, 6), (-20, -20, -20), (0, 0, 25)])
def test_a_cast_of_the_paint_leaves_no_seam(cast_: tuple[int, int, int]) -> None:
    shown, before = view(), skin()
    paint = np.clip(small(before).astype(int) + cast_, 0, 255).astype(np.uint8)
    Compositor().paste(shown, paint, BOX, POINTS, 1.0)
    part = region(shown)
    mask = mask_of(shown, part)
    assert seam(shown.image, part, mask) <= 1.2 * seam(before, part, mask)


def test_below_the_paint_the_picture_stays() -> None:
    shown, before = view(), skin()
    short = BOX - np.array([0, 0, 0, 20], np.float32)  # ends above the chin
    Compositor().paste(shown, np.zeros((SIDE, SIDE, 3), np.uint8), short, POINTS, 1.0)
    np.testing.assert_array_equal(shown.image[252:], before[252:])


def test_no_weight_no_paint() -> None:
    shown = view()
    Compositor().paste(shown, np.zeros((SIDE, SIDE, 3), np.uint8), BOX, POINTS, 0.0)
    np.testing.assert_array_equal(shown.image, skin())


def test_half_the_weight_is_half_the_way() -> None:
    full, half = view(), view()
    paint = small(skin())
    paint[66:72, 40:56] = 110
    Compositor().paste(full, paint, BOX, POINTS, 1.0)
    Compositor().paste(half, paint, BOX, POINTS, 0.5)
    way = (skin().astype(int) - full.image) / 2
    np.testing.assert_allclose(skin().astype(int) - half.image, way, atol=1.5)


def test_the_paint_follows_a_head_that_has_moved() -> None:
    moved = np.roll(skin(), 12, axis=1)
    shown = view(moved.copy(), (12, 0))
    paint = small(skin())
    paint[66:72, 44:52] = 20
    Compositor().paste(shown, paint, BOX, POINTS, 1.0)
    dark = np.abs(shown.image.astype(int) - moved).sum(axis=2)
    middle = (np.nonzero(dark > 60)[1]).mean()
    assert abs(middle - (60 + 48 * 200 / SIDE + 12)) < 3


def test_a_face_at_the_picture_s_edge() -> None:
    shown = view(by=(-140, 120))
    Compositor().paste(
        shown, small(skin()), BOX + np.array([-140, 120, -140, 120], np.float32), shown.points, 1.0
    )
    assert shown.image.shape == skin().shape


def test_a_larger_face_is_nearer_to_what_was_painted() -> None:
    """A photograph's lips, moved down by eight pixels, painted by a perfect generator."""
    scale = 2.25
    before = np.asarray(cv2.resize(portrait(), None, fx=scale, fy=scale), np.uint8)
    points = np.asarray((POINTS - [160, 160]) * 0.55 * scale + [360, 300], np.float32)
    box = np.array([*points.min(0), *points.max(0)], np.float32)
    true = before.copy()
    left, right = points[[61, 291], 0].astype(int)
    top, bottom = int(points[0, 1]) - 10, int(points[17, 1]) + 20
    true[top + 8 : bottom + 8, left:right] = before[top:bottom, left:right]
    off, sharp = [], []
    for side in (96, 256, 384):
        shown = View(before.copy(), points, cast(Clip, None), 0)
        Compositor().paste(shown, cut_out(true, box, side), box, points, 1.0)
        part = region(shown)
        mask = mask_of(shown, part)
        assert seam(shown.image, part, mask) <= 1.2 * seam(before, part, mask)
        rows, columns = slice(top, bottom + 8), slice(left, right)
        away = shown.image[rows, columns].astype(int) - true[rows, columns]
        off.append(float(np.abs(away).mean()))
        sharp.append(sharpness(shown.image, part, mask) / sharpness(true, part, mask))
    assert off[0] > 1.5 * off[1] > 1.4 * off[2]
    assert sharp[0] < sharp[1] < 1.1
    assert min(sharp[1:]) > 0.9
