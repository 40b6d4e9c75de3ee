"""OpenAI's chat protocol, which llama.cpp in this process and servers elsewhere both speak."""

import json
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import Message
from daemon.worker import CancelToken

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


def plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return the messages as the protocol has them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def pieces(lines: Iterable[bytes], cancel: CancelToken) -> Iterator[str]:
    """Yield the text of a stream of events; raises ``StageError`` if it breaks off or tells of one.

    Raises ``Cancelled`` once ``cancel`` is set.
    """
    finished = begun = False
    for line in lines:
        cancel.check()
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        choice = _choice(data)
        finished = finished or choice.get("finish_reason") is not None
        text = str((choice.get("delta") or {}).get("content") or "")
        if not begun:
            text = text.lstrip()  # the answers of a GLM begin on a new line
        if text:
            begun = True
            yield text
    if not finished:
        raise failure(tr("it broke off in the middle of the answer"))


def _choice(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
        if "error" in event:
            raise failure(message(data))
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


def failure(reason: str) -> StageError:
    """Say that the language model failed."""
    return StageError("brain", tr("The language model failed: {reason}").format(reason=reason))
