"""One turn: its words, and whether the person has finished, in virtual time."""

import asyncio

import pytest

from daemon.brain.end_of_utterance import UNFINISHED, WHOLE
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.parts import Parts
from daemon.dialogue.pending import PendingRequest, SpokenResult
from daemon.dialogue.reply import Reply
from daemon.dialogue.turn import MAX_UNFINISHED_WAIT_S, SpokenTurn, Turn, TurnGate
from daemon.media import LISTEN_RATE, Transcript, Utterance
from tests.fakes import FakeChat, FakePlayer, FakeRecognizer, parts, utterance_audio
from tests.virtual_time import run_virtual


def said(begin: float, end: float, turn: int = 1) -> Utterance:
    start, stop = round(begin * LISTEN_RATE), round(end * LISTEN_RATE)
    return Utterance(turn, utterance_audio(end - begin), start, stop)


def spoken(made: Parts, earlier: Utterance | None = None) -> SpokenTurn:
    return SpokenTurn(said(0, 1), 1.0, made, DialogueContext(), earlier)


def test_words_that_are_read_ahead_are_read_once() -> None:
    recognizer = FakeRecognizer("how are you")

    async def main() -> list[Transcript]:
        turn = spoken(parts(recognizer, FakeChat()))
        async with asyncio.TaskGroup() as group:
            turn.read_ahead(group)
            wanted = [group.create_task(turn.transcript()) for _ in range(2)]
        return [task.result() for task in wanted]

    assert [words.text for words in run_virtual(main())] == ["how are you"] * 2
    assert len(recognizer.heard) == 1


def test_when_it_grows_the_words_are_read_anew_and_the_timings_begin_again() -> None:
    recognizer = FakeRecognizer("how", "how are you")

    async def main() -> None:
        turn = spoken(parts(recognizer, FakeChat()))
        assert (await turn.transcript()).text == "how"
        before = turn.timings
        assert not turn.grow(said(0, 1), 1.0), "nothing new was said"
        assert turn.timings is before
        assert turn.grow(said(0, 2), 2.0)
        assert (turn.words, turn.newest) == (None, Transcript("how", "en"))
        assert turn.timings is not before and turn.timings.speech_end == 2.0
        assert (await turn.transcript()).text == "how are you"

    run_virtual(main())
    assert recognizer.heard[1].seconds == pytest.approx(2.0)


def test_words_of_less_are_never_those_of_more() -> None:
    recognizer = FakeRecognizer("how are you")

    async def main() -> str:
        turn = spoken(parts(recognizer, FakeChat()))
        async with asyncio.TaskGroup() as group:
            turn.read_ahead(group)
            wanted = group.create_task(turn.transcript())
            await asyncio.sleep(0.1)  # of the 0.3 s that it takes
            turn.grow(said(0, 2), 2.0)
            turn.read_ahead(group)
        return wanted.result().text

    assert run_virtual(main()) == "how are you"
    assert [audio.seconds for audio in recognizer.heard] == [2.0], "the first was given up"


def test_what_was_said_before_a_pause_belongs_to_it() -> None:
    async def main() -> Utterance:
        made = parts(FakeRecognizer(), FakeChat())
        return SpokenTurn(said(1.5, 2.5, 2), 2.5, made, DialogueContext(), said(0, 1)).utterance

    utterance = run_virtual(main())
    assert (utterance.turn, utterance.start, utterance.end) == (2, 0, round(2.5 * LISTEN_RATE))


@pytest.mark.parametrize(
    ("sure", "whole", "opens"),
    [
        (True, 0.9, 0.7),
        (True, UNFINISHED, 0.7),
        (True, 0.001, MAX_UNFINISHED_WAIT_S),
        (True, None, 0.7),
        (False, 0.9, 0.7),
        (False, WHOLE - 0.01, MAX_UNFINISHED_WAIT_S),
        (False, 0.001, MAX_UNFINISHED_WAIT_S),
        (False, None, MAX_UNFINISHED_WAIT_S),
    ],
)
def test_a_gate_opens_when_ears_and_brain_agree(
    sure: bool, whole: float | None, opens: float
) -> None:
    async def main() -> float:
        gate = TurnGate(0.0, ended=False, spoken=True)
        asyncio.get_running_loop().call_later(0.5, gate.set_endpoint, sure)
        asyncio.get_running_loop().call_later(0.7, gate.set_semantic_end, whole)
        await gate.wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(opens)


def test_only_the_first_end_of_a_request_counts() -> None:
    async def main() -> SpokenResult:
        turn = Turn(-1, "hello", PendingRequest())
        assert turn.request is not None
        turn.answered("Hi.", whole=True)
        turn.failed(RuntimeError("too late"))
        return await turn.request.future

    assert run_virtual(main()) == SpokenResult("Hi.", True)


def test_a_reply_that_is_cancelled_before_it_began_ends_its_events() -> None:
    async def main() -> int:
        made = parts(FakeRecognizer(), FakeChat(["Hi."]))
        async with asyncio.TaskGroup() as group:
            reply = Reply(Turn(-1, "hello"), made, FakePlayer(), None)
            reply.start(group)
            reply.cancel()
        return len([event async for event in reply.events])

    assert run_virtual(main()) == 0
