"""Digits, dates, units and signs in Chinese text, written out as a person would say them.

The rules follow everyday reading in mainland China: years digit by digit, phone numbers with 幺 for
one, 两 instead of 二 before what is counted. Digits that belong to a Latin word (GPT-4, 5G) stay.
"""

import re
import unicodedata
from collections.abc import Callable

import cn2an

HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The Chinese characters, as the inside of a regular expression's brackets."""

_DIGITS = "零一二三四五六七八九"
_LONGEST_INTEGER = 16  # digits: the largest number that cn2an reads as a quantity

# What is counted, so that 2 before it is 两. Floors, house numbers, months and days are not.
_MEASURE = re.compile(
    "[个個位名条條张張本只隻件次天岁歲秒块塊元毛斤公米千克升吨层倍种種家门辆台部场句遍趟顿份双对匹座栋"
    "间間套杯瓶碗盘片颗粒把支枝根朵群排组项步篇首幅边国周万萬亿億半点點]|人(?!称)|年(?![级級])|分(?!之)"
    "|小(?:时|時|组|节|块|段|瓶|杯|包)|地(?=方|区)|行(?=字)|星期|平方|立方|毫|厘米"
)

_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "km2": "平方公里", "m2": "平方米", "cm2": "平方厘米",
    "m3": "立方米", "cm3": "立方厘米", "km": "公里", "cm": "厘米", "mm": "毫米", "nm": "纳米",
    "μm": "微米", "m": "米", "kg": "公斤", "mg": "毫克", "g": "克", "ml": "毫升", "mL": "毫升",
    "L": "升", "l": "升", "kWh": "千瓦时", "kW": "千瓦", "MW": "兆瓦", "W": "瓦", "mV": "毫伏",
    "kV": "千伏", "V": "伏", "mA": "毫安", "mAh": "毫安时", "Hz": "赫兹", "kHz": "千赫",
    "MHz": "兆赫", "GHz": "吉赫", "dB": "分贝", "ms": "毫秒", "s": "秒", "min": "分钟",
    "h": "小时", "Pa": "帕", "kPa": "千帕", "hPa": "百帕", "ha": "公顷",
    "°C": "摄氏度", "°F": "华氏度", "°": "度",
    # Letters that stay, for the other voice; only the number before them is Chinese.
    "KB": " KB", "MB": " MB", "GB": " GB", "TB": " TB",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_MONEY = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_OPERATORS = {"+": "加", "×": "乘", "*": "乘", "÷": "除以", "=": "等于", "≈": "约等于"}
_OPERATORS |= {">": "大于", "<": "小于", "≥": "大于等于", "≤": "小于等于"}


_SINCE = tuple("前后後来來间間")


def spoken(text: str) -> str:
    """Return Chinese ``text`` with its numbers in characters. Never raises.

    Full-width letters, digits and signs become plain ones; a second pass changes nothing more.
    """
    # The full-width comma must not become one that separates thousands.
    text = "".join(c if c == "，" else unicodedata.normalize("NFKC", c) for c in text)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return text


def _digits(number: str, one: str = "一") -> str:
    """Read digit by digit, leaving out what is no digit: 2024 → 二零二四."""
    return "".join(one if c == "1" else _DIGITS[int(c)] for c in number if c.isdecimal())


def _cardinal(number: str) -> str:
    """Read a quantity such as 120 or 3.14; with leading zeros or too long, digit by digit."""
    whole, point, fraction = number.partition(".")
    if (len(whole) > 1 and whole[0] == "0") or len(whole) > _LONGEST_INTEGER:
        said = _digits(whole)
    else:
        said = re.sub(r"(?<!十)二(?=[千万亿])", "两", cn2an.an2cn(whole))
    return said + "点" + _digits(fraction) if point else said


def _counted(number: str, after: str) -> str:
    """Read a quantity with what follows it: 2个 → 两."""
    return "两" if number == "2" and _MEASURE.match(after) else _cardinal(number)


def _phone(m: re.Match[str]) -> str:
    return _digits(m[0], "幺")


def _date(m: re.Match[str]) -> str:
    year, month, day = m["year"], int(m["month"]), int(m["day"] or 1)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return m[0]
    said = f"{_digits(year)}年{_cardinal(str(month))}月"
    return f"{said}{_cardinal(str(day))}日" if m["day"] else said


def _time(m: re.Match[str]) -> str:
    hour, minute, second = int(m[1]), int(m[2]), m[3]
    if hour > 24 or minute > 59:
        return m[0]
    said = ("两" if hour == 2 else _cardinal(str(hour))) + "点"
    if minute == 0 and second is None:
        return said + "整"
    said += ("零" if 0 < minute < 10 else "") + _cardinal(str(minute)) + "分"
    return said if second is None else said + _cardinal(str(int(second))) + "秒"


def _money(m: re.Match[str]) -> str:
    sign, number, scale = m[1], m[2], m[3]
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return _counted(number, scale or "元") + scale + _MONEY[sign]


def _unit(m: re.Match[str]) -> str:
    minus, number, unit = m[1], m[2], m[3]
    sign = ("零下" if unit == "°C" else "负") if minus else ""
    return sign + _counted(number, _UNITS[unit].strip()) + _UNITS[unit]


def _year(m: re.Match[str]) -> str:
    # 3000年 and 1000年 are spans of time; 2000年 is one only in 2000年前 and the like.
    span = m[0] == "1000" or (m[0] == "2000" and m.string[m.end() + 1 :][:1] in _SINCE)
    return _cardinal(m[0]) if span else _digits(m[0])


def _range(m: re.Match[str]) -> str:
    minus, low, high, percent = m[1], m[2], m[3], m[4]
    after = m.string[m.end() :]
    if percent:
        return f"百分之{_cardinal(low)}到{_cardinal(high)}"
    if after.startswith("年") and len(low) == len(high) == 4:
        return f"{_digits(low)}到{_digits(high)}"
    sign = ("零下" if after.startswith("°C") else "负") if minus else ""
    # The upper end is left to the rules for what it stands before.
    return f"{sign}{_counted(low, after)}到{high}"


def _version(m: re.Match[str]) -> str:
    return "点".join(_digits(part) for part in m[0].split("."))


def _percent(m: re.Match[str]) -> str:
    return ("负" if m[1] else "") + {"%": "百", "‰": "千"}[m[3]] + "分之" + _cardinal(m[2])


def _fraction(m: re.Match[str]) -> str:
    return f"{_cardinal(m[2])}分之{_cardinal(m[1])}"


def _number(m: re.Match[str]) -> str:
    number = m[0]
    if m.string[: m.start()].endswith("第"):
        return _cardinal(number)
    # Eight digits and more are a quantity only when they are round, as 1400000000 is.
    if len(number) >= 8 and "." not in number and not number.endswith("0000"):
        return _digits(number)
    return _counted(number, m.string[m.end() :])


_N = r"(\d+(?:\.\d+)?)"
_DASH = r"\s*[-~–—−]\s*"
_FREE = r"(?<![A-Za-z\d.])"  # not inside a longer number or a Latin word

# In this order: what looks most specific is read first, and no later rule touches what it leaves.
_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(pattern, re.ASCII), replace)
    for pattern, replace in (
        (rf"(?<=\d)\s+(?=[{HAN}])|(?<=[{HAN}])\s+(?=\d)", ""),
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),  # 1,234,567
        (_FREE + r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)", _phone),
        (_FREE + r"(?:0\d{2,3}-\d{7,8}|[48]00-\d{3}-?\d{4})(?!\d)", _phone),
        (r"(?<=[打拨撥])\d{3,8}(?!\d)|(?<!\d)\d{3,4}(?=室|号房|號房)", _phone),
        (
            _FREE + r"(?P<year>[12]\d{3})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?![\d.])",
            _date,
        ),
        (_FREE + r"(?P<year>[12]\d{3})-(?P<month>0[1-9]|1[0-2])(?P<day>)(?![-\d])", _date),
        (_FREE + r"\d+(?:\.\d+){2,}", _version),
        (rf"(?<=:\d\d){_DASH}(?=\d{{1,2}}:\d\d)", "到"),
        (_FREE + r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])", _time),
        (r"(?<=\d)\s*:\s*(?=\d)", "比"),
        (rf"(?:RMB|US|HK)?([¥$€£])\s*{_N}\s*([十百千万亿]*)", _money),
        (r"(?<=\d)\s*-\s*(?=\d+\s*=)", "减"),
        (
            rf"(?<![A-Za-z\d.\-/])([-−])?{_N}{_DASH}([-−]?\d+(?:\.\d+)?)(?![\d.]|\s*[-=/]\s*\d)(%?)",
            _range,
        ),
        (rf"(?<=%){_DASH}(?=\d)", "到"),
        (rf"(?<!\w)([-−])?{_N}([%‰])", _percent),
        (rf"(?<![\w.])([-−])?{_N}\s?({_UNIT})(?![A-Za-z\d])", _unit),
        (_FREE + r"(\d+)[/⁄](0*[1-9]\d*)(?![\d/])", _fraction),
        (r"(?<=\d)\s*([+×*÷=≈><≥≤])\s*(?=\d)", lambda m: _OPERATORS[m[1]]),
        (r"(?<![\w.])[-−](?=\d)", "负"),
        (_FREE + r"(?:[12]\d{3}|0\d)(?=年)", _year),
        # Numbers of a Latin word stay with it, unless something Chinese is counted by them.
        (rf"(?<![A-Za-z][- ])(?<![A-Za-z\d])(?<![A-Za-z\d]\.){_N}(?![A-Za-z\d]|\.\d)", _number),
        (rf"(?<=[A-Za-z] ){_N}(?=[年月日号個个岁天次位名点分秒万亿])", _number),
        (r"/(?=[个個斤人年月日天次秒])", "每"),
    )
]
