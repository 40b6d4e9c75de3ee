"""Weights of 8 or 4 bits: half or a quarter of the memory, and quicker.

torchao quantises. Where its own arithmetic is slow, PyTorch's kernel for the same numbers is used:
on a CPU, torchao's int8 makes every weight large again for each token (78 ms for six layers of
4096 × 4096 where PyTorch's kernel takes 4.3 ms and bfloat16 10 ms).
"""

import ctypes
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from daemon.brain.chatglm.libraries import prepare

if TYPE_CHECKING:
    from torchao.quantization import Int8Tensor

Bits = Literal["int8", "int4"]
BITS: dict[str, Bits] = {"int8": "int8", "int4": "int4"}

GROUP = 64  # weights that share a scale in 4 bits; every official width is a multiple of it
FEW_ROWS = 64  # tokens; from here on it is quicker to make the weights large once and multiply


def quantise(layers: Iterable[nn.Module], bits: Bits) -> None:
    """Quantise the linear parts of ``layers`` in place, one after the other.

    Parts whose sizes are no multiples of ``GROUP`` stay as they are: the kernels do not check.
    """
    prepare()
    from torchao.quantization import quantize_

    for layer in layers:
        linears = [module for module in layer.modules() if isinstance(module, nn.Linear)]
        for linear in filter(_fits, linears):
            quantize_(linear, _recipe(linear, bits))
        if bits == "int8" and next(layer.parameters()).device.type == "cpu":
            _replace(layer)
        _give_back()


def _give_back() -> None:
    """Give freed memory back to the system, which glibc keeps: as much again as the weights."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _fits(linear: nn.Linear) -> bool:
    return linear.in_features % GROUP == 0 and linear.out_features % GROUP == 0


def _recipe(linear: nn.Linear, bits: Bits) -> object:
    if bits == "int8":
        from torchao.quantization import Int8WeightOnlyConfig

        return Int8WeightOnlyConfig()
    if linear.weight.device.type == "cpu":
        from torchao.prototype.quantization.int4 import PrototypeInt4WeightOnlyConfig

        return PrototypeInt4WeightOnlyConfig(group_size=GROUP, set_inductor_config=False)
    from torchao.quantization import Int4WeightOnlyConfig

    return Int4WeightOnlyConfig(group_size=GROUP, int4_packing_format="tile_packed_to_4d")


class Int8Linear(nn.Module):
    """A linear layer of torchao's int8 weights, one scale a row, on a CPU."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight: Int8Tensor = linear.weight
        self.register_buffer("weight", weight.qdata)
        self.register_buffer("scale", weight.scale.flatten().to(weight.dtype))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.data)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply; (…, inputs) → (…, outputs)."""
        rows = x.reshape(-1, x.shape[-1])
        if len(rows) >= FEW_ROWS:
            return F.linear(x, self.weight.to(x.dtype) * self.scale[:, None], self.bias)
        out = torch._weight_int8pack_mm(rows, self.weight, self.scale)
        out = out if self.bias is None else out + self.bias
        return out.view(*x.shape[:-1], -1)


def _replace(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear) and _fits(child):
            setattr(module, name, Int8Linear(child))
        else:
            _replace(child)
