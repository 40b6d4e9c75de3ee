"""From what a language model writes to its answer: without thoughts, and never silently empty."""

from collections.abc import Iterable
from contextlib import closing

from daemon.brain.completions import Course, Pieces, failure
from daemon.brain.thoughts import Thoughts
from daemon.brain.unicode import well_formed
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import ToolCall

LONGEST_ANSWER = 500_000  # characters, thoughts included: what no model writes at a time


class Habit:
    """What is known of a model's way to think. It is learnt from each whole answer."""

    def __init__(self, opened: bool | None = None) -> None:
        self.opened = opened
        """Whether answers begin within a thought; ``None`` if nothing is known of that."""

    def learn(self, thoughts: Thoughts, course: Course, said: bool) -> None:
        """Take notice of an answer that came to its end."""
        if thoughts.closed_only:
            self.opened = True
        elif course.reasoned or (said and course.finish != "length"):
            self.opened = False


def answer(pieces: Pieces, course: Course, habit: Habit, may_be_empty: bool = False) -> Pieces:
    """Yield what is said of ``pieces``, in text that any library can take, and the calls.

    ``course`` is filled by whoever makes ``pieces``. Raises ``StageError`` for an answer in which
    nothing is said and nothing is called, and says why, unless it ``may_be_empty``.
    """
    thoughts: Thoughts | None = None
    carried, length, given = "", 0, False
    calls: list[ToolCall] = []
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, ToolCall):
                calls.append(piece)
                continue
            length += len(piece)
            if length > LONGEST_ANSWER:
                raise failure(tr("it sends without end"))
            carried, piece = _whole(carried + piece)
            if thoughts is None:
                thoughts = Thoughts(bool(habit.opened) and not course.reasoned)
            if said := thoughts.feed(well_formed(piece)):
                given = given or bool(said.strip())
                yield said
    thoughts = thoughts or Thoughts()
    if rest := thoughts.feed(well_formed(carried)) + thoughts.finish(course.finish == "length"):
        given = given or bool(rest.strip())
        yield rest
    yield from calls
    habit.learn(thoughts, course, given)
    if not given and not calls and not may_be_empty:
        raise _nothing(course, thoughts.found or course.reasoned)


def _whole(text: str) -> tuple[str, str]:
    """Part a half of a character at the end off, whose other half comes with the next piece."""
    half = bool(text) and "\ud800" <= text[-1] <= "\udbff"
    return (text[-1], text[:-1]) if half else ("", text)


def _nothing(course: Course, thought: bool) -> StageError:
    if course.finish == "length":
        return failure(
            tr("all of the reply went into its thoughts")
            if thought
            else tr("it was cut off before the first word"),
            fix=tr("raise max_reply_tokens under [brain]"),
        )
    if course.finish == "content_filter":
        return failure(tr("the server's filter kept its answer back"))
    return failure(tr("it thought and said nothing") if thought else tr("it said nothing"))


def thoughtless(pieces: Iterable[str], opened: bool) -> Iterable[str]:
    """Yield what is said of an answer of plain pieces."""
    thoughts = Thoughts(opened)
    for piece in pieces:
        if said := thoughts.feed(piece):
            yield said
    if rest := thoughts.finish():
        yield rest
