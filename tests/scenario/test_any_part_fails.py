"""Whatever part fails, at whatever moment: the conversation listens again, and remembers.

A conversation is held again and again. Each time a later one of the moments fails at which a part
is entered, yields something or is left.
"""

import asyncio
import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from daemon.dialogue.state import Phase
from daemon.media import ToolCall
from tests.fakes import FakeChat, FakeConverter, FakeRecognizer, FakeTools, FakeToolUser, parts
from tests.scenario.test_session import Script, Stage, says

L = Phase.LISTENING
MEND_S = 2.0
ANSWER = ["The first is heard. ", "And the second."]
AGAIN = "On."


@dataclass
class Moments:
    """Counts the moments, and lets one of them fail."""

    fails: int
    made: Callable[[], BaseException]
    count: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)

    def come(self, what: str) -> None:
        self.count += 1
        if self.count == self.fails:
            self.failed.append((asyncio.get_running_loop().time(), what))
            raise self.made()

    def watch(self, part: Any, *names: str, every: int = 1) -> None:
        """Have the part's methods come through here, or one in so many of their calls."""
        for name in names:
            what = f"{type(part).__name__}.{name}"
            setattr(part, name, self._watched(getattr(part, name), what, every))

    def _watched(self, method: Callable[..., Any], what: str, every: int) -> Callable[..., Any]:
        calls = itertools.count(1)

        def call(*args: Any, **more: Any) -> Any:
            if next(calls) % every:
                return method(*args, **more)
            self.come(f"entering {what}")
            result = method(*args, **more)
            if inspect.isawaitable(result):
                return self._awaited(result, what)
            if inspect.isgenerator(result):
                return self._iterated(result, what, every)
            self.come(f"leaving {what}")
            return result

        return call

    async def _awaited(self, result: Any, what: str) -> Any:
        found = await result
        self.come(f"leaving {what}")
        return found

    def _iterated(self, result: Iterator[Any], what: str, every: int) -> Iterator[Any]:
        for number, item in enumerate(result):
            yield item
            if not number % every:
                self.come(f"in {what}")
        self.come(f"leaving {what}")


def stage_of(moments: Moments, chat: FakeChat) -> Stage:
    recognizer = FakeRecognizer("tell me", "yeah", AGAIN)
    converter, tools = FakeConverter(), FakeTools("noon")
    made = replace(parts(recognizer, chat, converter=converter), tools=tools)
    stage = Stage(made)
    if moments.made is not asyncio.CancelledError:  # which workers and plain calls turn into others
        if isinstance(chat, FakeToolUser):
            moments.watch(chat, "reply_or_call", "count_tokens")
        else:
            moments.watch(chat, "reply", "count_tokens")
        moments.watch(tools, "server_of")
        moments.watch(recognizer, "transcribe")
        moments.watch(made.synthesizer, "synthesize")
        moments.watch(converter, "convert")
        moments.watch(made.lip_sync, "begin", "finish")
        moments.watch(stage.player, "audible", every=20)  # it is asked a hundred times a second
        moments.watch(made.lip_sync, "render", every=2)
        moments.watch(stage.player, "pause", "resume", "flush")
        moments.watch(stage.screen, "hold", "clear")
        moments.watch(stage.history, "keep")
        moments.watch(stage, "note")
    moments.watch(tools, "call")
    moments.watch(stage.player, "begin", "play")
    moments.watch(stage.screen, "put", every=10)
    return stage


def plain() -> tuple[FakeChat, Script]:
    """A question; a "yeah" over its answer, which goes on."""
    return FakeChat(ANSWER, [AGAIN], [AGAIN], [AGAIN]), [*says(1, 0, 1), *says(2, 3, 3.6)]


def with_a_tool() -> tuple[FakeChat, Script]:
    call = ToolCall("1", "clock", "{}")
    return FakeToolUser(["One moment. ", call], ANSWER, [AGAIN], [AGAIN]), says(1, 0, 1)


def interrupted() -> tuple[FakeChat, Script]:
    """Somebody speaks over the answer, and means it."""
    return FakeChat(ANSWER, [AGAIN], [AGAIN], [AGAIN]), [*says(1, 0, 1), *says(2, 3, 4.5)]


@pytest.mark.parametrize(
    ("conversation", "error", "stride"),
    [
        (plain, RuntimeError, 5),
        (with_a_tool, RuntimeError, 5),
        (interrupted, RuntimeError, 5),
        (with_a_tool, asyncio.CancelledError, 1),
    ],
)
def test_it_listens_again_and_remembers(
    conversation: Callable[[], tuple[FakeChat, Script]],
    error: Callable[[], BaseException],
    stride: int,
) -> None:
    number, tried = 1, set[str]()
    while True:
        moments = Moments(number, error)
        chat, script = conversation()
        stage = stage_of(moments, chat)
        # 20 s later the next question is asked, and answered by whatever is left
        stage.play([*script, *says(3, 20, 21)], until=40)
        if not moments.failed:
            break
        at, what = moments.failed[0]
        tried.add(what)
        where = f"{what}, moment {number}, {stage.phases}"
        assert stage.session.state.phase is L, where
        asks = stage.phases[-1][0] > 20 if stage.phases else False
        assert asks or at > 20, f"the next question was not answered: {where}"
        if "FakePlayer" in what and at < 20:  # without it no reply goes on
            back = [moment for moment, phase in stage.phases if phase is L and moment >= at]
            before = [phase for moment, phase in stage.phases if moment <= at]
            assert before[-1] in (L, Phase.HEARING) or back[0] <= at + MEND_S, where
        number += stride
    few = error is asyncio.CancelledError
    assert number > (20 if few else 100) and len(tried) >= (4 if few else 15), sorted(tried)


@pytest.mark.parametrize("words", [1, 12, 40, 75])
@pytest.mark.parametrize("what", ["brain", "voice"])
def test_what_was_heard_of_an_answer_that_fails_is_remembered(what: str, words: int) -> None:
    """The brain, or the voice, breaks after so many words; what was audible by then counts."""
    said = ["One sentence of it. ", *[f"word{n} " for n in range(words)]]
    chat = FakeChat([*said, "!"] if what == "brain" else [*said, ". It goes kaboom."])
    stage = Stage(parts(FakeRecognizer("go"), chat))
    heard: list[int] = []

    def note_position(deed: Callable[[], int]) -> Callable[[], int]:
        def call() -> int:
            heard.append(deed())
            return heard[-1]

        return call

    stage.player.flush = note_position(stage.player.flush)  # type: ignore[method-assign]
    stage.play(says(1, 0, 1), until=60)
    assert stage.session.state.phase is L
    failed_at = next(when for when, deed in stage.player.log if deed == "flush")
    back = next(when for when, phase in stage.phases if phase is L and when >= failed_at)
    assert back <= failed_at + MEND_S
    ((question, answer),) = stage.history.turns
    assert question == "go"
    characters = heard[0] / 4800  # each takes a tenth of a second
    assert len(answer) <= characters + 1
    assert characters - len(answer) < len("sentence of") or answer.endswith(".")
