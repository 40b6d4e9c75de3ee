"""Small sums, whose rows are worked out and not listed: asked in words, answered in digits.

So the untouched model answers. Taught to answer in words, it could no longer calculate; the voice
says digits as words anyway.
"""

import random
from collections.abc import Callable, Mapping, Sequence

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_DIGITS = "零一二三四五六七八九"

Drawn = Mapping[tuple[str, str, str], str | Sequence[str]]


def english(number: int) -> str:
    """Return 0 to 199 in words."""
    if number >= 100:
        rest = f" and {english(number - 100)}" if number > 100 else ""
        return f"one hundred{rest}"
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]


def chinese(number: int) -> str:
    """Return 0 to 199 in characters."""
    if number >= 100:
        rest = number - 100
        if not rest:
            return "一百"
        return (
            f"一百零{_DIGITS[rest]}"
            if rest < 10
            else f"一百{'一' if rest < 20 else ''}{chinese(rest)}"
        )
    tens, ones = divmod(number, 10)
    front = "" if tens == 0 else ("十" if tens == 1 else f"{_DIGITS[tens]}十")
    return front + (_DIGITS[ones] if ones or not tens else "")


def in_words(language: str, number: int) -> str:
    """Return 0 to 199 in words of ``language``."""
    return english(number) if language == "en" else chinese(number)


def _sum(language: str, rng: random.Random, _: Drawn) -> Sequence[str]:
    kind = rng.choice(("plus", "plus", "minus", "times"))
    if kind == "times":
        left, right = rng.randint(2, 10), rng.randint(2, 10)
        result = left * right
    else:
        left, right = rng.randint(3, 40), rng.randint(1, 20)
        left = max(left, right)
        result = left + right if kind == "plus" else left - right
    sign = {"plus": "加", "minus": "减", "times": "乘以"}[kind]
    between = f" {kind} " if language == "en" else sign
    asked = in_words(language, left) + between + in_words(language, right)
    return asked, str(result), f"{left}{between}{right}"


def _more(language: str, rng: random.Random, drawn: Drawn) -> Sequence[str]:
    number = rng.randint(1, 15)
    return in_words(language, number), str(int(drawn[language, "sum", "1"][1]) + number)


def _apples(language: str, rng: random.Random, _: Drawn) -> Sequence[str]:
    have, more = rng.randint(2, 12), rng.randint(2, 12)
    return in_words(language, have), in_words(language, more), str(have + more)


ROWS: dict[str, Callable[[str, random.Random, Drawn], Sequence[str]]] = {
    "sum": _sum,
    "more": _more,
    "apples": _apples,
}
"""Slots that are worked out: language, chance and what was drawn before give the row."""
