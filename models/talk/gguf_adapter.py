"""A LoRA in the file format that llama.cpp loads.

The format is that of llama.cpp's ``convert_lora_to_gguf.py``: beside each weight ``NAME`` of the
base stand ``NAME.lora_a`` (rank, input) and ``NAME.lora_b`` (output, rank), and what is added to
the weight is ``alpha / rank * lora_b @ lora_a``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from daemon.files import atomic_write

ARCHITECTURE = "qwen2"
LAYER = re.compile(r"layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)_proj\.lora_([AB])\b")
# What transformers and llama.cpp call the linear layers of a block.
NAMES = {
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "o": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}

Tensors = Mapping[str, npt.NDArray[np.float32]]


def tensor_name(parameter: str) -> str:
    """Return llama.cpp's name for a parameter of peft's; ``ValueError`` for one it has not."""
    found = LAYER.search(parameter)
    if found is None or found[2] not in NAMES:
        raise ValueError(parameter)
    return f"blk.{found[1]}.{NAMES[found[2]]}.weight.lora_{found[3].lower()}"


def write(path: Path, tensors: Tensors, alpha: float, name: str, base: str) -> None:
    """Write parameters under peft's names; ``base`` is the sha256 of the model they belong to.

    ``lora_a`` is kept in 8 bits (Q8_0) where its rows divide into blocks of 32, which halves it;
    ``lora_b``, whose rows are as short as the rank, in float16. Raises ``StorageError``.
    """
    with atomic_write(path) as part:
        writer = gguf.GGUFWriter(part, ARCHITECTURE)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_name(name)
        writer.add_license("Apache-2.0")
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
        writer.add_string("adapter.base.sha256", base)
        for parameter, values in sorted(tensors.items()):
            _add(writer, tensor_name(parameter), np.ascontiguousarray(values, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _add(writer: gguf.GGUFWriter, name: str, values: npt.NDArray[np.float32]) -> None:
    kind = gguf.GGMLQuantizationType.Q8_0
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    if name.endswith("lora_a") and values.shape[1] % block == 0:
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, values.astype(np.float16))
