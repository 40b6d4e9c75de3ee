"""Calls of tools that a model writes as plain JSON, without the marks of its chat template.

Small models do: Qwen2.5-Coder 0.5B chooses the right tool and its arguments, and forgets the marks.
Nobody wants to hear that read aloud. Told the result as its template has it, such a model calls the
tool again and again; told it in brackets before the question, and nothing of tools any more, it
answers. So it calls once for each answer.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace

from daemon.brain.completions import MOST_CALLS, Pieces
from daemon.media import Message, Tool, ToolCall

LONGEST = 4000  # characters that are held back; no call is longer
MARK = "bare-"  # with which the ids of such calls begin
_BEGIN = re.compile(r"[{\[]|```|<tool_call>")
_BETWEEN = re.compile(r"(?:[\s,\[\]]|```(?:json)?|</?tool_call>)*")


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


def retold(
    messages: Sequence[Message], tools: Sequence[Tool]
) -> tuple[Sequence[Message], Sequence[Tool]]:
    """Return a prompt and its tools for a model that called barely; any other as it is."""
    names = {call.id: call.name for message in messages for call in message.calls}
    if not any(name.startswith(MARK) for name in names):
        return messages, tools
    known = {tool.name for tool in tools}
    results = [
        f"({names[message.answers]}: {message.content})"
        for message in messages
        if message.role == "tool" and names.get(message.answers) in known
    ]
    kept = [message for message in messages if not message.calls and message.role != "tool"]
    question = kept.pop()
    told = "\n\n".join([*results, question.content])
    return [*kept, replace(question, content=told)], ()
