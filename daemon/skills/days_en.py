"""Days in English words: rules for ``times_en``, each a pattern and what makes a time of it."""

import functools
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from daemon.skills.intents import Reason
from daemon.skills.normal import SPAN_MARK, WHEN_MARK, Marked
from daemon.skills.numbers import (
    ENGLISH_ORDINAL,
    ENGLISH_SMALL,
    english_number,
    english_ordinal,
)
from daemon.skills.special_days import next_special_day, special_days
from daemon.skills.when import EVERY_DAY, WEEKDAYS, WEEKEND, Part, When

Rules = list[tuple[str, Callable[..., When | None]]]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_PARTS: dict[str, Part] = {
    "morning": "morning", "noon": "noon", "lunchtime": "noon", "afternoon": "afternoon",
    "evening": "evening", "night": "night",
}  # fmt: skip
_DAY = rf"(?:{'|'.join(_WEEKDAYS)}|mon|tues?|wed|thurs?|fri)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
_PART = rf"(?:{'|'.join(_PARTS)})"
_ON = r"(?:(?:on|by|for) )?"
_NUMBER = rf"(?P<day>{ENGLISH_ORDINAL}|\d{{1,2}}(?![:.]))"
_YEAR = rf"(?: (?P<year>\d{{4}}|(?:nineteen|twenty) {ENGLISH_SMALL}))?"
_NO_LENGTH = r"(?! (?:minutes?|hours?|seconds?|mins?|days?|weeks?)\b)"


def _weekday(word: str) -> int | None:
    return next((n for n, name in enumerate(_WEEKDAYS) if name[:3] == word[:3]), None)


def _date(match: re.Match[str], _: Marked, today: date) -> When:
    """Of "the 31st of February", "March 3 2027"."""
    said, year = match["day"], match["year"]
    number = int(said) if said.isdigit() else english_ordinal(said)
    month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(match["month"][:3]))
    if not 1 <= number <= monthrange(2024, month)[1]:
        return When(wrong=Reason.NO_SUCH_DATE)
    if year is None:
        return yearly(month, number, today)
    if not year.isdigit():  # "twenty twenty seven"
        century, _sep, rest = year.partition(" ")
        year = str(int(english_number(century) * 100 + english_number(rest)))
    return exact(int(year), month, number)


def exact(year: int, month: int, number: int) -> When:
    """Return a day of a year, if there is such."""
    try:
        return When(day=date(year, month, number))
    except ValueError:
        return When(wrong=Reason.NO_SUCH_DATE)


def yearly(month: int, number: int, today: date) -> When:
    """Return the next such day; 29 February is not in each year."""
    for year in range(today.year, today.year + 9):
        try:
            day = date(year, month, number)
        except ValueError:
            continue
        if day >= today:
            return When(day=day, rolls="" if (month, number) == (2, 29) else "year")
    return When(wrong=Reason.NO_SUCH_DATE)


def of_month(number: int, months: int | None, today: date) -> When | None:
    """Return a day of the month ``months`` from now; of the next that has it, if ``None``."""
    first = month_later(today, months or 0)
    if months is None and 1 <= number <= 31:
        for later in range(3):
            first = month_later(today, later)
            if number <= monthrange(first.year, first.month)[1]:
                day = first.replace(day=number)
                if day >= today:
                    return When(day=day, rolls="month")
    if not 1 <= number <= monthrange(first.year, first.month)[1]:
        return When(wrong=Reason.NO_SUCH_DATE)
    return When(day=first.replace(day=number))


def month_later(day: date, months: int) -> date:
    """Return the first of another month."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _of_month(match: re.Match[str], _: Marked, today: date) -> When | None:
    which = {"next": 1, "last": -1, "this": 0, "the": 0, None: None}[match["which"]]
    return of_month(english_ordinal(match["day"]), which, today)


def _repeat(match: re.Match[str], *_: object) -> When:
    words = [word.rstrip("s") for word in match[0].split()]
    part = next((_PARTS[word] for word in words if word in _PARTS), None)
    days = tuple(sorted({n for word in words if (n := _weekday(word)) is not None}))
    if "weekday" in words or "working" in words or "through" in words or "to" in words:
        return When(repeat=WEEKDAYS, part=part)
    if "weekend" in words:
        return When(repeat=WEEKEND, part=part)
    return When(repeat=days or EVERY_DAY, part=part)


def _never_again(*_: object) -> When:
    return When(wrong=Reason.NOT_REPEATABLE)


def _near(ahead: int, part: Part | None, _: object, __: object, today: date) -> When:
    return When(day=today + timedelta(days=ahead), part=part)


def _week_day(match: re.Match[str], _: Marked, today: date) -> When | None:
    number = _weekday(match["day"])
    if number is None:
        return None
    coming = today + timedelta(days=(number - today.weekday()) % 7)
    match match["which"]:
        case "next":
            return When(day=today + timedelta(days=7 + number - today.weekday()))
        case "last" | "this past":
            return When(day=today - timedelta(days=(today.weekday() - number - 1) % 7 + 1))
    if match["later"]:
        return When(day=coming + timedelta(days=7))
    return When(day=coming, rolls="week")


def _next(match: re.Match[str], _: Marked, today: date) -> When:
    monday, later = today - timedelta(days=today.weekday()), 7 * match[0].count("next")
    match match["unit"]:
        case "week":
            return When(day=monday + timedelta(days=7))
        case "weekend":
            saturday = monday + timedelta(days=5 + later)
            return When(day=max(saturday, today))
        case "year":
            return When(day=date(today.year + 1, 1, 1))
    return When(day=month_later(today, 1))


def _end(match: re.Match[str], _: Marked, today: date) -> When:
    match match["unit"]:
        case "year":
            return When(day=date(today.year, 12, 31))
        case "month":
            return When(day=month_later(today, 1) - timedelta(days=1))
    return When(day=today + timedelta(days=6 - today.weekday()))


def _special(match: re.Match[str], _: Marked, today: date) -> When | None:
    found = next_special_day(match["name"], today)
    return None if found is None else When(day=found[1], called=found[0])


def _part(match: re.Match[str], _: Marked, today: date) -> When:
    words = match[0].split()
    part = _PARTS[words[-1].removesuffix("s")]
    return When(day=today if "this" in words else None, part=part)


def _from(match: re.Match[str], marked: Marked, _: date) -> When | None:
    """Of "a week from tomorrow"."""
    span, start = marked.spans(match[0])[0], marked.whens(match[0])[0].day
    if start is None or not span.days or span.months:
        return None
    return When(day=start + timedelta(seconds=span.seconds))


_SPECIAL = "|".join(sorted(filter(str.isascii, special_days()), key=len, reverse=True))
_SOME_DAYS = rf"{_DAY}s?(?:(?: and| or|) {_DAY}s?)*"

DATES: Rules = [
    (rf"{_ON}(?:the )?{_NUMBER} (?:of )?{_MONTH}{_YEAR}", _date),
    (rf"{_ON}{_MONTH} (?:the )?{_NUMBER}{_NO_LENGTH}{_YEAR}", _date),
    (rf"{_ON}the (?P<day>{ENGLISH_ORDINAL}) (?:day )?of (?P<which>next|last|this|the) month",
     _of_month),
]  # fmt: skip
_ENTRY = r" (?:(?!and )[^ ]+ )?(?:alarm|reminder)s?(?![^ ])"  # "Tuesday's alarm" is one
REPEATS: Rules = [
    (r"(?:every|each) (?:other|second|third|few|hour|month|year|week|fortnight)(?![^ ]).*"
     rf"|(?:every|each) {SPAN_MARK}.*|hourly|weekly|monthly|yearly|annually", _never_again),
    (rf"(?:on |at )?(?:(?:every|each)(?: single)? "
     rf"(?:weekday|working day|weekend|{_PART}|{_SOME_DAYS}|day)"
     rf"|daily|everyday|weekdays|(?:the )?weekends|week(?:day|end)(?= alarm)"
     rf"|(?:{_DAY}s)(?!{_ENTRY})(?:(?: and|) {_DAY}s)*"
     r"|(?:from )?monday (?:to|through) friday|all working days)"
     rf"(?: (?:in the |at )?{_PART}s?)?(?: of the week)?", _repeat),
]  # fmt: skip
DAYS: Rules = [
    (rf"{_ON}(?:later )?todays?", functools.partial(_near, 0, None)),
    (rf"{_ON}(?:later )?tonight", functools.partial(_near, 0, "night")),
    (rf"{_ON}(?:the )?day after tomorrow", functools.partial(_near, 2, None)),
    (rf"{_ON}tomorrows?", functools.partial(_near, 1, None)),
    (r"the day before yesterday", functools.partial(_near, -2, None)),
    (r"yesterday", functools.partial(_near, -1, None)),
    (r"last night", functools.partial(_near, -1, "night")),
    (rf"{_ON}(?:the )?(?:(?P<which>this past|this coming|this|next|last|coming) )?(?P<day>{_DAY})"
     rf"(?:s(?={_ENTRY}))?(?P<later> week)?",
     _week_day),
    (rf"{_ON}(?:early )?next (?P<unit>week|month|year)", _next),
    (rf"{_ON}(?:(?:at|over|during) )?(?:the|this|next) (?P<unit>weekend)", _next),
    (rf"{_ON}(?:at )?the (?:end|last day|last) of (?:the|this) (?P<unit>month|year|week)", _end),
    (rf"{_ON}the (?P<day>{ENGLISH_ORDINAL})(?P<which>(?!))?", _of_month),
    (rf"(?:(?:on|by|for|at) )?(?P<name>{_SPECIAL})", _special),
    (rf"{SPAN_MARK} (?:from|after|on) {WHEN_MARK}", _from),
    (rf"(?:(?:first thing )?in the|during the|later this|this|at) {_PART}", _part),
    (rf"(?<={WHEN_MARK} ){_PART}s?", _part),
]  # fmt: skip
