"""Language models as GGUF files hold them: what they are made of, and their weights in float32.

The format is llama.cpp's: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader, dequantize

HeaderValue = Any
"""A number, a text or a list of them."""
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """What a network is made of."""

    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    epsilon: float
    """Of the root mean square norms."""
    rope_base: float
    context_tokens: int
    """How many tokens it was trained on at a time."""
    vocabulary: int


class GgufFile:
    """A model or an adapter; raises ``ValueError`` or ``OSError`` for what is no whole GGUF."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in self._reader.tensors}

    def field(self, key: str, default: HeaderValue = None) -> HeaderValue:
        """Return a value of its header, ``default`` if there is none."""
        found = self._reader.get_field(key)
        return default if found is None else found.contents()

    @cached_property
    def shape(self) -> DecoderShape:
        """What the network is made of; raises ``ValueError`` where that is not told."""
        kind = self.field("general.architecture")

        def told(key: str, default: HeaderValue = None) -> HeaderValue:
            value = self.field(f"{kind}.{key}", default)
            if value is None:
                raise ValueError(f"{key} is missing")
            return value

        hidden, heads = int(told("embedding_length")), int(told("attention.head_count"))
        return DecoderShape(
            architecture=str(kind),
            layers=int(told("block_count")),
            hidden=hidden,
            heads=heads,
            kv_heads=int(told("attention.head_count_kv", heads)),
            head_size=int(told("attention.key_length", hidden // heads)),
            epsilon=float(told("attention.layer_norm_rms_epsilon")),
            rope_base=float(told("rope.freq_base", 10000.0)),
            context_tokens=int(told("context_length")),
            vocabulary=int(self.tensors["token_embd.weight"].shape[1]),
        )

    def weights(self, name: str) -> Weights:
        """Return a tensor, rows first."""
        tensor = self.tensors[name]
        return dequantize(tensor.data, tensor.tensor_type)


class Merged:
    """A model's weights with those of a LoRA added to them, as (B A) alpha / rank."""

    def __init__(self, model: GgufFile, adapter: GgufFile | None) -> None:
        self.shape = model.shape
        self._model, self._adapter = model, adapter
        self._alpha = float(adapter.field("adapter.lora.alpha")) if adapter else 0.0

        if adapter:
            _check_adapter(model, adapter)

    def rope_factors(self) -> list[float] | None:
        """Return by how much each pair's angle grows slower, as Llama 3.1 has it, if it does."""
        if "rope_freqs.weight" not in self:
            return None
        return [float(factor) for factor in self._model.weights("rope_freqs.weight")]

    def __contains__(self, name: str) -> bool:
        return name in self._model.tensors

    def __getitem__(self, name: str) -> Weights:
        """Return a tensor, rows first; those of queries and keys as halves that turn together.

        llama.cpp keeps Llama's with neighbours that turn together, and everybody else's as here.
        """
        weights = self._model.weights(name)
        if self._adapter and f"{name}.lora_a" in self._adapter.tensors:
            down, up = (self._adapter.weights(f"{name}.lora_{part}") for part in "ab")
            weights = weights + (up @ down) * np.float32(self._alpha / len(down))
        if self.shape.architecture == "llama" and ".attn_q." in name:
            return _halves(weights, self.shape.heads)
        if self.shape.architecture == "llama" and ".attn_k." in name:
            return _halves(weights, self.shape.kv_heads)
        return weights


def _check_adapter(model: GgufFile, adapter: GgufFile) -> None:
    """Raise ``ValueError`` for an adapter of another model, or of what is not in the graph."""
    kinds = [file.field("general.architecture") for file in (model, adapter)]
    if adapter.field("adapter.type") != "lora" or kinds[0] != kinds[1]:
        raise ValueError("the adapter is made for another model")
    for name, tensor in adapter.tensors.items():
        base, _, part = name.rpartition(".lora_")
        fits = part in ("a", "b") and base in model.tensors and base != "token_embd.weight"
        axis = 0 if part == "a" else 1  # GGUF names the row's length first
        if not fits or tensor.shape[axis] != model.tensors[base].shape[axis]:
            raise ValueError("the adapter is made for another model")


def _halves(rows: Weights, heads: int) -> Weights:
    pairs = rows.reshape(heads, -1, 2, *rows.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows.shape))
