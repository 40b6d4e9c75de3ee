"""Numbers as Chinese words: quantities, figures, and what is counted with 两."""

import re

HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The Chinese characters, as the inside of a regular expression's brackets."""

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
"""A number as it is written, as a regular expression; commas part thousands."""

DASH = r"\s*[-~–—−]\s*"
"""What may stand between the ends of a range."""

FREE = r"(?<![A-Za-z\d.])"
"""Not inside a longer number or a Latin word."""

_DIGITS = "零一二三四五六七八九"
_MAX_INTEGER_DIGITS = 16  # digits: the largest number that cn2an reads as a quantity

# What is counted, so that 2 before it is 两. Floors, house numbers, months and days are not.
MEASURE = re.compile(
    "[个個位名条條张張本只隻件次天岁歲秒块塊元毛斤公米千克升吨层倍种種家门辆台部场句遍趟顿份双对匹座栋"
    "间間套杯瓶碗盘片颗粒把支枝根朵群排组项步篇首幅边国周万萬亿億半点點]|人(?!称)|年(?![级級])|分(?!之)"
    "|小(?:时|時|组|节|块|段|瓶|杯|包)|地(?=方|区)|行(?=字)|星期|平方|立方|毫|厘米|英|美元|港元|欧元|兆"
)


def digits(number: str, one: str = "一") -> str:
    """Read digit by digit, leaving out what is no digit: 2024 → 二零二四."""
    return "".join(one if c == "1" else _DIGITS[int(c)] for c in number if c in "0123456789")


def telephone(number: str) -> str:
    """Read digit by digit with 幺 for one, as it is done where 一 may be taken for 七."""
    return digits(number, "幺")


def cardinal(number: str) -> str:
    """Read a quantity such as 1,200 or 3.14; with leading zeros or too long, digit by digit."""
    # 0.1 s to import: the voice's warm-up pays for it, and not everything that speaks of numbers.
    import cn2an

    whole, point, fraction = number.replace(",", "").partition(".")
    if (len(whole) > 1 and whole[0] == "0") or len(whole) > _MAX_INTEGER_DIGITS:
        said = digits(whole)
    else:
        said = re.sub(r"(?<!十)二(?=[千万])", "两", cn2an.an2cn(whole))
    return said + "点" + digits(fraction) if point else said


def counted(number: str, after: str) -> str:
    """Read a quantity with what follows it: 2个 → 两."""
    return "两" if number == "2" and MEASURE.match(after) else cardinal(number)
