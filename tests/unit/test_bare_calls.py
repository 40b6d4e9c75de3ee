"""Calls that a model writes as plain JSON are calls; whatever else it writes is said."""

from collections.abc import Sequence

import pytest

from daemon.brain.bare_calls import LONGEST, retold, with_bare_calls
from daemon.brain.completions import Pieces
from daemon.media import Message, Tool, ToolCall

CALL = '{"name": "clock", "arguments": {"zone": "UTC"}}'
MEANT = ToolCall("bare-0", "clock", '{"zone": "UTC"}')


def found(pieces: Sequence[str | ToolCall]) -> list[object]:
    def stream() -> Pieces:
        yield from pieces

    parts = list(with_bare_calls(stream()))
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
    def stream() -> Pieces:
        yield "Let me look. "
        yield CALL

    parts = with_bare_calls(stream())
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
        "{" + "x" * LONGEST,
    ],
)
def test_other_words_are_said(text: str) -> None:
    assert found([text]) == [text[: LONGEST + 1]]


def test_the_result_is_told_before_the_question_and_tools_no_more() -> None:
    tools = (Tool("clock", "Tell the time.", {}),)
    asked = [Message("system", "Be kind."), Message("user", "What time is it?")]
    other = ToolCall("bare-1", "joke", "{}")
    since = [
        Message("assistant", "", (MEANT, other)),
        Message("tool", "12:00", answers="bare-0"),
        Message("tool", "There is no such tool.", answers="bare-1"),
    ]
    assert retold([*asked, *since], tools) == (
        [asked[0], Message("user", "(clock: 12:00)\n\nWhat time is it?")],
        (),
    )
    assert retold(asked, tools) == (asked, tools)
    marked = [*asked, Message("assistant", "", (ToolCall("a", "clock", "{}"),))]
    assert retold(marked, tools) == (marked, tools)


def test_a_call_with_its_marks_stays_the_only_one() -> None:
    real = ToolCall("a", "clock", "{}")
    assert found([real]) == [real]
