"""A language model inside this process: how it answers, calls tools and ends, on any engine."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

from daemon.brain.answer import ReasoningHabit, answer
from daemon.brain.completions import AnswerMeta, ReplyStream, text_only
from daemon.brain.constrained_calls import (
    decides_itself,
    wants_call,
    with_last_turn,
    write_calls,
)
from daemon.brain.end_of_utterance import end_probability, unmarked
from daemon.brain.json_tool_calls import (
    AskModel,
    ToolCallFormat,
    call_or_answer,
    detect_format,
    parse_json_calls,
)
from daemon.brain.reasoning_filter import ends_in_reasoning
from daemon.brain.text_engine import Completion, TextEngine
from daemon.brain.tool_router import ToolRouter
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import Message, Tool, ToolCall
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

# The DRY sampler, as llama.cpp has it: small models repeat a list for ever. Runs of 6 tokens may
# come again, as in taking up the words of a question; longer ones become ever less likely.
# For each text at which a run ends, all the tokens are searched before the prompt is read: 10 ms.
DO_NOT_LOOP = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 6,
    "dry_penalty_last_n": 256,
    "dry_sequence_breakers": ["\n"],
}


class LocalModel:
    """A ``ToolUser`` on one engine, which tells how likely somebody has finished.

    ``name`` is told in logs, ``system_prompt`` is what the chats begin with: ``warm_up`` reads it,
    so that the first answer need not.
    """

    engine_name = ""
    """The library that computes, as people know it."""

    def __init__(
        self,
        engine: TextEngine,
        *,
        name: str,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        system_prompt: str = "",
    ) -> None:
        self.tools: tuple[Tool, ...] = ()
        self._engine, self._name = engine, name
        self.keeps_branches = engine.keeps_branches
        """Whether what it read for one prompt stays read while it reads another."""
        self._format: ToolCallFormat | None = None  # not known before there are tools
        self._router = ToolRouter()
        self._habit: ReasoningHabit | None = None
        self._system_prompt = system_prompt
        self._sampling: dict[str, object] = {
            "temperature": temperature,
            "top_p": top_p,
            **DO_NOT_LOOP,
        }
        self._max_reply_tokens = max_reply_tokens

    @property
    def context_tokens(self) -> int:
        """How many tokens fit; fewer than asked for if the model was trained on fewer."""
        return self._engine.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take, exactly, through the model's own chat template."""
        return self._engine.count(self._prompt(messages, self.tools))

    def _prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        return self._engine.prompt(messages, tools)

    def end_probability(self, messages: Sequence[Message], cancel: CancelToken) -> float:
        """How likely the last message ends where it does, 0 to 1; 1 if ``cancel`` is set.

        What it reads for that, the answer need not read again.
        """
        try:
            marked = self._detect_format_once(cancel) == "marked"
            question = unmarked(messages[-1].content)
            prompt = self._prompt(messages, self.tools if marked else ())
            end = prompt.rindex(question) + len(question)
            fields = {"n_predict": 1, "n_probs": 50}
            told = self._engine.complete(prompt[:end], fields, cancel, ahead=prompt[end:])
            return end_probability(told)
        except Cancelled:
            return 1.0

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer in pieces of whole characters; ends early once ``cancel`` is set.

        Closing the iterator ends the model's work. Raises ``StageError``.
        """
        return text_only(self.reply_or_call(messages, cancel))

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> ReplyStream:
        """Yield the answer likewise, and then the tools that it wants to be called."""
        tools, ask = self.tools, self._asking(cancel)
        format_ = self._detect_format_once(cancel)
        if format_ in ("bare", "asked"):
            try:
                yield from call_or_answer(ask, partial(self._decide, cancel), messages, tools)
            except Cancelled:
                return
        elif format_ == "marked":
            yield from parse_json_calls(ask(messages, tools))
        else:
            yield from ask(messages, ())

    def _decide(
        self, cancel: CancelToken, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Sequence[ToolCall]:
        """Return what a model of plain JSON calls for an answer; a failure of that is none."""
        model = Completion(self._engine, cancel)
        try:
            prompt = model.prompt(with_last_turn(messages), tools)
            if self._format == "bare":
                return write_calls(model, prompt, tools) if wants_call(model, prompt) else ()
            first = self._router.choose(model, messages, tools)
            return write_calls(model, prompt, tools, first) if first else ()
        except StageError as error:
            log.debug("no tool is called: %s", error)
            return ()

    def _asking(self, cancel: CancelToken) -> AskModel:
        return lambda messages, tools: self._stream(messages, self._max_reply_tokens, cancel, tools)

    def _detect_format_once(self, cancel: CancelToken) -> ToolCallFormat:
        """Try it with the first tools that there are."""
        if not self.tools:
            return "none"
        if self._format is None:
            format_ = detect_format(self._asking(cancel))
            model = Completion(self._engine, cancel)
            try:
                if format_ == "bare" and not decides_itself(model, self._system_prompt):
                    format_ = "asked"
                cancel.check()
            except Cancelled:
                return format_
            self._format = format_
            log.info("%s calls tools: %s", self._name, format_)
            if format_ == "none":
                text = tr("The language model {path} calls no tools.")
                log.warning("%s", text.format(path=self._name))
        return self._format

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        """Read a prompt; ends early once ``cancel`` is set. Raises ``StageError``."""
        format_, tools = self._detect_format_once(cancel), self.tools
        if format_ in ("bare", "asked"):
            for _ in self._stream(with_last_turn(messages), 0, cancel, tools):
                pass
        if format_ == "asked":
            with suppress(Cancelled):
                model = Completion(self._engine, cancel)
                self._router.prepare(model, messages, tools)
        for _ in self._stream(messages, 0, cancel, tools if format_ == "marked" else ()):
            pass

    def warm_up(self) -> None:
        """Read the system prompt and make one token."""
        messages = [Message("user", "Hello.")]
        if self._system_prompt:
            messages.insert(0, Message("system", self._system_prompt))
        for _ in self._stream(messages, 1, CancelToken(), self.tools):
            pass

    def close(self) -> None:
        """Free the model."""
        self._engine.close()

    def _thinking(self) -> ReasoningHabit:
        """Look, once, whether the chat template begins answers within a thought."""
        if self._habit is None:
            self._habit = ReasoningHabit(
                ends_in_reasoning(self._prompt([Message("user", "Hello.")], ()))
            )
        return self._habit

    def _stream(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        cancel: CancelToken,
        tools: Sequence[Tool],
    ) -> ReplyStream:
        whole = max_tokens >= self._max_reply_tokens
        may_be_empty = not whole or bool(tools) or messages[-1].role == "tool"
        fields = {"max_tokens": max_tokens, **self._sampling}
        meta = AnswerMeta()
        try:
            with closing(self._engine.chat(messages, tools, fields, cancel, meta)) as said:
                yield from answer(said, meta, self._thinking(), may_be_empty)
        except Cancelled:
            return
