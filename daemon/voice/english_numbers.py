"""Numbers as English words.

The words come from unicode-rbnf, which carries the rules of Unicode's CLDR; as for what voice we
have, the reading is American: no "and" after the hundreds.
"""

import functools
import re

from unicode_rbnf import FormatPurpose, RbnfEngine

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)|\d+(?:\.\d+)?|(?<![\w.])\.\d+)"
"""A number as it is written, as a regular expression: 5, 3.14, .5, 1,234,567."""

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

_MAX_DIGITS = 18  # digits: what the library's rules reach
_IRREGULAR_HALVES = {"2": ("half", "halves"), "4": ("quarter", "quarters")}


@functools.cache
def _engine() -> RbnfEngine:
    return RbnfEngine.for_language("en")


def digits(written: str) -> str:
    """Read digit by digit, leaving out what is no digit: 911 → nine one one."""
    return " ".join(DIGITS[int(char)] for char in written if char in "0123456789")


def cardinal(written: str) -> str:
    """Read a quantity such as 1,234 or .5; digit by digit with leading zeros or when too long."""
    whole, point, fraction = written.replace(",", "").partition(".")
    whole = whole or "0"
    if len(whole) > _MAX_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = _engine().format_number(int(whole)).text
    return f"{said} point {digits(fraction)}" if point else said


def ordinal(written: str) -> str:
    """Read the place in an order: 22 → twenty-second."""
    whole = written.replace(",", "")
    if len(whole) > _MAX_DIGITS:
        return digits(whole)
    return _engine().format_number(int(whole), purpose=FormatPurpose.ORDINAL).text


def year(written: str) -> str:
    """Read four digits in pairs, as years are: 1908 → nineteen oh eight."""
    said = _engine().format_number(int(written), purpose=FormatPurpose.YEAR).text
    return said.replace("oh-", "oh ")


def pairs(written: str) -> str:
    """Read three digits as rooms and flights are: 370 → three seventy, 101 → one oh one."""
    first, rest = written[:-2], written[-2:]
    if rest == "00":
        return cardinal(written)
    return f"{cardinal(first)} {two_digits(rest)}"


def two_digits(written: str) -> str:
    """Read the second half of a year or a time: 05 → oh five."""
    return f"oh {DIGITS[int(written[1])]}" if written[0] == "0" else cardinal(written)


def plural(words: str) -> str:
    """Return the plural of a number's last word: ninety → nineties, eighth → eighths."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def fraction(over: str, under: str) -> str:
    """Read a fraction of whole numbers: 3/4 → three quarters, 17/365 → seventeen over …."""
    if under in ("0", "1") or (int(under) > 100 and int(under) != 1000):
        return f"{cardinal(over)} over {cardinal(under)}"
    if under in _IRREGULAR_HALVES:
        one, more = _IRREGULAR_HALVES[under]
    else:
        one = ordinal(under)
        more = plural(one)
    return f"{cardinal(over)} {one if over == '1' else more}"


_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman(numeral: str) -> int:
    """Return the value of a Roman numeral, 0 if ``numeral`` is none."""
    if not _ROMAN.fullmatch(numeral):
        return 0
    values = [_VALUES[char] for char in numeral] or [0]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
