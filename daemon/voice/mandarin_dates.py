"""Dates, years, generations and times of day in Chinese text."""

import re

from daemon.voice.mandarin_digits import DASH, FREE, cardinal, digits
from daemon.voice.rules import rules

_SINCE = tuple("前后後来來间間")

# "10年" is a span of time and "98年" a year; these tell, beside the number itself.
_SPAN_BEFORE = tuple(
    "了过過共近约約达達满滿整长長第每这這那用的等经經历歷时時隔超需有要花足干学活住任当约再又几后前"
)
_SPAN_AFTER = re.compile(
    r"[前后後来來间間内內以之里裡级級制期度多]|的?(?:历史|歷史|时间|經驗|经验|寿命|友谊|感情|婚姻)|时间|左右|才|就"
)
_YEAR_AFTER = re.compile(
    r"的?(?:[春夏秋冬]|\d{1,2}月|[一二三四五六七八九十]+月|出生|毕业|畢業|入学|入伍|春节|国庆|奥运|世界杯|初|底|末|中|上半|"
    r"下半|高考|款|版|生)"
)
_YEAR_BEFORE = ("生于", "生於", "始于", "建于", "在", "从", "從", "自", "于", "於", "到", "至")


def _date(match: re.Match[str]) -> str:
    year, month, day = match["year"], int(match["month"]), int(match["day"] or 1)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    said = f"{digits(year)}年{cardinal(str(month))}月"
    return f"{said}{cardinal(str(day))}日" if match["day"] else said


def _american_date(match: re.Match[str]) -> str:
    month, day = sorted((int(match[1]), int(match[2])), key=lambda n: n > 12)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return f"{digits(match[3])}年{cardinal(str(month))}月{cardinal(str(day))}日"


def _short_date(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])}月{cardinal(match[2])}日"


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], match[4]
    if hour > 24 or minute > 59:
        return match[0]
    said = _half_day(half) + ("两" if hour == 2 else cardinal(str(hour))) + "点"
    if minute == 0 and second is None:
        return said + "整"
    said += ("零" if 0 < minute < 10 else "") + cardinal(str(minute)) + "分"
    return said if second is None else said + cardinal(str(int(second))) + "秒"


def _hour(match: re.Match[str]) -> str:
    return _half_day(match[2]) + ("两" if match[1] == "2" else cardinal(match[1])) + "点"


def _half_day(half: str | None) -> str:
    return {"a": "上午", "p": "下午", "": ""}[(half or "").lower()]


def _year(match: re.Match[str]) -> str:
    # 3000年 and 1000年 are spans of time; 2000年 is one only in 2000年前 and the like.
    after = match.string[match.end() + 1 :][:1]
    span = match[0] == "1000" or (match[0] == "2000" and after in _SINCE and after != "")
    return cardinal(match[0]) if span else digits(match[0])


def _short_year(match: re.Match[str]) -> str:
    """98年 in figures, where it is a year and no span of time."""
    before, after = match.string[: match.start()], match.string[match.end() + 1 :]
    said = digits(match[0])
    if match[0][0] == "0":
        return said
    if _SPAN_AFTER.match(after):
        return cardinal(match[0])
    if (before.endswith(_YEAR_BEFORE) and not after.startswith("的")) or _YEAR_AFTER.match(after):
        return said
    if before.endswith(_SPAN_BEFORE) or match[0] < "50":
        return cardinal(match[0])
    return said


def _years(match: re.Match[str]) -> str:
    return f"{digits(match[1])}到{digits(match[2])}"


def _holiday(match: re.Match[str]) -> str:
    """Read a holiday named for its date: 5.1假期 → 五一."""
    month, day = re.split(r"\D", match[1])
    return cardinal(month) + digits(day)


def _generation(match: re.Match[str]) -> str:
    return digits(match[0])


RULES = rules(
    (
        FREE + r"(?P<year>[12]\d{3})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?![\d.])(?:日|"
        r"T(?=\d)|\s(?=\d{1,2}:\d\d))?",
        _date,
    ),
    (FREE + r"(\d{1,2})[-/](\d{1,2})[-/]([12]\d{3})(?![\d./-])", _american_date),
    (FREE + r"(?P<year>[12]\d{3})-(?P<month>0[1-9]|1[0-2])(?P<day>)(?![-\d])", _date),
    (
        FREE + r"(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?=放假|出发|开学|开始|截止|上线|生日|"
        r"情人节|圣诞|元旦|国庆|劳动节|儿童节|妇女节|"
        r"之?前|起|至|到|晚|早|上午|下午|\()",
        _short_date,
    ),
    (
        FREE + r"((?:5|10)[.·]1(?=假期|长假|小长假|放假|黄金周)"
        r"|\d{1,2}[.·]\d{1,2}(?=(?:国际)?(?:妇女|青年|儿童|劳动|建军|教师|国庆|植树)节|晚会|大促))",
        _holiday,
    ),
    (FREE + r"\d{1,2}·\d{1,2}(?![\d.])", _generation),
    (
        r"(?:(?<=于)|(?<=截至)|(?<=截止)|(?<=截止到))(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\d/])",
        _short_date,
    ),
    (r"0(?=[1-9][月日号號](?!楼|线))", ""),
    (FREE + r"24/7(?![\d/])", "七天二十四小时"),
    # Without a pause 周三14:00 could be heard as 三十四.
    (r"((?:[周週]|星期|礼拜)[一二三四五六])(?=1\d:\d\d)", r"\1，"),
    (rf"(?<=:\d\d){DASH}(?=(?:次日|第二天|翌日|凌晨|晚上?)?\d{{1,2}}:\d\d)", "到"),
    (rf"(?<=\d)(?:\s?[aApP][mM])?{DASH}(?=\d{{1,2}}(?::\d\d)?\s?[aApP][mM])", "到"),
    (
        r"(?:(?<=比分)|(?<=比例)|(?<=战成)|(?<=比分是)|(?<=比分为)|(?<=比分：)|(?<=以))(\d+)\s?[-:]\s?(\d+)",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
    ),
    (
        r"(?<![\d:.-])(\d{1,3})\s?[-:]\s?(\d{1,3})(?=\s?(?:战胜|击败|获胜|取胜|险胜|大胜|领先|落后|战平|不敌|逆转|完胜))",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
    ),
    (FREE + r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])(?:\s?([aApP])\.?[mM]\b\.?)?", _time),
    (FREE + r"(1[0-2]|[1-9])\s?([aApP])[mM](?![A-Za-z])", _hour),
    (r"(?<=\d)\s*:\s*(?=\d)", "比"),
    (
        r"(?<!\d)\d[05](?=(?:[、和及与/,，]\s?\d[05])+后)|(?<!\d)\d[05](?:\d[05])?(?=后(?![天来來面续續退果边方备台勤悔会]))",
        _generation,
    ),
    (rf"(?<!\d)([12]\d{{3}})年?{DASH}([12]\d{{3}})(?=年|赛季|学年|财年)", _years),
    (FREE + r"(?:[12]\d{3})(?=年)(?<!公元前\d{4})(?<!前\d{4})", _year),
    (FREE + r"(?:19|20)\d\d(?=[级届版款](?!台风|地震))(?<!第\d{4})", _generation),
    (FREE + r"\d\d(?=[级届](?:新生|学生|校友|毕业|同学|本科|研究生|硕士|博士))", _generation),
    (r"(?:(?<=公元)|(?<=公元前))2(?=年)", "二"),
    (FREE + r"\d\d(?=年(?!代))(?<!公元前\d\d)(?<!前\d\d)", _short_year),
    flags=re.ASCII,
)
