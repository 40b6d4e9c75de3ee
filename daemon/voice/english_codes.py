"""Telephone numbers, codes, addresses of computers and names with numbers in English text."""

import re

from daemon.voice.english_numbers import cardinal, digits, pairs, plural
from daemon.voice.rules import rules


def _phone(match: re.Match[str]) -> str:
    """Read a number group by group, as people do who give it to be written down."""
    groups = [digits(group) for group in re.findall(r"\d+", match[0])]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def _groups(match: re.Match[str]) -> str:
    """Read groups that no rule knows: long ones by the figure, 1-2-3 by the number."""
    groups = match[0].split("-")
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", match[0]):
        return match[0]  # a date
    return ", ".join(map(digits if max(map(len, groups)) > 2 else cardinal, groups))


def _letters(match: re.Match[str]) -> str:
    """Read a number whose end is a word: 1-800-FLOWERS."""
    return f"one, {pairs(match[1])}, {match[2].title()}"


def _spelt(match: re.Match[str]) -> str:
    return digits(match[0])


def _given(match: re.Match[str]) -> str:
    return match[1] + digits(match[2])


def _either(match: re.Match[str]) -> str:
    return f"{match[1]}{digits(match[2])}{match[3]}{digits(match[4])}"


def _aircraft(match: re.Match[str]) -> str:
    """Boeing 737-800 → Boeing seven thirty-seven, eight hundred."""
    letter = "A " * match[2].startswith("A")
    return f"{match[1] or ''}{letter}{pairs(match[2].lstrip('A'))}, {cardinal(match[3])}"


def _several(match: re.Match[str]) -> str:
    """MP3s → MP threes, B-52s → B fifty-twos."""
    return " " + plural(cardinal(match[1]))


def _zip(match: re.Match[str]) -> str:
    """Read the postal code behind a state: NY 10001."""
    return match[1] + digits(match[2]) + (f", {digits(match[3])}" if match[3] else "")


def _long(match: re.Match[str]) -> str:
    return cardinal(match[0]) if match[0].endswith("0000") else digits(match[0])


def _address(match: re.Match[str]) -> str:
    port = f" port {cardinal(match[2])}" if match[2] else ""
    return " dot ".join(digits(part) for part in match[1].split(".")) + port


def _room(match: re.Match[str]) -> str:
    return match[1] + pairs(match[2])


_NAMED = (
    r"(?:[Ff]light|[Rr]oom|[Rr]oute|[Hh]ighway|Hwy|[Ii]nterstate|[Ss]uite|[Aa]partment|"
    r"Apt\.?|Boeing|Airbus|[Bb]us|[Aa]rea)"
)
_NO_MORE = r"(?![\d/-]|[.,:]\d|\s?%| (?:[a-z]+s|people|more|times|percent|million|or)\b)"
_CALL = r"(?:called|call|dial|ring|text|phone)(?:\s(?:me|us|him|her|them|it))?(?:\s(?:at|on))?\s"
_CODE = (
    "zip(?: code)?|postcode|postal code|pin(?: code)?|passcode|password|(?:access |area |entry |"
    "verification |security |door |promo )?code|otp|(?:phone|account|serial|order|tracking|"
    "confirmation|reference|room|flight|ticket|card|model|part) number|extension"
)
_IS = r"(?:\s(?:is|was|to|no\.?|number))?:?\s#?"

RULES = rules(
    # Telephone numbers, from the most particular form on.
    (r"(?<![\w.])\+\d{1,3}(?:[-.\s]?\(?\d{2,5}\)?){2,5}(?!\d)", _phone),
    (r"(?<![\w.])(?:1[-.\s])?\(\d{3}\)\s?\d{3}[-.\s]\d{4}(?!\d)", _phone),
    (r"(?<![\w.-])\(?0\d{2,4}\)?(?:[ -]\d{3,8}){1,2}(?![\d-])", _phone),
    (r"(?<![\w.-])(?:1[-.])?\d{3}([-.])\d{3}\1\d{4}(?![\d-])", _phone),
    (r"(?<![\w.-])\d+(?:-\d+){2,}(?![\w-])(?<!\d{4}-\d\d-\d\d)(?<!-\d\d\d\d)", _groups),
    (r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\d-])|(?<![\w.-])\d{3}-\d{4}(?![\d-])", _phone),
    (r"(?<![\w.])\d{4}(?:[- ]\d{4}){3}(?!\d)", _phone),
    (r"(?<![\w.-])1[-.](\d{3})[-.]([A-Z]{4,9})\b", _letters),
    (rf"(?i:\b({_CALL}))(\d{{3}})(\s(?:or|and)\s)(\d{{3}})(?![\w-])", _either),
    (r"(?<![\w.,$€£-])911(?![\w%/-]|[.,]\d| [a-z]+s\b| people\b)", _spelt),
    (rf"(?i:\b({_CALL}|(?:{_CODE}){_IS}))(\d{{3,8}}){_NO_MORE}", _given),
    (r"\b((?:Boeing|Airbus)\s[A-Z]?)?(7[0-9]7|A3\d\d)-(\d{3,4})(?![\w-])", _aircraft),
    (r"\b([A-Z]{2} )(\d{5})(?:-(\d{4}))?(?![\w-])", _zip),
    (r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\w.]*\w)", _address),
    (r"(?<![\w.,])\d{10,}(?![\w,]*\d)(?!\.\d)", _long),
    (r"(?<=[A-Za-z])-?(\d{1,3})s\b(?!['’])", _several),
)

NAMED = rules((rf"\b({_NAMED}\s(?:[Nn]umber\s)?)(\d{{3}})(?!\w|[.,]\d)", _room))
