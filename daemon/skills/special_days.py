"""Days that are called by a name: feasts of both calendars."""

import functools
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from importlib import resources

_RESOURCE = resources.files("daemon.skills").joinpath("sentences/days.toml")


@functools.cache
def special_days() -> dict[str, tuple[str, Callable[[int], date]]]:
    """Return by name how it is spelled, and what tells the day in a year.

    The names are in small letters, without punctuation.
    """
    table = tomllib.loads(_RESOURCE.read_text(encoding="utf-8"))
    return {
        name.lower().replace("'", "").replace("-", " "): (
            name,
            functools.partial(_KINDS[kind], *map(int, key.lstrip("-").split("-")))
            if kind in ("fixed", "lunar", "nth")
            else functools.partial(_KINDS[kind], int(key)),
        )
        for kind, days in table.items()
        for key, names in days.items()
        for name in names
    }


def next_special_day(name: str, today: date) -> tuple[str, date] | None:
    """Return how it is spelled and when it is, today or later; ``None`` if that is not known."""
    spelled, day_in = special_days()[name]
    try:
        days = (day_in(today.year + later) for later in (-1, 0, 1))
        return next(((spelled, day) for day in days if day >= today), None)
    except (ValueError, OverflowError):  # the Chinese calendar is known for two centuries
        return None


def _fixed(month: int, day: int, year: int) -> date:
    return date(year, month, day)


def _nth(month: int, weekday: int, which: int, year: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def _lunar(month: int, day: int, year: int) -> date:
    from lunardate import LunarDate  # only who asks for such a day waits for its tables

    found: date = LunarDate(year, month, day).to_solar_date()
    return found


def _lunar_eve(offset: int, year: int) -> date:
    return _lunar(1, 1, year) + timedelta(days=offset)


def _after_easter(offset: int, year: int) -> date:
    """Return a day by its distance from Easter Sunday (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    correction = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1) + timedelta(days=offset)


_KINDS: dict[str, Callable[..., date]] = {
    "fixed": _fixed,
    "lunar": _lunar,
    "lunar_eve": _lunar_eve,
    "nth": _nth,
    "easter": _after_easter,
}
