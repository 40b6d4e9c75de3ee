"""Texts as the full-text index sees them.

SQLite's tokenizers take a run of Chinese for one word, or see nothing in fewer than three
characters. So each Chinese character is made a word of its own, and a search for several in a row
is a search for a phrase: any part of a Chinese text is found, be it one character long.
"""

import re
from functools import cache

from opencc import OpenCC

from daemon.languages import codes, language

CHINESE = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(rf"{CHINESE.pattern}+|[^\W_]+")
PREFIX = 3  # letters from which on the beginning of a word finds it: "appoint" → "appointment"
# Characters and words that tell nothing of what is looked for.
_SMALL_CHINESE = re.compile(
    "什么|怎么|为什么|哪[里儿个]?|多少|[的了吗呢吧啊是在有和跟就都也我你您他她它们谁几么]"
)
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


def any_of(text: str) -> str:
    """Return what FTS5 is to look for: any of the words that say something; "" if there are none.

    Of a run of Chinese, any two characters that stand together.
    """
    terms: dict[str, None] = {}
    for word in _WORD.findall(_simplified().convert(text).lower()):
        if CHINESE.match(word):
            for run in filter(None, _SMALL_CHINESE.split(word)):
                pairs = [run[n : n + 2] for n in range(len(run) - 1)] or [run]
                terms |= dict.fromkeys(_term(pair) for pair in pairs)
        elif len(word) > 1 and word not in _small_words():
            plural = word.endswith("s") and len(word) > PREFIX + 1
            terms[_term(word[:-1] if plural else word)] = None
    return " OR ".join(list(terms)[:MAX_WORDS])


@cache
def _small_words() -> frozenset[str]:
    return frozenset(word for code in codes() for word in language(code).writing.frequent)


def _term(word: str) -> str:
    if CHINESE.match(word):
        return f'"{" ".join(word)}"'
    return f'"{word}"' + ("*" if len(word) >= PREFIX else "")
