"""The default brain as a learner: its weights out of the GGUF file, and a LoRA on its upper layers.

The lower layers stay as they are: what is taught is whom a sentence is about and how to answer, not
how to read words. So a step takes a fifth less, and the adapter, which comes with the program, is
smaller by a third, as is what it costs at each token.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import Parameter, functional

from daemon.brain.chatglm.libraries import prepare
from daemon.store.verify import sha256
from daemon.training.examples import Example
from models.talk import gguf_adapter
from models.talk.packing import pack

RANK = 16
ALPHA = 2 * RANK
FIRST_LAYER = 8  # of 24
ADAPTER = "adapter.gguf"


class LoraLinear(nn.Module):
    """A linear layer that stays as it is, and what is learned beside it: LoRA (Hu et al. 2021).

    peft's computes in float32 here, or learns in bfloat16, whose steps are too coarse; this
    learns in float32 and computes in the layer's precision, in half the time.
    """

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self._scale = base, scale
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what the layer makes of its input, and what was learned, added."""
        kind = hidden.dtype
        low = functional.linear(hidden, self.lora_A.to(kind))
        return cast(Tensor, self.base(hidden)) + functional.linear(
            low, (self.lora_B * self._scale).to(kind)
        )


def add_lora(layers: Iterable[nn.Module]) -> None:
    """Put a LoRA beside each linear layer of transformer blocks."""
    for layer in layers:
        for part in layer.children():
            for name, linear in list(part.named_children()):
                if isinstance(linear, nn.Linear):
                    setattr(part, name, LoraLinear(linear, RANK, ALPHA / RANK))


def packed_loss(network: nn.Module, scores: nn.Module, batch: Sequence[Example]) -> Tensor:
    """Return the summed loss of the answers of dialogues that are read as one row."""
    row = pack(batch)
    read = network(
        input_ids=row.ids,
        position_ids=row.positions,
        attention_mask=row.mask,
        use_cache=False,
    )
    foretold = scores(read.last_hidden_state[0, row.before])
    return functional.cross_entropy(foretold.float(), torch.tensor(row.expected), reduction="sum")


class TalkLearner:
    """A ``Learner`` that is a Qwen2.5 out of a GGUF file."""

    result = "adapter"

    def __init__(self, path: Path, precision: torch.dtype) -> None:
        """Load it to compute in ``precision``; takes about a minute."""
        prepare()
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.base = sha256(path)
        self.tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=precision, attn_implementation="sdpa"
        ).requires_grad_(False)
        self.network, self._scores = model.model, model.lm_head
        torch.manual_seed(0)  # the same beginning for each run, so that it can go on
        add_lora(self.network.layers[FIRST_LAYER:])
        self.name = f"talk {RANK} {ALPHA} {FIRST_LAYER} {precision} {self.base}"

    def parameters(self) -> dict[str, Parameter]:
        """See ``Learner``."""
        return {
            name: weight for name, weight in self.network.named_parameters() if weight.requires_grad
        }

    def set_training(self, on: bool) -> None:
        """See ``Learner``."""
        self.network.train(on)

    def loss(self, batch: Sequence[Example]) -> Tensor:
        """See ``Learner``."""
        return packed_loss(self.network, self._scores, batch)

    def save(self, directory: Path) -> None:
        """Write ``adapter.gguf``; raises ``StorageError``."""
        directory.mkdir(parents=True, exist_ok=True)
        tensors = {name: weight.detach().numpy() for name, weight in self.parameters().items()}
        gguf_adapter.write(directory / ADAPTER, tensors, ALPHA, "Talk", self.base)
