"""A training run on disk: what is needed to go on where it stopped, in one file.

The file is written beside, put on the disk and renamed, so it is always whole: that of the last
time, or the new one. It is read as tensors and plain values only.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from daemon.errors import InputError, StorageError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.training.examples import Example

NAME = "training.pt"
BEST = "best.pt"

StateDict = dict[str, Any]
"""What PyTorch keeps of an optimizer, and what a checkpoint holds."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to learn."""

    steps: int
    batch: int
    """Examples at a time."""
    accumulate: int
    """Batches whose gradients are added up before a step."""
    learning_rate: float
    seed: int = 1


@dataclass(slots=True)
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    """The smallest loss on held-out chats so far; None before the first look."""
    first: float | None = None
    """That loss before anything was learned."""
    losses: list[float] = field(default_factory=list)
    """Of each step, in nats per token."""


def identity(name: str, plan: TrainingPlan, examples: Sequence[Example]) -> str:
    """Return a checksum of what a run is of: the model, the plan and the chats."""
    told = json.dumps([name, asdict(plan), [example.ids for example in examples]])
    return hashlib.sha256(told.encode()).hexdigest()


def save(
    directory: Path,
    run: str,
    progress: Progress,
    tensors: Mapping[str, Tensor],
    optimizer: StateDict,
) -> None:
    """Write a checkpoint, whole or not at all; ``StorageError`` when it cannot be."""
    value = {"run": run, "progress": asdict(progress), "optimizer": optimizer}
    _write(directory / NAME, {**value, "tensors": _plain(tensors)})


def save_best(directory: Path, run: str, tensors: Mapping[str, Tensor]) -> None:
    """Write what has done best on the held-out chats so far; ``StorageError`` likewise."""
    _write(directory / BEST, {"run": run, "tensors": _plain(tensors)})


def load(directory: Path, run: str) -> tuple[Progress, dict[str, Tensor], StateDict] | None:
    """Read the checkpoint in ``directory``: progress, tensors and the optimizer's state.

    None when there is none. Raises ``InputError`` when it is damaged or of another run.
    """
    if not (directory / NAME).exists():
        return None
    value = _read(directory / NAME, run)
    try:
        return Progress(**value["progress"]), value["tensors"], value["optimizer"]
    except (KeyError, TypeError) as error:
        raise _damaged(directory / NAME) from error


def load_best(directory: Path, run: str) -> dict[str, Tensor]:
    """Read what ``save_best`` wrote; raises ``InputError`` as ``load`` does."""
    tensors: dict[str, Tensor] = _read(directory / BEST, run)["tensors"]
    return tensors


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu() for name, tensor in tensors.items()}


def _write(path: Path, value: StateDict) -> None:
    try:
        with atomic_write(path) as part:
            torch.save(value, part)
    except RuntimeError as error:  # what torch's own writer makes of a full disk
        raise StorageError(
            tr("Cannot write {path}: {reason}").format(path=path, reason=error)
        ) from error


def _read(path: Path, run: str) -> StateDict:
    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
        found, _ = value["run"], value["tensors"]
    except Exception as error:  # a damaged file may lead PyTorch into any
        raise _damaged(path) from error
    if found != run:
        raise InputError(
            tr("{path} belongs to a run with another model, other chats or other options.").format(
                path=path
            ),
            _elsewhere(path),
        )
    return dict(value)


def _damaged(path: Path) -> InputError:
    return InputError(tr("{path} is damaged.").format(path=path), _elsewhere(path))


def _elsewhere(path: Path) -> str:
    return tr("name another folder with --out, or delete {path}").format(path=path)
