import numpy as np
import pytest

from daemon.face.lower_half import completed, first_row, given_rows, starts

SIDE = 96
FIRST, GIVEN = first_row(SIDE), given_rows(SIDE)


def given() -> np.ndarray:
    """What two faces look like to the generator: their lower half black, and whole."""
    whole = np.random.default_rng(2).uniform(0.2, 0.7, (2, 3, SIDE, SIDE)).astype(np.float32)
    masked = whole.copy()
    masked[:, :, GIVEN:] = 0
    return np.concatenate([masked, whole], axis=1)


def test_what_was_made_is_kept_below_and_what_was_given_above() -> None:
    faces = given()
    made = faces[:, 3:, 36:].copy()
    made[:, :, GIVEN - 36 :] = 0.9
    whole = completed(made, faces)
    np.testing.assert_allclose(whole[:, :, :GIVEN], faces[:, 3:, :GIVEN], atol=1e-6)
    assert (whole[:, :, GIVEN:] == np.float32(0.9)).all()


def test_a_cast_of_the_paint_leaves_no_edge() -> None:
    faces = given()
    cast = np.array([0.1, -0.05, 0.02], np.float32)[:, None, None]
    made = faces[:, 3:, FIRST:] + cast
    np.testing.assert_allclose(completed(made, faces), faces[:, 3:] + cast, atol=1e-6)


def test_light_stays_light() -> None:
    faces = np.ones((1, 6, SIDE, SIDE), np.float32)
    made = np.full((1, 3, SIDE - FIRST, SIDE), 1.2, np.float32)
    assert completed(made, faces).max() == 1


@pytest.mark.parametrize("side", [96, 256, 384])
def test_the_rows_kept_reach_all_that_is_painted(side: int) -> None:
    first, kept = first_row(side), starts(side)
    assert first < given_rows(side)
    row, height = first - 3, side  # three convolutions of 3×3 at the full size
    while height // 2 in kept:
        height //= 2
        assert kept[height] <= row // 2, "the first that a doubling needs"
        row = kept[height] - 2
    assert 2 * kept[side // 2] <= first
