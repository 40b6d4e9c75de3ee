"""Reads the values of a JSON text one at a time, however they stand in it.

A list, one value a line, values one behind another that are broken over lines, with or without
commas between them: whatever people call "a JSON file" of examples. Only one value is held at a
time, and every character is looked at once.
"""

import json
import re
from collections.abc import Callable, Iterator

from daemon.errors import InputError
from daemon.i18n import tr

MAX_VALUE_CHARS = 1_000_000  # characters of one value of many; a novel has less
MAX_NUMBER_DIGITS = 40  # digits; a longer one stays text, int() would refuse it or take its time
_BETWEEN = re.compile(r"[\s,]*+")
_LIST = re.compile(r"\[\s*+[\[{\]]")


def is_json(text: str) -> bool:
    """Whether a text, without blanks before it, begins like JSON objects or a list of them."""
    return text.startswith("{") or bool(_LIST.match(text))


def decoder(hook: Callable[[dict[str, object]], object] | None = None) -> json.JSONDecoder:
    """Return a decoder to which no number is too long, and to which NaN is nothing."""
    return json.JSONDecoder(
        object_hook=hook,
        parse_int=lambda digits: int(digits) if len(digits) <= MAX_NUMBER_DIGITS else digits,
        parse_constant=lambda _name: None,
    )


def values(text: str) -> Iterator[tuple[int, object]]:
    """Yield each value with the number of the line in which it begins.

    Raises ``InputError`` with that number for what is no JSON, is nested too deeply, or is too
    long.
    """
    read = decoder().raw_decode
    position, line = _skip(text, 0), 1
    counted, inside = 0, False
    if _LIST.match(text, position):
        position, inside = _skip(text, position + 1), True
    while position < len(text):
        if inside and text[position] == "]":
            position, inside = _skip(text, position + 1), False
            continue
        line += text.count("\n", counted, position)
        counted = position
        value, end = decode(read, text, position, line)
        if end - position > MAX_VALUE_CHARS:
            raise InputError(
                tr("What begins in line {line} is longer than {limit} characters.").format(
                    line=line, limit=MAX_VALUE_CHARS
                )
            )
        yield line, value
        position = _skip(text, end)
    if inside:
        raise InputError(tr("The list has no end: the file is cut off."))


def decode(
    read: Callable[[str, int], tuple[object, int]], text: str, position: int, line: int
) -> tuple[object, int]:
    """Return the value at ``position``, which is in ``line``, and where it ends.

    Raises ``InputError`` where there is none.
    """
    try:
        return read(text, position)
    except RecursionError:
        reason = tr("it is nested too deeply")
    except json.JSONDecodeError as error:
        line += text[position : error.pos].rstrip().count("\n")
        reason = error.msg
    raise InputError(
        tr("Line {line} cannot be read: {reason}").format(line=line, reason=reason)
    ) from None


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    assert found is not None
    return found.end()
