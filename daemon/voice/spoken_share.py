"""How much of a text has been spoken, and what is left of it."""

import re

from daemon.voice.mandarin_digits import HAN

LETTERS_PER_S = 15.0  # of people, until more is known of a voice
# Rather two words twice than one left out: how far a voice has come is a guess.
SURE = 0.8

_HAN = re.compile(f"[{HAN}]")
_LETTER = re.compile(r"\w")
HAN_WEIGHT = 3


def weight(text: str) -> int:
    """Return how many letters are spoken, of which a Chinese character counts three."""
    return sum(map(_weight, text))


def _weight(char: str) -> int:
    if not _LETTER.match(char):
        return 0
    return HAN_WEIGHT if _HAN.match(char) else 1


def rest_of(text: str, letters: float) -> str:
    """Return ``text`` from the word on in which so many letters (see ``weight``) have been said."""
    sure, begins = SURE * letters, 0
    for at, char in enumerate(text):
        if at and (_HAN.match(char) or (_LETTER.match(char) and not _LETTER.match(text[at - 1]))):
            begins = at
        sure -= _weight(char)
        if sure < 0:
            return text[begins:]
    return ""
