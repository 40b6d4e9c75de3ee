"""Tells WhatsApp's own words in an exported chat from those of people.

An iPhone writes an invisible mark (U+200E, in Arabic and Hebrew U+200F) before whatever is
WhatsApp's own, and another before the line of a message that holds a file; Android writes it before
some names of files. Where a file has marks, they decide, in any language. Where it has none, the
words in ``whatsapp.toml`` do, and what is alike in all languages: ``<…: 00000012-PHOTO-….jpg>``,
``IMG-20240114-WA0003.jpg (…)``, places on a map, polls. A message is left out only if all of it is
such words, so one that merely mentions them stays.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

MARKS = ("\u200e", "\u200f")
NO_BLANKS = "\u2e80"  # from here on scripts put none between words
MAX_PHRASE_CHARS = 300  # characters; WhatsApp says nothing longer
MAX_DELETED_CHARS = 40  # of them, in what stands instead of a deleted text
UNSEEN = dict.fromkeys((0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks of direction, for ``str.translate``."""
_ATTACHED = re.compile(r"(?P<name>[^\n]{1,250}\.\w{1,5}) ?[(（](?P<phrase>[^()（）]{2,60})[)）]")
_ENCLOSED = re.compile(r"<(?P<phrase>[^<>:：]{2,30})[:：] ?(?P<number>\d{8}-)?[^<>]{1,250}>\Z")
_NAMED_BY_WHATSAPP = re.compile(r"(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d{1,6}\.\w{2,5}")
_DOCUMENT = re.compile(r"[^\n]{1,250}\.\w{1,5}(?: •[^\n]{0,60})?")
_PLACE = re.compile(
    r"[^\n:]{0,60}:? ?https://maps\.google\.com/(?:maps)?\?q=-?\d{1,3}\.\d+,-?\d{1,3}\.\d+"
    r"|[^\n]{0,200}: https://(?:www\.)?foursquare\.com/v/\S{1,200}"
)
_OPTION = re.compile(r"[^:：]{2,30}[:：] ?.{1,300} ?[(（]\d{1,6} ?[^()（）]{0,30}[)）]")

Kind = Literal["text", "media", "system"]
Sorted = tuple[str, Kind]
"""The sender's own words, and what the message is; only a text has any."""
NOTHING: Sorted = "", "media"


@dataclass(frozen=True, slots=True)
class Phrases:
    """What ``whatsapp.toml`` holds, of all languages, folded."""

    halves: dict[str, str]
    """A for the morning, P for the afternoon."""
    media: frozenset[str]
    omitted: frozenset[str]
    attached: frozenset[str]
    edited: frozenset[str]
    instead: frozenset[str]
    """What stands instead of a text: deleted and others."""
    missed: frozenset[str]
    call: frozenset[str]
    encrypted: tuple[str, ...]
    encryption: tuple[str, ...]
    notices: tuple[tuple[str, ...], ...]
    """The fixed parts, in their order; between them is anything."""
    omission: re.Pattern[str]
    """What words of other versions begin with, or contain where there are no blanks."""
    edit: re.Pattern[str]
    deletion: tuple[tuple[str, str], ...]
    """Words for a message, and for its being deleted."""


@cache
def phrases() -> Phrases:
    """Return the phrases of all languages."""
    text = resources.files(__package__).joinpath("whatsapp.toml").read_text(encoding="utf-8")
    languages = list(tomllib.loads(text).values())

    def of(name: str) -> Iterator[str]:
        return (folded(phrase) for language in languages for phrase in language.get(name, ()))

    return Phrases(
        halves={_bare(half): "A" for half in of("am")} | {_bare(half): "P" for half in of("pm")},
        media=frozenset((*of("media"), *of("omitted"))),
        omitted=frozenset(of("omitted")),
        attached=frozenset(of("attached")),
        edited=frozenset(of("edited")),
        instead=frozenset((*of("deleted"), *of("other"), "null")),
        missed=frozenset(of("missed")),
        call=frozenset(of("call")),
        encrypted=tuple(of("encrypted")),
        encryption=tuple(of("encryption")),
        notices=tuple(tuple(notice.split("{}")) for notice in of("notices")),
        omission=_stems(of("omission")),
        edit=_stems(of("edit")),
        deletion=tuple((both[0], both[1]) for both in (each.split("|") for each in of("deletion"))),
    )


def _stems(stems: Iterator[str]) -> re.Pattern[str]:
    return re.compile("|".join(stem if stem >= NO_BLANKS else rf"\s{stem}" for stem in stems))


def folded(text: str) -> str:
    """Return a phrase as it is compared."""
    return " ".join(text.translate(UNSEEN).casefold().split()).rstrip(".。… ")


def _bare(text: str) -> str:
    return "".join(letter for letter in folded(text) if letter not in " .,،、'’")


def half_of_day(text: str) -> str:
    """Return A or P for what stands beside a time on a clock of twelve hours, else ""."""
    return phrases().halves.get(_bare(text), "")


def is_encryption(text: str) -> bool:
    """Whether it is the notice with which a chat begins."""
    return folded(text[:MAX_PHRASE_CHARS]).startswith(phrases().encrypted)


def mentions_encryption(text: str) -> bool:
    """Whether it may be that notice in the words of another version."""
    words = folded(text) if len(text) <= MAX_PHRASE_CHARS else ""
    return any(stem in words for stem in phrases().encryption)


def subject_of_notice(text: str) -> str | None:
    """Return who did something in what reads like an event of a group; None for other texts.

    "" where somebody's name comes later, "*" where there is none.
    """
    if len(text) > MAX_PHRASE_CHARS or "\n" in text:
        return None
    words = folded(text)
    for parts in phrases().notices:
        if _fits(words, parts):
            if len(parts) == 1:
                return "*"
            return "" if parts[0] else words[: words.find(parts[1], 1)].strip()
    return None


def _fits(words: str, parts: Sequence[str]) -> bool:
    if len(parts) == 1:
        return words == parts[0]
    if not words.startswith(parts[0]) or not words.endswith(parts[-1]):
        return False
    position = 0
    for number, part in enumerate(parts):
        position = words.find(part, position + (number == 1 and not parts[0]))
        if position < 0:
            return False
        position += len(part)
    return True


def by_marks(text: str, ahead: bool) -> Sorted:
    """Sort out a text of a file that has marks.

    ``ahead`` says that the line of the message began with a mark, so that it holds a file.
    """
    if text.startswith(MARKS):
        first, _, rest = text.partition("\n")
        if any(line.startswith(MARKS) for line in rest.split("\n")):
            return NOTHING  # a poll or an event
        if ahead or _stands_for_a_file(first.translate(UNSEEN).strip()):
            return _caption(rest)
        return by_words(text) if _is_poll(text) else ("", "system")
    end = min((at for at in map(text.find, MARKS) if at >= 0), default=-1) if ahead else _end(text)
    if end < 0:
        return by_words(text) if ahead else (text, "text")
    return _caption(text[:end])


def _end(text: str) -> int:
    """Return where WhatsApp's own words at the end of a text begin, -1 where there are none."""
    end = len(text)
    for _ in range(3):  # the number of pages, what was omitted, that it was edited
        at = max(text.rfind(mark, 0, end) for mark in MARKS)
        tail = text[at + 1 : end].strip()
        if at < 0 or len(tail) > MAX_PHRASE_CHARS:
            break
        if (
            not (tail.startswith("<") and tail.endswith(">"))
            and folded(tail) not in phrases().media
        ):
            break
        end = at
    return end if end < len(text) else -1


def by_words(text: str) -> Sorted:
    """Sort out a text of a file that has no marks."""
    text = _unedited(text.translate(UNSEEN).strip())
    first, _, rest = text.partition("\n")
    if _stands_for_a_file(first.strip()):
        return _caption(rest)
    attached = _ENCLOSED.search(text, max(len(text) - MAX_PHRASE_CHARS, 0))
    if attached and (attached["number"] or folded(attached["phrase"]) in phrases().attached):
        return _caption(text[: attached.start()])
    if len(text) <= MAX_PHRASE_CHARS and (
        folded(text) in phrases().instead or _is_call(text) or _is_deleted(folded(text))
    ):
        return NOTHING
    if _PLACE.fullmatch(text) or _is_poll(text):
        return NOTHING
    return ("", "system") if is_encryption(text) else (text, "text")


def _caption(text: str) -> Sorted:
    """Sort out what stands beside a file: words of the sender, or the name of the file."""
    text = _unedited(text.translate(UNSEEN).strip())
    return NOTHING if not text or _DOCUMENT.fullmatch(text) else (text, "text")


def _unedited(text: str) -> str:
    start = text.rfind("<") if text.endswith(">") else -1
    phrase = folded(text[start + 1 : -1]) if 0 < len(text) - start <= MAX_PHRASE_CHARS else ""
    if start < 0 or not phrase:
        return text
    edited = phrase in phrases().edited or phrases().edit.search(f" {phrase}")
    return text[:start].rstrip() if edited else text


def _stands_for_a_file(line: str) -> bool:
    if len(line) > 2 * MAX_PHRASE_CHARS:
        return False
    known = phrases()
    if folded(line) in known.omitted:
        return True
    if (enclosed := _ENCLOSED.match(line)) and enclosed["number"]:
        return True
    if line.startswith("<") and line.endswith(">") and ":" not in line:
        words = folded(line[1:-1])
        return words in known.media or bool(known.omission.search(f" {words}"))
    if attached := _ATTACHED.fullmatch(line):
        named = _NAMED_BY_WHATSAPP.fullmatch(attached["name"])
        return bool(named) or folded(attached["phrase"]) in known.attached
    if " • " in line:
        return any(folded(line).endswith(" " + phrase) for phrase in known.omitted)
    return False


def _is_deleted(words: str) -> bool:
    """Whether it may be what stands instead of a text, in the words of another version."""
    if len(words) > MAX_DELETED_CHARS or words.endswith(("?", "？", "!", "！")):
        return False
    return any(message in words and stem in words for message, stem in phrases().deletion)


def _is_call(text: str) -> bool:
    call, _, more = folded(text).partition(",")
    if not more:
        call, _, more = call.partition(".")
    if call in phrases().missed:
        return len(more) < 40
    return call in phrases().call and more.strip()[:1].isdigit()


def _is_poll(text: str) -> bool:
    lines = [line.translate(UNSEEN) for line in text.strip().split("\n", 20)]
    if len(lines) < 3 or not 2 < len(lines[0]) < 30 or not lines[0].rstrip().endswith((":", "：")):
        return False
    return all(_OPTION.fullmatch(line.strip()) for line in lines[2:14])
