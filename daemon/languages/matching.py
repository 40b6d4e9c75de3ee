"""Finding the words of the language files in what was heard."""

import functools
import re
from collections.abc import Iterable

from daemon.languages import codes, language
from daemon.languages.guess import HAN, KANA, MARKS

_LETTER = rf"[\w{MARKS}]"


def words_pattern(words: Iterable[str], spaced: bool) -> str:
    """Return a pattern for any of ``words``, as whole words where there are spaces between.

    A pattern that matches nothing where there are none.
    """
    listed = "|".join(words)
    if not listed:
        return "(?!)"
    return rf"(?<!{_LETTER})(?:{listed})(?!{_LETTER})" if spaced else f"(?:{listed})"


@functools.cache
def backchannels(code: str) -> re.Pattern[str]:
    """Match what accompanies a reply. Where there are no spaces, only whole runs of it.

    "对" accompanies, and "对但是" does not.
    """
    data = language(code)
    listed = data.heard.backchannels
    if data.writing.spaced:
        return re.compile(words_pattern(listed, True), re.IGNORECASE)
    around = f"[{data.writing.letters}]"
    return re.compile(f"(?<!{around})(?:{'|'.join(listed)})++(?!{around})")


@functools.cache
def interruptions(code: str) -> re.Pattern[str]:
    """Match what ends a reply."""
    data = language(code)
    pattern = words_pattern(data.heard.interruptions, data.writing.spaced)
    return re.compile(f"{pattern}|[?？]", re.IGNORECASE)


@functools.cache
def unfinished(code: str) -> re.Pattern[str]:
    """Match an end after which more must come: such a word, or a filler, is the last."""
    data = language(code)
    listed = words_pattern((*data.heard.unfinished, *data.heard.fillers), data.writing.spaced)
    return re.compile(rf"{listed}$", re.IGNORECASE)


@functools.cache
def waking() -> re.Pattern[str]:
    """Match what wakes it, in any language."""
    each = (
        words_pattern(data.heard.waking, data.writing.spaced) for data in map(language, codes())
    )
    return re.compile("|".join(each), re.IGNORECASE)


@functools.cache
def calls() -> frozenset[str]:
    """Words before its name, in any language."""
    return frozenset(word for code in codes() for word in language(code).heard.calls)


def characters(text: str) -> int:
    """How many characters of scripts without spaces there are."""
    return len(re.findall(f"[{HAN}{KANA}]", text))


def spaced_words(text: str) -> int:
    """How many words of scripts with spaces there are."""
    return len(re.findall(rf"(?:[^\W\d_{HAN}{KANA}]|[{MARKS}]|')+", text))
