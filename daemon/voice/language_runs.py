"""Cuts a text into what each voice is to speak: by script, and by sentence within a script.

In each sentence one language is at home, and words in other scripts are guests: "我喜欢 Python",
"¿Qué significa 你好?". Which language it is, ``languages/guess.py`` tells.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from daemon.languages.guess import KANA, MARKS, language_of, patterns
from daemon.media import Audio
from daemon.stages import Synthesizer
from daemon.voice import english_text
from daemon.voice.mandarin_digits import HAN
from daemon.voice.mandarin_numbers import spoken
from daemon.worker import CancelToken

BOTH = ("en", "zh")
UNREADABLE = ""
"""The language of a run that no voice can read."""

TELLING = 500  # characters that tell the language of all: the time grows with a text, not faster

_LETTER = "A-Za-z\u00c0-\u024f"
_EXAMPLE = {"han": "一", "latin": "a", "kana": "あ", "devanagari": "क", "cyrillic": "д"}
_TOKEN = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<latin>[{_LETTER}]+(?:['’][{_LETTER}]+)*)|(?P<number>\d+(?:[.,:]\d+)*)"
    rf"|(?P<kana>[{KANA}]+)|(?P<devanagari>[\u0900-\u0963\u0966-\u097f]+)"
    rf"|(?P<cyrillic>[\u0400-\u04ff]+)|(?P<other>[^\W\d_](?:[^\W\d_]|[{MARKS}]|['’])*)|.",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?;।])(?=\s)")
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[^\W_]")
# Letters right behind a number are a unit, which says nothing about the language, 10KG, 5 cm, nor
# do single ones: E=mc².
_WORD = re.compile(rf"(?<![\d{_LETTER}])(?<!\d )[{_LETTER}]{{2,}}(?:[-'’][{_LETTER}]+)*")


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """A stretch of text for one voice."""

    language: str
    """A code of ``languages``, or ``UNREADABLE``."""
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences in which one language is at home."""

    language: str
    runs: tuple[LanguageRun, ...]
    """With numbers, signs and abbreviations written out."""


@runtime_checkable
class Polyglot(Synthesizer, Protocol):
    """A voice that speaks guests in its own language's sentences itself, with their own sounds."""

    def synthesize_runs(self, runs: Sequence[LanguageRun], cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of runs that belong together; ``UNREADABLE`` ones are left out."""


def runs(text: str, languages: Sequence[str] = BOTH, likely: str = "") -> list[LanguageRun]:
    """Cut ``text`` by script. Numbers and punctuation go with the words they stand at.

    ``languages`` have a voice; ``likely`` is that of the conversation. A text of Latin letters
    alone is one run. Numbers, signs and abbreviations come written out.
    """
    found: list[LanguageRun] = []
    for _home, cut in _cut(text, languages, likely):
        _append(found, cut)
    return _written(found)


def passages(text: str, languages: Sequence[str] = BOTH, likely: str = "") -> list[Passage]:
    """Cut ``text`` likewise, and keep together the sentences of one language and their guests."""
    found: list[tuple[str, list[LanguageRun]]] = []
    for home, cut in _cut(text, languages, likely):
        if found and found[-1][0] == home:
            _append(found[-1][1], cut)
        else:
            found.append((home, cut))
    return [Passage(home, tuple(_written(cut))) for home, cut in found]


def _append(found: list[LanguageRun], more: Sequence[LanguageRun]) -> None:
    for run in more:
        if found and found[-1].language == run.language:
            found[-1] = LanguageRun(run.language, found[-1].text + run.text)
        else:
            found.append(run)


def _written(cut: Sequence[LanguageRun]) -> list[LanguageRun]:
    """Write out what a voice cannot read by itself."""
    return [LanguageRun(run.language, _said(run)) for run in cut]


def _said(run: LanguageRun) -> str:
    match run.language:
        case "zh":
            return spoken(run.text)
        case "en":
            return english_text.spoken(run.text)
        case "":
            return run.text
    # Babel takes 0.1 s to import, which who speaks no other language need not wait for.
    from daemon.voice import foreign_text

    return foreign_text.spoken(run.text, run.language)


def _cut(text: str, languages: Sequence[str], likely: str) -> list[tuple[str, list[LanguageRun]]]:
    """Return each sentence's language and runs, where the language changes between sentences."""
    parts: list[str] = []
    homes: list[str] = []
    has_letters = False  # the last of them
    for sentence in _SENTENCE_END.split(text):
        home = _home(sentence, languages, likely or (homes[-1] if homes else ""))
        letters = _LETTERS.search(sentence) is not None
        if parts and not has_letters:  # the number of an item: 1. 打开
            homes[-1] = _home(parts[-1][-TELLING:] + sentence, languages, likely)
            parts[-1] += sentence
            has_letters = letters
        elif parts and (not _WORDS.search(sentence) or home == homes[-1]):
            parts[-1] += sentence
            if homes[-1] in BOTH and len(parts[-1]) < TELLING:
                homes[-1] = _home(parts[-1], languages, likely)
        else:
            parts.append(sentence)
            homes.append(home)
            has_letters = letters
    return [(home, _runs(part, home, languages)) for home, part in zip(homes, parts, strict=True)]


def _home(text: str, languages: Sequence[str], likely: str) -> str:
    """Name the language of the whole; words of others are only borrowed."""
    if set(languages) - set(BOTH):
        guessed = language_of(text, languages, likely)
        if guessed not in BOTH:
            return guessed
    return "zh" if _is_chinese(text) else "en"


def _is_chinese(text: str) -> bool:
    """Whether Chinese is the language of the whole, and foreign words are only borrowed."""
    characters = len(re.findall(f"[{HAN}]", text))
    words = len(_WORD.findall(text))
    return characters > words or (
        characters == words == 0 and bool(re.search("[，。！？、；：]", text))
    )


def _runs(text: str, home: str, languages: Sequence[str]) -> list[LanguageRun]:
    """Cut a text in which one language is at home, and words of others are guests."""
    if home == "zh":
        text = spoken(text)
    found: list[LanguageRun] = []
    leading = ""  # what stands before the first word
    for token in _TOKEN.finditer(text):
        code = _owner(token, text, home, languages)
        if code is None:
            if found:
                found[-1] = LanguageRun(found[-1].language, found[-1].text + token[0])
            else:
                leading += token[0]
        elif found and found[-1].language == code:
            found[-1] = LanguageRun(code, found[-1].text + token[0])
        else:
            found.append(LanguageRun(code, leading + token[0]))
            leading = ""
    if not found and _LETTERS.search(leading):
        found.append(LanguageRun(home, leading))
    return found


def _owner(token: re.Match[str], text: str, home: str, languages: Sequence[str]) -> str | None:
    """Say whose a token is; ``None`` for what goes with what is before it."""
    script = token.lastgroup
    if script is None:
        return None
    if script == "number":
        if home not in BOTH:
            return home
        # In Chinese, the numbers that are left by now belong to a name: GPT-4, Python 3.11, 5G.
        beside = text[max(0, token.start() - 1) : token.end() + 1]
        if text[: token.start()].endswith(" "):
            beside += text[token.end() :].lstrip()[:1]  # its measure word: 9999 元
        return "zh" if home == "en" and re.search(f"[{HAN}]", beside) else "en"
    example = _EXAMPLE.get(script, token[0])
    if patterns(home)[0].match(example):
        return home
    if script == "latin":
        return "en"
    if len(token[0]) == 1 and script != "han":
        return None  # α and β are read in every language
    readers = [code for code in languages if patterns(code)[0].match(example)]
    if script == "han":
        return "ja" if readers == ["ja"] else "zh"
    return language_of(token[0], readers) if readers else UNREADABLE
