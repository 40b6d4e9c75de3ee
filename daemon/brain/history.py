"""What the model is told of the conversation so far."""

import logging
from collections.abc import Callable, Sequence

from daemon.brain.sentences import is_chinese, width
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import Message
from daemon.stages import ChatModel

log = logging.getLogger(__name__)


class History:
    """The turns of one conversation: each a question and what was heard of its answer.

    The oldest turns are dropped whole when the model's context is full. ``messages`` asks the model
    to count, so it is called where the model may be called.
    """

    def __init__(
        self,
        persona: str,
        model: ChatModel,
        max_reply_tokens: int,
    ) -> None:
        """Nothing has been said yet."""
        self.keep: Callable[[str, str], None] = lambda question, heard: None
        """Told each turn that is committed; may be set at any time."""
        self.persona = persona
        """Who answers; may be changed between two questions."""
        self.recalled = ""
        """What is known from earlier conversations. It stays as it is while one lasts: the model
        reads again whatever follows the first change."""
        self._model = model
        self._max_reply_tokens = max_reply_tokens
        self.conversation = 0
        """Counts the conversations; a new one begins with nothing."""
        self._turns: tuple[tuple[str, str], ...] = ()

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """What is remembered: each question, and what was heard of its answer."""
        return self._turns

    def messages(self, question: str, since: Sequence[Message] = ()) -> list[Message]:
        """Return the prompt for ``question``: persona, the turns that fit, the question.

        ``since`` came after it: tools that were called for the answer, and what they returned.
        A question too long by itself loses its front: what is asked mostly comes last. Raises
        ``SetupError`` when not even the persona fits.
        """
        for dropped in range(len(self._turns) + 1):
            prompt = [*self._prompt(self._turns[dropped:], question), *since]
            if self._fits(prompt):
                self._turns = self._turns[dropped:]
                return prompt
        self._turns = ()
        return [*self._prompt((), self._tail(question, since)), *since]

    def commit(self, question: str, heard: str) -> None:
        """Keep a turn; ``heard`` is empty when it was interrupted before a word was heard."""
        question, heard = question.strip(), heard.strip()
        self._turns = (*self._turns, (question, heard))
        try:
            self.keep(question, heard)
        except Exception as error:  # the conversation goes on, and remembers it as long as it lasts
            log.error("what was said is not kept: %s", type(error).__name__)

    def clear(self) -> None:
        """Forget all turns."""
        self._turns = ()
        self.conversation += 1

    @property
    def system(self) -> str:
        """What every prompt begins with."""
        return "\n\n".join(filter(None, (self.persona, self.recalled)))

    def _prompt(self, turns: Sequence[tuple[str, str]], question: str) -> list[Message]:
        """Build a chat in which the roles alternate, as many chat templates insist on."""
        system = self.system
        messages = [Message("system", system)] if system else []
        unanswered = ""
        for asked, heard in turns:
            unanswered = _lines(unanswered, asked)
            if heard:
                messages += [Message("user", unanswered), Message("assistant", heard)]
                unanswered = ""
        return [*messages, Message("user", _lines(unanswered, question))]

    def _fits(self, prompt: Sequence[Message]) -> bool:
        room = self._model.context_tokens - self._max_reply_tokens
        return self._model.count_tokens(prompt) <= room

    def _tail(self, question: str, since: Sequence[Message]) -> str:
        """Return the longest end of ``question`` that fits, from the start of a word."""
        if not self._fits([*self._prompt((), ""), *since]):
            raise SetupError(
                tr(
                    "The persona and max_reply_tokens leave no room for a question "
                    "in context_tokens = {tokens}."
                ).format(tokens=self._model.context_tokens)
            )
        low, high = 0, len(question)  # cutting `high` characters off fits; `low` does not
        while high - low > 1:
            middle = (low + high) // 2
            if self._fits([*self._prompt((), question[middle:]), *since]):
                high = middle
            else:
                low = middle
        while high < len(question) and _inside_word(question, high):
            high += 1
        return question[high:].lstrip()


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
    room = share * width(text)
    end = 0
    while end < len(text) and width(text[: end + 1]) <= room:
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
