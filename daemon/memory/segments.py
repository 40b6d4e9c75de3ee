"""Texts as the full-text index sees them.

SQLite's tokenizers take a run of Chinese for one word, or see nothing in fewer than three
characters. So each Chinese character is made a word of its own, and a search for several in a row
is a search for a phrase: any part of a Chinese text is found, be it one character long.
"""

import re
from functools import cache

from opencc import OpenCC

CHINESE = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(rf"{CHINESE.pattern}+|[^\W_]+")
PREFIX = 3  # letters from which on the beginning of a word finds it: "appoint" → "appointment"
MAX_WORDS = 16  # of a search; more narrow it down no further


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


def indexed(text: str) -> str:
    """Return ``text`` in simplified characters, each apart from its neighbours."""
    return CHINESE.sub(lambda found: f" {found[0]} ", _simplified().convert(text))


def query(text: str) -> str:
    """Return what FTS5 is to look for: all of the words, in any order; "" if there are none.

    A run of Chinese characters must occur as it is.
    """
    words = _WORD.findall(_simplified().convert(text))[:MAX_WORDS]
    return " ".join(_term(word) for word in words)


def _term(word: str) -> str:
    if CHINESE.match(word):
        return f'"{" ".join(word)}"'
    return f'"{word}"' + ("*" if len(word) >= PREFIX else "")
