"""What the model is told of the conversation so far."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from daemon.brain.here_and_now import local_now, time_note
from daemon.brain.sentences import is_chinese, width
from daemon.brain.style import FittingExamples, Style
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.languages.guess import language_of
from daemon.media import Message
from daemon.people.person import Person, Speaker, person_of
from daemon.stages import ChatModel

log = logging.getLogger(__name__)


# Where the context is full, as many turns make room at once as leave others this share of it:
# what follows the first change is read again, thousands of tokens, and not after every question.
KEPT_SHARE = 0.7


class _Asked(NamedTuple):
    """A question, as the model was asked it."""

    note: str
    """The line before it, which says what time it was, and who asked."""
    question: str
    remembered: str = ""
    """The line between, with what its asker said in earlier conversations."""
    asker: int | None = None
    """The number of who asked; ``None``: nobody who is known."""

    def told(self, asker: int | None) -> str:
        """Return it as it goes into the prompt of a question of ``asker``'s."""
        remembered = self.remembered if asker == self.asker else ""  # nobody else is told of it
        return _lines(self.note, remembered, self.question)


class History:
    """The turns of one conversation: each a question and what was heard of its answer.

    The model is told with each question when and by whom it was asked, and nobody else is. The
    oldest turns are dropped whole, several at once, when the model's context is full. ``messages``
    asks the model to count, so it is called where the model may be called.
    """

    def __init__(
        self,
        persona: str,
        model: ChatModel,
        max_reply_tokens: int,
        clock: Callable[[], datetime] = local_now,
    ) -> None:
        """Nothing has been said yet. ``clock`` tells the local time."""
        self.keep: Callable[[str, str, Person | None], None] = lambda _question, _heard, _who: None
        """Told each turn that is committed, and who asked; may be set at any time."""
        self.persona = persona
        """Who answers; may be changed between two questions."""
        self.style: Style | None = None
        """How they talk; may be changed between two questions. Examples of it stand in front of the
        turns."""
        self._examples = FittingExamples()
        self.whereabouts = ""
        """Where it is, and in which time zone: a sentence that belongs to the persona."""
        self.recalled: Mapping[int | None, str] = {}
        """What is known from earlier conversations of each person, by number; ``None`` is nobody
        who is known. It stays as it is while one lasts: the model reads again whatever follows the
        first change."""
        self.languages: Sequence[str] = ("en", "zh")
        """Those it is talked to in; the note before a question is in that of the question."""
        self.model = model
        """Counts the tokens of what it is told; may be changed between two questions."""
        self._max_reply_tokens = max_reply_tokens
        self._clock = clock
        self.conversation = 0
        """Counts the conversations; a new one begins with nothing."""
        self._turns: tuple[tuple[_Asked, str], ...] = ()
        self._newest = _Asked("", "")
        self._speaker: Speaker | None = None  # who asked it

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """What is remembered: each question, and what was heard of its answer."""
        return tuple((asked.question.strip(), heard) for asked, heard in self._turns)

    def messages(
        self,
        question: str,
        since: Sequence[Message] = (),
        likely: str = "",
        speaker: Speaker | None = None,
        remembered: str = "",
    ) -> list[Message]:
        """Return the prompt for ``question``: persona, the turns that fit, the question.

        ``since`` came after it: tools that were called for the answer, and what they returned.
        ``likely`` is the language it was heard in, where its words do not tell; ``speaker`` is who
        asks, where voices are known: they may have a language of their own. ``remembered`` is a
        line with what they said earlier that answers it.
        A question too long by itself loses its front: what is asked mostly comes last. Raises
        ``SetupError`` when not even the persona fits.
        """
        person = person_of(speaker)
        own = person.language if person is not None else ""
        code = own or language_of(question, self.languages, likely)
        note = time_note(question, self._clock(), code, speaker)
        asker = person.number if person is not None else None
        self._newest, self._speaker = _Asked(note, question, remembered, asker), speaker
        return self._messages(self._newest, since)

    def expected(self, code: str = "") -> list[Message]:
        """Return what the next prompt will likely be, up to the words of the question.

        The time before them is in the language with this ``code``, or in the likeliest.
        """
        code = code or self.likely_languages[0]
        note = time_note("", self._clock(), code, self._speaker)
        return self._messages(_Asked(note, _greeting(code), "", self._asker), ())

    @property
    def likely_languages(self) -> list[str]:
        """The languages it may be asked in next, the likeliest first: that of the question before.

        Then those of earlier questions, the newest first, and then all others that it talks.
        """
        asked = [language_of(question, self.languages) for question, _ in reversed(self.turns)]
        return list(dict.fromkeys([*asked, *self.languages]))

    def _messages(self, asked: _Asked, since: Sequence[Message]) -> list[Message]:
        def prompt(turns: Sequence[tuple[_Asked, str]]) -> list[Message]:
            return [*self._prompt(turns, asked), *since]

        def need(turns: Sequence[tuple[_Asked, str]]) -> int:
            return self.model.count_tokens(prompt(turns))

        budget = self.model.context_tokens - self._max_reply_tokens
        fits = need(self._turns) <= budget
        if not fits:
            self._turns = self._shortened(need, budget)
            fits = bool(self._turns) or need(()) <= budget
        if fits:
            return prompt(self._turns)
        return [*self._prompt((), self._tail(asked, since)), *since]

    def commit(
        self, question: str, heard: str, person: Person | None = None, *, kept: bool = True
    ) -> None:
        """Keep a turn; ``heard`` is empty when it was interrupted before a word was heard.

        ``person`` asked it, if that is known. Unless it is to be ``kept``, it is remembered as
        long as the conversation lasts.

        The question goes into later prompts as the model was asked it, to the letter: it need not
        be read again.
        """
        newest = self._newest
        asked = newest if newest.question.strip() == question.strip() else _Asked("", question)
        question, heard = question.strip(), heard.strip()
        self._turns = (*self._turns, (asked, heard))
        if not kept:
            return
        try:
            self.keep(question, heard, person)
        except Exception as error:  # the conversation goes on, and remembers it as long as it lasts
            log.error("what was said is not kept: %s", type(error).__name__)

    def drop(self, questions: Collection[str]) -> None:
        """Forget the turns in which one of these was asked."""
        kept = (turn for turn in self._turns if turn[0].question.strip() not in questions)
        self._turns = tuple(kept)

    def clear(self) -> None:
        """Forget all turns."""
        self._turns = ()
        self.conversation += 1

    @property
    def system(self) -> str:
        """What every prompt begins with."""
        who = f"{self.persona} {self.whereabouts}".rstrip() if self.persona else ""
        card = self.style.card if self.style is not None else ""
        return "\n\n".join(filter(None, (who, card, self.recalled.get(self._asker, ""))))

    @property
    def _asker(self) -> int | None:
        """The number of who asked last; ``None``: nobody who is known."""
        person = person_of(self._speaker)
        return person.number if person is not None else None

    def _prompt(self, turns: Sequence[tuple[_Asked, str]], newest: _Asked) -> list[Message]:
        """Build a chat in which the roles alternate, as many chat templates insist on."""
        system = self.system
        messages = [Message("system", system)] if system else []
        messages += self._examples.messages(self.style, self.model)
        unanswered = ""
        for asked, heard in turns:
            unanswered = _lines(unanswered, asked.told(newest.asker))
            if heard:
                messages += [Message("user", unanswered), Message("assistant", heard)]
                unanswered = ""
        return [*messages, Message("user", _lines(unanswered, newest.told(newest.asker)))]

    def _shortened(
        self, need: Callable[[Sequence[tuple[_Asked, str]]], int], budget: int
    ) -> tuple[tuple[_Asked, str], ...]:
        """Return the newest turns, as many as leave room for others.

        Where not all of them fit, the prompt changes from its front on. So the times at which they
        were asked, a third of a short turn, and what was remembered make room before words do.
        """
        bare = tuple((_Asked("", asked.question), heard) for asked, heard in self._turns)
        nothing = need(())
        most = nothing + KEPT_SHARE * (budget - nothing)
        dropped = bisect_left(range(len(bare)), True, key=lambda n: need(bare[n:]) <= most)
        return bare[dropped:]

    def _fits(self, prompt: Sequence[Message]) -> bool:
        budget = self.model.context_tokens - self._max_reply_tokens
        return self.model.count_tokens(prompt) <= budget

    def _tail(self, asked: _Asked, since: Sequence[Message]) -> _Asked:
        """Return the question with the longest end that fits, from the start of a word."""
        note, question = asked.note, asked.question
        if not self._fits([*self._prompt((), _Asked(note, "")), *since]):
            raise SetupError(
                tr(
                    "The persona and max_reply_tokens leave no room for a question "
                    "in context_tokens = {tokens}."
                ).format(tokens=self.model.context_tokens)
            )
        low, high = 0, len(question)  # cutting `high` characters off fits; `low` does not
        while high - low > 1:
            middle = (low + high) // 2
            if self._fits([*self._prompt((), _Asked(note, question[middle:])), *since]):
                high = middle
            else:
                low = middle
        while high < len(question) and _inside_word(question, high):
            high += 1
        return _Asked(note, question[high:].lstrip())


def _greeting(code: str) -> str:
    """Return words for a question that nobody has asked yet."""
    return "你好。" if code == "zh" else "Hello."


def heard_text(spoken: Sequence[tuple[str, int]], heard_samples: int) -> str:
    """Return what was heard of sentences and the lengths of their sound, in samples.

    The sentence in which the listening stopped is cut in proportion to its sound, and back to the
    last word, or Chinese character, that was heard whole.
    """
    heard = ""
    for text, samples in spoken:
        if heard_samples < samples:
            text = _heard_part(text, max(heard_samples, 0) / samples)
        heard_samples -= samples
        if text:
            heard = _joined(heard, text)
        if heard_samples < 0:
            break
    return heard


def _heard_part(text: str, share: float) -> str:
    budget = share * width(text)
    end = 0
    while end < len(text) and width(text[: end + 1]) <= budget:
        end += 1
    while end > 0 and _inside_word(text, end):
        end -= 1
    return text[:end].rstrip()


def _inside_word(text: str, position: int) -> bool:
    """Whether a cut at ``position`` would part a word of a spaced script."""
    around = text[position - 1 : position + 1]
    return len(around) == 2 and not any(char.isspace() or is_chinese(char) for char in around)


def _joined(before: str, after: str) -> str:
    spaced = before and not is_chinese(before[-1]) and not is_chinese(after[0])
    return before + " " + after if spaced else before + after


def _lines(*texts: str) -> str:
    return "\n".join(filter(None, texts))
