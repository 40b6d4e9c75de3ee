"""Days in Chinese: rules for ``times_zh``, each a pattern and what makes a time of it."""

import functools
import re
from collections.abc import Callable
from datetime import date, timedelta

from daemon.skills.days_en import exact, month_later, of_month, yearly
from daemon.skills.intents import Reason
from daemon.skills.normal import CHINESE, Marked
from daemon.skills.numbers import CHINESE_NUMBER, chinese_number
from daemon.skills.special_days import next_special_day, special_days
from daemon.skills.when import EVERY_DAY, WEEKDAYS, WEEKEND, Part, When

Rules = list[tuple[str, Callable[..., When | None]]]

_PARTS: dict[str, Part] = {
    "凌晨": "dawn", "清晨": "morning", "清早": "morning", "大清早": "morning", "早上": "morning",
    "早晨": "morning", "上午": "morning", "一早": "morning", "一大早": "morning", "早": "morning",
    "中午": "noon", "午间": "noon", "下午": "afternoon", "午后": "afternoon",
    "傍晚": "evening", "黄昏": "evening", "晚上": "evening", "晚间": "evening", "夜晚": "evening",
    "晚": "evening", "夜里": "night", "半夜": "night", "深夜": "night", "夜间": "night",
    "今晚": "evening",
}  # fmt: skip
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_LONG_PART = "|".join(part for part in sorted(_PARTS, key=len, reverse=True) if len(part) > 1)
_DAYS_OF_WEEK = {digit: number for number, digit in enumerate("一二三四五六日")} | {
    "天": 6, "末": 5, **{str(number): number - 1 for number in range(1, 8)},
}  # fmt: skip
_WEEK = r"(?:周|星期|礼拜)"
_N = CHINESE_NUMBER


def _date(match: re.Match[str], _: Marked, today: date) -> When | None:
    """Of 二月三十一号, 明年3月5日."""
    month, number = chinese_number(match["month"]), chinese_number(match["day"])
    if month is None or number is None:
        return None
    if not (1 <= month <= 12 and 1 <= number <= 31):
        return When(wrong=Reason.NO_SUCH_DATE)
    ahead = {"今年": 0, "明年": 1, "后年": 2, "去年": -1}
    if (said := match["year"]) is None:
        return yearly(int(month), int(number), today)
    if said in ahead:
        return exact(today.year + ahead[said], int(month), int(number))
    year = chinese_number(said.rstrip("年"))
    return None if year is None else exact(int(year), int(month), int(number))


def _of_month(match: re.Match[str], _: Marked, today: date) -> When | None:
    """Of 下个月一号, 五号."""
    number = chinese_number(match["day"])
    if number is None:
        return None
    which = match["which"]
    months = None if which is None else which.count("下") - which.count("上")
    return of_month(int(number), months, today)


def _ends(match: re.Match[str], _: Marked, today: date) -> When:
    """Of 月底, 年底."""
    months = match[0].count("下")
    if "年" in match[0]:
        return When(day=date(today.year, 12, 31))
    return When(day=month_later(today, months + 1) - timedelta(days=1))


def _week_day(match: re.Match[str], _: Marked, today: date) -> When:
    number = _DAYS_OF_WEEK[match["day"]]
    which = match["which"] or ""
    monday = today - timedelta(days=today.weekday())
    if which:
        weeks = which.count("下") - which.count("上")
        return When(day=monday + timedelta(days=7 * weeks + number))
    return When(day=today + timedelta(days=(number - today.weekday()) % 7), rolls="week")


def _week(match: re.Match[str], _: Marked, today: date) -> When:
    monday = today - timedelta(days=today.weekday())
    if "月" in match[0]:
        return When(day=month_later(today, match[0].count("下")))
    return When(day=monday + timedelta(days=7 * match[0].count("下")))


def _near(ahead: int, part: Part | None, _: object, __: object, today: date) -> When:
    return When(day=today + timedelta(days=ahead), part=part)


def _part(match: re.Match[str], *_: object) -> When:
    return When(part=_PARTS[match["part"]])


def _repeat(match: re.Match[str], *_: object) -> When:
    said = match[0]
    part = _PARTS.get(match["part"] or match.groupdict().get("part2") or "")
    if "工作日" in said or "到" in said or "至" in said or "上班" in said:
        return When(repeat=WEEKDAYS, part=part)
    if "末" in said:
        return When(repeat=WEEKEND, part=part)
    listed = match.groupdict().get("days") or ""
    days = sorted({_DAYS_OF_WEEK[letter] for letter in listed if letter in _DAYS_OF_WEEK})
    return When(repeat=tuple(days) or EVERY_DAY, part=part)


def _never_again(*_: object) -> When:
    return When(wrong=Reason.NOT_REPEATABLE)


def _special(match: re.Match[str], _: Marked, today: date) -> When | None:
    found = next_special_day(match["name"], today)
    return None if found is None else When(day=found[1], called=found[0])


_SPECIAL = "|".join(sorted(filter(CHINESE.match, special_days()), key=len, reverse=True))
_EVERY = rf"(?P<part>{_PART})?"
_NEAR: dict[str, int] = {
    "今天": 0, "今日": 0, "今儿": 0, "明天": 1, "明日": 1, "明儿": 1, "大后天": 3, "后天": 2,
    "后日": 2, "昨天": -1, "昨日": -1, "昨儿": -1, "大前天": -3, "前天": -2,
}  # fmt: skip

DATES: Rules = [
    (rf"(?P<year>今年|明年|后年|去年|(?:\d{{4}}|[零〇一二三四五六七八九]{{4}})年)?的?"
     rf"(?P<month>{_N})月份?(?P<day>{_N})[号日]?(?!个|点|分)",
     _date),
    (rf"(?P<which>这个月|本月|当月|下下个?月|下个?月|上个?月)的?(?P<day>{_N})[号日]", _of_month),
    (rf"(?P<which>(?!))?(?<![第月])(?P<day>{_N})[号日](?!线|楼|门|机|店|子|房)", _of_month),
    (r"(?:这个|本|下个?)?月[底末]|(?:今年)?年[底末]", _ends),
    (rf"(?<!每)(?<!每个)(?P<which>下下个?|下个?|这个?|本|上上个?|上个?)?{_WEEK}(?P<day>[一二三四五六日天末1-7])(?!个|天|到|至|月)",
     _week_day),
]  # fmt: skip
REPEATS: Rules = [
    (rf"每隔?(?:{_N}|几|半)?个?(?:小时|分钟|钟头|月|年)|每隔{_N}天|每{_N}天|隔天",
     _never_again),
    (rf"(?:每逢|每个?|从)?{_WEEK}(?:一|1)(?:到|至){_WEEK}?(?:五|5)(?:的?每天)?{_EVERY}", _repeat),
    (rf"(?:每个?)?{_WEEK}(?P<days>六(?:和|跟)?{_WEEK}?[日天]){_EVERY}", _repeat),
    (rf"(?:每个?)?{_WEEK}末(?:的?每天|天天|都){_EVERY}", _repeat),
    (rf"(?:每逢|每个?){_WEEK}"
     rf"(?P<days>[一二三四五六日天末1-7](?:(?:和|跟)?{_WEEK}?[一二三四五六日天1-7])*){_EVERY}",
     _repeat),
    (rf"(?:每个|每到|每逢)?(?:工作日|上班日|上班的日子)(?:的?每天|每日|天天|都)?的?{_EVERY}",
     _repeat),
    (rf"(?:每天|每日|天天|每一天)的?{_EVERY}|每个?(?P<part2>{_PART})", _repeat),
]  # fmt: skip
DAYS: Rules = [
    *((rf"{name}(?!气)", functools.partial(_near, ahead, None)) for name, ahead in _NEAR.items()),
    (r"今早|今晨", functools.partial(_near, 0, "morning")),
    (r"明早|明晨", functools.partial(_near, 1, "morning")),
    (r"今晚上?|今夜", functools.partial(_near, 0, "evening")),
    (r"明晚上?", functools.partial(_near, 1, "evening")),
    (r"昨晚上?|昨夜", functools.partial(_near, -1, "evening")),
    (r"后天早(?!上|晨)", functools.partial(_near, 2, "morning")),
    (rf"下个?{_WEEK}(?!期)|下个?月", _week),
    (rf"(?P<name>{_SPECIAL})(?:那天|当天)?", _special),
    (rf"(?P<part>{_LONG_PART})", _part),
]  # fmt: skip
