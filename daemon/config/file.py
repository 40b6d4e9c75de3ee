"""Settings as a file: read, written, and told what in it cannot be meant, with line and remedy."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from daemon.errors import SetupError
from daemon.i18n import tr

MAX_SHOWN_CHARS = 100  # characters of a value in a message
SECRET = frozenset({"env", "headers"})  # tables whose values no message repeats


def read(path: Path) -> tuple[dict[str, object], str]:
    """Return what a file says, and its text. Raises ``SetupError``."""
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except UnicodeDecodeError:
        raise SetupError(tr("{path} is not UTF-8 text").format(path=path)) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        reason = str(error).partition(";")[0]
        raise SetupError(
            tr("{path} is not valid TOML: {reason}").format(path=path, reason=reason)
        ) from None
    except OSError as error:
        raise SetupError(
            tr("Cannot read {path}: {reason}").format(path=path, reason=error.strerror)
        ) from None


def as_toml(tables: Mapping[str, Mapping[str, object]]) -> str:
    """Return settings, as pydantic dumps them for JSON, as the text of a settings file."""
    return "\n".join(line for name, table in tables.items() for line in _table(name, table)) + "\n"


def _table(name: str, table: Mapping[str, object]) -> Iterator[str]:
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    filled = {key: value for key, value in tables.items() if value}
    if len(tables) < len(table) or not filled:
        yield f"[{name}]"
        for key, value in table.items():
            if key not in tables:  # JSON's strings, numbers and lists are TOML's too
                yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
        yield ""
    for key, value in filled.items():
        yield from _table(f"{name}.{key}", value)


def refuse_unknown(
    changes: Mapping[str, object],
    defaults: Mapping[str, Mapping[str, object]],
    source: Path,
    text: str,
) -> None:
    """Raise ``SetupError`` for a table or a key that there is not."""
    for name, table in changes.items():
        if name not in defaults:
            raise _unknown(source, line_of(text, name, None), f"[{name}]", name, defaults)
        if not isinstance(table, dict):
            raise SetupError(
                tr("{where}: {key} must be a table: write [{key}]").format(
                    where=f"{source}:{line_of(text, name, None)}", key=name
                )
            )
        for key in table:
            if key not in defaults[name]:
                line = line_of(text, name, key)
                raise _unknown(source, line, f"{name}.{key}", key, defaults[name])


def _unknown(
    source: Path, line: int, shown: str, key: str, known: Mapping[str, object]
) -> SetupError:
    message = tr("{where}: unknown setting {key}").format(where=f"{source}:{line}", key=shown)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    fix = (
        tr("did you mean {name}?").format(name=near[0])
        if near
        else tr("known here: {names}").format(names=", ".join(known))
    )
    return SetupError(message, fix)


def explain(error: ValidationError, source: Path, text: str) -> SetupError:
    """Name the first thing that is wrong."""
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"] if isinstance(part, str)]
    *tables, key = place if len(place) > 1 else (*place, "")
    where = f"{source}:{line_of(text, '.'.join(tables), key or None)}"
    name = ".".join(filter(None, place)) if key else f"[{place[0]}]"
    unshown = isinstance(problem["input"], BaseModel | dict) or SECRET.intersection(place)
    value = "" if unshown else f" = {_shown(problem['input'])}"
    reason = problem["msg"].removeprefix("Value error, ")
    return SetupError(f"{where}: {name}{value}: {reason}", "digital-life config show")


def line_of(text: str, table: str, key: str | None) -> int:
    """Find the line that sets ``table.key`` (or opens ``table``); tomllib does not tell."""
    here, opened = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)", line):
            here = header[1]
            if here == f"{table}.{key}":
                return number
            if f"{here}.".startswith(f"{table}."):
                opened = number
        if key is None and re.match(rf"\s*{re.escape(table)}\s*[.=]", line) and not here:
            return number
        if key and here == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
        if key and not here and re.match(rf"\s*{re.escape(table)}\.{re.escape(key)}\s*=", line):
            return number
    return opened


def _shown(value: object) -> str:
    """Return a value as a message can hold it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        text = f"{value:#x}" if isinstance(value, int) else "…"
    return text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + "…"
