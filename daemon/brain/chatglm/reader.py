"""Reading tokens with a network, and remembering what was read for the next turn."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from daemon.brain.chatglm.network import Cache, Network
from daemon.brain.chatglm.prefix import PrefixEncoder
from daemon.worker import CancelToken


class Reader(Protocol):
    """What generating needs of a network, ours or one of transformers'."""

    vocabulary: int
    context: int
    """Tokens it can read at most."""

    def logits(self, ids: Sequence[int], cancel: CancelToken) -> Tensor:
        """Return the scores of the token after ``ids``, float32 (vocabulary,), on the CPU.

        What the last call read of the same beginning is not read again. Raises ``Cancelled``
        within one layer's work.
        """


class NetworkReader:
    """Reads with a network of the first three generations."""

    def __init__(self, network: Network, prefix: PrefixEncoder | None) -> None:
        self.network = network
        self.vocabulary, self.context = network.shape.vocabulary, network.shape.context
        with torch.inference_mode():
            states = prefix.eval()().states if prefix else None
            self._cache = Cache(network.shape, network.dtype, network.device, states)
        self._read: list[int] = []
        self._cancel = CancelToken()
        watch_layers(network.layers(), lambda: self._cancel)

    def logits(self, ids: Sequence[int], cancel: CancelToken) -> Tensor:
        """See ``Reader``."""
        new, self._cancel = list(ids), cancel
        reusable = self.network.reusable(new, self._read, common_start(new, self._read))
        kept = min(reusable, len(new) - 1)
        self._cache.keep(kept)
        del self._read[kept:]
        with torch.inference_mode():
            hidden = self.network(torch.tensor([new], device=self.network.device), self._cache)
            # Of two dimensions: for a part of three, PyTorch copies the whole table of words first.
            scores = self.network.logits(hidden[0, -1:])[0].float().cpu()
        self._cache.advance(len(new) - kept)
        self._read = new
        return scores


def common_start(ids: Sequence[int], read: Sequence[int]) -> int:
    """Count the tokens that are the same from the start."""
    if ids[: len(read)] == read:  # mostly: one token more than last time
        return len(read)
    pairs = enumerate(zip(ids, read, strict=False))
    return next((n for n, (left, right) in pairs if left != right), min(len(ids), len(read)))


def watch_layers(layers: Iterable[nn.Module], cancel: Callable[[], CancelToken]) -> None:
    """Look at the token before each layer: a long prompt takes minutes where a layer takes one."""
    for layer in layers:
        layer.register_forward_pre_hook(lambda *_: cancel().check())
