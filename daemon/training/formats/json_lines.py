"""JSON lines: the form in which chats are kept here, and that of the original.

Each line is ``{"prompt": …, "response": …, "history": [[question, answer], …]}``; other files may
call the columns otherwise.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.errors import InputError
from daemon.files import whole_file
from daemon.i18n import tr
from daemon.training.chats import Exchange, Turn, plain

PRIVATE = 0o600  # chats are nobody else's business


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are called."""

    prompt: str = "prompt"
    response: str = "response"
    history: str = "history"


def is_json_lines(head: str) -> bool:
    """Whether a file that begins with ``head`` has an object in its first line."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    return first.lstrip().startswith("{") and len(first.strip()) > 1


def read_json_lines(lines: Iterator[str], columns: Columns) -> Iterator[Exchange]:
    """Yield the exchanges; lines without a question or an answer are left out.

    Raises ``InputError`` with the number of a line that is built otherwise.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            exchange = _exchange(json.loads(line), columns)
        except (ValueError, InputError) as error:
            raise InputError(
                tr("Line {line} cannot be read: {reason}").format(line=number, reason=error),
                getattr(error, "fix", ""),
            ) from None
        if exchange.prompt and exchange.response:
            yield exchange


def _exchange(value: Any, columns: Columns) -> Exchange:
    if not isinstance(value, dict):
        raise ValueError(tr("it holds no object"))
    for option, name in (("prompt", columns.prompt), ("response", columns.response)):
        if name not in value:
            known = ", ".join(map(str, value))
            raise InputError(
                tr("there is no column {name}, only {known}").format(name=name, known=known),
                f"--{option}-column NAME",
            )
    history = value.get(columns.history) or []
    if not isinstance(history, list):
        raise ValueError(tr("the history must be a list of pairs"))
    return Exchange(
        _text(value[columns.prompt]),
        _text(value[columns.response]),
        tuple(_turn(turn) for turn in history),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str | None):
        raise ValueError(tr("questions and answers must be text"))
    return plain(value or "")


def _turn(value: Any) -> Turn:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(tr("the history must be a list of pairs"))
    return _text(value[0]), _text(value[1])


def write_json_lines(path: Path, exchanges: Iterable[Exchange]) -> int:
    """Write the exchanges, whole or not at all, for the user's eyes only; return how many."""
    count = 0
    with whole_file(path, private=True) as part, part.open("w", encoding="utf-8") as file:
        for exchange in exchanges:
            file.write(_line(exchange))
            count += 1
    return count


def _line(exchange: Exchange) -> str:
    value = {
        "prompt": exchange.prompt,
        "response": exchange.response,
        "history": [list(turn) for turn in exchange.history],
    }
    return json.dumps(value, ensure_ascii=False) + "\n"
