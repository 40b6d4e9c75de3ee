"""Calls of tools that a model writes as plain JSON, without the marks of its chat template.

Small models do. Qwen2.5-Coder 0.5B chooses the right tool and its arguments, and forgets the marks;
nobody wants to hear that read aloud. What else it cannot do, each tried in both languages:

- Decide whether to call: once a conversation is under way it makes the temperature up instead, and
  it looks up what it has just been told. An adapter teaches it. Who passes an examination decides
  for itself, others are asked which tool is meant (``tool_router.py``).
- Go on from a result as its template has it: it calls again and again. Told the result in brackets
  after the question, as a sentence in its language, and nothing of tools, it answers: of 36 results
  it gave 28 back; before the question, or without a sentence, 21. So it calls once for each answer,
  though that may be several calls.

Its template does not tell that it is such a model. So it is tried, once.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Literal

from daemon.brain.completions import MAX_CALLS, ReplyStream
from daemon.brain.sentences import has_chinese
from daemon.media import Message, Tool, ToolCall

MAX_HELD_CHARS = 4000  # characters that are held back; no call is longer
ID_PREFIX = "bare-"  # with which the ids of such calls begin
TOLD = {"en": "(The {tool} tells you: {result}.)", "zh": "（{tool}告诉你：{result}。）"}
_BEGIN = re.compile(r"[{\[]|`|<tool_call>")
_BETWEEN = re.compile(r"(?:[\s,\[\]]|```(?:json)?|</?tool_call>)*")

CLOCK = Tool("clock", "Tell what time it is.", {"type": "object", "properties": {}})

AskModel = Callable[[Sequence[Message], Sequence[Tool]], ReplyStream]
"""Lets the model go on from messages, with tools."""

ToolCallFormat = Literal["marked", "bare", "asked", "none"]
"""How a model calls: with its template's marks; as plain JSON; likewise, but has to be asked which
tool is meant; or not at all."""


def detect_format(ask: AskModel) -> ToolCallFormat:
    """Try how the model calls a tool."""
    with closing(
        parse_json_calls(ask([Message("user", "What time is it now?")], (CLOCK,)))
    ) as said:
        for piece in said:
            if isinstance(piece, ToolCall):
                return "bare" if piece.id.startswith(ID_PREFIX) else "marked"
            if piece.strip():
                break
    return "none"


def call_or_answer(
    ask: AskModel,
    decide: Callable[[Sequence[Message], Sequence[Tool]], Sequence[ToolCall]],
    messages: Sequence[Message],
    tools: Sequence[Tool],
) -> ReplyStream:
    """Yield the calls that a model of plain JSON decides on, or its answer."""
    if any(message.calls for message in messages):
        yield from ask(_with_results_as_text(messages, tools), ())
    elif calls := decide(messages, tools):
        yield from calls
    else:
        yield from ask(messages, ())


def parse_json_calls(pieces: ReplyStream) -> ReplyStream:
    """Yield what ``pieces`` does, with such calls as calls.

    From where one may begin, text is held back until it is known what it is: to the end.
    """
    held_back, calls = "", False
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, ToolCall):
                calls = True
                yield piece
                continue
            if not held_back:
                begin = _BEGIN.search(piece)
                if begin is None:
                    yield piece
                    continue
                if begin.start():
                    yield piece[: begin.start()]
                piece = piece[begin.start() :]
            held_back += piece
            if len(held_back) > MAX_HELD_CHARS:
                break
    found = [] if calls or len(held_back) > MAX_HELD_CHARS else list(_calls(held_back))
    if held_back and not found:
        yield held_back
    yield from found


def _calls(text: str) -> Iterable[ToolCall]:
    """Yield the calls with which ``text`` begins; what follows them was made up."""
    decoder = json.JSONDecoder()
    at = 0
    for number in range(MAX_CALLS):
        between = _BETWEEN.match(text, at)
        try:
            found, at = decoder.raw_decode(text, between.end() if between else at)
        except (ValueError, RecursionError):
            return
        match found:
            case {"name": str(name), "arguments": dict(arguments)}:
                yield ToolCall(
                    f"{ID_PREFIX}{number}", name, json.dumps(arguments, ensure_ascii=False)
                )
            case _:
                return


def _with_results_as_text(messages: Sequence[Message], tools: Sequence[Tool]) -> list[Message]:
    """Return a prompt in which the results are told after the question."""
    names = {call.id: call.name for message in messages for call in message.calls}
    known = {tool.name for tool in tools}
    kept = [message for message in messages if not message.calls and message.role != "tool"]
    question = kept.pop()
    told = TOLD["zh" if has_chinese(question.content) else "en"]
    results = [
        told.format(tool=names[message.answers], result=message.content)
        for message in messages
        if message.role == "tool" and names.get(message.answers) in known
    ]
    return [*kept, replace(question, content="\n".join([question.content, *results]))]
