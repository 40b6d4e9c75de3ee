"""Openers: when one may be heard, and which sounds are kept."""

import numpy as np
import pytest

from daemon.config import Settings
from daemon.dialogue.openers import BRISK_S, MAX_KEPT, MAX_KEPT_S, REMEMBERED, Openers, OpenerSounds
from daemon.media import SPEAK_RATE, Audio, Phone
from tests.fakes import silence

HALF_A_SECOND = Audio(silence(0.5, SPEAK_RATE), SPEAK_RATE)


def test_while_nothing_is_known_an_opener_waits_for_the_rest() -> None:
    assert Openers(Settings()).earliest(10.0, "Sure,", HALF_A_SECOND) is None


@pytest.mark.parametrize(
    ("rest_s", "count", "waits_s"),
    [(0.3, 8, -0.34), (0.64, 8, 0.0), (1.64, 8, 1.0), (0.82, 4, 1.0), (0.82, 1.8, 1.0)],
)
def test_the_longest_rest_would_follow_within_a_natural_pause(
    rest_s: float, count: float, waits_s: float
) -> None:
    openers = Openers(Settings())
    openers.note_rest(rest_s, count)
    # Of its sound, 0.16 s are the comma's pause already; another 0.14 s may follow.
    assert openers.earliest(10.0, "Sure,", HALF_A_SECOND) == pytest.approx(10.0 + waits_s)


def test_the_slowest_of_the_last_answers_counts() -> None:
    openers = Openers(Settings())
    for rest_s in (9.0, 1.64, 0.2, 0.2, 0.2):
        openers.note_rest(rest_s, 8)
    assert openers.earliest(0.0, "Sure,", HALF_A_SECOND) == pytest.approx(1.0)


def test_writing_is_brisk_once_it_is_known_to_be_and_the_slowest_counts() -> None:
    openers = Openers(Settings())
    brisk = [openers.brisk]
    for rest_s in (0.3, BRISK_S + 0.01, *[0.2] * REMEMBERED):
        openers.note_rest(rest_s, 8)
        brisk.append(openers.brisk)
    assert brisk == [False, True, *[False] * REMEMBERED, True]


def spoken(count: int) -> Audio:
    return Audio(np.ones(count, np.float32), SPEAK_RATE, (Phone("u", 2, 5),))


def test_the_least_recently_used_sound_goes_first() -> None:
    sounds = OpenerSounds()
    for number in range(MAX_KEPT):
        sounds.keep(f"{number},", [spoken(10)])
    assert sounds.get("0,") is not None
    sounds.keep("one more,", [spoken(10)])
    assert "0," in sounds
    assert "1," not in sounds


def test_pieces_become_one_sound_and_neither_none_nor_a_long_one_is_kept() -> None:
    sounds = OpenerSounds()
    sounds.keep("two,", [spoken(10), spoken(5)])
    sounds.keep("none,", [])
    sounds.keep("long,", [Audio(silence(MAX_KEPT_S + 0.1, SPEAK_RATE), SPEAK_RATE)])
    assert (two := sounds.get("two,")) is not None
    assert len(two.samples) == 15
    assert two.phones == (Phone("u", 2, 5), Phone("u", 12, 15))
    assert "none," not in sounds
    assert "long," not in sounds
