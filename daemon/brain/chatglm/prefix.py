"""P-tuning v2 (Liu et al. 2022): learned keys and values before everything a network reads.

On disk it is what the authors' training writes: a directory whose ``pytorch_model.bin`` holds the
tensors ``transformer.prefix_encoder.*`` and nothing else is needed. A checkpoint that holds base
and prefix together serves as well; only the prefix is taken from it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from daemon.brain.chatglm.checkpoint import PREFIX
from daemon.brain.chatglm.network import Network, Prefix, Shape
from daemon.errors import SetupError
from daemon.files import atomic_write, unwritable
from daemon.i18n import tr

DROPOUT = 0.1  # the authors' own, on the keys and values, in training only


class PrefixEncoder(nn.Module):
    """Makes the keys and values of a prefix: directly, or through a small network ("projection").

    ``inner`` is that network's input size and middle size; ``None`` is without.
    """

    def __init__(self, shape: Shape, length: int, inner: tuple[int, int] | None) -> None:
        super().__init__()
        self.shape = shape
        width = shape.layers * 2 * shape.groups * shape.head
        self.embedding = nn.Embedding(length, inner[0] if inner else width)
        if inner:
            self.trans = nn.Sequential(
                nn.Linear(inner[0], inner[1]), nn.Tanh(), nn.Linear(inner[1], width)
            )
        self.projected = inner is not None
        self.dropout = nn.Dropout(DROPOUT)

    @classmethod
    def new(cls, network: Network, length: int, projection: bool) -> "PrefixEncoder":
        """Make an untrained one for ``network``, float32, with the authors' sizes."""
        shape = network.shape
        inner = (network.prefix_width, shape.hidden) if projection else None
        return cls(shape, length, inner).to(network.device)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], shape: Shape, source: Path) -> "PrefixEncoder":
        """Make one of a checkpoint's tensors (names without ``PREFIX``); its sizes are theirs.

        Raises ``SetupError`` when they do not fit the network.
        """
        table, middle = tensors.get("embedding.weight"), tensors.get("trans.0.weight")
        if table is None or table.ndim != 2:
            raise _unfit(source)
        try:
            inner = (middle.shape[1], middle.shape[0]) if middle is not None else None
            encoder = cls(shape, table.shape[0], inner)
            encoder.load_state_dict(dict(tensors))
        except (RuntimeError, IndexError) as error:
            raise _unfit(source) from error
        return encoder

    def forward(self) -> Prefix:
        """Return the keys and values, in the encoder's type; differentiable."""
        states = self.embedding.weight
        if self.projected:
            states = self.trans(states)
        shape = self.shape
        states = states.view(-1, shape.layers, 2, shape.groups, shape.head)
        return Prefix(self.dropout(states).permute(1, 2, 3, 0, 4))

    def save(self, directory: Path, config: Mapping[str, object]) -> None:
        """Write ``pytorch_model.bin`` and ``config.json`` as the authors' training does.

        ``config`` is the base checkpoint's. Each file appears whole or not at all; raises
        ``StorageError``.
        """
        tensors = {PREFIX + name: value.cpu() for name, value in self.state_dict().items()}
        told = {
            **config,
            "pre_seq_len": self.embedding.num_embeddings,
            "prefix_projection": self.projected,
        }
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(directory, error) from error
        with atomic_write(directory / "pytorch_model.bin") as part:
            torch.save(tensors, part)
        with atomic_write(directory / "config.json") as part:
            part.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _unfit(source: Path) -> SetupError:
    return SetupError(
        tr("The prefix in {path} does not fit this model: it was trained on another.").format(
            path=source
        )
    )
