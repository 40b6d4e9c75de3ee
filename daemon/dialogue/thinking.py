"""The words of one answer. Between them the tools that the model asks for are called.

A tool has effects. So an answer that is only prepared stops before the first call, until the
person has finished and it is confirmed; cancelled, it has done nothing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from daemon.brain.end_of_utterance import (
    ASKED,
    is_plainly_unfinished,
    is_plainly_whole,
    is_too_short_to_tell,
    with_mark,
)
from daemon.brain.history import History
from daemon.brain.sentences import SentenceSplitter
from daemon.dialogue.parts import ThinkingParts
from daemon.dialogue.streams import from_stage
from daemon.dialogue.turn import Turn
from daemon.languages import language
from daemon.languages.guess import language_of
from daemon.media import CalledTool, Message, Sentence, ToolCall
from daemon.people.person import Speaker, person_of
from daemon.stages import ChatModel, EndOfUtterancePredictor, Tools, ToolUser
from daemon.worker import CancelToken

MAX_ROUNDS = 3  # times that tools are called for one answer
MAX_CALLS = 4  # in each
MAX_RESULTS_CHARS = (
    3000  # characters, of all together: a small model reads a thousand tokens in 4 s
)
PORTION = 1000  # characters that are cut into sentences at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of an answer, and the sentences that are complete with it."""

    text: str
    sentences: list[Sentence]


def end_of_sentence(
    model: ChatModel,
    history: History,
    words: str,
    language: str,
    speaker: Speaker | None,
    remembered: str,
    cancel: CancelToken,
) -> float | None:
    """Return how likely ``words`` are a whole sentence, 0 to 1; ``None`` where nobody can tell.

    Runs where the model may be called.
    """
    if not isinstance(model, EndOfUtterancePredictor):
        return None
    prompt = history.messages(words, (), language, speaker, remembered)
    return with_mark(words, model.end_probability(prompt, cancel))


def may_call_tools(speaker: Speaker | None) -> bool:
    """Whether tools may be called for who asks: for all, where nobody is known by their voice."""
    return speaker is None or (speaker.person is not None and speaker.person.tools)


class Thinking:
    """Makes the words of one answer."""

    def __init__(self, turn: Turn, parts: ThinkingParts) -> None:
        self.called: list[CalledTool] = []
        """The tools that were called so far, the newest last."""
        self._turn, self._timings = turn, turn.timings
        self._model, self._worker, self._tools = parts.chat_model, parts.thinking, parts.tools
        self._history, self._openers = parts.history, parts.openers
        self._language = ""  # of the question, once it is known
        self._speaker: Speaker | None = None  # who asks it, likewise
        self._recollect, self._remembered = parts.recollect, ""
        self._chars_left = MAX_RESULTS_CHARS

    async def sentences(self, question: str) -> AsyncGenerator[Sentence, None]:
        """Yield the answer's sentences, as they are made."""
        heard_in = self._turn.words.language if self._turn.words is not None else ""
        self._language = language_of(question, self._history.languages, heard_in)
        self._speaker = self._turn.speaker
        if not may_call_tools(self._speaker):
            self._tools = None
        asker = person_of(self._speaker)
        self._remembered = await self._recollect(question, asker, self._language)
        await self._find_semantic_end(question)
        openers = self._openers is not None and self._openers.wanted
        brisk = self._openers is not None and self._openers.brisk
        splitter = SentenceSplitter(openers, self._language, brisk)
        since: list[Message] = []
        said, late = "", False
        for left in reversed(range(MAX_ROUNDS + 1)):
            said, calls = "", []
            async with aclosing(self._round(splitter, question, since)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ToolCall):
                        calls.append(piece)
                    else:
                        said += piece.text
                        for sentence in piece.sentences:
                            yield sentence
            if not calls or self._tools is None or not left:
                break
            if said:
                # A sentence of its own: it is spoken while the tool is at work.
                for sentence in splitter.feed("\n"):
                    yield sentence
            splitter.openers = False  # what tools told is waited for anyway
            await self._turn.finished()
            carried_out = await self._carry_out(said, calls[:MAX_CALLS], self._tools)
            if all(called.outcome == "late" for called in self.called[1 - len(carried_out) :]):
                # A small model would make the answer up.
                said, late = "", True
                break
            since += carried_out
        if self.called and not said.strip():
            words = language(self._language).said
            for sentence in splitter.feed(words.too_late if late else words.no_answer):
                yield sentence
        for sentence in splitter.finish():
            yield sentence

    async def _find_semantic_end(self, question: str) -> None:
        """Find out how likely the words of a spoken question are a whole sentence."""
        if self._turn.gate.knows_semantic_end:
            return
        probability = None
        if is_plainly_unfinished(question, self._language):
            probability = 0.0
        elif not is_too_short_to_tell(question):
            if is_plainly_whole(question):
                probability = 1.0
            elif self._language in ASKED:
                probability = await self._end_probability(question)
        self._turn.gate.set_semantic_end(probability)

    async def _end_probability(self, question: str) -> float | None:
        """Have the model tell; ``None`` where it cannot."""
        ask = self._timings.timed("brain", end_of_sentence)
        try:
            asked = question, self._language, self._speaker, self._remembered
            return await self._worker.run(ask, self._model, self._history, *asked)
        except Exception as error:  # the answer will meet it again, and say so
            log.debug("whether it is a whole sentence: %s", error)
            return None

    async def _round(
        self, splitter: SentenceSplitter, question: str, since: list[Message]
    ) -> AsyncGenerator[Written | ToolCall, None]:
        ask = self._timings.timed_iterator("brain", self._ask)
        async with aclosing(self._worker.stream(ask, splitter, question, tuple(since))) as pieces:
            async for piece in from_stage("brain", pieces):
                self._timings.mark("first_token")
                yield piece

    def _ask(
        self,
        splitter: SentenceSplitter,
        question: str,
        since: tuple[Message, ...],
        cancel: CancelToken,
    ) -> Iterator[Written | ToolCall]:
        """Have the model answer, and cut what it writes: on its thread, for that takes time, too.

        Whatever a server sends at once is cut a portion at a time, with looks at the token between.
        """
        asked = since, self._language, self._speaker, self._remembered
        messages = self._history.messages(question, *asked)
        model = self._model
        ask: Callable[[list[Message], CancelToken], Iterator[str | ToolCall]] = model.reply
        if isinstance(model, ToolUser) and may_call_tools(self._speaker):
            ask = model.reply_or_call
        for piece in ask(messages, cancel):
            if isinstance(piece, ToolCall):
                yield piece
                continue
            for begin in range(0, len(piece), PORTION):
                portion = piece[begin : begin + PORTION]
                yield Written(portion, splitter.feed(portion))

    async def _carry_out(self, said: str, calls: list[ToolCall], tools: Tools) -> list[Message]:
        """Call one after another; return the calls and their results, as the model is told."""
        messages = [Message("assistant", said, tuple(calls))]
        for call in calls:
            called = CalledTool(call.name, tools.server_of(call.name))
            self.called.append(called)
            try:
                result = await tools.call(call, called)
            except asyncio.CancelledError:
                called.outcome = "cancelled"
                raise
            text = result.text[: self._chars_left]
            self._chars_left -= len(text)
            messages.append(Message("tool", text, answers=call.id, pictures=result.pictures))
        return messages
