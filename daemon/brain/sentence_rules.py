"""Where sentences end and may be cut, by language; the words come from ``daemon/languages``."""

import functools
import re
from dataclasses import dataclass

from daemon.languages import language

_MARKS = "\"'”’)\\]}」』）》】〉«»‹›"
_FRENCH_CLOSERS = rf"(?:[ \u00a0\u202f]?[»›]|[{_MARKS}])*"  # "Oui ! »"
_CLOSERS = rf"[{_MARKS}]*"
_FULL = "。！？；：…।॥"  # end a sentence, whatever follows


@dataclass(frozen=True, slots=True)
class SentenceRules:
    """What ``SentenceSplitter`` looks for in one language."""

    end: re.Pattern[str]
    """What may end a sentence, with the quotation marks behind it."""
    opener: re.Pattern[str]
    """A beginning up to its first comma."""
    title: re.Pattern[str]
    """A word that carries a full stop and goes on, or a single letter with one."""
    joint: re.Pattern[str]
    """A word before which a sentence may be cut."""
    phrase: re.Pattern[str] | None
    """A word before which it may be cut where the rest is written far quicker than it is spoken."""
    leaning: re.Pattern[str]
    """A word after which none may be cut."""
    particle: re.Pattern[str] | None
    """After which a clause without spaces may be cut."""
    ordinal: re.Pattern[str] | None
    """A number with a full stop that ends no sentence."""


@functools.cache
def sentence_rules(code: str = "") -> SentenceRules:
    """Return the rules of a language.

    "" is English, Chinese and mixtures of both. Abbreviations of English are known in every
    language, and its joints where there are no spaces: they are those of the words borrowed.
    """
    mixed = code in ("", "en", "zh")
    own = language("zh" if mixed else code).writing
    spaced = own if own.spaced else language("en").writing
    listed = dict.fromkeys((*language("en").writing.abbreviations, *own.abbreviations))
    closers = _FRENCH_CLOSERS if code == "fr" else _CLOSERS
    commas = r",(?=\s)|(?<=[^\W\d_]),\Z|，" + ("|、" if code == "ja" else "")
    # Initials of names are capitals; in lower case a Cyrillic letter is a word.
    letter = r"[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|(?-i:[А-ЯІЇЄҐ])"
    return SentenceRules(
        end=re.compile(
            rf"\n|[{_FULL}]+(?:[.!?{_FULL}]*){closers}|[.!?;:]+[.!?;:。！？…]*{closers}"
        ),
        opener=re.compile(rf"\s*[^\W\d_][^\d,，、;；:：.。!！?？…\n—–]*(?:{commas})"),
        title=re.compile(rf"(?:^|[^\w.])(?:{'|'.join(listed)}|{letter})\.$", re.IGNORECASE),
        joint=re.compile("|".join(spaced.joints), re.IGNORECASE),
        phrase=re.compile("|".join(spaced.phrases), re.IGNORECASE) if spaced.phrases else None,
        leaning=re.compile("|".join(spaced.leaning), re.IGNORECASE),
        particle=re.compile(own.particle) if own.particle else None,
        ordinal=re.compile(r"(?<!\d)\d{1,2}\.$") if own.ordinal_stop else None,
    )
