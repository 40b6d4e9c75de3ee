"""A GGUF language model inside this process, through llama.cpp."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from daemon.brain.answer import Habit, answer
from daemon.brain.bare_calls import Ask, Way, alone, answer_barely, way_of, with_bare_calls
from daemon.brain.completions import Course, Pieces, offered, pieces, plain, words
from daemon.brain.ending import end_probability, unmarked
from daemon.brain.llama_server import LlamaServer
from daemon.brain.thoughts import ends_in_thought
from daemon.brain.wire import lines
from daemon.i18n import tr
from daemon.media import Message, Tool
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

# llama.cpp's DRY sampler: small models repeat a list for ever. Runs of 6 tokens may come again, as
# in taking up the words of a question; longer ones become ever less likely.
# For each text at which a run ends, all the tokens are searched before the prompt is read: 10 ms.
DO_NOT_LOOP = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 6,
    "dry_penalty_last_n": 256,
    "dry_sequence_breakers": ["\n"],
}


class LlamaCpp:
    """A ``ToolUser`` on one GGUF file, which tells how likely somebody has finished.

    ``gpu_layers`` counts only where llama.cpp finds a GPU; -1 is as many as fit there.
    ``threads`` 0 takes all physical cores this process may use to read, all but one to write.
    ``system_prompt`` is what the chats begin with: ``warm_up`` reads it, so that the first answer
    need not. Raises ``SetupError`` when the file is missing or cannot be loaded.
    """

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        gpu_layers: int = -1,
        threads: int = 0,
        system_prompt: str = "",
    ) -> None:
        self.tools: tuple[Tool, ...] = ()
        self._way: Way | None = None  # not known before there are tools
        self._habit: Habit | None = None
        self._path = path
        self._system_prompt = system_prompt
        self._sampling: dict[str, Any] = {"temperature": temperature, "top_p": top_p, **DO_NOT_LOOP}
        self._max_reply_tokens = max_reply_tokens
        self.server = LlamaServer(path, context_tokens, gpu_layers, threads)

    @property
    def context_tokens(self) -> int:
        """How many tokens fit; fewer than asked for if the model was trained on fewer."""
        return self.server.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take, exactly, through the model's own chat template."""
        body = {
            "content": self._prompt(messages, self.tools),
            "add_special": True,
            "parse_special": True,
        }
        return len(self.server.ask("POST", "/tokenize", body)["tokens"])

    def _prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        chat = {"messages": plain(messages), **offered(tools)}
        return str(self.server.ask("POST", "/apply-template", chat)["prompt"])

    def end_probability(self, messages: Sequence[Message], cancel: CancelToken) -> float:
        """How likely the last message ends where it does, 0 to 1; 1 if ``cancel`` is set.

        What it reads for that, the answer need not read again.
        """
        try:
            marked = self._way_of_calling(cancel) == "marked"
            question = unmarked(messages[-1].content)
            prompt = self._prompt(messages, self.tools if marked else ())
            end = prompt.rindex(question) + len(question)
            body = {"prompt": prompt[:end], "cache_prompt": True, "n_predict": 1, "n_probs": 50}
            return end_probability(self.server.ask("POST", "/completion", body, cancel))
        except Cancelled:
            return 1.0

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer in pieces of whole characters; ends early once ``cancel`` is set.

        Closing the iterator ends the model's work. Raises ``StageError``.
        """
        return words(self.reply_or_call(messages, cancel))

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> Pieces:
        """Yield the answer likewise, and then the tools that it wants to be called."""
        tools, ask = self.tools, self._asking(cancel)
        way = self._way_of_calling(cancel)
        if way == "bare":
            yield from answer_barely(ask, messages, tools)
        elif way == "marked":
            yield from with_bare_calls(ask(messages, tools))
        else:
            yield from ask(messages, ())

    def _asking(self, cancel: CancelToken) -> Ask:
        return lambda messages, tools: self._stream(messages, self._max_reply_tokens, cancel, tools)

    def _way_of_calling(self, cancel: CancelToken) -> Way:
        """Try it with the first tools that there are."""
        if not self.tools:
            return "none"
        if self._way is None:
            way = way_of(self._asking(cancel))
            if cancel.cancelled:
                return way
            self._way = way
            log.info("%s calls tools: %s", self._path.name, way)
            if way == "none":
                text = tr("The language model {path} calls no tools.")
                log.warning("%s", text.format(path=self._path))
        return self._way

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        """Read a prompt; ends early once ``cancel`` is set. Raises ``StageError``."""
        way, tools = self._way_of_calling(cancel), self.tools
        if way == "bare":
            for _ in self._stream(alone(messages), 0, cancel, tools):
                pass
        for _ in self._stream(messages, 0, cancel, tools if way == "marked" else ()):
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
        self.server.close()

    def _thinking(self) -> Habit:
        """Look, once, whether the chat template begins answers within a thought."""
        if self._habit is None:
            self._habit = Habit(ends_in_thought(self._prompt([Message("user", "Hello.")], ())))
        return self._habit

    def _stream(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        cancel: CancelToken,
        tools: Sequence[Tool],
    ) -> Pieces:
        whole = max_tokens >= self._max_reply_tokens
        may_be_empty = not whole or bool(tools) or messages[-1].role == "tool"
        body = {
            "messages": plain(messages),
            **offered(tools),
            "stream": True,
            "max_tokens": max_tokens,
            "cache_prompt": True,
            **self._sampling,
        }
        try:
            with self.server.open("POST", "/v1/chat/completions", body, cancel) as response:
                course = Course()
                said = pieces(lines(response), cancel, course)
                yield from answer(said, course, self._thinking(), may_be_empty)
        except Cancelled:
            return
