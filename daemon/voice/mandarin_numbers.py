"""Digits, dates, units and signs in Chinese text, written out as a person would say them.

The rules follow everyday reading in mainland China: years digit by digit, phone numbers with 幺 for
one, 两 instead of 二 before what is counted. Digits that belong to a Latin word (GPT-4, 5G) stay.
A weighted transducer library was tried in place of these rules (wetext 0.1.8): of the table in the
tests it read under half.
"""

import re
import unicodedata

from daemon.voice import mandarin_codes, mandarin_dates, mandarin_measures
from daemon.voice.english_numbers import roman
from daemon.voice.mandarin_digits import DASH, FREE, HAN, NUMBER, cardinal, counted, digits
from daemon.voice.rules import Rule, rewritten, rules

_OPERATORS = {
    "+": "加", "×": "乘", "*": "乘", "·": "乘", "÷": "除以", "=": "等于", "≈": "约等于",
    "≠": "不等于",
    ">": "大于", "<": "小于", "≥": "大于等于", "≤": "小于等于", "±": "正负", "√": "根号",
    "∞": "无穷大",
    "∈": "属于", "∪": "并", "∩": "交", "⊂": "包含于", "∑": "求和", "∫": "积分", "π": "派",
    "∴": "所以", "∵": "因为",
}  # fmt: skip
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

# Full-width commas that part thousands, and no list: 1，000 or 1，234，567.
_PARTED = re.compile(
    r"(?<!\d)\d{1,3}(?:，0\d\d)(?!\d)|(?<!\d)\d{1,2}(?:，\d{3}){2,}(?!\d)", re.ASCII
)

# Behind these a hyphen before a number is a minus; behind another character it joins a name: 歼-20.
_BEFORE_MINUS = "是为為约約到至于於達达在温溫得值成负降跌升和与、(（，,。:：;；“拔比有零"
_COLD = re.compile(r"\s?(?:[到至~-]-?\d+(?:\.\d+)?\s?)?(?:度|°)")
_ANGLE = re.compile(r"角|旋|转|轉|经|纬|坐标|倾|偏|镜|视")


def spoken(text: str) -> str:
    """Return Chinese ``text`` with its numbers in characters. Never raises.

    Full-width letters, digits and signs become plain ones; a second pass changes nothing more.
    """
    text = re.sub(r"(\d?)([¼-¾⅐-⅞])", _vulgar, text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "^" + m[0].translate(_SUPERSCRIPT), text)
    text = _PARTED.sub(lambda m: m[0].replace("，", ","), text)
    text = re.sub("[①-⑳]", lambda m: unicodedata.normalize("NFKC", m[0]) + "、", text)
    # The full-width comma must not become one that separates thousands.
    text = "".join(c if c == "，" else unicodedata.normalize("NFKC", c) for c in text)
    return rewritten(text, _RULES)


def _vulgar(match: re.Match[str]) -> str:
    over, under = unicodedata.normalize("NFKC", match[2]).split("⁄")
    said = f"{cardinal(under)}分之{cardinal(over)}"
    return f"{cardinal(match[1])}又{said}" if match[1] else said


def _range(match: re.Match[str]) -> str:
    minus, low, high, percent = match.groups()
    after = match.string[match.end() :]
    if percent:
        return f"百分之{cardinal(low)}到{cardinal(high)}"
    sign = _minus(match, after) if minus else ""
    # The upper end is left to the rules for what it stands before.
    return f"{sign}{counted(low, after)}到{high}"


def _minus(match: re.Match[str], after: str) -> str:
    """Return what a minus before a number is called when ``after`` follows the number."""
    cold = _COLD.match(after) and not _ANGLE.search(match.string[: match.start()])
    return "零下" if cold or after.startswith("°C") else "负"


def _negative(match: re.Match[str]) -> str:
    """Say a hyphen between a character and a number: a minus, or the joint of a name."""
    before, after = match[1], match.string[match.end(3) :]
    if before == "零":
        return before  # 零下-5度 and the like
    if before in _BEFORE_MINUS or _COLD.match(after) or after[:1] in ("%", "‰"):
        return before + _minus(match, after)
    return before


def _fraction(match: re.Match[str]) -> str:
    if match[2] == "1" and 1 <= int(match[1]) <= 12:
        return f"{cardinal(match[1])}月一日"
    return f"{cardinal(match[2])}分之{cardinal(match[1])}"


def _science(match: re.Match[str]) -> str:
    power = match[2].lstrip("+")
    negative = "负" if power.startswith("-") else ""
    return f"{cardinal(match[1])}乘十的{negative}{cardinal(power.lstrip('-'))}次方"


def _power(match: re.Match[str]) -> str:
    power = match[1]
    if power == "2":
        return "的平方"
    return f"的{'负' if power[0] == '-' else ''}{cardinal(power.lstrip('-'))}次方"


def _roman(match: re.Match[str]) -> str:
    value = roman(match[1])
    return cardinal(str(value)) if value else match[0]


def _number(match: re.Match[str]) -> str:
    number, after = match[0], match.string[match.end() :]
    if match.string[: match.start()].endswith("第"):
        return cardinal(number)
    # Eight digits and more are a quantity only when they are round, as 1400000000 is, parted by
    # commas, or count something.
    figures = len(number) >= 8 and "." not in number and "," not in number
    if (
        figures
        and not number.endswith("0000")
        and not re.match("[人元台个件次米吨辆户头株]", after)
    ):
        return digits(number)
    return counted(number, after)


_UNIT_END = (
    rf"(?<=\d)((?:(?![到至和与及或比])[{HAN}%]){{1,2}}|°[CF]?|"
    r"[kKcCmM]?[mM]|[kKmM]?[gG]|[mM]?[lL]|[mM]in|[hst]|RMB|USD)"
)
_CITY = (
    "北京|上海|天津|重庆|广州|深圳|杭州|南京|武汉|成都|西安|苏州|长沙|郑州|青岛|济南|大连|沈阳|哈尔滨|长春|"
    "厦门|福州|昆明|贵阳|南宁|海口|三亚|拉萨|兰州|西宁|银川|太原|合肥|南昌|石家庄|呼和浩特|乌鲁木齐|香港|澳门|台北"
)
_TIME_OF_DAY = "(?:早上|上午|中午|下午|傍晚|晚上|晚|夜里|凌晨|次日|第二天|当天|第|周|星期)"
_WEEKDAY = "[周週][一二三四五六日天]|星期[一二三四五六日天]|礼拜[一二三四五六日天]"

# In this order: what looks most specific is read first, and no later rule touches what it leaves.
_RULES: list[Rule] = [
    (re.compile(rf"(?<=\d)\s+(?=[{HAN}])|(?<=[{HAN}])\s+(?=[\d-])"), ""),
    (re.compile(rf"(?<![\w.{HAN}])\.(?=\d)"), "0."),
    *mandarin_codes.RULES,
    (re.compile(rf"{_UNIT_END}{DASH}(?=-?\d|[¥$€£]|{_TIME_OF_DAY}\s?\d)"), r"\1到"),
    (
        re.compile(
            rf"({_WEEKDAY}|[一二三四五六七八九十]月|[上下中]午){DASH}"
            rf"(?={_WEEKDAY}|[一二三四五六七八九十]+月|[上下中]午)"
        ),
        r"\1到",
    ),
    (re.compile(rf"({_CITY}){DASH}(?={_CITY})"), r"\1到"),
    (
        re.compile(rf"(?<=[{HAN}]{{2}})-(?=[{HAN}]{{2,4}}(?:高铁|航班|航线|铁路|高速|专线|列车))"),
        "到",
    ),
    *mandarin_dates.RULES,
    *mandarin_codes.VERSIONS,
    *mandarin_measures.RULES[:1],
    *rules(
        (rf"^(\s*)(\d{{1,3}})[.)]\s*(?=[{HAN}“《])", lambda m: f"{m[1]}{cardinal(m[2])}、"),
        (r"#(\d+)(?![号號])", r"\1号"),
        (rf"(?<=[{HAN}])-(\d{{1,3}})(?=[A-Z](?![A-Za-z\d]))", lambda m: cardinal(m[1])),
        (r"(?<![A-Za-z])(?![cdkmn]m\^)([a-z])([a-z])(?=\^\d)", r"\1 \2"),
        (rf"{FREE}({NUMBER})(?:[eE]|\s?[×x*]\s?10\^)([-+]?\d+)(?![\d.])", _science),
        (r"(?<=\d)\s*-\s*(?=\d+\s*=)", "减"),
        (rf"([{HAN}、])[-−](?=({NUMBER})()(?!\d))", _negative),
        (
            rf"(?<![A-Za-z\d.\-/])([-−])?({NUMBER}){DASH}([-−]?\d+(?:\.\d+)?)(?![\d.]|\s*[-=/]\s*\d)(%?)",
            _range,
        ),
        flags=re.ASCII,
    ),
    *mandarin_measures.RULES[1:],
    *rules(
        (FREE + r"(\d+)[/⁄](0*[1-9]\d*)(?![\d/])", _fraction),
        (r"\^(-?\d+)", _power),
        (r"\s*([≈≥≤≠±√∞∈∪∩⊂∑∫π∴∵])\s*", lambda m: _OPERATORS[m[1]]),
        (
            r"(?<=[\w)方])\s*([+×*·÷=><])\s*(?=[\w(-])(?<!\+\+)(?!\+)",
            lambda m: _OPERATORS[m[1]],
        ),
        (rf"(?<=[{HAN}])\s*([×÷=])\s*(?=[\d{HAN}])", lambda m: _OPERATORS[m[1]]),
        (r"(?<![\w)])([<>])\s?(?=\d)", lambda m: _OPERATORS[m[1]]),
        (rf"(?<=[{HAN}\d])\s*([+])\s*(?=\d)", lambda m: _OPERATORS[m[1]]),
        (r"(?<![\w.])[-−](?=\d+(?:\.\d+)?\s?(?:[到至]\D?\D?[\d.]+)?度)", "零下"),
        (r"(?<![\w.])[-−](?=\d)", "负"),
        (r"(?i:(?<![A-Za-z])NO\.?\s?)(?=\d)", "第"),
        (r"(?<=第)([IVXLC]+)(?![A-Za-z])", _roman),
        (rf"(?<=[{HAN}])([IVX]{{2,}})(?![A-Za-z\d]|设计|系统)", _roman),
        (r"(?<![A-Za-z])(I{1,3}|IV|VI{1,3}|IX)(?=[型级期类度世])", _roman),
        (r"(?<=[\d万亿])\+(?![A-Za-z\d+])", "多"),
        (r"(?<=\d)w(?=\+|[元人]|$)", "万"),
        # Numbers of a Latin word stay with it, unless something Chinese is counted by them.
        (
            rf"(?<![A-Za-z][- ])(?<![A-Za-z\d])(?<![A-Za-z\d]\.){NUMBER}(?![A-Za-z\d]|\.\d)",
            _number,
        ),
        (rf"(?<=[A-Za-z] ){NUMBER}(?=[年月日号個个岁天次位名点分秒万亿])", _number),
        (r"/(?=[个個斤人年月日天次秒小平组台件套份周季批米公吨升瓶盒晚间])", "每"),
        flags=re.ASCII,
    ),
]
