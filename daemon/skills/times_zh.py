"""Finds times and lengths of time in Chinese, and puts marks in their place.

As in ``times_en``, each rule rewrites what the rules before it have left. There are no spaces.
"""

import functools
import re
from collections.abc import Callable
from datetime import date, time

from daemon.skills import days_zh
from daemon.skills.intents import Reason
from daemon.skills.normal import SPAN_MARK, Marked
from daemon.skills.numbers import CHINESE_NUMBER, chinese_number
from daemon.skills.when import Span, When

_UNITS = {
    "秒钟": 1, "秒": 1, "分钟": 60, "分": 60, "刻钟": 900, "小时": 3600, "钟头": 3600, "钟": 3600,
    "天": 86400, "周": 604800, "星期": 604800, "礼拜": 604800,
}  # fmt: skip
_MONTHS_IN = {"月": 1, "年": 12}
_N = CHINESE_NUMBER
_HALF = 0.5
_LENGTH = (
    rf"(?<![哪每某])(?P<minus>负|minus ?)?"
    rf"(?:(?P<count>{_N})(?P<measure>个)?(?P<half>半)?|(?P<only>半)个?"
    r"|(?P<few>几)个?)"
    r"(?P<more>多)?"
    r"(?P<unit>秒钟|秒|分钟|刻钟|小时|钟头|个?月|星期|礼拜|天|周|年|分(?!之|贝))(?P<later>半)?钟?"
)
_HOUR = r"\d{1,2}|[一二两三四五六七八九十零〇]{1,3}"
_MINUTE = r"\d{1,2}|[零〇]?[一二两三四五六七八九十]{1,3}"
# "一点" is also "a little": 早一点, 大声一点.
_DIGIT = "[一二两三四五六七八九]"
_CLOCK = (
    r"(?<![\d.])(?!(?<=[快慢大小多少高低轻响声亮远近长短有久好])一点)(?!(?<=[^今明每昨天][早晚])一点)"
    rf"(?P<hour>{_HOUR})(?:点(?!{_DIGIT}个?(?:小时|钟头|分钟))|时(?!间|候))(?:钟|整)?"
    rf"(?:(?P<minute>{_MINUTE})分?|(?P<half>半)|(?P<quarter>[一三123])刻)?(?:钟|整)?"
    r"(?!小时|个|钟头|分|刻)"
)


def mark_times(marked: Marked, today: date) -> None:
    """Replace lengths of time by marks for ``Span``, and times and days by marks for ``When``."""
    for pattern, make in _rules():
        marked.rewrite(pattern, lambda match, make=make: make(match, marked, today))  # type: ignore[misc]


def clock_number(text: str) -> When | None:
    """Return the time that bare numbers tell where only a time is meant: 七."""
    match = re.fullmatch(_HOUR, text)
    hour = chinese_number(text) if match else None
    return None if hour is None else _time(int(hour), 0)


@functools.cache
def _rules() -> list[tuple[re.Pattern[str], Callable[..., Span | When | None]]]:
    rules: list[tuple[str, Callable[..., Span | When | None]]] = [
        *days_zh.REPEATS,
        *days_zh.DATES,
        (rf"差(?P<minute>一刻|{_MINUTE})(?:分钟?|钟)?(?:不到)?(?P<hour>{_HOUR})点钟?", _before),
        (rf"(?P<hour>{_HOUR})点差(?P<minute>一刻|{_MINUTE})(?:分钟?|钟)?", _before),
        (rf"(?P<hour>{_HOUR})点过(?P<minute>{_MINUTE})分钟?", _clock),
        (_CLOCK, _clock),
        (r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?![\d.%]|小时|个|分)", _clock),
        (r"(?P<name>正午|午夜|零点|半夜十二点)", _named),
        (_LENGTH, _length),
        (rf"{SPAN_MARK}(?:零|又|和|加)?{SPAN_MARK}(?:(?:零|又|和)?{SPAN_MARK})?", _sum),
        (rf"{SPAN_MARK}(?P<rest>{_MINUTE})(?=$|的)", _sum),
        (rf"(?:再过|再等|等|过|在)?{SPAN_MARK}(?:钟)?(?:以后|之后|过后|后|以内|之内|前|之前|以前)|(?:再过|过){SPAN_MARK}",
         _ahead),
        *days_zh.DAYS,
    ]  # fmt: skip
    return [(re.compile(text), make) for text, make in rules]


def _length(match: re.Match[str], *_: object) -> Span | None:
    """Of 一个半小时, 两分半钟, 三刻钟."""
    if match["only"]:
        count: float | None = _HALF
    elif match["few"]:
        return None
    else:
        count = chinese_number(match["count"])
    if count is None or match["more"]:
        return None
    count += _HALF * bool(match["half"]) + _HALF * bool(match["later"])
    count = -count if match["minus"] else count
    unit = match["unit"].removeprefix("个")
    if unit == "月" and not (match["measure"] or match["only"] or "个" in match["unit"]):
        return None  # 三月 is March
    if unit in _MONTHS_IN:
        return Span(months=round(count * _MONTHS_IN[unit]))
    return Span(round(count * _UNITS[unit], 3))


def _sum(match: re.Match[str], marked: Marked, _: date) -> Span | None:
    """Of 一小时二十分钟, 一分三十."""
    spans = marked.spans(match[0])
    total = functools.reduce(Span.__add__, spans)
    if rest := match.groupdict().get("rest"):
        number = chinese_number(rest)
        if number is None:
            return None
        total += Span(number * (1 if spans[-1].seconds % 3600 else 60))
    return total


def _ahead(match: re.Match[str], marked: Marked, _: date) -> When:
    span = marked.spans(match[0])[0]
    if match[0].endswith("前"):
        return When(after=-span)
    return When(after=span) if span.total_s > 0 else When(wrong=Reason.NOT_POSITIVE)


def _clock(match: re.Match[str], *_: object) -> When | None:
    """Of 七点半, 两点一刻, 9点05分, 7:30."""
    groups = match.groupdict()
    hour, minute = chinese_number(match["hour"]), 0.0
    if groups.get("minute"):
        minute = chinese_number(match["minute"].lstrip("零〇") or "零") or 0.0
    elif groups.get("half"):
        minute = 30
    elif groups.get("quarter"):
        minute = 15 if match["quarter"] in "一1" else 30 if match["quarter"] == "2" else 45
    return None if hour is None else _time(int(hour), int(minute), match["hour"].startswith("0"))


def _before(match: re.Match[str], *_: object) -> When | None:
    """Of 差五分八点."""
    hour = chinese_number(match["hour"])
    minutes = 15 if match["minute"] == "一刻" else chinese_number(match["minute"])
    if not hour or not minutes or minutes > 59 or hour > 24:
        return None
    earlier = int(hour) - 1 if hour > 12 else (int(hour) + 10) % 12 + 1
    return _time(earlier, 60 - int(minutes))


def _time(hour: int, minute: int, sure: bool = False) -> When:
    if hour > 24 or minute > 59:
        return When(wrong=Reason.NO_SUCH_TIME)
    return When(clock=time(hour % 24, minute), sure=sure or hour > 12 or hour == 0)


def _named(match: re.Match[str], *_: object) -> When:
    if match["name"] == "正午":
        return When(clock=time(12), sure=True)
    return When(clock=time(0), sure=True, part="night")
