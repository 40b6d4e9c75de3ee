"""Calls that a model writes as plain JSON are calls; whatever else it writes is said."""

from collections.abc import Sequence

import pytest

from daemon.brain.completions import ReplyStream
from daemon.brain.json_tool_calls import (
    MAX_HELD_CHARS,
    call_or_answer,
    detect_format,
    parse_json_calls,
)
from daemon.media import Message, Tool, ToolCall

CALL = '{"name": "clock", "arguments": {"zone": "UTC"}}'
MEANT = ToolCall("bare-0", "clock", '{"zone": "UTC"}')


def found(pieces: Sequence[str | ToolCall]) -> list[object]:
    def stream() -> ReplyStream:
        yield from pieces

    parts = list(parse_json_calls(stream()))
    words = "".join(part for part in parts if isinstance(part, str))
    return [*filter(None, [words]), *(part for part in parts if isinstance(part, ToolCall))]


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"\n{CALL}\n",
        f"```json\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"[{CALL}]",
        f"{CALL} It is noon.",
    ],
)
def test_a_bare_call_is_a_call_however_it_is_cut(text: str) -> None:
    assert [part for part in found([text]) if part != "\n"] == [MEANT]
    pieces = text.split("\n") if "```" in text or "<" in text else list(text)
    assert [part for part in found(pieces) if part != "\n"] == [MEANT]


def test_what_is_said_before_is_said_at_once() -> None:
    def stream() -> ReplyStream:
        yield "Let me look. "
        yield CALL

    parts = parse_json_calls(stream())
    assert next(parts) == "Let me look. "
    assert list(parts) == [MEANT]


def test_two_in_a_row() -> None:
    assert found([f"{CALL}\n{CALL}"]) == [MEANT, ToolCall("bare-1", "clock", '{"zone": "UTC"}')]


@pytest.mark.parametrize(
    "text",
    [
        "It is noon.",
        '{"name": "clock"}',
        '{"name": "clock", "arguments": "{}"}',
        '{"name": "clo',
        "A set is written {1, 2}.",
        "```\nprint(1)\n```",
        "[" * 3000,
        "{" + "x" * MAX_HELD_CHARS,
    ],
)
def test_other_words_are_said(text: str) -> None:
    assert found([text]) == [text[: MAX_HELD_CHARS + 1]]


CLOCK = (Tool("clock", "Tell the time.", {}),)
S, Q = Message("system", "Be kind."), Message("user", "What time is it?")
BEFORE = [Message("user", "Hello."), Message("assistant", "Hi.")]


class Model:
    """Says what is scripted, and notes what it was asked."""

    def __init__(self, *answers: Sequence[str | ToolCall]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[list[Message], tuple[Tool, ...]]] = []
        self.stopped = 0

    def __call__(self, messages: Sequence[Message], tools: Sequence[Tool]) -> ReplyStream:
        self.asked.append(([*messages], tuple(tools)))
        try:
            yield from self.answers.pop(0)
        except GeneratorExit:
            self.stopped += 1
            raise


def test_the_result_is_told_after_the_question_and_tools_no_more() -> None:
    since = [
        Message("assistant", "", (MEANT, ToolCall("bare-1", "joke", "{}"))),
        Message("tool", "12:00", answers="bare-0"),
        Message("tool", "There is no such tool.", answers="bare-1"),
    ]
    model, asked = Model(["It is noon."]), [S, *BEFORE, Q, *since]
    assert list(call_or_answer(model, lambda *_: [MEANT], asked, CLOCK)) == ["It is noon."]
    told = Message("user", "What time is it?\n(The clock tells you: 12:00.)")
    assert model.asked == [([S, *BEFORE, told], ())]


def test_what_is_to_be_called_is_decided_before_anything_is_said() -> None:
    model, asked = Model(), [S, *BEFORE, Q]
    assert list(call_or_answer(model, lambda *_: [MEANT, MEANT], asked, CLOCK)) == [MEANT, MEANT]
    assert model.asked == []


def test_words_are_those_of_the_whole_conversation() -> None:
    model, asked = Model(["I", " cannot know."]), [S, *BEFORE, Q]
    assert list(call_or_answer(model, lambda *_: (), asked, CLOCK)) == ["I", " cannot know."]
    assert model.asked == [(asked, ())]


@pytest.mark.parametrize(
    ("says", "way"),
    [
        ([ToolCall("x", "clock", "{}")], "marked"),
        (['{"name": "clock", "arguments": {}}'], "bare"),
        (["\n", "It is noon."], "none"),
        ([], "none"),
    ],
)
def test_how_it_calls_is_tried(says: Sequence[str | ToolCall], way: str) -> None:
    assert detect_format(Model(says)) == way


def test_a_call_with_its_marks_stays_the_only_one() -> None:
    real = ToolCall("a", "clock", "{}")
    assert found([real]) == [real]
