"""What is felt in a reply: by the marks that models write for the eye, else by its words.

An emoji, an emoticon, a short code or a tag such as ``[smile]`` says how something is meant; it is
never spoken. Where there is none, a few words and the punctuation tell a little.
"""

import functools
import re
from collections.abc import Iterator

from daemon.expression import Feeling, Felt
from daemon.languages import language
from daemon.languages.matching import words_pattern

BY_WORDS, BY_PUNCTUATION = 0.6, 0.35  # how strong it is against what a mark says

_EMOJI = {
    Feeling.SMILE: "🙂😊☺😀😃😄😁😉😌🤗🥰😍😘😇😋😎🤩🥳❤💕💖💛💙💚👍🎉✨🌞🌟👋🌈",
    Feeling.LAUGH: "😂🤣😆😅😹😝😜",
    Feeling.CONCERN: "😟😔😢😭😞🙁☹😥😰😨😓😿💔🥺😣😩😖🫂",
    Feeling.SURPRISE: "😮😲😯😱🤯😳🙀‼⁉",
    Feeling.DOUBT: "🤔🤨😕🧐🙄🤷😬🫤😐❓",
}
_TAGS = {
    Feeling.SMILE: r"smil(?:e|es|ing)|grin(?:s|ning)?|happy|cheerful(?:ly)?|warm(?:ly)?|微笑|开心",
    Feeling.LAUGH: r"laugh(?:s|ing|ter)?|chuckl(?:e|es|ing)|giggl(?:e|es|ing)|大笑|笑|哈哈",
    Feeling.CONCERN: r"concern(?:ed)?|worr(?:y|ied)|sad(?:ly)?|sorry|sigh(?:s|ing)?|担心|难过|叹气",
    Feeling.SURPRISE: r"surpris(?:e|ed)|gasp(?:s|ing)?|amazed|惊讶|吃惊",
    Feeling.DOUBT: r"doubt(?:ful|fully)?|unsure|skeptical|thinking|hesitat(?:es|ing)|怀疑|疑惑",
}
_EMOTICONS = {
    Feeling.SMILE: r"[:;=]-?\)+|:-?\*|\^_?\^|<3",
    Feeling.LAUGH: r"[:;=]'?-?D+|:'-?\)+|[:;]-?[Pp]",
    Feeling.CONCERN: r"[:;=]'?-?\(+|</3|[TQ]_[TQ]",
    Feeling.SURPRISE: r":-?[oO](?!\w)",
    Feeling.DOUBT: r"[:;]-?[/\\|]",
}
_CODES = {
    Feeling.SMILE: r"smil|grin|blush|wink|heart|hug|tada|sparkles|sun|thumbsup|wave|\+1",
    Feeling.LAUGH: r"joy|laugh|rofl|sweat_smile",
    Feeling.CONCERN: r"cry|sob|sad|disappoint|worr|pensive|frown|broken_heart|anguish",
    Feeling.SURPRISE: r"open_mouth|astonish|scream|exploding|flushed|hushed",
    Feeling.DOUBT: r"think|confus|shrug|raised_eyebrow|monocle|rolling_eyes|grimac",
}

TAG = re.compile(rf"\[\s*(?:{'|'.join(_TAGS.values())})\s*\](?![(\[:])", re.I)
"""A tag that says how something is said, and is not spoken itself."""


def _mark(kind: Feeling) -> str:
    return (
        rf"(?P<{kind.value}>[{_EMOJI[kind]}]|\[\s*(?:{_TAGS[kind]})\s*\](?![(\[:])"
        rf"|(?<!\S)(?:{_EMOTICONS[kind]})(?!\w)|(?<![\w:]):(?:\w*(?:{_CODES[kind]})\w*):(?![\w:]))"
    )


# Laughter comes first: ":joy:" is that, and ":sweat_smile:" no smile.
_ORDER = (Feeling.LAUGH, Feeling.CONCERN, Feeling.SURPRISE, Feeling.DOUBT, Feeling.SMILE)
_MARKS = re.compile("|".join(map(_mark, _ORDER)), re.I)
_LAUGHTER = re.compile(r"\b(?:ha){2,}h?\b|\b(?:he){2,}h?\b|哈哈|呵呵|嘻嘻|笑死", re.I)
_QUOTED = re.compile(r"[\"“「『«][^\"”」』»]{1,60}[\"”」』»]")
_STOPS = ",.;:!?，。；：！？、—…"
_EXCLAIMS, _ASTONISHED = re.compile(r"[!！]\W*$"), re.compile(r"[!?！？]*(?:!\?|\?!|！？|？！)\W*$")


def marks_in(text: str) -> Iterator[tuple[int, Feeling]]:
    """Yield where in a text as a model writes it a mark stands, and what it says."""
    for found in _MARKS.finditer(text):
        yield found.start(), Feeling(found.lastgroup or "")


def may_be_mark(char: str) -> bool:
    """Whether a mark may begin with a character: an emoji, or the eyes of an emoticon."""
    return char != "" and (char in ":;=^" or any(char in emoji for emoji in _EMOJI.values()))


def feelings_in_words(text: str, code: str) -> tuple[Felt, ...]:
    """Return what the words of a sentence, or its punctuation, tell; at most one feeling.

    ``code`` is the language; "" is English and Chinese. What is only quoted, or denied ("not
    dangerous"), tells nothing.
    """
    text = _QUOTED.sub(lambda found: " " * len(found[0]), text)
    if found := _LAUGHTER.search(text):
        return (Felt(Feeling.LAUGH, found.start() / len(text), BY_WORDS),)
    if _ASTONISHED.search(text):
        return (Felt(Feeling.SURPRISE, 0.0, BY_WORDS),)
    told = False
    for known in (code,) if code else ("en", "zh"):
        before, after = _denials(known)
        for found in _words(known).finditer(text):
            told = True
            if not (before.search(text[: found.start()]) or after.match(text[found.end() :])):
                kind = Feeling(found.lastgroup or "")
                return (Felt(kind, found.start() / len(text), BY_WORDS),)
    if _EXCLAIMS.search(text) and not told:
        return (Felt(Feeling.SMILE, 0.0, BY_PUNCTUATION),)
    return ()


@functools.cache
def _words(code: str) -> re.Pattern[str]:
    data = language(code)
    listed = (
        rf"(?P<{kind.value}>{words_pattern(getattr(data.felt, kind.value), data.writing.spaced)})"
        for kind in _ORDER
    )
    return re.compile("|".join(listed), re.I)


@functools.cache
def _denials(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match a text that ends, and one that begins, with what denies the word that is between.

    Up to three words, or five characters where there are no spaces, may stand in between.
    """
    data = language(code)
    spaced = data.writing.spaced
    before, after = (
        words_pattern(listed, spaced) for listed in (data.felt.negations, data.felt.negations_after)
    )
    gap = rf"(?:\s+[^\s{_STOPS}]+){{0,3}}\s+" if spaced else rf"[^{_STOPS}]{{0,5}}"
    return re.compile(rf"{before}{gap}$", re.I), re.compile(
        rf"\s*(?:[^\s{_STOPS}]+\s+)?{after}", re.I
    )
