"""The words of one answer. Between them the tools that the model asks for are called.

A tool has effects. So an answer that is only prepared stops before the first call, until the
person has finished and it is confirmed; cancelled, it has done nothing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from daemon.brain.ending import UNFINISHED, is_plainly_whole
from daemon.brain.sentences import SentenceSplitter, is_chinese
from daemon.dialogue.parts import Parts
from daemon.dialogue.streams import from_stage
from daemon.dialogue.turn import Turn
from daemon.media import CalledTool, Message, Sentence, ToolCall
from daemon.stages import TellsEnds, Tools, ToolUser
from daemon.worker import CancelToken

MOST_ROUNDS = 3  # times that tools are called for one answer
MOST_CALLS = 4  # in each
LONGEST_RESULTS = 3000  # characters, of all together: a small model reads a thousand tokens in 4 s
PORTION = 1000  # characters that are cut into sentences at a time
NO_ANSWER = {
    "en": "Sorry, I could not find that out.",
    "zh": "对不起，这个我没能查到。",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of an answer, and the sentences that are complete with it."""

    text: str
    sentences: list[Sentence]


class Thinking:
    """Makes the words of one answer."""

    def __init__(self, turn: Turn, parts: Parts) -> None:
        self.called: list[CalledTool] = []
        """The tools that were called so far, the newest last."""
        self._turn, self._timings = turn, turn.timings
        self._model, self._worker, self._tools = parts.chat_model, parts.thinking, parts.tools
        self._history = parts.history
        self._room = LONGEST_RESULTS

    async def sentences(self, question: str) -> AsyncGenerator[Sentence, None]:
        """Yield the answer's sentences, as they are made."""
        splitter = SentenceSplitter()
        since: list[Message] = []
        said = ""
        for left in reversed(range(MOST_ROUNDS + 1)):
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
            await self._turn.finished()
            since += await self._carry_out(said, calls[:MOST_CALLS], self._tools)
        if self.called and not said.strip():
            apology = NO_ANSWER["zh" if any(map(is_chinese, question)) else "en"]
            for sentence in splitter.feed(apology):
                yield sentence
        for sentence in splitter.finish():
            yield sentence

    async def find_semantic_end(self, question: str) -> None:
        """Have the model tell whether the words of a spoken question are a whole sentence."""
        if self._turn.gate.knows_semantic_end:
            return
        model = self._model

        def whole(cancel: CancelToken) -> bool:
            assert isinstance(model, TellsEnds)
            messages = self._history.messages(question)
            return model.end_probability(messages, cancel) >= UNFINISHED

        complete = True
        if isinstance(model, TellsEnds) and not is_plainly_whole(question):
            try:
                complete = await self._worker.run(self._timings.timed("brain", whole))
            except Exception as error:  # the answer will meet it again, and say so
                log.debug("whether it is a whole sentence: %s", error)
        self._turn.gate.set_semantic_end(complete)

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
        messages = self._history.messages(question, since)
        model = self._model
        ask = model.reply_or_call if isinstance(model, ToolUser) else model.reply
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
            result = result[: self._room]
            self._room -= len(result)
            messages.append(Message("tool", result, answers=call.id))
        return messages
