"""Finds times, days and lengths of time in English words, and puts marks in their place.

Each rule rewrites what the rules before it have left: "ten minutes" becomes a mark, and "in"
before that mark makes another of both. Words stand between single spaces.
"""

import functools
import re
from collections.abc import Callable
from datetime import date, time

from daemon.skills import days_en
from daemon.skills.intents import Reason
from daemon.skills.normal import SPAN_MARK, Marked
from daemon.skills.numbers import ENGLISH_NUMBER, ENGLISH_SMALL, english_number
from daemon.skills.when import Span, When

_UNITS = {
    "sec": 1, "secs": 1, "second": 1, "seconds": 1, "s": 1,
    "min": 60, "mins": 60, "minute": 60, "minutes": 60, "m": 60,
    "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "h": 3600,
    "day": 86400, "days": 86400, "night": 86400, "nights": 86400,
    "week": 604800, "weeks": 604800, "fortnight": 1209600, "fortnights": 1209600,
}  # fmt: skip
_MONTHS_IN = {
    "month": 1, "months": 1, "year": 12, "years": 12, "decade": 120, "decades": 120,
    "century": 1200, "centuries": 1200,
}  # fmt: skip
_PART_OF = {
    "half an": 0.5, "half a": 0.5, "a half": 0.5, "half": 0.5, "quarter of an": 0.25,
    "a quarter of an": 0.25, "a quarter": 0.25, "quarter": 0.25, "three quarters of an": 0.75,
    "a couple of": 2, "a couple": 2, "a few": 3, "a": 1, "an": 1,
}  # fmt: skip

_UNIT = "|".join(unit for unit in (*_UNITS, *_MONTHS_IN) if len(unit) > 1)
_AMOUNT = rf"{ENGLISH_NUMBER}|{'|'.join(sorted(_PART_OF, key=len, reverse=True))}"
_LENGTH = (
    rf"(?P<minus>minus |negative )?(?:(?P<amount>{_AMOUNT})(?P<half> and a half| and a quarter)? ?"
    rf"(?P<more>more |extra |additional )?(?P<unit>{_UNIT})(?P<later> and a half| and a quarter)?"
    r"|(?P<figure>\d+) ?(?P<letter>[hms]))"
)
_HOUR = rf"\d{{1,2}}(?![\d%])|{ENGLISH_SMALL}"
_HALF = r"(?: ?(?P<half>[ap] ?m)\b)"
_CLOCK = (
    rf"(?P<hour>{_HOUR})(?:[:. ](?P<minute>\d\d)(?![\d.])| (?P<words>oh? (?:{ENGLISH_SMALL})|"
    rf"{ENGLISH_SMALL}))?"
)
_BEFORE = r"(?:(?:at|by|around|about|till|until|before|for|from) (?:about |around |exactly )?)?"
_NAMED = {"noon": 12, "midday": 12, "midnight": 0, "lunchtime": 12}
_TO = ("to", "till", "til", "before", "of")
_NO_TIME = r"(?! (?:percent|degrees|minutes?|hours?|seconds?|days?|times|people|of)\b)"


def mark_times(marked: Marked, today: date) -> None:
    """Replace lengths of time by marks for ``Span``, and times and days by marks for ``When``."""
    for pattern, make in _rules():
        marked.rewrite(pattern, lambda match, make=make: make(match, marked, today))  # type: ignore[misc]


def clock_number(text: str) -> When | None:
    """Return the time that bare numbers tell where only a time is meant: "seven thirty", "730"."""
    if re.fullmatch(r"\d{3,4}", text):
        text = f"{text[:-2]}:{text[-2:]}"
    match = re.fullmatch(_CLOCK, text)
    return _clock(match) if match else None


@functools.cache
def _rules() -> list[tuple[re.Pattern[str], Callable[..., Span | When | None]]]:
    hour, rest = rf"(?P<hour>{_HOUR}|noon|midnight)", r"(?: ?oclock)?(?: sharp)?"
    rules: list[tuple[str, Callable[..., Span | When | None]]] = [
        *days_en.DATES,
        (_LENGTH, _length),
        (rf"{SPAN_MARK}(?: (?:and )?{SPAN_MARK})+", _sum),
        (rf"{SPAN_MARK}(?: and)? (?P<rest>{ENGLISH_SMALL}|\d\d)(?=$| timer)", _sum),
        (rf"(?:in|after|within) (?:about |around |exactly |another )?{SPAN_MARK}(?: time)?"
         rf"|{SPAN_MARK} (?:from now|from today|later|ago)", _ahead),
        (rf"in (?P<minutes>{ENGLISH_SMALL}|\d\d?)(?= to |$)", _minutes_ahead),
        *days_en.REPEATS,
        (rf"{_BEFORE}(?P<amount>half|(?:a )?quarter|{SPAN_MARK}|"
         rf"(?:{ENGLISH_SMALL}|\d\d?)(?: minutes?)?) "
         rf"(?P<way>past|after|to|till|til|before|of) {hour}{rest}{_HALF}?", _past),
        (rf"{_BEFORE}(?P<amount>half) {hour}{rest}{_HALF}?{_NO_TIME}", _past),
        (rf"{_BEFORE}{_CLOCK} ?oclock(?: sharp)?{_HALF}?", _clock),
        (rf"{_BEFORE}{_CLOCK}{_HALF}", _clock),
        (rf"{_BEFORE}(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)(?P<words>)"
         rf"(?: hours)?(?![\d.]){_NO_TIME}",
         _clock),
        (r"(?:at|by|around|till|until|before) (?:about |around |exactly )?"
         rf"{_CLOCK}(?: sharp)?{_NO_TIME}", _clock),
        (r"(?:at|by) (?P<hour>\d{1,2})(?P<minute>\d\d)(?P<words>)", _clock),
        (rf"{_BEFORE}(?:(?:12|twelve) )?(?P<name>{'|'.join(_NAMED)})", _named),
        *days_en.DAYS,
    ]  # fmt: skip
    return [(re.compile(rf"(?<![^ ])(?:{text})(?![^ ])"), make) for text, make in rules]


def _length(match: re.Match[str], *_: object) -> Span:
    """Return a number of units."""
    amount, unit = match["amount"] or match["figure"], match["unit"] or match["letter"]
    count = _PART_OF[amount] if amount in _PART_OF else english_number(amount)
    for more in (match["half"], match["later"]):
        if more:
            count += 0.5 if more.endswith("half") else 0.25
    if match["minus"]:
        count = -count
    if (months := _MONTHS_IN.get(unit)) is not None:
        return Span(months=round(count * months))
    return Span(round(count * _UNITS[unit], 3), more=match["more"] is not None)


def _sum(match: re.Match[str], marked: Marked, _: date) -> Span:
    """Of "an hour and twenty minutes", or "a minute thirty"."""
    spans = marked.spans(match[0])
    total = functools.reduce(Span.__add__, spans)
    if rest := match.groupdict().get("rest"):
        total += Span(english_number(rest) * (1 if spans[-1].seconds % 3600 else 60))
    return total


def _ahead(match: re.Match[str], marked: Marked, _: date) -> When:
    span = marked.spans(match[0])[0]
    if match[0].endswith(" ago"):
        return When(after=-span)
    return When(after=span) if span.total_s > 0 else When(wrong=Reason.NOT_POSITIVE)


def _minutes_ahead(match: re.Match[str], *_: object) -> When:
    """Of "in ten", which is of minutes."""
    return When(after=Span(60 * english_number(match["minutes"])))


def _clock(match: re.Match[str], *_: object) -> When | None:
    """Of "seven thirty p.m.", "7:30", "seven oh five"."""
    hour_said, words = match["hour"], match["words"]
    minute = float(match["minute"] or 0)
    if words:
        minute = english_number(re.sub(r"^oh? ", "", words))
        if minute < 10 and not words.startswith("o"):
            return None
    half = (match.groupdict().get("half") or "").replace(" ", "")
    return _time(int(english_number(hour_said)), int(minute), half, sure=hour_said.startswith("0"))


def _time(hour: int, minute: int, half: str, sure: bool = False) -> When:
    if hour > 24 or minute > 59 or (half and hour == 0):
        return When(wrong=Reason.NO_SUCH_TIME)
    if half and hour <= 12:
        return When(clock=time(hour % 12 + (12 if half == "pm" else 0), minute), sure=True)
    return When(clock=time(hour % 24, minute), sure=sure or hour > 12 or hour == 0)


def _past(match: re.Match[str], marked: Marked, _: date) -> When | None:
    """Of "quarter past seven", "ten to eight"."""
    amount, way, named = match["amount"], match.groupdict().get("way"), match["hour"] in _NAMED
    hour = _NAMED[match["hour"]] if named else int(english_number(match["hour"]))
    if amount == "half":
        minutes = 30.0
    elif "quarter" in amount:
        minutes = 15.0
    elif spans := marked.spans(amount):
        minutes = spans[0].seconds / 60
    else:
        minutes = english_number(amount.removesuffix("s").removesuffix(" minute"))
        if way not in ("past", "to") or minutes % 5:  # "from seven to eight", "one of two"
            return None
    if not 0 < minutes < 60 or minutes != int(minutes) or hour > 24:
        return None
    if way in _TO:
        minutes = 60 - minutes
        hour = (hour - 1) % 24 if named or hour > 12 else (hour + 10) % 12 + 1
    return _time(hour, int(minutes), (match["half"] or "").replace(" ", ""), sure=named)


def _named(match: re.Match[str], *_: object) -> When:
    if match["name"] == "midnight":
        return When(clock=time(0), sure=True, part="night")
    return When(clock=time(12), sure=True)
