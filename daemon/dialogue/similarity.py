"""How alike words sound: one measure for names, voice commands and the echo of its own voice.

A recogniser spells what it hears: "Digital live", "数字声明". So sounds are compared: the letters
of words without their accents, and of Chinese characters their pinyin without tones. Katakana count
as the hiragana of the same sound.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from daemon.brain.sentences import WORD
from daemon.languages.guess import MARKS

# Accents; and whatever is no letter, figure, or vowel sign of Devanagari.
_UNHEARD = re.compile(rf"[\u0300-\u036f]|[^\w{MARKS}]|_")
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a Chinese character."""

    text: str
    """In small letters."""
    sound: str
    end: int
    """Its place in the text, one past its last letter."""


def words_of(text: str) -> list[Word]:
    """Return the words of a text, and how each sounds."""
    # Its dictionaries take 0.2 s to load, which the start need not wait for.
    from pypinyin import lazy_pinyin

    return [
        Word(word, _plain("".join(lazy_pinyin(word))), match.end())
        for match in WORD.finditer(text)
        for word in [match[0].casefold()]
    ]


def _plain(spelled: str) -> str:
    """Return the letters and figures alone, as far as they can be heard apart."""
    letters = _UNHEARD.sub("", unicodedata.normalize("NFKD", spelled))
    return unicodedata.normalize("NFC", letters).translate(_HIRAGANA)


def sound_of(words: Sequence[Word]) -> str:
    """Return how words sound that follow each other."""
    return "".join(word.sound for word in words)


def similarity(heard: Sequence[Word], meant: Sequence[Word]) -> float:
    """How alike two names sound, 0 to 1, wherever a recogniser has put the spaces.

    Twice the letters that both have in common, in the same order, of all letters (Ratcliff and
    Obershelp, 1988).
    """
    return SequenceMatcher(None, sound_of(heard), sound_of(meant), autojunk=False).ratio()


def matched_share(heard: Sequence[Word], said: Sequence[Word]) -> float:
    """Which share of the words heard, 0 to 1, sound like words that were said, in their order."""
    if not heard:
        return 0.0
    one, other = [word.sound for word in said], [word.sound for word in heard]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(heard)
