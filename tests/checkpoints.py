"""Checkpoints in the official layout, with values that every run draws alike."""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parent / "golden" / "wav2lip"


def tensors(name: str, seed: int = 7) -> dict[str, Any]:
    """Fill the layout of that name: each tensor is drawn by a generator seeded with its name."""
    import torch

    layout = json.loads((GOLDEN / f"{name}_checkpoint_layout.json").read_text(encoding="utf-8"))
    filled = {}
    for key, shape in layout.items():
        rng = np.random.default_rng([seed, zlib.crc32(key.removeprefix("module.").encode())])
        values = torch.from_numpy(np.asarray(_values(key, tuple(shape), rng)))
        counter = key.endswith("num_batches_tracked")
        filled[key] = values.to(torch.int64 if counter else torch.float32)
    return filled


def _values(key: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if key.endswith("num_batches_tracked"):
        return np.ones(shape)
    if len(shape) > 1:
        return rng.standard_normal(shape) * 1.3 / np.sqrt(np.prod(shape[1:]))
    if key.endswith("running_var"):
        return rng.uniform(0.5, 1.5, shape)
    if key.endswith("weight"):
        return 1 + 0.1 * rng.standard_normal(shape)
    return 0.1 * rng.standard_normal(shape)
