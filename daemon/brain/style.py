"""A way of talking: what is told to a model so that it talks like somebody.

A style is a card, which says in words how somebody writes, and exchanges in which they answered.
Both stand at the beginning of each prompt and stay the same, so a model reads them once.

``daemon.training.style`` makes one of chats; here it is kept, shown, and made smaller.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.errors import SetupError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.languages import codes, language
from daemon.languages.guess import patterns
from daemon.media import Message
from daemon.stages import ChatModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
MAX_BYTES = 1_000_000  # of a file; one that was learned has 20 000
ALIKE = 0.45  # cosine from which on an exchange is about a topic
SHOWN_WORDS = 8
# Of a prompt, what examples may take: the whole of it is read once, at 250 tokens a second on two
# Zen 3 processors, and again after other programs used the model.
EXAMPLE_TOKENS = 450
CONTEXT_SHARE = 5  # and no more than one in so many of the tokens that a model holds
COMMON = 0.3  # of all messages that do something, from which on it is a habit

# They stand in the system prompt, where marks such as <|im_end|> would be taken for the chat's own.
_Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"\A[^<>\[\]|\x00-\x1f]+\z")]
_Words = Annotated[tuple[_Word, ...], Field(strict=False, max_length=20)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StyleExample(_Table):
    """A question and how they answered it."""

    question: Annotated[str, Field(min_length=1, max_length=400)]
    answer: Annotated[str, Field(min_length=1, max_length=400)]


class Habits(_Table):
    """How somebody writes in one language."""

    language: str
    """Its code."""
    share: _Share
    """Of all their messages, those in it."""
    usual: Annotated[int, Field(ge=1, le=1000)]
    """The median length of a message, in words, or in characters where words are not spaced."""
    longest: Annotated[int, Field(ge=1, le=1000)]
    """What one message in ten is longer than."""
    capitals: _Share
    """Messages that begin with a capital letter, of those that begin with a letter."""
    stops: _Share
    """Messages that end with a full stop."""
    exclamations: _Share
    """Messages with an exclamation mark."""
    emoji: _Share
    """Messages with an emoji."""
    favourite_emoji: _Words = ()
    words: _Words = ()
    """Words that they use much more often than those whom they write to."""
    greetings: _Words = ()
    endings: _Words = ()
    """What their messages end with: words, particles, marks such as "~"."""


class Style(_Table):
    """A card and examples, the most typical first."""

    version: Literal[1] = 1
    messages: Annotated[int, Field(ge=0)]
    """How many of their messages it was made from."""
    habits: Annotated[tuple[Habits, ...], Field(strict=False, max_length=12)] = ()
    """The language they write most in first."""
    examples: Annotated[tuple[StyleExample, ...], Field(strict=False, max_length=100)] = ()

    @property
    def card(self) -> str:
        """What a model is told of it, in the language that is written most."""
        return " ".join(filter(None, (_told(one, len(self.habits) > 1) for one in self.habits)))

    def messages_of(self, count: int) -> list[Message]:
        """Return the ``count`` most typical examples as turns, the most typical last."""
        turns = []
        for example in reversed(self.examples[:count]):
            turns += [
                Message("user", example.question, example=True),
                Message("assistant", example.answer, example=True),
            ]
        return turns

    def rows(self) -> list[tuple[str, str]]:
        """Return what it knows, as a table to show: what it is, and what was found."""
        found = [(tr("messages it was learned from"), str(self.messages))]
        for one in self.habits:
            name = language(one.language).name
            found.append((tr("language"), f"{name} {one.share:.0%}"))
            unit = tr("words") if language(one.language).writing.spaced else tr("characters")
            found.append((tr("length"), f"{one.usual} {unit}, {tr('at most')} {one.longest}"))
            for label, words in (
                (tr("favourite words"), one.words),
                (tr("greetings"), one.greetings),
                (tr("endings"), one.endings),
                (tr("emoji"), one.favourite_emoji),
            ):
                if words:
                    found.append((label, " · ".join(words)))
        return [*found, (tr("examples"), str(len(self.examples)))]

    def without(
        self, topic: str, encode: "Callable[[str], NDArray[np.float32]] | None" = None
    ) -> "tuple[Style, int]":
        """Return it without what mentions ``topic``, and how many examples and words went.

        ``encode`` tells what a text means, as a vector of length 1: with it, what is about the
        topic in other words goes, too.
        """
        mentions = _mentions(topic)
        meant = encode(topic) if encode is not None else None

        def about(example: StyleExample) -> bool:
            texts = (example.question, example.answer)
            if any(map(mentions, texts)):
                return True
            if encode is None or meant is None:
                return False
            return any(float(encode(text) @ meant) >= ALIKE for text in (*texts, " ".join(texts)))

        examples = tuple(one for one in self.examples if not about(one))
        habits = tuple(_habits_without(one, mentions) for one in self.habits)
        gone = len(self.examples) - len(examples)
        gone += sum(
            len(one.words) - len(two.words) for one, two in zip(self.habits, habits, strict=True)
        )
        return self.model_copy(update={"examples": examples, "habits": habits}), gone

    def save(self, path: Path) -> None:
        """Write it, for its owner's eyes only. Raises ``StorageError``."""
        with atomic_write(path, private=True) as part:
            text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1)
            part.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Style":
        """Read one. Raises ``SetupError`` if it is damaged, of a later version, or none."""
        try:
            if path.exists() and not path.is_file():
                raise ValueError(tr("no ordinary file"))
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            values = json.loads(data) if len(data) <= MAX_BYTES else None
            if not isinstance(values, dict):
                raise ValueError(tr("it does not describe a way of talking"))
            if isinstance(values.get("version"), int) and values["version"] > VERSION:
                raise ValueError(tr("a later version of Digital Life made it"))
            style = cls.model_validate(values)
            if unknown := {one.language for one in style.habits} - set(codes()):
                raise ValueError(tr("unknown language: {code}").format(code=min(unknown)[:20]))
            return style
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except (ValueError, RecursionError) as error:
            reason = str(error)
        raise SetupError(
            tr("The way of talking in {path} cannot be used: {reason}").format(
                path=path, reason=reason
            )
        )


class FittingExamples:
    """The examples that go into a prompt: the same for as long as style and model are."""

    def __init__(self) -> None:
        self._style: Style | None = None
        self._model: ChatModel | None = None
        self._messages: list[Message] = []

    def messages(self, style: Style | None, model: ChatModel) -> list[Message]:
        """Return as many as there is room for. Asks the model to count when one of both is new."""
        if style is not self._style or model is not self._model:
            self._style, self._model = style, model
            self._messages = _fitting(style, model) if style is not None else []
        return self._messages


def _fitting(style: Style, model: ChatModel) -> list[Message]:
    most = min(EXAMPLE_TOKENS, model.context_tokens // CONTEXT_SHARE)
    counts = range(1, len(style.examples) + 1)
    fits = bisect_right(counts, most, key=lambda n: model.count_tokens(style.messages_of(n)))
    return style.messages_of(fits)


def load_style(path: str) -> Style | None:
    """Return the style that the settings name, ``None`` where they name none. ``SetupError``."""
    return Style.load(Path(path).expanduser()) if path else None


def _habits_without(habits: Habits, mentions: Callable[[str], bool]) -> Habits:
    kept = tuple(word for word in habits.words if not mentions(word))
    return habits.model_copy(update={"words": kept})


def _mentions(topic: str) -> Callable[[str], bool]:
    """Return what tells whether a text names the topic: all of it, or its words, also inflected."""
    whole = topic.strip().casefold()
    common = patterns("en")[2]
    words = [word for word in re.findall(r"[a-z]{4,}", whole) if word not in common]
    stems = [re.compile(rf"\b{re.escape(word[: max(4, len(word) - 2)])}") for word in words]

    def mentions(text: str) -> bool:
        text = text.casefold()
        return bool(whole) and (whole in text or any(stem.search(text) for stem in stems))

    return mentions


def _told(one: Habits, several: bool) -> str:
    """Return what a model is told of the habits in one language."""
    return (_told_chinese if one.language == "zh" else _told_english)(one, several)


def _told_english(one: Habits, several: bool) -> str:
    words = language(one.language).writing.spaced
    unit = "words" if words else "characters"
    said = [f"about {one.usual} {unit}, at most {one.longest}"]
    if one.capitals < COMMON and words:
        said.append("no capital letters")
    if one.stops < COMMON:
        said.append("no full stop at the end")
    elif one.stops > 1 - COMMON:
        said.append("whole sentences with full stops")
    if one.exclamations >= COMMON:
        said.append("exclamation marks")
    said.append(
        f"emoji ({' '.join(one.favourite_emoji)})" if one.emoji >= COMMON / 2 else "no emoji"
    )
    if one.words:
        said.append(f"words you like: {', '.join(one.words[:SHOWN_WORDS])}")
    if one.greetings:
        said.append(f"you greet with: {', '.join(one.greetings)}")
    if one.endings:
        said.append(f"you often end with: {' '.join(one.endings)}")
    where = f"How you talk in {language(one.language).english}" if several else "How you talk"
    return f"{where}: {'; '.join(said)}."


def _told_chinese(one: Habits, several: bool) -> str:
    said = [f"一般{one.usual}个字左右，最多{one.longest}个字"]
    if one.stops < COMMON:
        said.append("句尾不加句号")
    elif one.stops > 1 - COMMON:
        said.append("句尾用句号")
    if one.exclamations >= COMMON:
        said.append("常用感叹号")
    said.append(
        f"常用表情{''.join(one.favourite_emoji)}" if one.emoji >= COMMON / 2 else "不用表情"
    )
    if one.words:
        said.append(f"爱说：{'、'.join(one.words[:SHOWN_WORDS])}")
    if one.greetings:
        said.append(f"打招呼说：{'、'.join(one.greetings)}")
    if one.endings:
        said.append(f"爱用的语气词：{'、'.join(one.endings)}")
    return f"你{'用中文' if several else ''}这样说话：{'；'.join(said)}。"
