"""How somebody writes, in figures and favourite words: the card of a style."""

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from daemon.brain.style import Habits
from daemon.languages import language
from daemon.languages.guess import HAN, MARKS
from daemon.training.chats import Exchange
from daemon.training.contrast import Contrast, counted, words

MAX_WORDS, MAX_GREETINGS, MAX_ENDINGS, MAX_EMOJI = 8, 2, 3, 4
SURE = 1.96  # z-score: one in forty by chance
SELDOM = 0.02  # of all messages; words that are used less say more of a topic than of a manner
OFTEN = 0.08  # of all messages that end alike, from which on it is a habit
SHORT_QUESTION = 20  # characters; what answers such a one at the beginning may be a greeting
MAX_LETTERS = 40  # of a word; what is longer is laughter, or a cat on the keyboard
MAX_LENGTH = 1000  # words or characters of a message, as a style keeps it
_PICTURES = (
    "\U0001f300-\U0001f5ff\U0001f600-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001faff"
    "\u2600-\u27bf\u2b50"
)
_RUN = re.compile(f"[{HAN}]")
_EMOJI = re.compile(f"[{_PICTURES}]")
_OPENING = re.compile(
    rf"\A(?:[^\W\d_{HAN}](?:[^\W\d_{HAN}]|[{MARKS}])*(?:['’][^\W\d_]+)?|[{HAN}]{{1,3}}(?![{HAN}]))"
)
_ENDING = re.compile(  # of a clause: a word, a Chinese particle, a mark such as "~"
    rf"(?:(?<!\w)[^\W\d_{HAN}]+|[{HAN}]|[~～]|\.{{2,}}|…|[)）])(?=[\s~～,，.。!！?？…{_PICTURES}]|\Z)"
)
_STOP = re.compile(r"(?<![.。…])[.。]\Z")


def habits_of(
    code: str,
    share: float,
    theirs: Sequence[str],
    others: Sequence[str],
    answers: Sequence[Exchange],
    names: set[str],
) -> Habits:
    """Return how they write in the language ``code``, in which ``share`` of their messages are.

    ``theirs`` and ``others`` are the messages in it, of them and of those whom they write to;
    ``names`` are what those are called, in small letters.
    """
    spaced = language(code).writing.spaced
    lengths = sorted(length(one.response, spaced) for one in answers) or [1]
    lettered = [text for text in theirs if text[:1].isalpha()]
    favourites = _favourite_words(theirs, others, names)
    emoji = Counter(one for text in theirs for one in set(_EMOJI.findall(text)))
    return Habits(
        language=code,
        share=round(share, 3),
        usual=round(statistics.median(lengths)),
        longest=lengths[int(0.9 * (len(lengths) - 1))],
        capitals=_share(lettered, lambda text: text[0].isupper()),
        stops=_share(theirs, lambda text: bool(_STOP.search(text))),
        exclamations=_share(theirs, lambda text: "!" in text or "！" in text),
        emoji=_share(theirs, lambda text: bool(_EMOJI.search(text))),
        favourite_emoji=tuple(one for one, _ in emoji.most_common(MAX_EMOJI)),
        words=favourites,
        greetings=_greetings(answers),
        endings=_endings(theirs, others, spaced, favourites),
    )


def length(text: str, spaced: bool) -> int:
    """Return how long a text is, 1 to ``MAX_LENGTH``: words, or characters without spaces."""
    count = len(text.split()) if spaced else len(re.sub(r"\s", "", text))
    return min(max(count, 1), MAX_LENGTH)


def _share(texts: Sequence[str], does: Callable[[str], bool]) -> float:
    return round(sum(map(does, texts)) / len(texts), 3) if texts else 0.0


def _favourite_words(
    theirs: Sequence[str], others: Sequence[str], names: set[str]
) -> tuple[str, ...]:
    contrast = Contrast(counted(map(words, theirs)), counted(map(words, others)))
    least = max(3, int(SELDOM * len(theirs)))
    kept: list[str] = []
    for word in contrast.favourites(least, SURE):
        a_name = any(word in name or name in word for name in names)
        within = any(word in other or other in word for other in kept) and _RUN.match(word)
        if not a_name and not within and len(word) <= MAX_LETTERS:
            kept.append(word)
    return tuple(kept[:MAX_WORDS])


def _greetings(answers: Iterable[Exchange]) -> tuple[str, ...]:
    """Return how their first answers begin, where somebody only said hello."""
    first = [
        found[0].casefold()
        for one in answers
        if not one.history
        and len(one.prompt) <= SHORT_QUESTION
        and "?" not in one.prompt
        and "？" not in one.prompt
        and (found := _OPENING.match(one.response))
        and len(found[0]) <= MAX_LETTERS
    ]
    common = Counter(first).most_common(MAX_GREETINGS)
    return tuple(one for one, count in common if count >= max(2, 0.2 * len(first)))


def _endings(
    theirs: Sequence[str], others: Sequence[str], spaced: bool, words: Sequence[str]
) -> tuple[str, ...]:
    """Return what their messages, or in Chinese their clauses, often end with."""

    def ends(text: str) -> list[str]:
        found = [one.casefold() for one in _ENDING.findall(text)]
        return found[-1:] if spaced else found

    contrast = Contrast(counted(map(ends, theirs)), counted(map(ends, others)))
    likely = contrast.favourites(max(3, int(OFTEN * len(theirs))), SURE)
    new = [one for one in likely if len(one) <= 20 and not any(one in word for word in words)]
    return tuple(new[:MAX_ENDINGS])
