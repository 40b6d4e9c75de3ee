"""OpenAI's chat protocol, which llama.cpp in this process and servers elsewhere both speak."""

import base64
import json
from codecs import BOM_UTF8
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import IncompleteRead
from typing import Any

from daemon.brain.special_tokens import break_special_tokens
from daemon.brain.unicode import well_formed
from daemon.brain.wire import TooMuchData
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import JsonObject, Message, Picture, Tool, ToolCall
from daemon.worker import CancelToken

MAX_CALLS = 8  # of tools, that a model may ask for at once
MAX_ARGUMENTS_CHARS = 16_000  # characters of a call's arguments
MAX_REASON_CHARS = 200  # characters of what a server says went wrong


def to_openai_messages(
    messages: Sequence[Message], pictures: bool = False
) -> list[dict[str, object]]:
    """Return the messages as the protocol has them, with the pictures in them if so asked.

    A tool's message holds words only. So its pictures come in a message of the user's, after the
    last result: the results of an assistant's calls must follow it at once.
    """
    told: list[dict[str, object]] = []
    seen: list[dict[str, object]] = []
    for message in messages:
        if seen and message.role != "tool":
            told.append({"role": "user", "content": seen})
            seen = []
        told.append(_to_openai_message(message))
        if pictures:
            seen = seen + [_to_openai_picture(picture) for picture in message.pictures]
    return [*told, {"role": "user", "content": seen}] if seen else told


def _to_openai_picture(picture: Picture) -> dict[str, object]:
    content = base64.b64encode(picture.content).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{picture.kind};base64,{content}"}}


def _to_openai_message(message: Message) -> dict[str, object]:
    content = well_formed(message.content)
    if message.role != "system":  # the persona is the user's own, and may have what it likes
        content = break_special_tokens(content)
    fields: dict[str, object] = {"role": message.role, "content": content}
    if message.calls:
        fields["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    if message.answers:
        fields["tool_call_id"] = message.answers
    return fields


def to_openai_tools(tools: Sequence[Tool]) -> dict[str, object]:
    """Return what a request says of the tools that may be called; nothing if there are none."""
    if not tools:
        return {}
    described = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools
    ]
    return {"tools": described, "tool_choice": "auto"}


ReplyStream = Generator[str | ToolCall, None, None]


def text_only(pieces: ReplyStream) -> Iterator[str]:
    """Leave the calls out."""
    with closing(pieces):
        yield from (piece for piece in pieces if isinstance(piece, str))


@dataclass(slots=True)
class AnswerMeta:
    """What is noticed of an answer beside its words."""

    finish: str = ""
    """Why it ended, as the server says: ``stop``, ``length``, ``content_filter``, …"""
    separate_reasoning: bool = False
    """Whether thoughts came in a field of their own, and so are not among the words."""


def parse_sse(
    lines: Iterable[bytes], cancel: CancelToken, meta: AnswerMeta | None = None
) -> ReplyStream:
    """Yield the text of a stream of events, then the calls of tools that it asks for.

    Raises ``StageError`` if it breaks off or tells of one, ``Cancelled`` once ``cancel`` is set.
    """
    meta = meta or AnswerMeta()
    finished = events = False
    calls = _Calls()
    for line in lines:
        cancel.check()
        if not events:
            line = line.removeprefix(BOM_UTF8)
        if not line.startswith(b"data:"):
            continue
        events = True
        data = line[5:].strip()
        if data == b"[DONE]":
            finished = True
            break
        choice = _choice(parse(data))
        if reason := choice.get("finish_reason"):
            finished, meta.finish = True, str(reason)
        elif reason is not None:  # some end with ""
            finished = True
        yield from _delta(choice, calls, meta)
    if not events:
        raise failure(tr("it sent what is not a chat"))
    if not finished:
        raise failure(tr("it broke off in the middle of the answer"))
    yield from calls.whole()


def whole_answer(body: bytes, meta: AnswerMeta) -> ReplyStream:
    """Yield likewise of an answer that comes as one object, not as a stream."""
    choice = _choice(parse(body))
    if not choice:
        raise failure(tr("it sent what is not a chat"))
    meta.finish = str(choice.get("finish_reason") or "")
    calls = _Calls()
    yield from _delta(choice, calls, meta)
    yield from calls.whole()


def _delta(choice: dict[str, object], calls: "_Calls", meta: AnswerMeta) -> Iterator[str]:
    delta = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
    if not isinstance(delta, dict):
        raise failure(tr("it sent what is not a chat"))
    calls.feed(delta.get("tool_calls") or ())
    if any(delta.get(field) for field in ("reasoning_content", "reasoning", "thinking")):
        meta.separate_reasoning = True
    if text := _text(delta.get("content"), meta) or _text(delta.get("refusal"), meta):
        yield text


def _text(content: object, meta: AnswerMeta) -> str:
    """Return the words of a content: a text, or a list of parts, of which some are thoughts."""
    match content:
        case str():
            return content
        case list():
            return "".join(_text(part, meta) for part in content)
        case {"type": "thinking" | "reasoning" | "redacted_thinking"}:
            meta.separate_reasoning = True
        case {"text": str(text)} | {"text": {"value": str(text)}}:
            return text
    return ""


class _Calls:
    """Puts calls together that come in pieces."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def feed(self, deltas: Sequence[JsonObject]) -> None:
        """Add what one event brings of them; raises ``StageError`` for what is none."""
        try:
            for delta in deltas:
                self._add(delta)
        except (TypeError, AttributeError) as error:
            raise failure(tr("it sent what is not a chat")) from error

    def _add(self, delta: JsonObject) -> None:
        index = delta.get("index")  # some servers send each whole, unnumbered
        if index is None:
            index = len(self._calls)
        if index not in self._calls and len(self._calls) >= MAX_CALLS:
            return
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        call["id"] += delta.get("id") or ""
        function = delta.get("function") or {}
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""
        if sum(map(len, call.values())) > MAX_ARGUMENTS_CHARS:
            raise failure(tr("it asked for a tool with far too much"))

    def whole(self) -> Iterator[ToolCall]:
        """Yield them in their order."""
        for index, call in self._calls.items():
            name = well_formed(call["name"])
            if name:
                arguments = well_formed(call["arguments"])
                yield ToolCall(well_formed(call["id"]) or f"call-{index}", name, arguments)


def parse(data: bytes) -> Any:
    """Read JSON; raises ``StageError`` for what is none, or is nested beyond reason."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise failure(tr("it sent what is not a chat")) from error


def _choice(event: object) -> dict[str, object]:
    """Return the first choice of an event, {} if there is none in it."""
    if not isinstance(event, dict):
        raise failure(tr("it sent what is not a chat"))
    choices = event.get("choices")
    if reason := _reason(event, bool(choices)):
        raise failure(tr("it tells of an error"), reason)
    if not choices:
        return {}
    if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
        raise failure(tr("it sent what is not a chat"))
    found: dict[str, object] = next((one for one in choices if not one.get("index")), {})
    return found


def _reason(told: dict[str, object], answered: bool = False) -> str:
    """Return what an object says went wrong; "" if it says nothing of the kind.

    ``error`` may be there and be nothing; and each kind of server has a form of its own.
    """
    error = told.get("error")
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, dict) and error:
        error = error.get("message") or error.get("code") or json.dumps(error)[:MAX_REASON_CHARS]
    error = error or told.get("error_message")
    if not error and not answered:
        error = told.get("message") or told.get("detail") or told.get("error_msg")
    if isinstance(error, list | dict):
        error = json.dumps(error, ensure_ascii=False)
    return " ".join(well_formed(str(error)).split())[:MAX_REASON_CHARS] if error else ""


def error_message(body: bytes) -> str:
    """Return the reason that a refusal gives."""
    try:
        told = json.loads(body)
        told = told[0] if isinstance(told, list) and told else told
        if isinstance(told, dict) and (reason := _reason(told)):
            return reason
    except (ValueError, RecursionError):
        pass
    text = body.decode(errors="replace")
    if "<html" in text[:500].lower() or "<!doctype" in text[:500].lower():
        return "HTML"
    return " ".join(well_formed(text).split())[:MAX_REASON_CHARS]


def explain_unreadable(error: Exception) -> StageError:
    """Explain an answer that came, and that nobody can read: too long, too deep or cut off."""
    if isinstance(error, TooMuchData):
        return failure(tr("it sends without end"))
    if isinstance(error, IncompleteRead):
        return failure(tr("it broke off in the middle of the answer"))
    return failure(tr("it sent what is not a chat"), str(error))


def failure(reason: str, said: str = "", fix: str = "") -> StageError:
    """Say that the language model failed; ``said`` is its own text, which may repeat a prompt."""
    told = tr("The language model failed: {reason}").format(reason=reason)
    return StageError("brain", told, fix, said)
