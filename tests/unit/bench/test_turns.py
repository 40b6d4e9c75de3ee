import pytest

from daemon.bench.process import ProcessEvent
from daemon.bench.turns import (
    Outcome,
    at_rest,
    only_part,
    outcome,
    self_interruptions,
)


def told(*changes: tuple[float, str]) -> list[ProcessEvent]:
    return [ProcessEvent(name, at, {}, "") for at, name in changes]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(1.3, "hearing")], Outcome(True, 1.3)),
        ([(1.3, "paused"), (2.2, "hearing"), (3.0, "thinking")], Outcome(True, 1.3)),
        ([(1.3, "paused"), (1.6, "classifying"), (2.5, "thinking")], Outcome(True, 1.3)),
        ([(1.3, "paused"), (1.6, "classifying"), (1.8, "speaking")], Outcome(False, 1.3)),
        # taken for a "yeah" at first
        (
            [
                (1.3, "paused"),
                (1.5, "classifying"),
                (1.7, "speaking"),
                (1.9, "paused"),
                (3, "hearing"),
            ],
            Outcome(True, 1.9),
        ),
        # it went on, and ended of itself after the person
        ([], Outcome(False, None)),
        ([(4.0, "listening")], Outcome(False, None)),
        ([(1.3, "paused"), (1.6, "speaking"), (1.9, "listening")], Outcome(False, 1.3)),
        # it had ended before the person did
        ([(1.2, "listening"), (1.5, "hearing")], None),
    ],
)
def test_what_became_of_an_answer(
    changes: list[tuple[float, str]], expected: Outcome | None
) -> None:
    events = told((0.0, "listening"), (0.2, "thinking"), (0.5, "speaking"), *changes)
    assert outcome(events, 1.0, 2.0) == expected


def test_an_answer_that_was_over_cannot_be_spoken_over() -> None:
    events = told((0.5, "speaking"), (0.9, "listening"), (1.3, "hearing"))
    assert outcome(events, 1.0, 2.0) is None
    assert outcome([], 1.0, 2.0) is None


PERSON = [(10.0, 12.0)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # an ordinary turn
        ([(10.4, "hearing"), (12.4, "thinking"), (13, "speaking"), (20, "listening")], (0, 0)),
        # its own voice stops it, and is answered
        ([(13, "speaking"), (15, "hearing"), (16, "thinking")], (1, 0)),
        ([(13, "speaking"), (15, "paused"), (16, "hearing"), (17, "thinking")], (1, 0)),
        ([(13, "speaking"), (15, "paused"), (16, "classifying"), (17, "thinking")], (1, 0)),
        # it only falls silent for a moment
        ([(13, "speaking"), (15, "paused"), (15.3, "classifying"), (15.6, "speaking")], (0, 1)),
        # the tail of its own voice: noticed, and found too short, or answered
        ([(13, "speaking"), (20, "listening"), (20.3, "hearing"), (20.6, "listening")], (0, 0)),
        ([(13, "speaking"), (20, "listening"), (20.3, "hearing"), (20.6, "thinking")], (1, 0)),
        # a person speaks over it
        ([(9, "speaking"), (10.3, "paused"), (11.3, "hearing"), (12.5, "thinking")], (0, 0)),
        # twice
        ([(13, "speaking"), (15, "hearing"), (16, "thinking"), (17, "hearing")], (2, 0)),
    ],
)
def test_what_it_takes_its_own_voice_for(
    changes: list[tuple[float, str]], expected: tuple[int, int]
) -> None:
    assert self_interruptions(told(*changes), PERSON) == expected


def test_whether_a_mouth_is_at_rest() -> None:
    events = told((1.0, "mouth open"), (2.0, "mouth closed"), (3.0, "mouth open"))
    assert at_rest(events, 2.5)
    assert not at_rest(events, 1.5)
    assert not at_rest(events, 3.5)
    assert at_rest(events, 0.5), "it has not opened yet"


def test_an_answer_to_what_came_before_a_pause_is_known_by_what_it_counts_from() -> None:
    heard = {"turn_end": 0.4, "first_audible": 0.9}
    # the question ended at 10 s; half a second before that is another clause
    assert not only_part(ProcessEvent("speaking", 10.9, heard, ""), 10.0)
    assert not only_part(ProcessEvent("speaking", 10.7, heard, ""), 10.0)
    assert only_part(ProcessEvent("speaking", 10.1, heard, ""), 10.0)
    assert not only_part(ProcessEvent("speaking", 10.1, {}, ""), 10.0)
