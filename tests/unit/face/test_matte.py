"""Persons cut out and laid over something else."""

import cv2
import numpy as np
import pytest

from daemon.face.matte import blurred_behind, cleaned, cut_out, fitted, laid
from daemon.media import Image

RED, BLUE, GREEN = (200, 30, 20), (20, 30, 200), (0, 177, 64)


def disc(side: int = 240) -> Image:
    """The matte of a round person with a soft edge."""
    y, x = np.mgrid[:side, :side].astype(np.float32) - (side - 1) / 2
    share = np.clip((side / 3 - np.hypot(x, y)) / 6 + 0.5, 0, 1)
    return np.asarray(255 * share, np.uint8)


def before(colour: tuple[int, int, int], matte: Image, wall: tuple[int, int, int]) -> Image:
    share = matte[..., None] / 255
    return np.round(np.array(colour) * share + np.array(wall) * (1 - share)).astype(np.uint8)


def test_nothing_of_the_old_background_stays_at_the_edge() -> None:
    matte = disc()
    person = cut_out(before(RED, matte, BLUE), matte)
    away = np.abs(laid(person, before(GREEN, matte, GREEN)).astype(int) - before(RED, matte, GREEN))
    assert away.max() <= 16, "levels, of 180 between the backgrounds"
    assert away[matte == 255].max() <= 1 and away[matte == 0].max() <= 1


@pytest.mark.parametrize("level", [0, 255])
def test_nobody_and_nothing_but_a_person(level: int) -> None:
    image = before(RED, disc(), BLUE)
    matte = np.full(image.shape[:2], level, np.uint8)
    wall = before(GREEN, matte, GREEN)
    np.testing.assert_array_equal(laid(cut_out(image, matte), wall), image if level else wall)
    assert np.isfinite(blurred_behind(image, matte)).all()


def test_what_is_blurred_has_nothing_of_the_person() -> None:
    matte = disc()
    behind = blurred_behind(before(RED, matte, BLUE), matte)
    assert np.abs(behind.astype(int) - BLUE).max() <= 8


def test_what_is_blurred_has_no_details() -> None:
    stripes = np.zeros((240, 240, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 255
    behind = blurred_behind(stripes, np.zeros((240, 240), np.uint8))
    assert np.ptp(behind[60:180, 60:180]) <= 8


def test_a_matte_is_drawn_to_the_edges_of_the_picture() -> None:
    matte = disc()
    image = before(RED, matte, BLUE)
    soft = np.roll(cv2.GaussianBlur(matte, (0, 0), 4), 2, axis=1)
    coarse = np.asarray(soft / np.float32(255), np.float32)
    off = np.abs(255 * coarse - matte).mean()
    assert np.abs(fitted(coarse, image).astype(float) - matte).mean() < 0.6 * off


def test_what_jpeg_adds_to_a_matte_is_taken_away() -> None:
    matte = disc()
    data = cv2.imencode(".jpg", matte, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    kept = cleaned(np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8))
    assert np.abs(kept.astype(int) - matte).max() <= 12
    assert (kept[:35] == 0).all() and (kept[110:130, 110:130] == 255).all()
