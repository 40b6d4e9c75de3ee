"""What training will take, before anything is loaded: memory and disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from daemon.errors import SetupError, StorageError
from daemon.i18n import tr
from daemon.media import JsonObject

# Of a number that learns: itself, its gradient and two averages, all float32.
ADAM_BYTES_PER_NUMBER = 16
SAVED = 16  # bytes it takes on disk: itself, the averages, and itself again as the best so far
REWRITTEN = 12  # bytes of it that are on the disk twice while a checkpoint is written
PER_LAYER = 48  # numbers kept per layer, token and hidden size for gradients; 45 were measured
RUNTIME = 700_000_000  # bytes of PyTorch and transformers themselves


@dataclass(frozen=True, slots=True)
class Size:
    """What a model is made of, and how it is to learn."""

    weights: int
    """Bytes of the weights as they will be in memory."""
    layers: int
    hidden: int
    vocabulary: int
    trainable: int
    """How many numbers learn."""
    number: int
    """Bytes of a number between layers: 2 or 4."""


@dataclass(frozen=True, slots=True)
class TrainingMethod:
    """How a model is to learn."""

    full: bool
    prefix: int
    """Length of a prefix, for ChatGLM 1 to 3."""
    projection: bool
    rank: int
    """Of LoRA, for GLM."""


def size_of(config: JsonObject, on_disk: int, method: TrainingMethod, number: int) -> Size:
    """Work out the sizes from a checkpoint's ``config.json`` and the bytes of its weights."""
    stored = 4 if "32" in str(config.get("torch_dtype") or config.get("dtype") or "") else 2
    numbers = on_disk // stored
    layers = int(config.get("num_layers") or config.get("num_hidden_layers") or 1)
    hidden = int(config["hidden_size"])
    if method.full:
        trainable = numbers
    elif config.get("model_type") == "chatglm":
        trainable = _prefix(config, layers, hidden, method)
    else:
        trainable = layers * method.rank * 8 * hidden  # four matrices, in and out each
    return Size(
        weights=numbers * (4 if method.full else number),
        layers=layers,
        hidden=hidden,
        vocabulary=int(config.get("padded_vocab_size") or config.get("vocab_size") or 0),
        trainable=trainable,
        number=number,
    )


def _prefix(config: JsonObject, layers: int, hidden: int, method: TrainingMethod) -> int:
    if "multi_query_group_num" in config:
        width = layers * 2 * config["kv_channels"] * config["multi_query_group_num"]
        inner = width
    else:
        width, inner = layers * 2 * hidden, hidden
    if method.projection:
        return int(method.prefix * inner + inner * hidden + hidden + hidden * width + width)
    return int(method.prefix * width)


def memory(size: Size, batch: int, tokens: int, answer: int, checkpointing: bool) -> int:
    """Return the bytes that learning takes at most.

    ``tokens`` is the length of a chat, ``answer`` that of the part which is learned. With
    ``checkpointing`` a layer keeps its input only, and one layer at a time everything.
    """
    layer = batch * tokens * size.hidden * size.number
    kept = layer * (size.layers + PER_LAYER if checkpointing else size.layers * PER_LAYER)
    scores = 3 * batch * answer * size.vocabulary * 4
    return size.weights + size.trainable * ADAM_BYTES_PER_NUMBER + kept + scores + RUNTIME


def free_memory(device: str) -> int:
    """Return the bytes that are free: on the GPU, or of the computer and the container it is in."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info()[0])
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and (most := limit.read_text().strip()) != "max":
        free = min(free, max(int(most) - int(used.read_text()), 0))
    return free


def require_memory(needed: int, free: int, full: bool) -> None:
    """Raise ``SetupError`` when learning would not fit."""
    if needed <= free:
        return
    if full:
        fix = tr("leave out --full")
    else:
        fix = tr(
            "take --dtype bfloat16, a smaller --batch or --max-source-tokens, or a smaller model"
        )
    raise SetupError(
        tr("Training would take {needed} of memory; {free} are free.").format(
            needed=decimal(needed), free=decimal(free)
        ),
        fix,
    )


def require_disk(size: Size, full: bool, directory: Path) -> int:
    """Return the bytes that checkpoints and result take; ``StorageError`` when they do not fit."""
    result = size.trainable * (2 if full else 4)
    needed = size.trainable * (SAVED + REWRITTEN) + result
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise StorageError(
            tr("Checkpoints would take {needed} in {path}; {free} are free.").format(
                needed=decimal(needed), path=directory, free=decimal(free)
            )
        )
    return needed
