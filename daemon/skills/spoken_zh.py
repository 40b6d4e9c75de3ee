"""Numbers, lengths of time, times and days as they are said in Chinese."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from daemon.skills.intents import TellDate, TellTime
from daemon.skills.outcomes import Scheduled
from daemon.skills.when import EVERY_DAY, WEEKDAYS, WEEKEND

_DIGITS = "零一二三四五六七八九"
_UNITS = (("天", 86400), ("小时", 3600), ("分钟", 60), ("秒", 1))
WEEKDAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_NEAR = {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"}


def number(value: int) -> str:
    """Return a number up to a hundred in characters, a larger one in figures."""
    if not 0 <= value < 100:
        return "百" if value == 100 else str(value)
    tens, ones = divmod(value, 10)
    if not tens:
        return _DIGITS[ones]
    return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[ones] if ones else ''}"


def counted(value: int) -> str:
    """Return a number before a measure word: 两."""
    return "两" if value == 2 else number(value)


def length(seconds: float) -> str:
    """Return a length of time in its two largest units: 一个半小时, 两分十秒."""
    rest = max(round(seconds), 0)
    if rest == 1800:
        return "半小时"
    if rest > 3600 and rest % 3600 == 1800 and rest < 86400:
        return f"{counted(rest // 3600)}个半小时"
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append((count, unit))
    if not parts:
        return "零秒"
    first, *others = parts[:2]
    if not others:
        return f"{counted(first[0])}{'个' if first[1] == '小时' else ''}{first[1]}"
    middle = "分" if first[1] == "分钟" else first[1]
    return f"{counted(first[0])}{middle}{counted(others[0][0])}{others[0][1]}"


def clock(at: datetime) -> str:
    """Return a time of day: 早上七点半."""
    if (at.hour, at.minute) == (0, 0):
        return "零点"
    part = next(
        part
        for until, part in (
            (5, "凌晨"),
            (9, "早上"),
            (12, "上午"),
            (13, "中午"),
            (18, "下午"),
            (24, "晚上"),
        )
        if at.hour < until
    )
    hour = at.hour if at.hour <= 12 else at.hour - 12
    minutes = {0: "", 30: "半"}.get(at.minute)
    if minutes is None:
        minutes = f"{'零' if at.minute < 10 else ''}{number(at.minute)}分"
    return f"{part}{counted(hour)}点{minutes}"


def year_name(year: int) -> str:
    """Return a year: 二〇二七年."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(year)) + "年"


def calendar_day(day: date, today: date) -> str:
    """Return a date, with its year if that is another."""
    year = year_name(day.year) if day.year != today.year else ""
    return f"{year}{number(day.month)}月{number(day.day)}号"


def moment(at: datetime, now: datetime) -> str:
    """Return when something is due: 明天早上七点."""
    at = at.astimezone(now.tzinfo)
    ahead = (at.date() - now.date()).days
    if ahead == 0:
        return f"今天{clock(at)}"
    if ahead in _NEAR:
        return f"{_NEAR[ahead]}{clock(at)}"
    if 2 < ahead < 7 and at.weekday() > now.weekday():
        return f"{WEEKDAY_NAMES[at.weekday()]}{clock(at)}"
    return f"{calendar_day(at.date(), now.date())}{clock(at)}"


def due(entry: Scheduled, now: datetime) -> str:
    """Return when something rings, or keeps ringing: 每天早上七点."""
    at = entry.at.astimezone(now.tzinfo)
    match entry.repeat:
        case ():
            return moment(at, now)
        case repeat if repeat == EVERY_DAY:
            return f"每天{clock(at)}"
        case repeat if repeat == WEEKDAYS:
            return f"工作日{clock(at)}"
        case repeat if repeat == WEEKEND:
            return f"每个周末{clock(at)}"
    return f"每{listed([WEEKDAY_NAMES[day] for day in entry.repeat])}{clock(at)}"


def listed(items: Sequence[str], word: str = "和") -> str:
    """Return 牛奶、鸡蛋和面包."""
    return word.join(filter(None, ("、".join(items[:-1]), *items[-1:])))


def time_there(outcome: TellTime, now: datetime) -> str:
    """Return the answer to 东京几点了."""
    if outcome.zone is None:
        return f"现在是{clock(now)}。"
    there = now.astimezone(ZoneInfo(outcome.zone))
    ahead = (there.date() - now.date()).days
    return f"{outcome.place}现在是{_NEAR[ahead] if ahead else ''}{clock(there)}。"


def about_day(outcome: TellDate, now: datetime) -> str:
    """Return the answer to a question for a date, a weekday, a distance in days."""
    day, today = outcome.day, now.date()
    ahead = (day - today).days
    weekday = f"星期{WEEKDAY_NAMES[day.weekday()][1]}"
    called = outcome.called or _NEAR.get(ahead) or calendar_day(day, today)
    match outcome.asked:
        case "month":
            return f"现在是{number(day.month)}月。"
        case "year":
            return f"今年是{year_name(day.year)}。"
        case "week":
            return f"这周是今年的第{number(day.isocalendar().week)}周。"
        case "days" | "weeks":
            return _distance(outcome, called, ahead)
        case "weekday" if not outcome.called and ahead not in _NEAR:
            return f"{called}是{weekday}。"
    if outcome.called and ahead == 0:
        return f"今天就是{called}。"
    if not outcome.called and ahead not in _NEAR:
        return f"那天是{called}，{weekday}。"
    return f"{called}是{calendar_day(day, today)}，{weekday}。"


def _distance(outcome: TellDate, called: str, ahead: int) -> str:
    if ahead == 0:
        return f"今天就是{called}。" if outcome.called else "就是今天。"
    weeks, days = divmod(abs(ahead), 7)
    said = f"{counted(abs(ahead))}天"
    if outcome.asked == "weeks" and weeks:
        said = f"{counted(weeks)}周{f'零{counted(days)}天' if days else ''}"
    if ahead < 0:
        return f"{called}已经过去{said}了。"
    return f"离{called}还有{said}。"
