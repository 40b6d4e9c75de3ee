"""ChatGLM as the part that answers."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import torch

from daemon.brain.answer import without_reasoning
from daemon.brain.chatglm.chatglm import ChatGLM
from daemon.brain.chatglm.text import cleaned_pieces, whole_characters
from daemon.brain.reasoning_filter import MARGIN, ends_in_reasoning
from daemon.errors import StageError
from daemon.i18n import tr
from daemon.media import Message
from daemon.worker import CancelToken


class ChatGLMBrain:
    """A ``ChatModel`` on a checkpoint of any generation; answers one chat at a time.

    ``prefix`` and ``adapter`` are directories, or ``None``. ``dtype`` and ``device`` may be
    ``auto``: a GPU where there is one, numbers of 16 bits. ``threads`` 0 takes all physical cores.
    Raises ``SetupError`` when something is missing or damaged.
    """

    keeps_branches = False

    def __init__(
        self,
        directory: Path,
        *,
        prefix: Path | None = None,
        adapter: Path | None = None,
        dtype: str = "auto",
        device: str = "auto",
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        repetition_penalty: float = 1.0,
        threads: int = 0,
        system_prompt: str = "",
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = ChatGLM.load(directory, prefix, _dtype(dtype, device), device, adapter)
        self._context_tokens = min(context_tokens, self._model.context_tokens)
        self._max_reply_tokens = max_reply_tokens
        self._temperature, self._top_p = temperature, top_p
        self._repetition_penalty = repetition_penalty
        self._system_prompt = system_prompt

    @property
    def context_tokens(self) -> int:
        """How many tokens fit; fewer than asked for if the model was trained on fewer."""
        return self._context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take as a prompt."""
        return len(self._model.encode_chat(messages))

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer in pieces of whole characters; ends within a token of ``cancel``.

        Raises ``StageError``.
        """
        ids = self._model.encode_chat(messages)
        budget = self._context_tokens - len(ids)
        if budget <= 0:
            raise StageError(
                "brain",
                tr("The prompt has {count} tokens; the model reads 1 to {limit}.").format(
                    count=len(ids), limit=self._context_tokens
                ),
            )
        tokens = self._model.generate(
            ids,
            min(self._max_reply_tokens, budget),
            self._temperature,
            cancel,
            top_p=self._top_p,
            repetition_penalty=self._repetition_penalty,
        )
        with closing(tokens):
            spoken = filter(self._model.tokenizer.is_text_token, tokens)
            pieces = whole_characters(spoken, self._model.decode)
            opened = ends_in_reasoning(self._model.decode(ids[-MARGIN:]))
            for piece in without_reasoning(cleaned_pieces(pieces, self._model.generation), opened):
                if cancel.cancelled:
                    return
                yield piece

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        """Read a prompt; ends early once ``cancel`` is set."""
        ids = self._model.encode_chat(messages)
        for _ in self._model.generate(ids[: self._context_tokens], 1, cancel=cancel):
            pass

    def warm_up(self) -> None:
        """Read the system prompt, so that the first answer need not."""
        messages = [Message("user", "Hello.")]
        if self._system_prompt:
            messages.insert(0, Message("system", self._system_prompt))
        self.read(messages, CancelToken())

    def close(self) -> None:
        """Free the weights."""
        self._model.close()


def _dtype(name: str, device: str) -> str:
    if name != "auto":
        return name
    old_gpu = device.startswith("cuda") and not torch.cuda.is_bf16_supported()
    return "float16" if old_gpu else "bfloat16"
