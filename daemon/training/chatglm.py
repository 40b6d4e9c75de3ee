"""ChatGLM 1 to 3 as learners: P-tuning v2 (Liu et al. 2022), or all of their weights.

P-tuning leaves the model as it is and learns keys and values that stand before everything it
reads. What is written is the authors' own form, which the original loads as well.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import Parameter

from daemon.brain.chatglm.chat_format import ChatFormat
from daemon.brain.chatglm.chatglm import ChatGLM
from daemon.brain.chatglm.checkpoint import PREFIX, Checkpoint
from daemon.brain.chatglm.network import Network
from daemon.brain.chatglm.prefix import PrefixEncoder
from daemon.brain.chatglm.reader import NetworkReader
from daemon.brain.chatglm.tokenizer import load_tokenizer
from daemon.brain.chatglm.weights import load_network
from daemon.files import atomic_folder
from daemon.training.examples import Example
from daemon.training.learner import masked_loss, padded
from daemon.worker import CancelToken

FILLING = 0  # at the end of shorter chats, where nothing looks
BESIDE = ("ice_text.model", "tokenizer.model", "tokenizer_config.json")  # with the weights


class ChatGLMLearner(ABC):
    """A network of the first three generations; see ``PrefixLearner`` and ``FullLearner``."""

    name: str
    result: str

    def __init__(self, checkpoint: Checkpoint, network: Network, precision: torch.dtype) -> None:
        """``precision`` is what it computes in; its weights may be kept finer."""
        self.checkpoint, self.network = checkpoint, network
        self._tokenizer = load_tokenizer(checkpoint)
        self.tokens = ChatFormat(checkpoint.generation, self._tokenizer)
        self._precision = precision
        self._answering: ChatGLM | None = None

    def prefix(self) -> PrefixEncoder | None:
        """Return what stands before all it reads, if anything does."""
        return None

    def set_training(self, on: bool) -> None:
        """See ``Learner``."""
        self._answering = None
        if prefix := self.prefix():
            prefix.train(on)

    def loss(self, batch: Sequence[Example]) -> Tensor:
        """See ``Learner``."""
        network, prefix = self.network, self.prefix()
        ids = padded(batch, FILLING).to(network.device)
        finer = self._precision != network.dtype
        with torch.autocast(network.device.type, self._precision, enabled=finer):
            hidden = network(ids, prefix() if prefix else None)
            return masked_loss(batch, hidden, network.logits)

    def answer(self, prompt: Sequence[int], longest: int, cancel: CancelToken) -> str:
        """See ``Learner``."""
        if self._answering is None:
            reader = NetworkReader(self.network, self.prefix())
            self._answering = ChatGLM(self.checkpoint, self._tokenizer, self.tokens, reader)
        model = self._answering
        return model.decode(list(model.generate(prompt, longest, cancel=cancel))).strip()

    def reference_answer(self, example: Example) -> str:
        """See ``Learner``."""
        ids = [id for id in example.ids[example.start :] if id not in self.tokens.ends]
        return self._tokenizer.decode(ids).strip()

    @abstractmethod
    def parameters(self) -> dict[str, Parameter]:
        """See ``Learner``."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """See ``Learner``."""


class PrefixLearner(ChatGLMLearner):
    """P-tuning v2: only the prefix learns."""

    result = "prefix"

    def __init__(
        self, checkpoint: Checkpoint, network: Network, length: int, projection: bool
    ) -> None:
        super().__init__(checkpoint, network, network.dtype)
        torch.manual_seed(0)  # the same beginning for each run, so that it can go on
        self._encoder = PrefixEncoder.new(network, length, projection)
        how = f"prefix {length} {projection} {network.dtype}"
        self.name = f"{how} {checkpoint.directory.name} {checkpoint.size}"

    def prefix(self) -> PrefixEncoder:
        """Return the one that learns."""
        return self._encoder

    def parameters(self) -> dict[str, Parameter]:
        """See ``Learner``."""
        return {PREFIX + name: weight for name, weight in self._encoder.named_parameters()}

    def save(self, directory: Path) -> None:
        """Write ``pytorch_model.bin`` with the prefix, and ``config.json``."""
        self._encoder.save(directory, self.checkpoint.config)


class FullLearner(ChatGLMLearner):
    """All weights learn. They are kept in float32: steps are too small for half precision."""

    result = "model"

    def __init__(self, checkpoint: Checkpoint, network: Network, precision: torch.dtype) -> None:
        super().__init__(checkpoint, network, precision)
        network.requires_grad_(True)
        self.name = f"full {precision} {checkpoint.directory.name} {checkpoint.size}"

    def parameters(self) -> dict[str, Parameter]:
        """See ``Learner``."""
        return dict(self.network.named_parameters())

    def save(self, directory: Path) -> None:
        """Write a checkpoint of its own, in half precision."""
        with atomic_folder(directory) as folder:
            tensors = {
                name: weight.detach().to("cpu", torch.bfloat16).contiguous()
                for name, weight in self.network.state_dict().items()
            }
            save_file(tensors, folder / "model.safetensors", {"format": "pt"})
            config = {**self.checkpoint.config, "torch_dtype": "bfloat16"}
            text = json.dumps(config, indent=1, ensure_ascii=False) + "\n"
            (folder / "config.json").write_text(text, encoding="utf-8")
            for name in BESIDE:
                if (file := self.checkpoint.directory / name).is_file():
                    (folder / name).write_bytes(file.read_bytes())


def load_learner(
    checkpoint: Checkpoint,
    *,
    full: bool,
    prefix: tuple[int, bool],
    precision: torch.dtype,
    device: torch.device,
    checkpointing: bool,
) -> ChatGLMLearner:
    """Load a checkpoint to learn; ``prefix`` is its length and whether it has a projection.

    Raises ``SetupError`` for what ``load_network`` does.
    """
    network, _ = load_network(checkpoint, torch.float32 if full else precision, device)
    network.checkpointing = checkpointing
    if full:
        return FullLearner(checkpoint, network, precision)
    return PrefixLearner(checkpoint, network, *prefix)
