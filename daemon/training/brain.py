"""Lets a brain learn from chats, from the files to the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.brain.chatglm.checkpoint import Checkpoint, Generation
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training import metrics
from daemon.training.chat_files import read_export
from daemon.training.chats import Exchange
from daemon.training.estimate import (
    Size,
    TrainingMethod,
    free_memory,
    memory,
    require_disk,
    require_memory,
    size_of,
)
from daemon.training.examples import Example, Limits
from daemon.training.formats.json_lines import Columns
from daemon.training.learner import ChatLearner
from daemon.worker import CancelToken

if TYPE_CHECKING:
    import torch

ANSWERS = 16  # held-out questions that are answered in full; each takes as long as an answer does


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a run will take."""

    size: Size
    memory: int
    free: int
    disk: int
    checkpointing: bool
    """Whether layers are computed twice because all at once do not fit."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model does on the held-out chats."""

    answers: int
    rouge_l: float
    bleu_4: float


def read_chats(path: Path) -> list[Exchange]:
    """Read what ``chats import`` wrote; raises ``InputError`` for anything else."""
    export = read_export(path, Columns())
    if export.said:
        raise InputError(
            tr("{path} is an export as it came from the messenger.").format(path=path),
            f'digital-life chats import {path} --answers "NAME" --out chats.jsonl',
        )
    return export.exchanges


def requirements(
    checkpoint: Checkpoint,
    method: TrainingMethod,
    batch: int,
    limits: Limits,
    precision: "torch.dtype",
    device: str,
    directory: Path,
) -> Requirements:
    """Work out what a run takes; raises ``SetupError`` or ``StorageError`` when there is less."""
    size = size_of(checkpoint.config, checkpoint.size, method, precision.itemsize)
    free = free_memory(device)
    tokens = limits.source + limits.target + (0 if method.full else method.prefix)
    needed = memory(size, batch, tokens, limits.target, False)
    checkpointing = needed > free
    if checkpointing:
        needed = memory(size, batch, tokens, limits.target, True)
    require_memory(needed, free, method.full)
    return Requirements(
        size, needed, free, require_disk(size, method.full, directory), checkpointing
    )


def load(
    checkpoint: Checkpoint,
    method: TrainingMethod,
    precision: "torch.dtype",
    device: str,
    checkpointing: bool,
) -> ChatLearner:
    """Load the model so that it can learn; raises ``SetupError`` when it cannot be loaded."""
    import torch

    place = torch.device(device)
    if checkpoint.generation is Generation.GLM:
        from daemon.training import glm

        return glm.load_learner(
            checkpoint,
            rank=None if method.full else method.rank,
            precision=precision,
            device=place,
            checkpointing=checkpointing,
        )
    from daemon.training import chatglm

    return chatglm.load_learner(
        checkpoint,
        full=method.full,
        prefix=(method.prefix, method.projection),
        precision=precision,
        device=place,
        checkpointing=checkpointing,
    )


def best_precision(device: str) -> "torch.dtype":
    """Return bfloat16 where the device computes in it, else float32."""
    import torch

    if device.startswith("cuda"):
        able = torch.cuda.is_bf16_supported()
    else:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        able = any(name in flags for name in ("avx512_bf16", "amx_bf16", " bf16"))
    return torch.bfloat16 if able else torch.float32


def evaluate_answers(
    learner: ChatLearner, validation: Sequence[Example], longest: int, cancel: CancelToken
) -> Figures:
    """Let it answer held-out questions and compare with what was really said."""
    asked = validation[:: max(len(validation) // ANSWERS, 1)][:ANSWERS]
    answers = []
    for example in asked:
        if cancel.cancelled:
            break
        answers.append(learner.answer(example.prompt, longest, cancel))
    real = [learner.reference_answer(example) for example in asked[: len(answers)]]
    if not answers:
        return Figures(0, 0.0, 0.0)
    return Figures(len(answers), metrics.rouge_l(answers, real), metrics.bleu_4(answers, real))
