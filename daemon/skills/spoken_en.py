"""Numbers, lengths of time, times and days as they are said in English."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from daemon.skills.intents import TellDate, TellTime
from daemon.skills.outcomes import Scheduled
from daemon.skills.when import EVERY_DAY, WEEKDAYS, WEEKEND

_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def number(value: int) -> str:
    """Return a number, in words where they are short."""
    return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else str(value)


def length(seconds: float) -> str:
    """Return a length of time in its two largest units: "one hour and thirty minutes"."""
    rest = max(round(seconds), 0)
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append((count, unit))
    parts = parts[:2]
    in_words = all(count < len(_NUMBERS) for count, _ in parts)
    said = (f"{number(n) if in_words else n} {unit}{'s' * (n != 1)}" for n, unit in parts)
    return " and ".join(said) or "no time"


def clock(at: datetime) -> str:
    """Return a time of day: "7:30 a.m."."""
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return "noon" if at.hour else "midnight"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{(at.hour + 11) % 12 + 1}{minutes} {'a.m.' if at.hour < 12 else 'p.m.'}"


def calendar_day(day: date, today: date) -> str:
    """Return a date, with its year if that is another."""
    year = f", {day.year}" if day.year != today.year else ""
    return f"{MONTHS[day.month - 1]} {day.day}{year}"


def moment(at: datetime, now: datetime) -> str:
    """Return when something is due: "tomorrow at 7 a.m."."""
    at = at.astimezone(now.tzinfo)
    ahead = (at.date() - now.date()).days
    if ahead == 0:
        return f"at {clock(at)}"
    if abs(ahead) == 1:
        return f"{'tomorrow' if ahead == 1 else 'yesterday'} at {clock(at)}"
    if 1 < ahead < 7:
        return f"on {DAY_NAMES[at.weekday()]} at {clock(at)}"
    return f"on {DAY_NAMES[at.weekday()]}, {calendar_day(at.date(), now.date())}, at {clock(at)}"


def listed(items: Sequence[str], word: str = "and") -> str:
    """Return "milk, eggs and bread"."""
    return f" {word} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def due(entry: Scheduled, now: datetime) -> str:
    """Return when something rings, or keeps ringing: "at 7 a.m. on weekdays"."""
    at = entry.at.astimezone(now.tzinfo)
    match entry.repeat:
        case ():
            return moment(at, now)
        case repeat if repeat == EVERY_DAY:
            return f"at {clock(at)} every day"
        case repeat if repeat == WEEKDAYS:
            return f"at {clock(at)} on weekdays"
        case repeat if repeat == WEEKEND:
            return f"at {clock(at)} on weekends"
    return f"at {clock(at)} every {listed([DAY_NAMES[day] for day in entry.repeat])}"


def adjective(seconds: float) -> str:
    """Return a length before a noun, in one unit: "ten-minute"."""
    count, unit = next(
        (round(seconds) // size, unit) for unit, size in _UNITS if round(seconds) % size == 0
    )
    return f"{number(count)}-{unit}"


def time_there(outcome: TellTime, now: datetime) -> str:
    """Return the answer to "what time is it in Tokyo?"."""
    if outcome.zone is None:
        return f"It's {clock(now)}."
    there = now.astimezone(ZoneInfo(outcome.zone))
    place = outcome.place[:1].upper() + outcome.place[1:]
    day = "" if there.date() == now.date() else f" on {DAY_NAMES[there.weekday()]}"
    return f"It's {clock(there)}{day} in {place}."


def about_day(outcome: TellDate, now: datetime) -> str:
    """Return the answer to a question for a date, a weekday, a distance in days."""
    day, today = outcome.day, now.date()
    ahead = (day - today).days
    full = f"{DAY_NAMES[day.weekday()]}, {calendar_day(day, today)}"
    match outcome.asked:
        case "month":
            return f"It's {MONTHS[day.month - 1]}."
        case "year":
            return f"It's {day.year}."
        case "week":
            return f"It's week {day.isocalendar().week}."
        case "days" | "weeks":
            return _distance(outcome, ahead)
        case _:
            near = {0: "Today is", 1: "Tomorrow is", -1: "Yesterday was"}
            verb = "is" if ahead > 0 else "was"
            if outcome.called:
                return f"{outcome.called} {'is today' if ahead == 0 else f'{verb} on {full}'}."
            if ahead in near:
                return f"{near[ahead]} {full}."
            if outcome.asked == "weekday":
                return f"{calendar_day(day, today)} {verb} a {DAY_NAMES[day.weekday()]}."
            return f"That {verb} {full}."


def _distance(outcome: TellDate, ahead: int) -> str:
    count = abs(ahead)
    said = f"{number(count)} day{'s' * (count != 1)}"
    if outcome.asked == "weeks" and count >= 7:
        weeks, days = divmod(count, 7)
        said = f"{number(weeks)} week{'s' * (weeks != 1)}"
        said += f" and {number(days)} day{'s' * (days != 1)}" if days else ""
    if ahead == 0:
        return f"{outcome.called} is today." if outcome.called else "That's today."
    if ahead < 0:
        return f"{said} ago."
    return f"{said} until {outcome.called}." if outcome.called else f"{said} from today."
