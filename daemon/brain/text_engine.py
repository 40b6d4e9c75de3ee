"""What a language model in this process has to be able to do, whichever library computes it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from daemon.brain.completions import AnswerMeta, ReplyStream
from daemon.media import JsonObject, Message, Tool
from daemon.worker import CancelToken


class TextEngine(Protocol):
    """One model that goes on from text; belongs to one thread.

    What it read for one prompt it need not read again for the next that begins alike.
    """

    context_tokens: int
    """How many tokens fit."""
    keeps_branches: bool
    """Whether what it read for one prompt stays read while it reads another."""

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """Return messages as its chat template writes them, up to where it is to go on.

        Raises ``StageError``.
        """

    def count(self, prompt: str) -> int:
        """Return how many tokens a prompt has. Raises ``StageError``."""

    def pieces(self, text: str, cancel: CancelToken) -> list[str]:
        """Return the tokens of ``text``; what is no text of its own is ""."""

    def complete(
        self, prompt: str, fields: Mapping[str, object], cancel: CancelToken, ahead: str = ""
    ) -> JsonObject:
        """Return the answer of llama.cpp's ``/completion``.

        ``ahead`` is likely to follow the prompt soon: who can reads it in the same go.
        Raises ``StageError`` and ``Cancelled``.
        """

    def chat(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        fields: Mapping[str, object],
        cancel: CancelToken,
        meta: AnswerMeta,
    ) -> ReplyStream:
        """Yield an answer and the calls in it; ``fields`` are ``max_tokens`` and how to sample.

        Closing the iterator ends the work. Raises ``StageError`` and ``Cancelled``.
        """

    def close(self) -> None:
        """Free the model."""


class Completion:
    """A ``Completer``: goes on from any prompt, until ``cancel`` is set."""

    def __init__(self, engine: TextEngine, cancel: CancelToken) -> None:
        self._engine, self._cancel = engine, cancel
        self.prompt = engine.prompt
        """Writes messages as the model's chat template has them."""

    def pieces(self, text: str) -> list[str]:
        """Return the tokens of ``text``; what is no text of its own is ""."""
        return self._engine.pieces(text, self._cancel)

    def complete(self, prompt: str, fields: Mapping[str, object]) -> JsonObject:
        """Return the answer to a request; raises ``StageError`` and ``Cancelled``."""
        return self._engine.complete(prompt, fields, self._cancel)
