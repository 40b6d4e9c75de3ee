"""From what a language model writes to its answer: without thoughts, and never silently empty."""

from collections.abc import Iterable
from contextlib import closing

from daemon.brain.completions import AnswerMeta, ReplyStream, failure
from daemon.brain.reasoning_filter import ReasoningFilter
from daemon.brain.unicode import well_formed
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import ToolCall

MAX_ANSWER_CHARS = 500_000  # characters, thoughts included: what no model writes at a time


class ReasoningHabit:
    """What is known of a model's way to think. It is learnt from each whole answer."""

    def __init__(self, opened: bool | None = None) -> None:
        self.opened = opened
        """Whether answers begin within a thought; ``None`` if nothing is known of that."""

    def learn(self, reasoning: ReasoningFilter, meta: AnswerMeta, said: bool) -> None:
        """Take notice of an answer that came to its end."""
        if reasoning.closed_only:
            self.opened = True
        elif meta.separate_reasoning or (said and meta.finish != "length"):
            self.opened = False


def answer(
    pieces: ReplyStream, meta: AnswerMeta, habit: ReasoningHabit, may_be_empty: bool = False
) -> ReplyStream:
    """Yield what is said of ``pieces``, in text that any library can take, and the calls.

    ``meta`` is filled by whoever makes ``pieces``. Raises ``StageError`` for an answer in which
    nothing is said and nothing is called, and says why, unless it ``may_be_empty``.
    """
    reasoning: ReasoningFilter | None = None
    carried, length, given = "", 0, False
    calls: list[ToolCall] = []
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, ToolCall):
                calls.append(piece)
                continue
            length += len(piece)
            if length > MAX_ANSWER_CHARS:
                raise failure(tr("it sends without end"))
            carried, piece = _whole(carried + piece)
            if reasoning is None:
                reasoning = ReasoningFilter(bool(habit.opened) and not meta.separate_reasoning)
            if said := reasoning.feed(well_formed(piece)):
                given = given or bool(said.strip())
                yield said
    reasoning = reasoning or ReasoningFilter()
    if rest := reasoning.feed(well_formed(carried)) + reasoning.finish(meta.finish == "length"):
        given = given or bool(rest.strip())
        yield rest
    yield from calls
    habit.learn(reasoning, meta, given)
    if not given and not calls and not may_be_empty:
        raise _nothing(meta, reasoning.found or meta.separate_reasoning)


def _whole(text: str) -> tuple[str, str]:
    """Part a half of a character at the end off, whose other half comes with the next piece."""
    half = bool(text) and "\ud800" <= text[-1] <= "\udbff"
    return (text[-1], text[:-1]) if half else ("", text)


def _nothing(meta: AnswerMeta, reasoned: bool) -> StageError:
    if meta.finish == "length":
        return failure(
            tr("all of the reply went into its thoughts")
            if reasoned
            else tr("it was cut off before the first word"),
            fix=tr("raise max_reply_tokens under [brain]"),
        )
    if meta.finish == "content_filter":
        return failure(tr("the server's filter kept its answer back"))
    return failure(tr("it thought and said nothing") if reasoned else tr("it said nothing"))


def without_reasoning(pieces: Iterable[str], opened: bool) -> Iterable[str]:
    """Yield what is said of an answer of plain pieces."""
    reasoning = ReasoningFilter(opened)
    for piece in pieces:
        if said := reasoning.feed(piece):
            yield said
    if rest := reasoning.finish():
        yield rest
