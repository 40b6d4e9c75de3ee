"""Numbers as they are said, up to thousands: in figures, in words, in Chinese characters."""

import re

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {
    **{word: number for number, word in enumerate(_SMALL)},
    **{word: 20 + 10 * number for number, word in enumerate(_TENS)},
    "fourty": 40,
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth",
]  # fmt: skip

_BELOW_TEN = "|".join(_SMALL[1:10])
_BELOW_20 = "|".join(sorted(_SMALL, key=len, reverse=True))
ENGLISH_SMALL = rf"(?:(?:{'|'.join([*_TENS, 'fourty'])})(?: (?:{_BELOW_TEN})\b)?|(?:{_BELOW_20}))\b"
ENGLISH_NUMBER = (
    r"(?:\d{1,9}(?:\.\d{1,4})?(?!\d)(?: (?:thousand|million)\b)?|"
    rf"(?:(?:{ENGLISH_SMALL}|an?) (?:hundred|thousand|million)\b(?:(?: and)? {ENGLISH_SMALL})?)|"
    rf"{ENGLISH_SMALL}(?: point (?:{_BELOW_20})\b)?)"
)
"""A pattern: "250", "1.5", "two hundred and fifty", "a hundred"."""
ENGLISH_ORDINAL = (
    r"(?:\d{1,2} ?(?:st|nd|rd|th)\b|(?:twenty|thirty) (?:first|second|third|fourth|fifth|sixth|"
    rf"seventh|eighth|ninth)\b|thirtieth\b|(?:{'|'.join(_ORDINALS)})\b)"
)
"""A pattern: "1st" to "31st", "first" to "thirty first"."""
CHINESE_NUMBER = (
    r"(?:\d{1,9}(?:\.\d{1,4})?|[零〇一二两三四五六七八九十百千万]{1,12}(?:点[一二三四五六七八九]"
    r"(?=个?(?:小时|钟头|分钟)))?)"
)
"""A pattern: "25", 二十五, 两百五."""


def english_number(text: str) -> float:
    """Return the value of what ``ENGLISH_NUMBER`` matches."""
    total, tenths = 0.0, False
    for word in text.split():
        if tenths:
            total += _WORDS[word] / 10
        elif word == "point":
            tenths = True
        elif word in _SCALES:
            total *= _SCALES[word]
        elif word in ("a", "an"):
            total = 1
        elif word != "and":
            total += _WORDS[word] if word in _WORDS else float(word)
    return total


def english_ordinal(text: str) -> int:
    """Return the value of what ``ENGLISH_ORDINAL`` matches."""
    if figures := re.match(r"\d+", text):
        return int(figures[0])
    *tens, last = text.split()
    if last == "thirtieth":
        return 30
    return (_WORDS[tens[0]] if tens else 0) + _ORDINALS.index(last) + 1


def chinese_number(text: str) -> float | None:
    """Return the value of what ``CHINESE_NUMBER`` matches; ``None`` if it is no number."""
    import cn2an  # 0.1 s, which whoever asks for something else need not wait for

    try:
        return float(cn2an.cn2an(text, "smart"))
    except (ValueError, KeyError):  # the latter of 十十七
        return None
