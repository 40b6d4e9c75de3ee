"""Who stops in the middle of a sentence is given time to go on, in virtual time."""

import pytest

from daemon.dialogue.state import Phase
from daemon.dialogue.turn import MAX_UNFINISHED_WAIT_S
from tests.fakes import FakeChat, FakeJudge, FakeRecognizer, parts
from tests.scenario.test_session import Stage, ends_late, says

L, H, T, S = Phase.LISTENING, Phase.HEARING, Phase.THINKING, Phase.SPEAKING
HALF, WHOLE = "I would like to know", "I would like to know how bread is made"


def began(stage: Stage) -> list[float]:
    return [at for at, phase in stage.phases if phase is S]


def test_half_a_sentence_is_answered_only_when_nothing_follows() -> None:
    stage = Stage(parts(FakeRecognizer(HALF), FakeJudge([WHOLE], ["Yes, what is it?"])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert stage.path() == [H, T, S, L]
    assert began(stage) == [pytest.approx(1.0 + MAX_UNFINISHED_WAIT_S, abs=0.1)]


def test_a_whole_one_is_answered_at_once() -> None:
    stage = Stage(parts(FakeRecognizer(WHOLE), FakeJudge([WHOLE], ["With flour."])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert began(stage) < [2.0]


def test_what_follows_within_a_second_belongs_to_it() -> None:
    chat = FakeJudge([WHOLE], ["Yes?"], ["With flour."])
    stage = Stage(parts(FakeRecognizer(HALF, WHOLE), chat))
    stage.play([*says(1, 0.0, 1.0), *says(2, 2.0, 3.0)], until=10)
    assert stage.path() == [H, T, H, T, S, L]
    assert stage.remembered() == [("user", WHOLE), ("assistant", "With flour.")]


@pytest.mark.parametrize("said", ["Why.", "为什么", "What a broken brain is", f"{HALF}?"])
def test_what_cannot_be_told_or_needs_no_telling_is_answered_at_once(said: str) -> None:
    stage = Stage(parts(FakeRecognizer(said), FakeJudge([], ["Because."])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert began(stage) < [2.0]


def test_what_does_not_sound_finished_is_answered_after_a_moment_if_the_words_are() -> None:
    stage = Stage(parts(FakeRecognizer(WHOLE), FakeJudge([WHOLE], ["With flour."])))
    stage.play(ends_late(1, 0.0, 1.0, wait=0.6, sure=False), until=10)
    (at,) = began(stage)
    assert 1.6 <= at < 2.0


@pytest.mark.parametrize(
    ("said", "chat"),
    [
        (HALF, FakeJudge([WHOLE], ["Yes?"])),
        ("Um.", FakeJudge(["Um."], ["Yes?"])),
        (WHOLE, FakeChat(["With flour."])),
    ],
)
def test_where_neither_sound_nor_words_tell_it_waits(said: str, chat: FakeChat) -> None:
    stage = Stage(parts(FakeRecognizer(said), chat))
    stage.play(ends_late(1, 0.0, 1.0, wait=0.6, sure=False), until=10)
    assert began(stage) == [pytest.approx(1.0 + MAX_UNFINISHED_WAIT_S, abs=0.1)]
