"""The control protocol, version 1: a request per line, a reply per line, JSON in UTF-8.

::

    → {"v": 1, "do": "say", "text": "Tea is ready."}
    ← {"v": 1, "ok": true, "text": "Tea is ready.", "whole": true}
    ← {"v": 1, "ok": false, "error": {"message": "…", "fix": "…", "code": 2}}

``events`` is answered with ``ok`` and then with a line per event, until the client hangs up::

    ← {"v": 1, "event": "state", "at": 81.25, "state": "speaking", "turn": 3}

Version 1 may gain requests, events and fields; what is there keeps its meaning. Pure; the server is
``control.py``, the client ``client.py``.
"""

import json
import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from daemon.errors import DigitalLifeError, InputError
from daemon.events import Event
from daemon.i18n import tr

VERSION = 1
LONGEST_LINE = 64 * 1024  # bytes; ``say`` with its longest text, all of it escaped, has 30,000
LONGEST_TEXT = 5000  # characters: ten minutes of speech

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Limit = Annotated[int, Field(ge=1, le=500)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]  # of a conversation or fact, as SQLite has it
Name = Annotated[str, StringConstraints(max_length=200)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    v: Literal[1]


class Look(_Request):
    """``status``: a table; ``metrics``: text for Prometheus; ``events``: see above.

    ``personas``: who can answer.
    """

    do: Literal["status", "metrics", "events", "personas"]


class Switch(_Request):
    """Switch the microphone or the camera."""

    do: Literal["mute", "unmute"]
    what: Literal["microphone", "camera"] = "microphone"


class Say(_Request):
    """Say a text, or answer a question; the reply comes when it has been heard."""

    do: Literal["say", "ask"]
    text: Text


class Order(_Request):
    """``stop-talking``: fall silent; ``reload``: read the settings again.

    ``new-conversation``: forget what was said; ``restart``: load everything anew, with the settings
    that wait for that; ``panel``: serve the page and return a link to it.
    """

    do: Literal["stop-talking", "reload", "new-conversation", "restart", "panel"]


class Choose(_Request):
    """Show another face, or speak with another voice, until the next start.

    A voice is one of ``voices list``, the plain one ("") or another model for it in ``language``.
    """

    do: Literal["face", "voice"]
    name: Name
    language: Literal["en", "zh"] = "en"


class Talk(_Request):
    """The push-to-talk key was pressed (``on``) or let go."""

    do: Literal["talk"]
    on: bool


class Recollect(_Request):
    """``memory-list``: the newest conversations, or those before ``before``, and all facts."""

    do: Literal["memory-list"]
    limit: Limit = 20
    before: Number | None = None


class Search(_Request):
    """``memory-search``: the newest turns with all words of ``text``."""

    do: Literal["memory-search"]
    text: Text
    limit: Limit = 20


class Show(_Request):
    """``memory-show``: the turns of a conversation."""

    do: Literal["memory-show"]
    conversation: Number


class Forget(_Request):
    """``memory-forget``: one conversation, one fact, or everything; exactly one of the three."""

    do: Literal["memory-forget"]
    conversation: Number | None = None
    fact: Number | None = None
    everything: bool = False

    @model_validator(mode="after")
    def _one(self) -> "Forget":
        if (self.conversation is not None) + (self.fact is not None) + self.everything != 1:
            raise ValueError("one of conversation, fact and everything")
        return self


class Appear(_Request):
    """``persona``: answer as another, until the next start."""

    do: Literal["persona"]
    name: Name


Request = Look | Switch | Say | Order | Choose | Talk | Recollect | Search | Show | Forget | Appear
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


def parse(line: bytes) -> Request:
    """Read a request; ``InputError`` says what is wrong with it."""
    try:
        return _REQUEST.validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        reason = f"{where}: {problem['msg']}" if where else str(problem["msg"])
        raise InputError(
            tr("The request is not understood: {reason}").format(reason=reason)
        ) from None


def encode(**fields: Any) -> bytes:
    """Return a line."""
    return (
        json.dumps({"v": VERSION, **fields}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    )


def event_line(event: Event) -> bytes:
    """Return the line that tells of an event."""
    return encode(event=event.wire_name, at=round(event.at, 3), **event.as_fields())


def refusal(error: DigitalLifeError) -> bytes:
    """Return the line that tells of an error."""
    problem = {"message": str(error), "fix": error.fix, "code": error.exit_code}
    return encode(ok=False, error=problem)


def socket_path() -> Path | None:
    """Return where the socket belongs: in the user's runtime folder; ``None`` if there is none.

    A folder that others may enter is refused: it would not be the one that the system made.
    """
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    try:
        found = folder.stat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder / "digital-life.sock" if private and not found.st_mode & 0o022 else None
