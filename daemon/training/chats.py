"""From the messages of an export to questions and answers.

An export is a list of ``ChatMessage``. One person in it is to be the one who answers; everybody
else asks. What one side says in a row becomes one turn, a long silence begins a new conversation,
and each answer becomes an ``Exchange`` that carries the turns before it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from daemon.errors import InputError
from daemon.i18n import tr

CONVERSATION_GAP_S = (
    3 * 3600.0
)  # seconds of silence after which what is said is hardly an answer any more
MAX_NAME_CHARS = 100  # characters; messengers allow less
MAX_HISTORY_TURNS = 4  # turns kept before an answer; of more, little would fit --max-source-tokens

QuestionAnswer = tuple[str, str]
"""A question and its answer."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of an export."""

    chat: str
    """The conversation it belongs to: a person's or a group's name, "" where there is only one."""
    who: str
    """The sender's name as shown; it may change within a chat."""
    account: str
    """The sender's number or id, "" where the export has none."""
    at: float | None
    """Seconds on the export's own clock: only differences mean something."""
    text: str
    kind: Literal["text", "media", "system"] = "text"
    """``media`` is whatever holds no words of the sender: pictures, calls, forwarded texts."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, its answer, and what was said before."""

    prompt: str
    response: str
    history: tuple[QuestionAnswer, ...] = ()
    """Oldest first; empty at the start of a conversation."""


@dataclass(frozen=True, slots=True)
class ChatMember:
    """Somebody who speaks in an export."""

    name: str
    """The name used most often."""
    names: frozenset[str]
    account: str
    messages: int


@dataclass(slots=True)
class ImportCounts:
    """What an import left out, and what it made."""

    messages: int = 0
    media: int = 0
    system: int = 0
    unanswered: int = 0
    """Turns without an answer, or without a question before them."""
    conversations: int = 0
    masked: Counter[str] = field(default_factory=Counter)


def people(said: Iterable[ChatMessage]) -> list[ChatMember]:
    """Everybody who writes text, the busiest first; one account is one person by any name."""
    names: dict[str, Counter[str]] = {}
    accounts: dict[str, str] = {}
    for message in said:
        if message.kind == "text":
            key = message.account or message.who
            names.setdefault(key, Counter())[message.who] += 1
            accounts[key] = message.account
    found = [
        ChatMember(used.most_common(1)[0][0], frozenset(used), accounts[key], used.total())
        for key, used in names.items()
    ]
    return sorted(found, key=lambda person: -person.messages)


def choose(found: Sequence[ChatMember], wanted: str | None) -> list[ChatMember]:
    """Return whoever is called ``wanted``: by a name or an account number.

    Raises ``InputError`` that lists everybody when nobody is, or none was named.
    """
    name = named(wanted or "")
    listed = ", ".join(
        f"{person.name} ({person.account})" if person.account else person.name
        for person in found[:20]
    )
    fix = tr('choose with --answers "NAME"; in this export write: {names}').format(names=listed)
    if not found:
        raise InputError(tr("Nobody writes any text in this export."))
    if wanted is None:
        raise InputError(tr("Who is to be the one who answers?"), fix)
    chosen = [person for person in found if name in (person.account, *person.names)]
    if not chosen:
        raise InputError(tr("Nobody is called {name} there.").format(name=name), fix)
    return chosen


def choose_names(found: Sequence[ChatMember], wanted: Sequence[str]) -> list[ChatMember]:
    """Return whoever has one of these names or numbers: one person is called many things.

    Raises ``InputError`` as ``choose`` does, for the first of them that nobody has.
    """
    if not wanted:
        return choose(found, None)
    chosen = [person for name in wanted for person in choose(found, name)]
    return list(dict.fromkeys(chosen))


def exchanges(
    said: Iterable[ChatMessage], answering: Sequence[ChatMember], counted: ImportCounts
) -> Iterator[Exchange]:
    """Yield the exchanges in which one of ``answering`` has the answer, in their order."""
    accounts = {person.account for person in answering if person.account}
    names = {name for person in answering if not person.account for name in person.names}
    for conversation in _conversations(said, counted):
        turns = _turns(conversation, accounts, names)
        history: tuple[QuestionAnswer, ...] = ()
        question: str | None = None
        for answers, text in turns:
            if not answers:
                question = text
            elif question is None:
                counted.unanswered += 1
            else:
                yield Exchange(question, text, history)
                history, question = (*history, (question, text))[-MAX_HISTORY_TURNS:], None
        counted.unanswered += question is not None
        counted.conversations += bool(history)


def _conversations(
    said: Iterable[ChatMessage], counted: ImportCounts
) -> Iterator[list[ChatMessage]]:
    current: list[ChatMessage] = []
    for message in said:
        counted.messages += 1
        if message.kind == "media":
            counted.media += 1
        elif message.kind == "system":
            counted.system += 1
        if message.kind != "text":
            continue
        if current and _apart(current[-1], message):
            yield current
            current = []
        current.append(message)
    if current:
        yield current


def _apart(before: ChatMessage, after: ChatMessage) -> bool:
    if before.chat != after.chat:
        return True
    return (
        before.at is not None
        and after.at is not None
        and abs(after.at - before.at) > CONVERSATION_GAP_S
    )


def _turns(
    conversation: Iterable[ChatMessage], accounts: set[str], names: set[str]
) -> Iterator[tuple[bool, str]]:
    side, lines = False, list[str]()
    for message in conversation:
        answers = message.account in accounts if message.account else message.who in names
        if lines and answers != side:
            yield side, "\n".join(lines)
            lines = []
        side = answers
        lines.append(message.text)
    if lines:
        yield side, "\n".join(lines)


# Joiners (U+200C, U+200D) stay: one is a part of Persian spelling, the other of emoji.
_UNSEEN = re.compile(
    r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
_BREAKS = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"))
_BLANKS = re.compile(r"[^\S\n]+")
_STICKER = re.compile(r"\[/?(?:[\u4e00-\u9fff]{1,6}|OK|Emm|666)(?:[:：][^\[\]]*)?\]")
_LINK = re.compile(r"(?:https?://|www\.)\S+\Z", re.IGNORECASE)


def plain(text: str, stickers: bool = False) -> str:
    """Return ``text`` without invisible signs and spare space; "" for a mere link.

    ``stickers`` also takes out what Chinese messengers write for pictures and emoticons, such as
    ``[图片]`` and ``[微笑]``: an answer is to be spoken.
    """
    text = text.replace("\r\n", "\n").translate(_BREAKS)
    text = _UNSEEN.sub("", text)
    if stickers:
        text = _STICKER.sub("", text)
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    text = "\n".join(line for line in lines if line)
    return "" if _LINK.fullmatch(text) else text


def named(text: str) -> str:
    """Return a name as people see it: one line, without invisible signs, accents in one form.

    An export decides what is in a name, and names are shown in a terminal.
    """
    return unicodedata.normalize("NFC", plain(text[: 4 * MAX_NAME_CHARS]).replace("\n", " "))[
        :MAX_NAME_CHARS
    ]


def text_or_media(
    chat: str, who: str, account: str, at: float | None, text: str, stickers: bool = False
) -> ChatMessage:
    """Make a message of what is left of ``text``: ``media`` when that is nothing."""
    words = plain(text, stickers)
    return ChatMessage(chat, who, account, at, words, "text" if words else "media")
