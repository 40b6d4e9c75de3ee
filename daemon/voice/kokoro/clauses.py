"""Text to what Kokoro speaks in one go: symbols of a clause, and clauses joined to pieces.

The network's time grows with the text, so the first piece is the first clause, and no piece is more
than twice as long as the one before: while one is heard, the next is made.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from daemon.languages import language
from daemon.voice.kokoro.espeak_sounds import espeak_sounds
from daemon.voice.kokoro.japanese_sounds import japanese_sounds
from daemon.voice.kokoro.mandarin_sounds import mandarin_sounds
from daemon.voice.kokoro.symbols import MARKS, has_sound, tokens
from daemon.voice.language_runs import UNREADABLE, LanguageRun

MAX_TOKENS = 510  # what the network has positions and styles for
LONGEST = 240  # tokens of a piece: beyond, the model hurries
_SHORTEST = 12  # tokens of a piece, where more follows: a single word sounds cut off
_GROWTH = 2

_BRITISH = "en-gb-x-rp"
_JOINERS = "\u200c\u200d"  # in Devanagari they shape letters; elsewhere only emoji

_MARK_OF = {
    "，": ",", "、": ",", "。": ".", "．": ".", "।": ".", "！": "!", "？": "?", "；": ";",
    "：": ":", "–": "—", "\n": ",", "(": ",", ")": ",", "（": ",", "）": ",", "[": ",", "]": ",",
}  # fmt: skip
# Marks of Latin script count before a space or the end; within 3.5 or 8:30 they belong to a number.
_MARK = re.compile(
    r"\s*((?:[，、。．।！？；：…—–\n()（）\[\]]|[,;:.!?](?=[\s,;:.!?\"”’»)\]）]|$)| [-–] )"
    r"[，、。．।！？；：…—–\n()（）\[\],;:.!?\s\"”’»]*)"
)
_SILENT = re.compile(r"[¿¡\"“”„«»‹›「」『』《》〈〉【】*_#~`^|<>{}\\]+")


@dataclass(frozen=True, slots=True)
class SoundClause:
    """Symbols that belong together, and the mark after them (perhaps none)."""

    sounds: str
    mark: str = ""


def pieces(runs: Iterable[LanguageRun], british: bool = False) -> Iterator[SoundClause]:
    """Yield what is spoken in one go, at most ``LONGEST`` tokens each; nothing without a sound."""
    held = SoundClause("")
    limit = 0  # tokens; the first piece is a clause
    for clause in _cut_up(spoken_clauses(runs, british)):
        joined = _join(held, clause)
        length = len(tokens(held.sounds))
        if held.sounds and length >= _SHORTEST and len(tokens(joined.sounds)) > limit:
            yield held
            limit = min(LONGEST, _GROWTH * length)
            held = clause
        else:
            held = joined
    if held.sounds:
        yield held


def _join(one: SoundClause, other: SoundClause) -> SoundClause:
    before = f"{one.sounds}{one.mark} " if one.sounds else ""
    return SoundClause(before + other.sounds, other.mark)


def _cut_up(clauses: Iterable[SoundClause]) -> Iterator[SoundClause]:
    """Cut clauses that are too long between words, and words that are too long anywhere."""
    for clause in clauses:
        rest = clause.sounds
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", LONGEST // 2, LONGEST)
            cut = LONGEST if cut < 0 else cut
            yield SoundClause(rest[:cut].strip())
            rest = rest[cut:].strip()
        yield SoundClause(rest, clause.mark)


def spoken_clauses(runs: Iterable[LanguageRun], british: bool = False) -> Iterator[SoundClause]:
    """Yield the clauses of runs; a run that ends without a mark goes on in the next."""
    held = SoundClause("")
    for run in runs:
        if run.language == UNREADABLE:
            continue
        for words, mark in _split(_cleaned(run)):
            sounds = sounds_of(words, run.language, british) if words else ""
            if has_sound(sounds):
                held = _join(held, SoundClause(sounds, mark))
            elif mark and held.sounds and not held.mark:
                held = SoundClause(held.sounds, mark)
            if held.mark:
                yield held
                held = SoundClause("")
    if held.sounds:
        yield held


def sounds_of(words: str, code: str, british: bool = False) -> str:
    """Return the model's symbols for words of a language, without the marks around them."""
    if code == "zh":
        return mandarin_sounds(words)
    if code == "ja":
        return japanese_sounds(words)
    voice = _BRITISH if code == "en" and british else language(code).voices.espeak
    return espeak_sounds(words, voice)


def _cleaned(run: LanguageRun) -> str:
    """Leave out what is not to be heard: direction marks, joiners, emoji."""
    kept = []
    for char in run.text:
        kind = unicodedata.category(char)
        joins = char in _JOINERS and run.language == "hi"
        if (kind not in ("Cf", "Cs", "Co", "Cn") or joins) and not _is_picture(char):
            kept.append(" " if kind == "Cc" and char != "\n" else char)
    return _SILENT.sub(" ", "".join(kept))


def _is_picture(char: str) -> bool:
    return (char >= "\u2190" and unicodedata.category(char) in ("So", "Sk")) or char == "\ufe0f"


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield stretches of words, and the model's mark after each."""
    start = 0
    for match in _MARK.finditer(text):
        yield text[start : match.start()].strip(), _mark(match[1])
        start = match.end()
    if rest := text[start:].strip():
        yield rest, ""


def _mark(written: str) -> str:
    """Return the strongest of marks that stand together, as the model has it."""
    marks = [_MARK_OF.get(char, char) for char in written]
    if marks.count(".") >= 2 or "…" in marks:
        return "…"
    for strong in ("?", "!", ".", ";", ":", "—"):
        if strong in marks:
            return strong
    return "—" if "-" in marks else ","


def style_row(symbols: Sequence[int]) -> int:
    """Return the row of a voice's pack that is the style of so many tokens."""
    return min(max(len(symbols), 1), MAX_TOKENS) - 1


assert set(_MARK_OF.values()) <= set(MARKS)
