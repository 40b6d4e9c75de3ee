"""Calls of tools that a model writes as plain JSON, without the marks of its chat template.

Small models do. Qwen2.5-Coder 0.5B chooses the right tool and its arguments, and forgets the marks;
nobody wants to hear that read aloud. What else it cannot do, each tried in both languages:

- Call, once a conversation is under way: it makes the temperature up instead. So whether it calls
  is asked by the question alone, without what was said before.
- Go on from a result as its template has it: it calls again and again. Told the result in brackets
  before the question, and nothing of tools, it answers. So it calls once for each answer.

Its template does not tell that it is such a model. So it is tried, once.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Literal

from daemon.brain.completions import MOST_CALLS, Pieces
from daemon.media import Message, Tool, ToolCall

LONGEST = 4000  # characters that are held back; no call is longer
MARK = "bare-"  # with which the ids of such calls begin
_BEGIN = re.compile(r"[{\[]|`|<tool_call>")
_BETWEEN = re.compile(r"(?:[\s,\[\]]|```(?:json)?|</?tool_call>)*")

_CLOCK = Tool("clock", "Tell what time it is.", {"type": "object", "properties": {}})

Ask = Callable[[Sequence[Message], Sequence[Tool]], Pieces]
"""Lets the model go on from messages, with tools."""

Way = Literal["marked", "bare", "none"]
"""How a model calls: with its template's marks, as plain JSON, or not at all."""


def way_of(ask: Ask) -> Way:
    """Try how the model calls a tool."""
    with closing(
        with_bare_calls(ask([Message("user", "What time is it now?")], (_CLOCK,)))
    ) as said:
        for piece in said:
            if isinstance(piece, ToolCall):
                return "bare" if piece.id.startswith(MARK) else "marked"
            if piece.strip():
                break
    return "none"


def answer_barely(ask: Ask, messages: Sequence[Message], tools: Sequence[Tool]) -> Pieces:
    """Yield the answer of a model that calls as plain JSON, or its call."""
    if any(message.calls for message in messages):
        yield from ask(_retold(messages, tools), ())
        return
    if calls := _decided(ask(alone(messages), tools)):
        yield from calls
    else:
        yield from ask(messages, ())


def alone(messages: Sequence[Message]) -> list[Message]:
    """Return the persona and the question, without what was said before.

    llama.cpp keeps a prompt in memory if the next one begins otherwise, so there is a new line.
    Without the persona Qwen calls too often.
    """
    first = messages[:1] if messages[0].role == "system" else ()
    return [*(replace(one, content=f"\n{one.content}") for one in first), messages[-1]]


def _decided(pieces: Pieces) -> list[ToolCall]:
    """Return what is to be called; stops the model at its first word."""
    text = ""
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, ToolCall):
                return [piece]
            text += piece
            if len(text) > LONGEST or (text.strip() and not _BEGIN.match(text.lstrip())):
                return []
    return list(_calls(text))


def with_bare_calls(pieces: Pieces) -> Pieces:
    """Yield what ``pieces`` does, with such calls as calls.

    From where one may begin, text is held back until it is known what it is: to the end.
    """
    held, calls = "", False
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, ToolCall):
                calls = True
                yield piece
                continue
            if not held:
                begin = _BEGIN.search(piece)
                if begin is None:
                    yield piece
                    continue
                if begin.start():
                    yield piece[: begin.start()]
                piece = piece[begin.start() :]
            held += piece
            if len(held) > LONGEST:
                break
    found = [] if calls or len(held) > LONGEST else list(_calls(held))
    if held and not found:
        yield held
    yield from found


def _calls(text: str) -> Iterable[ToolCall]:
    """Yield the calls with which ``text`` begins; what follows them was made up."""
    decoder = json.JSONDecoder()
    at = 0
    for number in range(MOST_CALLS):
        between = _BETWEEN.match(text, at)
        try:
            found, at = decoder.raw_decode(text, between.end() if between else at)
        except (ValueError, RecursionError):
            return
        match found:
            case {"name": str(name), "arguments": dict(arguments)}:
                yield ToolCall(f"{MARK}{number}", name, json.dumps(arguments, ensure_ascii=False))
            case _:
                return


def _retold(messages: Sequence[Message], tools: Sequence[Tool]) -> list[Message]:
    """Return a prompt in which the results are told before the question."""
    names = {call.id: call.name for message in messages for call in message.calls}
    known = {tool.name for tool in tools}
    results = [
        f"({names[message.answers]}: {message.content})"
        for message in messages
        if message.role == "tool" and names.get(message.answers) in known
    ]
    kept = [message for message in messages if not message.calls and message.role != "tool"]
    question = kept.pop()
    told = "\n\n".join([*results, question.content])
    return [*kept, replace(question, content=told)]
