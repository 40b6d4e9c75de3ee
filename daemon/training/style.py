"""Learns a way of talking from chats, within seconds; ``daemon.brain.style`` says what that is."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from daemon.brain.style import Habits, Style, StyleExample
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.languages import codes
from daemon.languages.guess import language_of
from daemon.training.chat_sources import Chats
from daemon.training.chats import ChatMember, Exchange, ImportCounts, choose_names, exchanges
from daemon.training.habits import habits_of
from daemon.training.masking import PLACEHOLDER, mask
from daemon.training.typical import typical

MIN_ANSWERS = 20  # with fewer, what is said once looks like a habit
MAX_MESSAGES = 10_000  # of each side that are looked at, drawn at random; more say nothing new
MAX_EXCHANGES = 3_000  # of an export, the newest, among which examples are chosen
MIN_SHARE = 0.1  # of the messages, for a language to have habits of its own
MIN_EXAMPLES = 4  # of each language
EXAMPLES = 40  # that are kept; the prompt takes as many as there is room for


@dataclass(slots=True)
class Learned:
    """A style and what it was made of."""

    style: Style
    answers: int
    """Answers of theirs that were found."""
    people: list[ChatMember]
    """The names by which the chosen person was found."""
    masked: Counter[str] = field(default_factory=Counter)
    """How many private words of each kind were masked."""


def learn(chats: Chats, answers: Sequence[str]) -> Learned:
    """Make a style of what the person with the names ``answers`` wrote.

    Raises ``InputError`` if nobody has one of the names, saying who there is, or if they hardly
    answer anybody.
    """
    found = chats.people
    ready = any(export.exchanges for export in chats.exports)
    chosen = choose_names(found, answers) if found and (answers or not ready) else []
    masked: Counter[str] = Counter()
    theirs, others = _texts(chats, chosen)
    pairs = _answers(chats, chosen, masked)
    theirs += [line for pair in pairs[1] for line in pair.response.split("\n")]
    others += [line for pair in pairs[1] for line in pair.prompt.split("\n")]
    answered = [*pairs[0], *pairs[1]]
    if len(answered) < MIN_ANSWERS:
        raise InputError(
            tr("There are {count} answers to learn from; {least} are needed.").format(
                count=len(answered), least=MIN_ANSWERS
            ),
            tr("Give more chats in which the person answers somebody, or their other names, too."),
        )
    theirs, others = _sample(theirs), _sample(others)
    names = {name.casefold() for one in found for name in one.names}
    foreign, habits, examples = _by_language(others), list[Habits](), list[list[StyleExample]]()
    for code, mine in _by_language(theirs).items():
        if len(mine) < MIN_SHARE * len(theirs):
            continue
        own = [one for one in answered if language_of(one.response, codes(), code) == code]
        share, rest = len(mine) / len(theirs), foreign.get(code, [])
        habits.append(habits_of(code, share, mine, rest, own, names))
        most = max(round(EXAMPLES * share), MIN_EXAMPLES)
        examples.append(typical(own[-MAX_EXCHANGES:], habits[-1], mine, rest, names)[:most])
    style = Style(messages=len(theirs), habits=tuple(habits), examples=tuple(_mixed(examples)))
    return Learned(style, len(answered), chosen, masked)


def _texts(chats: Chats, chosen: Sequence[ChatMember]) -> tuple[list[str], list[str]]:
    """Return what the person wrote, and what all others did."""
    accounts = {person.account for person in chosen if person.account}
    names = {name for person in chosen if not person.account for name in person.names}
    theirs, others = list[str](), list[str]()
    for said in chain.from_iterable(export.said for export in chats.exports):
        if said.kind == "text":
            own = said.account in accounts if said.account else said.who in names
            (theirs if own else others).append(said.text)
    return theirs, others


def _answers(
    chats: Chats, chosen: Sequence[ChatMember], masked: Counter[str]
) -> tuple[list[Exchange], list[Exchange]]:
    """Return the person's answers in chats, and those that were exchanges already; masked."""
    in_chats, ready = list[Exchange](), list[Exchange]()
    for export in chats.exports:
        made = list(exchanges(export.said, chosen, ImportCounts())) if chosen else []
        for found, kept in ((made, in_chats), (export.exchanges, ready)):
            for one in found[-MAX_EXCHANGES:]:
                prompt, response = mask(one.prompt, masked), mask(one.response, masked)
                if not PLACEHOLDER.search(prompt + response):
                    kept.append(replace(one, prompt=prompt, response=response))
    return in_chats, ready


def _sample(texts: list[str]) -> list[str]:
    """Return some of them, masked; what had to be masked tells nothing of a manner."""
    if len(texts) > MAX_MESSAGES:
        draw = random.Random(0)  # noqa: S311 - a sample, not a secret
        texts = draw.sample(texts, MAX_MESSAGES)
    hidden = (mask(text, Counter()) for text in texts)
    return [text for text in hidden if text and not PLACEHOLDER.search(text)]


def _by_language(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the texts by language, the commonest first."""
    usual = Counter(language_of(text) for text in texts[:500]).most_common(1)
    likely = usual[0][0] if usual else ""
    found: dict[str, list[str]] = {}
    for text in texts:
        found.setdefault(language_of(text, codes(), likely), []).append(text)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _mixed(lists: Sequence[Sequence[StyleExample]]) -> list[StyleExample]:
    """Return the examples of all languages; any number from the front has its share of each."""
    placed = [
        ((at + 0.5) / len(examples), example)
        for examples in lists
        for at, example in enumerate(examples)
    ]
    return [example for _, example in sorted(placed, key=lambda pair: pair[0])]
