"""The conversations of ``bench talk``, and what is wrong with an answer.

They are held as data, in a TOML file for each language. Each question may say what its answer must
and must not contain, as regular expressions; one without such a check only leads to the next.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from daemon.brain.sentences import is_chinese
from daemon.i18n import tr
from daemon.media import Tool

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
SENTENCES = 3  # of an answer that is made for the ear: what the persona asks for
NOW = datetime(2026, 3, 17, 14, 40)  # the time in all conversations, so that all runs are alike
ZONE = "Europe/London"

# A Chinese sentence ends at its mark. An English one must be followed by a space: not "3.5".
_END = re.compile(r"[。！？]+|[.!?…]+(?=[\"'”’)]*(?:\s|$))")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedCall(_Table):
    """A tool that is to be called."""

    tool: str
    arguments: str = ""
    """What they must contain."""


class Question(_Table):
    """What a person says, and how the answer is checked."""

    say: str
    any_of: tuple[str, ...] = ()
    """At least one of these must be found in the answer."""
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    max_sentences: int | None = None
    whole: bool = False
    """The answer must end with a sentence."""
    language: Language | None = None
    calls: tuple[ExpectedCall, ...] | None = None
    """The tools that are to be called for it, in this order; ``None`` where it does not matter."""

    @property
    def checked(self) -> bool:
        """Whether its answer counts."""
        return self.model_fields_set != {"say"}


class CheckedTalk(_Table):
    """Questions that are asked one after another."""

    category: str
    turns: Annotated[tuple[Question, ...], Field(min_length=1)]
    place: str = ""
    tools: bool = False
    """Whether the tools may be called."""


class OfferedTool(_Table):
    """A tool that does nothing, and answers from a table."""

    name: str
    description: str
    parameters: dict[str, Any]
    results: dict[str, str]
    """What it returns, by what the arguments contain; "" is anything else."""

    @property
    def tool(self) -> Tool:
        """What the model is told of it."""
        return Tool(self.name, self.description, self.parameters)

    def result(self, arguments: str) -> str:
        """Return the answer to a call."""
        fitting = (text for found, text in self.results.items() if matches(found, arguments))
        return next(fitting, "")


class _File(_Table):
    patterns: dict[str, str] = {}
    """Expressions with names, for several questions: ``@name``."""
    tool: tuple[OfferedTool, ...] = ()
    conversation: tuple[CheckedTalk, ...]


@cache
def load(language: Language) -> _File:
    """Read the conversations in one language."""
    text = (files("daemon.bench.talk") / f"{language}.toml").read_text(encoding="utf-8")
    read = _File.model_validate(tomllib.loads(text))
    conversations = [_resolved(one, read.patterns) for one in read.conversation]
    return read.model_copy(update={"conversation": tuple(conversations)})


def category_name(category: str) -> str:
    """Return what people call a category."""
    return {
        "facts": tr("facts"),
        "sums": tr("sums in words"),
        "follow-up": tr("follow-ups"),
        "instruction": tr("instructions kept"),
        "persons": tr("who is I, who is you"),
        "honesty": tr("nothing invented"),
        "time": tr("time, date and place"),
        "language": tr("the language asked"),
        "ear": tr("made for the ear"),
        "tools": tr("tools"),
    }[category]


def _resolved(conversation: CheckedTalk, patterns: Mapping[str, str]) -> CheckedTalk:
    def resolve(expressions: Sequence[str]) -> tuple[str, ...]:
        return tuple(patterns[one[1:]] if one.startswith("@") else one for one in expressions)

    turns = [
        turn.model_copy(
            update={
                name: resolve(getattr(turn, name))
                for name in ("any_of", "all_of", "none_of")
                if name in turn.model_fields_set
            }
        )
        for turn in conversation.turns
    ]
    return conversation.model_copy(update={"turns": tuple(turns)})


def matches(expression: str, text: str) -> bool:
    """Whether an expression is found, whatever the case and the kind of apostrophe."""
    plain = " ".join(text.replace("’", "'").split())
    return re.search(expression, plain, re.IGNORECASE) is not None


def faults(question: Question, answer: str, called: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield what is wrong with an answer; ``called`` are the tools' names and arguments."""
    if not answer.strip():
        yield "no answer"
    if question.any_of and not any(matches(one, answer) for one in question.any_of):
        yield f"none of {' | '.join(question.any_of)}"
    yield from (f"no {one}" for one in question.all_of if not matches(one, answer))
    yield from (f"has {one}" for one in question.none_of if matches(one, answer))
    ends = list(_END.finditer(answer))
    if question.max_sentences is not None and len(ends) > question.max_sentences:
        yield f"{len(ends)} sentences"
    if question.whole and not (ends and ends[-1].end() >= len(answer.rstrip(" \n\"'”’)"))):
        yield "cut off"
    if question.language and question.language != language_of(answer):
        yield f"not in {question.language}"
    if question.calls is not None and not _as_expected(question.calls, called):
        yield f"called {', '.join(f'{name} {told}' for name, told in called) or 'nothing'}"


def _as_expected(wanted: Sequence[ExpectedCall], called: Sequence[tuple[str, str]]) -> bool:
    return len(wanted) == len(called) and all(
        one.tool == name and matches(one.arguments, told)
        for one, (name, told) in zip(wanted, called, strict=True)
    )


def language_of(text: str) -> Language:
    """Tell in which language a text is; words of the other may occur in it.

    A Chinese character counts as three letters: a word has two of the one or five of the other.
    """
    chinese = sum(map(is_chinese, text))
    letters = sum(char.isalpha() for char in text) - chinese
    return "zh" if 3 * chinese > letters else "en"
