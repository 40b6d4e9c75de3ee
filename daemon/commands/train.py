"""``train brain``: a language model learns to answer as a person does in their chats."""

import argparse
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands.console import Subcommands, err
from daemon.commands.signals import on_signals
from daemon.errors import InputError, SetupError
from daemon.extras import install_command
from daemon.files import unwritable
from daemon.i18n import tr
from daemon.worker import CancelToken

if TYPE_CHECKING:
    import torch

    from daemon.config import Settings

LIBRARIES = ("torch", "transformers", "sentencepiece", "peft", "sacrebleu", "jieba")
INTERRUPTED = 130  # what a shell reports after Ctrl+C
PASSES = 5  # times that all chats are read, unless --steps says otherwise
MIN_STEPS = 200  # a prefix begins as noise and needs these, however few the chats are
# The authors' own learning rates for prefixes and for LoRA, and a usual one for whole models.
RATES = {"prefix": 2e-2, "adapter": 5e-4, "model": 2e-5}


def register(commands: Subcommands) -> None:
    """Add the command."""
    train = commands.add_parser("train", help=tr("learn from your own chats"))
    leaves = train.add_subparsers(dest="what", required=True, metavar="brain")
    parser = leaves.add_parser(
        "brain",
        help=tr("train a language model to answer as in your chats"),
        description=tr(
            "Lets a ChatGLM or GLM learn from imported chats: P-tuning v2 for ChatGLM 1 to 3, LoRA "
            "for GLM. Ctrl+C keeps a checkpoint; the same command goes on from there."
        ),
        epilog="digital-life train brain --chats chats.jsonl --model chatglm3-6b --out lin",
    )
    _add_files(parser)
    _add_ways(parser)
    _add_numbers(parser)
    _add_machine(parser)
    parser.set_defaults(run=train_brain)


def _add_files(parser: argparse.ArgumentParser) -> None:
    files = (
        ("--chats", "FILE.jsonl", tr("what `chats import` wrote")),
        ("--model", "FOLDER", tr("a checkpoint of ChatGLM or GLM, as its authors publish it")),
        ("--out", "FOLDER", tr("where checkpoints and the result are kept")),
    )
    for name, metavar, text in files:
        parser.add_argument(name, type=Path, required=True, metavar=metavar, help=text)


def _add_ways(parser: argparse.ArgumentParser) -> None:
    """Add what learns."""
    parser.add_argument(
        "--full",
        action="store_true",
        help=tr("let all weights learn; each takes sixteen bytes of memory"),
    )
    parser.add_argument(
        "--projection",
        action="store_true",
        help=tr("make the prefix through a small network, ChatGLM 1 to 3"),
    )


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    """Add how much it learns at a time, how long and how fast."""
    parser.add_argument(
        "--steps",
        type=_whole,
        metavar="N",
        help=tr("default: as many as 5 passes take, 200 or more"),
    )
    numbers = (
        ("--batch", 1, tr("chats at a time; default {default}")),
        ("--accumulate", 16, tr("batches before each step; default {default}")),
        ("--max-source-tokens", 256, tr("tokens of history and question; default {default}")),
        ("--max-target-tokens", 128, tr("tokens of an answer; default {default}")),
        ("--prefix-tokens", 128, tr("length of the prefix, ChatGLM 1 to 3; default {default}")),
        ("--rank", 8, tr("rank of LoRA, GLM; default {default}")),
    )
    for name, value, text in numbers:
        parser.add_argument(
            name, type=_whole, default=value, metavar="N", help=text.format(default=value)
        )
    parser.add_argument(
        "--learning-rate",
        type=_rate,
        metavar="R",
        help=tr("default: 0.02 for a prefix, 0.0005 for LoRA, 0.00002 for --full"),
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dtype",
        choices=("auto", "bfloat16", "float32"),
        default="auto",
        help=tr("what it computes in; auto takes bfloat16 where the processor has it"),
    )
    parser.add_argument(
        "--device", choices=("auto", "cuda", "cpu"), default="auto", help=tr("default: auto")
    )


def _whole(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10_000_000:
        raise ValueError
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < 10:
        raise ValueError
    return value


def train_brain(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Run the command: 130 when it was stopped on the way."""
    _require_libraries()
    import torch

    try:
        return _train(arguments)
    except torch.OutOfMemoryError as error:
        raise SetupError(
            tr("The memory of the GPU is full."),
            tr("take a smaller --batch or --max-source-tokens, or a smaller model"),
        ) from error


def _train(arguments: argparse.Namespace) -> int:
    from daemon.brain.chatglm.checkpoint import read_checkpoint
    from daemon.commands import train_report as report
    from daemon.training import brain
    from daemon.training.checkpoints import TrainingPlan
    from daemon.training.estimate import TrainingMethod
    from daemon.training.examples import Limits, encode, split_validation
    from daemon.training.trainer import Trainer

    training, validation = split_validation(brain.read_chats(arguments.chats))
    if not training:
        raise InputError(tr("There is not one answer in it."))
    checkpoint = read_checkpoint(arguments.model)
    _make_folder(arguments.out)
    device = _device(arguments.device)
    precision = _precision(arguments.dtype, device)
    method = TrainingMethod(
        arguments.full, arguments.prefix_tokens, arguments.projection, arguments.rank
    )
    limits = Limits(arguments.max_source_tokens, arguments.max_target_tokens)
    needs = brain.requirements(
        checkpoint, method, arguments.batch, limits, precision, device, arguments.out
    )
    with err.status(tr("Loading models…")):
        learner = brain.load(checkpoint, method, precision, device, needs.checkpointing)
    with err.status(tr("Reading the chats…")):
        examples = [encode(exchange, learner.tokens, limits) for exchange in training]
        unseen = [encode(exchange, learner.tokens, limits) for exchange in validation]
    plan = TrainingPlan(
        steps=arguments.steps or _steps(len(examples), arguments.batch * arguments.accumulate),
        batch=arguments.batch,
        accumulate=arguments.accumulate,
        learning_rate=arguments.learning_rate or RATES[learner.result],
    )
    trainer = Trainer(learner, plan, examples, unseen, arguments.out)
    report.show_plan(needs, plan, examples, unseen, trainer, f"{precision}, {device}")
    cancel = CancelToken()
    with stopped_by_signals(cancel):
        with report.shown(trainer.progress, plan.steps) as show:
            trainer.run(show, cancel)
        if trainer.progress.step:
            trainer.finish()
        if not trainer.done:
            report.show_interrupted(trainer.progress, plan.steps)
            return INTERRUPTED
        figures = None
        if unseen:
            with err.status(tr("Answering the questions held out…")):
                figures = brain.evaluate_answers(learner, unseen, limits.target, cancel)
    report.show_result(arguments.out, trainer.progress, figures)
    report.settings(arguments.model, arguments.out, learner.result)
    return 0


def _require_libraries() -> None:
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            tr("Training needs an extra that is not installed: {names}.").format(
                names=", ".join(missing)
            ),
            install_command("training"),
        )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (path / ".writable").touch()
        (path / ".writable").unlink()
    except OSError as error:
        raise unwritable(path, error) from error


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise SetupError(tr("PyTorch finds no GPU."), "--device cpu")
    return name


def _precision(name: str, device: str) -> "torch.dtype":
    import torch

    from daemon.training.brain import best_precision

    if name == "auto":
        return best_precision(device)
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _steps(examples: int, a_step: int) -> int:
    return max(-(-PASSES * examples // a_step), MIN_STEPS)


@contextmanager
def stopped_by_signals(cancel: CancelToken) -> Iterator[None]:
    """Let the first Ctrl+C or SIGTERM stop after the batch at work, and a second one at once."""

    def stop(_number: int) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()
        err.print(tr("Stopping after this batch; once more ends it at once."))

    with on_signals(stop):
        yield
