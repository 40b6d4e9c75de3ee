"""``ChatGLM``: a checkpoint of any generation, ready to answer."""

import gc
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from daemon.brain.chatglm.chat_format import ChatFormat
from daemon.brain.chatglm.checkpoint import Checkpoint, Generation, read_checkpoint
from daemon.brain.chatglm.glm import GlmFormat, GlmReader, load_glm
from daemon.brain.chatglm.quantise import BITS
from daemon.brain.chatglm.reader import NetworkReader, Reader
from daemon.brain.chatglm.sampling import Sampling, choose
from daemon.brain.chatglm.tokenizer import Tokenizer, load_tokenizer
from daemon.brain.chatglm.weights import load_network, load_prefix
from daemon.errors import SetupError, StageError
from daemon.i18n import tr
from daemon.media import Message
from daemon.worker import Cancelled, CancelToken

GREEDY = Sampling()


class ChatGLM:
    """A language model with its tokens and its form of a chat; one conversation at a time."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        tokenizer: Tokenizer,
        chat_format: ChatFormat | GlmFormat,
        reader: Reader,
    ) -> None:
        self.checkpoint = checkpoint
        self.tokenizer = tokenizer
        self.chat_format = chat_format
        self._reader: Reader | None = reader
        self._chance = torch.Generator()
        self._chance.seed()

    @classmethod
    def load(
        cls,
        directory: str | Path,
        prefix: str | Path | None = None,
        dtype: str | torch.dtype = "float32",
        device: str | torch.device = "cpu",
        adapter: str | Path | None = None,
    ) -> "ChatGLM":
        """Load an official checkpoint; which generation it is of is read from it.

        ``prefix`` is the directory of a P-tuning v2 checkpoint laid over one of the first three
        generations, ``adapter`` that of a LoRA merged into a later one. ``dtype`` is what it
        computes in, or ``int8`` or ``int4`` for weights of so many bits. Raises ``SetupError``.
        """
        checkpoint = read_checkpoint(Path(directory))
        device = torch.device(device)
        bits = BITS.get(dtype) if isinstance(dtype, str) else None
        computed = torch.bfloat16 if bits else _dtype(dtype)
        if checkpoint.generation is Generation.GLM:
            if prefix:
                raise SetupError(
                    tr("{path} takes no prefix; it is tuned with an adapter.").format(
                        path=directory
                    )
                )
            lora = Path(adapter) if adapter else None
            glm_tokenizer, glm_format, model = load_glm(checkpoint, computed, device, lora, bits)
            return cls(checkpoint, glm_tokenizer, glm_format, GlmReader(model))
        if adapter:
            raise SetupError(
                tr("{path} takes no adapter; it is tuned with a prefix.").format(path=directory)
            )
        tokenizer = load_tokenizer(checkpoint)
        network, own = load_network(checkpoint, computed, device, bits)
        encoder = load_prefix(Path(prefix), network) if prefix else own
        chat_format = ChatFormat(checkpoint.generation, tokenizer)
        return cls(checkpoint, tokenizer, chat_format, NetworkReader(network, encoder))

    @property
    def generation(self) -> Generation:
        """Which kind it is."""
        return self.checkpoint.generation

    @property
    def context_tokens(self) -> int:
        """How many tokens it can read, prompt and answer together."""
        return self._open.context

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return self._open.vocabulary

    @property
    def _open(self) -> Reader:
        assert self._reader is not None, "it was closed"
        return self._reader

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt's tokens, up to where the answer begins."""
        return self.chat_format.encode_chat(messages)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of tokens."""
        return self.tokenizer.decode(ids)

    def logits(self, ids: Sequence[int], cancel: CancelToken | None = None) -> NDArray[np.float32]:
        """Return the scores of the token after ``ids``, float32 of shape (vocabulary,).

        Raises ``StageError`` when they are too many or no prompt, ``Cancelled`` once ``cancel``
        is set.
        """
        self._check(ids)
        scores: NDArray[np.float32] = self._scores(ids, cancel or CancelToken()).numpy()
        return scores

    def generate(
        self,
        ids: Sequence[int],
        max_new_tokens: int,
        temperature: float = 0.0,
        cancel: CancelToken | None = None,
        *,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
    ) -> Generator[int, None, None]:
        """Yield the answer's tokens, without the one that ends it.

        Ends at ``max_new_tokens``, where the context is full, or within one token once ``cancel``
        is set. What one call has read is kept for the next that begins alike.
        """
        self._check(ids)
        how = Sampling(temperature, top_p, repetition_penalty)
        so_far, ends = list(ids), self.chat_format.ends
        cancel = cancel or CancelToken()
        for _ in range(min(max_new_tokens, self.context_tokens - len(so_far) + 1)):
            try:
                scores = self._scores(so_far, cancel)
            except Cancelled:
                return
            token = choose(scores, so_far, how, self._chance)
            if token in ends or cancel.cancelled:
                return
            yield token
            so_far.append(token)

    def close(self) -> None:
        """Free the weights."""
        self._reader = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _check(self, ids: Sequence[int]) -> None:
        reader = self._open
        if (
            not ids
            or len(ids) > reader.context
            or not 0 <= min(ids) <= max(ids) < reader.vocabulary
        ):
            raise StageError(
                "brain",
                tr("The prompt has {count} tokens; the model reads 1 to {limit}.").format(
                    count=len(ids), limit=reader.context
                ),
            )

    def _scores(self, ids: Sequence[int], cancel: CancelToken) -> torch.Tensor:
        cancel.check()
        scores = self._open.logits(ids, cancel)
        if not scores.isfinite().all():
            raise StageError(
                "brain",
                tr("The language model's numbers overflow."),
                'dtype = "bfloat16"',
            )
        return scores


def _dtype(name: str | torch.dtype) -> torch.dtype:
    if isinstance(name, torch.dtype):
        return name
    dtype = getattr(torch, name)
    assert isinstance(dtype, torch.dtype)
    return dtype
