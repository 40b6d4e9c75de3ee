"""Times as they are said, often only in part, and the moments they mean."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from daemon.skills.intents import Reason

Part = Literal["dawn", "morning", "noon", "afternoon", "evening", "night"]
Purpose = Literal["reminder", "alarm", "wake"]

MAX_AHEAD = timedelta(days=3660)  # whoever means more has been misheard
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WEEKDAYS = (0, 1, 2, 3, 4)
WEEKEND = (5, 6)

# Hours of a day at which something rings that has none of its own.
USUAL_HOURS: dict[Part, int] = {
    "dawn": 5, "morning": 9, "noon": 12, "afternoon": 15, "evening": 19, "night": 21,
}  # fmt: skip
USUAL_HOUR = 9
USUAL_ALARM_HOUR = 7  # of an alarm "in the morning"
EVENING = 18  # o'clock: from then on, an alarm is for the morning
WAKING = 6  # o'clock: nobody is reminded of anything earlier, unless they are up by then
NAP = timedelta(hours=3)  # whoever wants to be woken so soon lies down for a nap


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: "an hour and a half", "two months"."""

    seconds: float = 0.0
    months: int = 0
    more: bool = False
    """It was called "more": "five more minutes"."""

    def __add__(self, other: "Span") -> "Span":
        more = self.more or other.more
        return Span(self.seconds + other.seconds, self.months + other.months, more)

    def __neg__(self) -> "Span":
        return Span(-self.seconds, -self.months)

    @property
    def total_s(self) -> float:
        """In seconds; a month as the twelfth part of a year."""
        return self.seconds + self.months * 365.25 * 86400 / 12

    @property
    def days(self) -> bool:
        """Whether it is made of whole days, which end at the hour at which they began."""
        return self.seconds % 86400 == 0

    def after(self, start: datetime) -> datetime:
        """Return the moment at its end; raises ``OverflowError``, ``ValueError`` if too far."""
        if self.days:
            return self.day_after(start) if self.months or self.seconds else start
        later = plus_months(start, self.months).astimezone(UTC) + timedelta(seconds=self.seconds)
        return later.astimezone(start.tzinfo)

    def day_after(self, start: datetime) -> datetime:
        """Return the same wall time on the day at its end."""
        return plus_months(start, self.months) + timedelta(seconds=self.seconds)


def plus_months(start: datetime, months: int) -> datetime:
    """Return the same day of another month, or its last if it has none such."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last = monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))


@dataclass(frozen=True, slots=True)
class When:
    """What was said of a time: "tomorrow", "at nine", "in the morning", or several of them."""

    day: date | None = None
    called: str = ""
    """The day's name, if it has one: "Christmas"."""
    rolls: Literal["", "week", "month", "year"] = ""
    """The day comes again: "Monday", "the fifth", "24 December"."""
    clock: time | None = None
    sure: bool = False
    """The hour is one of 24: "19:30", "07:30", "7 pm"."""
    part: Part | None = None
    repeat: tuple[int, ...] = ()
    after: Span | None = None
    wrong: Reason | None = None


def merged(parts: Iterable[When]) -> When | None:
    """Return all that was said of one time; ``None`` if it contradicts itself."""
    found: dict[str, object] = {}
    for part in parts:
        for field in fields(part):
            value = getattr(part, field.name)
            if value == field.default:
                continue
            if field.name == "repeat" and field.name in found:
                value = tuple(sorted({*value, *found.pop("repeat")}))  # type: ignore[misc]
            if found.setdefault(field.name, value) != value:
                return None
    return When(**found)  # type: ignore[arg-type]


def moment(when: When, now: datetime, purpose: Purpose) -> datetime | Reason | None:
    """Return the moment that is meant, in the zone of ``now``; ``None`` if too little was said.

    An hour without its half of the day is the next one to come, while people are awake; from the
    evening on, an alarm's is in the morning. A wall time that a clock change skips is kept.
    """
    if when.wrong is not None:
        return when.wrong
    try:
        found = _moment(when, now, purpose)
    except (OverflowError, ValueError):
        return Reason.TOO_LONG
    if isinstance(found, datetime):
        if found <= now:
            return Reason.IN_THE_PAST
        if found - now > MAX_AHEAD:
            return Reason.TOO_LONG
    return found


def _moment(when: When, now: datetime, purpose: Purpose) -> datetime | Reason | None:
    day = when.day
    if when.after is not None:
        if when.after.total_s == 0:
            return Reason.NOT_POSITIVE
        if when.clock is None and when.part is None:
            return when.after.after(now)
        day = when.after.after(now).date()
    if when.clock is None:
        return _without_clock(when, day, now, purpose)
    if when.repeat:
        days = [now.date() + timedelta(days=ahead) for ahead in range(8)]
        return next(
            at
            for day in days
            if day.weekday() in when.repeat
            for hour in _hours(when, when.clock, purpose)[:1]
            if (at := _at(day, hour, when.clock.minute, now)) > now
        )
    if day is None:
        return _next(when, when.clock, now, purpose)
    if when.part is None and not (when.sure or when.rolls) and day == now.date():
        choices = [_at(day, h, when.clock.minute, now) for h in _both(when.clock.hour)]
        return next((at for at in choices if at > now), Reason.IN_THE_PAST)
    hour = _hours(when, when.clock, purpose)[0]
    return _rolled(when, _at(day, hour, when.clock.minute, now), now)


def _rolled(when: When, at: datetime, now: datetime) -> datetime:
    """Return the first time it comes again, where it has passed."""
    if at > now or not when.rolls:
        return at
    if when.rolls == "week":
        return at + timedelta(days=7)
    return plus_months(at, 1 if when.rolls == "month" else 12)


def _without_clock(
    when: When, day: date | None, now: datetime, purpose: Purpose
) -> datetime | Reason | None:
    """Return the usual hour of a day or a part of it."""
    if when.part is None and ((day is None and not when.repeat) or purpose != "reminder"):
        return None  # "Wake me tomorrow": when?
    hour = USUAL_HOUR if when.part is None else USUAL_HOURS[when.part]
    if when.part == "morning" and purpose != "reminder":
        hour = USUAL_ALARM_HOUR
    if when.repeat or day is None:
        repeat = when.repeat or EVERY_DAY
        days = (now.date() + timedelta(days=ahead) for ahead in range(8))
        times = (_at(day, hour, 0, now) for day in days if day.weekday() in repeat)
        return next(at for at in times if at > now)
    at = _rolled(when, _at(day, hour, 0, now), now)
    soon = now + timedelta(hours=1)
    if at <= now and day == now.date() == soon.date() and when.part in (None, "evening", "night"):
        return soon.replace(second=0, microsecond=0)  # "later today"
    return at


def _at(day: date, hour: int, minute: int, now: datetime) -> datetime:
    """Return a moment; hours from 24 on are of the night that belongs to the day before."""
    day += timedelta(days=hour // 24)
    return datetime.combine(day, time(hour % 24, minute), now.tzinfo)


def _both(hour: int) -> list[int]:
    """Return the hours of 24 that an hour may be."""
    return [hour] if hour > 12 else [hour % 12, hour % 12 + 12]


def _hours(when: When, clock: time, purpose: Purpose) -> list[int]:
    """Return the hours that may be meant, likeliest first, on some day that has not begun."""
    hour = clock.hour
    if when.sure or hour > 12:
        return [24] if when.part == "night" and hour == 0 else [hour]
    hour %= 12
    match when.part:
        case "dawn" | "morning":
            return [hour]
        case "noon":
            return [hour if hour > 9 else hour + 12]
        case "afternoon":
            return [hour + 12]
        case "evening" | "night":
            return [hour + 24, hour] if hour < 5 else [hour + 12]
    first = WAKING + 1 if purpose == "reminder" else WAKING - 2
    return [hour, hour + 12] if hour >= first else [hour + 12, hour]


def _next(when: When, clock: time, now: datetime, purpose: Purpose) -> datetime:
    """Return the next moment at a wall time."""
    guessed = when.part is None and not when.sure and clock.hour <= 12
    hours = _both(clock.hour) if guessed else _hours(when, clock, purpose)
    if guessed and purpose != "reminder" and now.hour >= EVENING:
        hours = hours[:1]
    today = now.date()
    times = sorted(
        _at(today + timedelta(days=ahead), hour, clock.minute, now)
        for ahead in (-1, 0, 1)
        for hour in hours
    )
    coming = [at for at in times if at > now]
    if guessed and purpose == "reminder" and now.hour >= WAKING:
        coming = [at for at in coming if at.hour >= WAKING]
    if guessed and purpose == "wake" and coming[0] - now > NAP:
        coming = [at for at in coming if at.hour < 12 or clock.hour == 12]
    return coming[0]


def wall_times(when: When) -> tuple[time, ...]:
    """Return the times of day that may be meant; none, where none was said."""
    if when.clock is None:
        return ()
    if when.sure or when.part is not None:
        return (when.clock.replace(hour=_hours(when, when.clock, "alarm")[0] % 24),)
    return tuple(when.clock.replace(hour=hour) for hour in _both(when.clock.hour))
