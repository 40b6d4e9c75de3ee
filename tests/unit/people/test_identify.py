"""Whose voice it is, with vectors made up."""

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.media import LISTEN_RATE, Samples
from daemon.people.identify import MARGIN, MIN_JUDGED_S, THRESHOLD, identify, speaker_change
from daemon.people.person import Person, Profile, Speaker

ANNA, BEN = Person(1, "Anna"), Person(2, "Ben")


def vector(*parts: float) -> NDArray[np.float32]:
    found = np.array([*parts, 0, 0, 0, 0][:4], np.float32)
    found[3] = np.sqrt(max(0.0, 1 - float(np.sum(np.square(found[:3])))))
    return found


def known(person: Person, *vectors: NDArray[np.float32]) -> Profile:
    return Profile(person, np.stack(vectors))


ANNAS = known(ANNA, np.array([1, 0, 0, 0], np.float32))
BENS = known(BEN, np.array([0, 1, 0, 0], np.float32))


def test_the_likest_person_speaks() -> None:
    found = identify(vector(0.8, 0.1), 3, [ANNAS, BENS])
    assert found.person == ANNA
    assert found.score == pytest.approx(0.8)


def test_a_stranger_is_nobody_and_has_been_judged() -> None:
    found = identify(vector(THRESHOLD - 0.01, 0.1), 3, [ANNAS, BENS])
    assert found.person is None and found.judged


def test_between_two_it_is_nobody() -> None:
    found = identify(vector(0.6, 0.6 - MARGIN / 2), 3, [ANNAS, BENS])
    assert found.person is None and found.judged
    assert identify(vector(0.6, 0.6 - 2 * MARGIN), 3, [ANNAS, BENS]).person == ANNA


def test_a_short_word_is_not_judged() -> None:
    assert identify(vector(1), MIN_JUDGED_S - 0.1, [ANNAS]) == Speaker()
    assert identify(vector(1), MIN_JUDGED_S, [ANNAS]).person == ANNA


def test_where_nobody_is_known_nothing_is_judged() -> None:
    assert identify(vector(1), 3, []) == Speaker()


def test_a_person_is_the_middle_of_their_sentences() -> None:
    several = known(ANNA, vector(0.9, 0.4), vector(0.9, -0.4))
    assert identify(vector(1), 3, [several]).score == pytest.approx(1, abs=0.1)


def embed(speech: Samples) -> NDArray[np.float32]:
    """Take every sample above a half for Ben's, and the others for Anna's; zeros are a pause."""
    bens = np.count_nonzero(speech > 0.5)
    annas = np.count_nonzero(speech) - bens
    found = np.array([annas, bens, 0, 0], np.float32)
    return found / np.float32(np.linalg.norm(found))


def said(*parts: tuple[float, float]) -> Samples:
    """Join stretches of seconds and level."""
    return np.concatenate([np.full(int(s * LISTEN_RATE), level, np.float32) for s, level in parts])


@pytest.mark.parametrize("begun_s", [2.0, 3.3, 5.0])
def test_the_cut_is_in_the_pause_before_another_voice(begun_s: float) -> None:
    place = speaker_change(said((begun_s, 0.2), (0.2, 0), (2.5, 0.8)), ANNAS, embed)
    assert place is not None
    assert begun_s <= place / LISTEN_RATE <= begun_s + 0.2


@pytest.mark.parametrize(
    "parts",
    [
        [(5.0, 0.2)],  # one voice
        [(2.0, 0.2), (0.2, 0.0), (2.0, 0.8), (0.2, 0.0), (2.0, 0.2)],  # the first ends it, too
        [(2.0, 0.8), (0.2, 0.0), (2.5, 0.2)],  # somebody else began it
        [(1.0, 0.2), (0.2, 0.0), (0.5, 0.8)],  # too short to tell
    ],
)
def test_without_a_sure_change_nothing_is_cut(parts: list[tuple[float, float]]) -> None:
    assert speaker_change(said(*parts), ANNAS, embed) is None
