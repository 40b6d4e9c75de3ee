"""Reads the times of exports. Only differences are needed, so time zones do not matter."""

import re
from datetime import UTC, datetime

_STAMP = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?: ([AP])M)?.*",
    re.DOTALL,
)


def seconds(text: str) -> float | None:
    """Return the seconds of ``2023-03-01 8:04:05 PM`` and the like or a Unix time, else None."""
    text = text.strip()
    if re.fullmatch(r"\d{10}(?:\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d{13}", text):
        return int(text) / 1000
    if not (found := _STAMP.fullmatch(text)):
        return None
    year, month, day, hour, minute = map(int, found.groups()[:5])
    return moment(year, month, day, hour, minute, int(found[6] or 0), found[7] or "")


def moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, half: str
) -> float | None:
    """Return the seconds of a date and time; ``half`` is A or P on a clock of 12 hours, else ""."""
    if half:
        hour = hour % 12 + (12 if half == "P" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
