"""OpenAI's chat protocol, which llama.cpp in this process and servers elsewhere both speak."""

import json
import socket
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from daemon.brain.marks import broken_marks
from daemon.brain.unicode import well_formed
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import Message, Tool, ToolCall
from daemon.worker import CancelToken

MOST_CALLS = 8  # of tools, that a model may ask for at once
LONGEST_ARGUMENTS = 16_000  # characters of a call's arguments
GLANCE_S = 0.02  # how often a silent model is left to look at the token; prompts take far longer


class Waiting:
    """Mixed into a socket with a time-out of ``GLANCE_S``: its reading looks at a token.

    It ends with ``Cancelled``, or with ``TimeoutError`` when nothing comes for ``patience_s``.
    """

    cancel: CancelToken
    patience_s: float

    def recv_into(self, *args: Any) -> int:
        """Wait for bytes; called by ``http.client``."""
        deadline = time.monotonic() + self.patience_s
        while True:
            self.cancel.check()
            try:
                count: int = super().recv_into(*args)  # type: ignore[misc]  # the socket's
                return count
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise


class WaitingSocket(Waiting, socket.socket):
    """A socket whose reading can be cancelled."""


def plain(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages as the protocol has them."""
    return [_plain(message) for message in messages]


def _plain(message: Message) -> dict[str, Any]:
    content = well_formed(message.content)
    if message.role != "system":  # the persona is the user's own, and may have what it likes
        content = broken_marks(content)
    fields: dict[str, Any] = {"role": message.role, "content": content}
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


def offered(tools: Sequence[Tool]) -> dict[str, Any]:
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


Pieces = Generator[str | ToolCall, None, None]


def words(pieces: Pieces) -> Iterator[str]:
    """Leave the calls out."""
    with closing(pieces):
        yield from (piece for piece in pieces if isinstance(piece, str))


def pieces(lines: Iterable[bytes], cancel: CancelToken) -> Pieces:
    """Yield the text of a stream of events, then the calls of tools that it asks for.

    Raises ``StageError`` if it breaks off or tells of one, ``Cancelled`` once ``cancel`` is set.
    """
    finished = begun = False
    calls = _Calls()
    for line in lines:
        cancel.check()
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            finished = True
            break
        choice = _choice(data)
        finished = finished or choice.get("finish_reason") is not None
        delta = choice.get("delta") or {}
        calls.feed(delta.get("tool_calls") or ())
        text = str(delta.get("content") or "")
        if not begun:
            text = text.lstrip()  # the answers of a GLM begin on a new line
        if text:
            begun = True
            yield text
    if not finished:
        raise failure(tr("it broke off in the middle of the answer"))
    yield from calls.whole()


class _Calls:
    """Puts calls together that come in pieces."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def feed(self, deltas: Sequence[dict[str, Any]]) -> None:
        """Add what one event brings of them; raises ``StageError`` for what is none."""
        try:
            for delta in deltas:
                self._add(delta)
        except (TypeError, AttributeError) as error:
            raise failure(tr("it sent what is not a chat")) from error

    def _add(self, delta: dict[str, Any]) -> None:
        index = delta.get("index", len(self._calls))  # some servers send each whole, unnumbered
        if index not in self._calls and len(self._calls) >= MOST_CALLS:
            return
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        call["id"] += delta.get("id") or ""
        function = delta.get("function") or {}
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""
        if len(call["arguments"]) > LONGEST_ARGUMENTS:
            raise failure(tr("it asked for a tool with far too much"))

    def whole(self) -> Iterator[ToolCall]:
        """Yield them in their order."""
        for index, call in self._calls.items():
            name = call["name"]
            if name:
                yield ToolCall(call["id"] or f"call-{index}", name, call["arguments"])


def _choice(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
        if "error" in event:
            raise failure(tr("it tells of an error"), message(data))
        choices = event.get("choices") or [{}]
        choice: dict[str, Any] = choices[0]
        choice.get("delta")
        return choice
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise failure(tr("it sent what is not a chat")) from error


def message(body: bytes) -> str:
    """Return the reason that a refusal gives."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]


def failure(reason: str, said: str = "") -> StageError:
    """Say that the language model failed; ``said`` is its own text, which may repeat a prompt."""
    told = tr("The language model failed: {reason}").format(reason=reason)
    return StageError("brain", told, said=said)
