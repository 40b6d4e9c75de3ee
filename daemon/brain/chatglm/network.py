"""What the networks of all generations share: attention, and what was read before.

A network is a plain ``nn.Module`` whose parameters bear the official names, so official checkpoints
load as they are and gradients flow through it. What was read before comes in as a ``Past``: keys
and values per layer. ``Prefix`` holds learned ones (P-tuning v2) and can be differentiated;
``Cache`` holds those of tokens already read and writes new ones in place.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

GROWTH = 256  # entries by which a cache grows: at most 15 MB too many in a 6B model of generation 2


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that keys and values, prefixes and the context depend on."""

    layers: int
    groups: int
    """Heads that keys and values have; several query heads share one in multi-query attention."""
    head: int
    """Numbers per head."""
    hidden: int
    vocabulary: int
    context: int
    """Tokens the model was trained on."""


class Past(Protocol):
    """What came before the tokens that a network is given now."""

    @property
    def prefix(self) -> int:
        """How many entries are learned ones, which have no position."""

    @property
    def read(self) -> int:
        """How many tokens were read before."""

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Take new keys and values (batch, groups, new, head); return all, old ones first."""


class Prefix:
    """Learned keys and values, float of shape (layers, 2, groups, length, head); differentiable."""

    read = 0

    def __init__(self, states: Tensor) -> None:
        self.states = states
        self.prefix: int = states.shape[3]

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put the prefix before the keys and values of every item of the batch."""
        old = self.states[layer].to(key.dtype).unsqueeze(1).expand(-1, key.shape[0], -1, -1, -1)
        return torch.cat((old[0], key), 2), torch.cat((old[1], value), 2)


class Cache:
    """The keys and values of one conversation, batch 1; grows as needed.

    New entries count only after ``advance``, so a forward pass that was broken off leaves it whole.
    """

    def __init__(
        self, shape: Shape, dtype: torch.dtype, device: torch.device, states: Tensor | None = None
    ) -> None:
        self.prefix: int = 0 if states is None else states.shape[3]
        self.read = 0
        self._entries = torch.empty(
            (shape.layers, 2, shape.groups, self.prefix, shape.head), dtype=dtype, device=device
        )
        if states is not None:
            self._entries.copy_(states)

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write behind what was read; returns views that live until the next call for the layer."""
        begin = self.prefix + self.read
        end = begin + key.shape[2]
        self._reserve(end)
        entries = self._entries[layer]
        entries[0, :, begin:end] = key[0]
        entries[1, :, begin:end] = value[0]
        return entries[0, :, :end].unsqueeze(0), entries[1, :, :end].unsqueeze(0)

    def advance(self, count: int) -> None:
        """Count the last ``count`` tokens written as read."""
        self.read += count

    def keep(self, count: int) -> None:
        """Forget all but the first ``count`` tokens."""
        self.read = min(self.read, count)

    def _reserve(self, end: int) -> None:
        layers, two, groups, length, head = self._entries.shape
        if end > length:
            grown = self._entries.new_empty((layers, two, groups, _rounded_up(end), head))
            used = self.prefix + self.read
            grown[:, :, :, :used] = self._entries[:, :, :, :used]
            self._entries = grown


def _rounded_up(count: int) -> int:
    return (count + GROWTH - 1) // GROWTH * GROWTH


class Network(nn.Module, ABC):
    """A language model of one generation; see ``chatglm1.py`` and ``chatglm2_3.py``."""

    shape: Shape
    prefix_width: int
    """Numbers per position that a prefix encoder with projection begins with."""
    checkpointing = False
    """Whether training computes each layer again for its gradient instead of keeping it."""

    @abstractmethod
    def layers(self) -> nn.ModuleList:
        """Return the layers in their order."""

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (batch, n) → vectors (batch, n, hidden)."""

    @abstractmethod
    def rotation(self, ids: Tensor, begin: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines of the positions of the tokens from ``begin`` on.

        Each has the shape (batch or 1, 1, new, numbers).
        """

    @abstractmethod
    def mask(self, ids: Tensor, past: Past | None) -> Tensor | None:
        """Say what each new token may look at: True where it may, (batch or 1, 1, new, all)."""

    @abstractmethod
    def reusable(self, ids: list[int], read: list[int], common: int) -> int:
        """How many of the first ``common`` tokens, which are equal, need not be read again.

        ``read`` is what the cache holds, ``ids`` what is to be read.
        """

    @abstractmethod
    def finish(self, hidden: Tensor) -> Tensor:
        """Normalise the last layer's output."""

    @abstractmethod
    def logits(self, hidden: Tensor) -> Tensor:
        """Vectors (…, hidden) → scores of the next token (…, vocabulary)."""

    def forward(self, ids: Tensor, past: Past | None = None) -> Tensor:
        """Read the tokens (batch, n) that ``past`` has not read; return vectors for those.

        Shorter items of a batch are filled up at their end, where nothing looks at the filling.
        """
        mask = self.mask(ids, past)
        begin = past.read if past else 0
        cos, sin = self.rotation(ids, begin)
        hidden = self.embed(ids[:, begin:])
        for number, layer in enumerate(self.layers()):
            run = partial(layer, mask=mask, cos=cos, sin=sin, extend=_extension(past, number))
            if self.checkpointing and torch.is_grad_enabled():
                hidden = checkpoint(run, hidden, use_reentrant=False)
            else:
                hidden = run(hidden)
        return self.finish(hidden)

    @property
    def dtype(self) -> torch.dtype:
        """The type that it computes in."""
        return self.embed_weight.dtype

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.embed_weight.device

    @property
    @abstractmethod
    def embed_weight(self) -> Tensor:
        """The table of token vectors (vocabulary, hidden)."""


Extend = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def _extension(past: Past | None, layer: int) -> Extend:
    if past is None:
        return lambda key, value: (key, value)
    return partial(past.extend, layer)


def causal_mask(length: int, past: Past | None, device: torch.device) -> Tensor | None:
    """Let each token look at the prefix, at all before it and at itself.

    ``length`` counts all tokens, read or new. ``None`` when nothing has to be hidden.
    """
    prefix, read = (past.prefix, past.read) if past else (0, 0)
    new = length - read
    if new == 1:
        return None
    mask = torch.ones((new, prefix + length), dtype=torch.bool, device=device)
    return mask.tril_(prefix + read)[None, None]


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention; (batch, heads, new, head) → (batch, new, heads · head).

    Query heads that share keys and values are put behind each other as if they were more tokens:
    keys and values need no copies, which for one token at a time is what the time goes into.
    """
    batch, heads, new, head = query.shape
    groups = key.shape[1]
    shared = heads // groups
    folded = query.reshape(batch, groups, shared * new, head)
    if mask is not None and shared > 1:
        mask = mask.repeat(1, 1, shared, 1)
    out = F.scaled_dot_product_attention(folded, key, value, attn_mask=mask)
    return out.view(batch, heads, new, head).transpose(1, 2).reshape(batch, new, heads * head)
