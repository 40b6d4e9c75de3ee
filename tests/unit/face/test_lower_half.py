import numpy as np

from daemon.face.lower_half import FIRST, GIVEN, SIDE, completed


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
