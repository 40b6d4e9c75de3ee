"""Asks a brain the questions, through the program's own prompt and tools.

No voice, no ears and no skills take part: what the brain says is what is measured.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from daemon.bench.talk.questions import (
    NOW,
    ZONE,
    CheckedTalk,
    Language,
    OfferedTool,
    Question,
    faults,
)
from daemon.brain.here_and_now import whereabouts
from daemon.brain.history import History, heard_text
from daemon.config import Settings
from daemon.dialogue.parts import Recollect, recollect_nothing
from daemon.dialogue.thinking import Thinking
from daemon.dialogue.turn import Turn
from daemon.errors import StageError
from daemon.media import CalledTool, Message, ToolCall, ToolResult
from daemon.stages import ChatModel, ReadsAhead, ToolUser
from daemon.worker import CancelToken, Worker

SERVER = "bench"  # whose the tools are


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, how it was answered, and what is wrong with that."""

    language: Language
    category: str
    question: Question
    answer: str
    called: tuple[tuple[str, str], ...]
    """The tools that were called: name and arguments."""
    faults: tuple[str, ...]
    first_clause_s: float | None
    """Seconds to the first clause; ``None`` where there was none, or a tool was asked for it."""
    tokens: int
    """Written after the first one."""
    writing_s: float
    """Seconds that took."""


class TableTools:
    """``Tools`` that answer from tables."""

    def __init__(self, offered: Iterable[OfferedTool]) -> None:
        self._tools = {tool.name: tool for tool in offered}
        self.called: list[tuple[str, str]] = []
        """Names and arguments of the calls so far."""

    def server_of(self, tool: str) -> str:
        """Name the server: all tools have the same."""
        return SERVER if tool in self._tools else ""

    async def call(self, call: ToolCall, called: CalledTool) -> ToolResult:
        """Look the answer up."""
        self.called.append((call.name, call.arguments))
        found = self._tools.get(call.name)
        called.outcome = "done" if found else "refused"
        return ToolResult(found.result(call.arguments) if found else "There is no such tool.")


@dataclass(frozen=True, slots=True)
class BrainParts:
    """The brain, its thread, and what it is told: what ``Thinking`` needs."""

    chat_model: ChatModel
    thinking: Worker
    history: History
    tools: TableTools | None
    openers: None = None
    recollect: Recollect = recollect_nothing


async def ask_all(
    model: ChatModel,
    worker: Worker,
    settings: Settings,
    conversations: Sequence[tuple[Language, CheckedTalk]],
    offered: Sequence[OfferedTool],
    step: Callable[[], None],
) -> list[Asked]:
    """Hold all conversations; ``step`` is called after each question.

    An answer that fails is a wrong one; raises ``StageError`` if that is the first, for then the
    others would fail, too.
    """
    asked: list[Asked] = []
    for language, conversation in conversations:
        tools = TableTools(offered) if conversation.tools else None
        if isinstance(model, ToolUser):
            model.tools = tuple(one.tool for one in offered) if tools else ()
        brain = settings.brain
        history = History(brain.persona, model, brain.max_reply_tokens, lambda: NOW)
        history.whereabouts = whereabouts(conversation.place, ZONE)
        parts = BrainParts(model, worker, history, tools)
        await _read_ahead(parts)
        for question in conversation.turns:
            answered, failure = await _ask(parts, language, conversation.category, question)
            if failure and not asked:
                raise failure
            asked.append(answered)
            await _read_ahead(parts)
            step()
    return asked


async def _ask(
    parts: BrainParts, language: Language, category: str, question: Question
) -> tuple[Asked, StageError | None]:
    """Ask one question, and remember the answer as if it had been heard to its end."""
    called = parts.tools.called if parts.tools else []
    before = len(called)
    turn = Turn(1, question.say)
    spoken: list[str] = []
    first_clause = None
    failure: StageError | None = None
    begin = time.monotonic()
    try:
        async for sentence in Thinking(turn, parts).sentences(question.say):
            if first_clause is None:
                first_clause = time.monotonic() - begin
            spoken.append(sentence.text)
    except StageError as error:
        failure = error
    seconds = time.monotonic() - begin
    answer = heard_text([(text, 0) for text in spoken], 0)
    calls = tuple(called[before:])
    parts.history.commit(question.say, answer)
    wrong = faults(question, answer, calls) if question.checked else ()
    tokens = await parts.thinking.run(_tokens, parts.chat_model, answer)
    answered = Asked(
        language=language,
        category=category,
        question=question,
        answer=answer,
        called=calls,
        faults=(str(failure),) if failure else tuple(wrong),
        first_clause_s=None if calls else first_clause,
        tokens=0 if calls else max(tokens - 1, 0),
        writing_s=0.0 if calls else seconds - turn.timings.marks.get("first_token", seconds),
    )
    return answered, failure


def _tokens(model: ChatModel, text: str, _cancel: CancelToken) -> int:
    """Count the tokens of an answer, without those that its place in a chat takes."""
    chat = [Message("user", "Hello.")]
    longer = [*chat, Message("assistant", text)]
    return model.count_tokens(longer) - model.count_tokens([*chat, Message("assistant", "")])


async def _read_ahead(parts: BrainParts) -> None:
    """Have the model read what is known of the next prompt, as it does while an answer is heard."""
    model, history = parts.chat_model, parts.history
    if isinstance(model, ReadsAhead):
        await parts.thinking.run(lambda cancel: model.read(history.expected(), cancel))


async def load_and_ask(
    make: Callable[[], ChatModel],
    settings: Settings,
    conversations: Sequence[tuple[Language, CheckedTalk]],
    offered: Sequence[OfferedTool],
    step: Callable[[], None],
) -> list[Asked]:
    """Load a brain, ask it everything, and free it."""
    worker = Worker("brain")
    try:
        model = await worker.run(lambda _cancel: make())
        try:
            await worker.run(lambda _cancel: model.warm_up())
            return await ask_all(model, worker, settings, conversations, offered, step)
        finally:
            await asyncio.shield(worker.run(lambda _cancel: model.close()))
    finally:
        await worker.close()
