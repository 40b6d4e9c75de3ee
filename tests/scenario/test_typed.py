"""Questions and texts that come from a program, in virtual time."""

import asyncio
from collections.abc import Callable

import pytest

from daemon.dialogue.pending import PendingRequest, SpokenResult
from daemon.dialogue.turn import Recitation
from tests.fakes import FakeChat, FakeRecognizer, parts
from tests.scenario.test_session import H, L, S, Stage, T, says
from tests.scenario.test_session import Script as Said


def play(
    stage: Stage,
    deeds: list[tuple[float, Callable[[], PendingRequest | None]]],
    script: Said | None = None,
) -> list[SpokenResult | Exception | None]:
    """Do each deed at its moment; return how each went, ``None`` if refused."""
    asked: list[PendingRequest | None] = []

    async def do() -> None:
        for at, deed in deeds:
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            asked.append(deed())

    stage.play(script or [], until=20, also=do())
    outcomes: list[SpokenResult | Exception | None] = []
    for one in asked:
        if one is None or not one.future.done():
            outcomes.append(None)
        else:
            error = one.future.exception()
            outcomes.append(error if isinstance(error, Exception) else one.future.result())
    return outcomes


def test_a_typed_question_is_answered_aloud_and_remembered() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["I am fine."])))
    [heard] = play(stage, [(1, lambda: stage.session.ask("how are you"))])
    assert heard == SpokenResult("I am fine.", True)
    assert stage.path() == [T, S, L]
    assert stage.remembered() == [("user", "how are you"), ("assistant", "I am fine.")]


def test_a_text_is_said_as_it_is_and_not_remembered() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))
    [heard] = play(stage, [(1, lambda: stage.session.ask(Recitation("Good morning. Tea?")))])
    assert heard == SpokenResult("Good morning. Tea?", True)
    assert stage.screen.frames
    assert stage.remembered() == []


def test_a_second_text_takes_the_place_of_the_first() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))
    first, second = play(
        stage,
        [
            (1, lambda: stage.session.ask(Recitation("one two three four five six seven eight"))),
            (2.5, lambda: stage.session.ask(Recitation("stop"))),
        ],
    )
    assert isinstance(first, SpokenResult) and not first.whole and first.text.startswith("one")
    assert len(first.text) < 30
    assert second == SpokenResult("stop", True)


def test_silence_when_asked_for() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))
    text = "one two three four five six seven eight"
    [first, _] = play(
        stage,
        [
            (1, lambda: stage.session.ask(Recitation(text))),
            (2.5, lambda: stage.session.stop_speaking()),
        ],
    )
    assert isinstance(first, SpokenResult) and not first.whole
    assert stage.path() == [T, S, L]


def test_who_speaks_goes_first() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["fine"])))
    [refused] = play(stage, [(0.5, lambda: stage.session.ask("hello"))], says(1, 0.0, 1.0))
    assert refused is None
    assert stage.remembered() == [("user", "how are you"), ("assistant", "fine")]


def test_what_is_said_meanwhile_goes_before_what_was_typed() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["never"], ["fine"])))
    stage.parts.thinking.takes_s = 1.0  # type: ignore[attr-defined]
    [heard] = play(stage, [(0.9, lambda: stage.session.ask("hello"))], says(1, 1.0, 2.0))
    assert heard == SpokenResult("", False)
    assert stage.path() == [T, H, T, S, L]
    assert stage.remembered() == [("user", "how are you"), ("assistant", "fine")]


def test_a_failure_reaches_who_asked() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["!"])))
    [error] = play(stage, [(1, lambda: stage.session.ask("hello"))])
    assert isinstance(error, Exception) and "the brain broke" in str(error)


@pytest.mark.parametrize("question", ["hello", Recitation("hello")])
def test_before_it_runs_nothing_can_be_asked(question: str | Recitation) -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))
    assert stage.session.ask(question) is None
    stage.session.stop_speaking()
