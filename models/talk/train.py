"""Let the default brain learn the dialogues, and write the adapter that llama.cpp loads.

    python -m models.talk.train FOLDER [--model MODEL.gguf] [--epochs N] [--threads N]

``FOLDER`` is what ``models.talk.generate`` wrote: train.jsonl is learned, heldout.jsonl looked at
on the way. What does best on that becomes ``FOLDER/run/adapter/adapter.gguf``. Ctrl+C keeps a
checkpoint and the adapter of the best so far, and the same command goes on from there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from daemon.commands import train_report as report
from daemon.commands.console import err, out
from daemon.commands.train import INTERRUPTED, stopped_by_signals
from daemon.errors import StageError
from daemon.store.model_store import default_directory
from daemon.training.brain import best_precision
from daemon.training.checkpoints import TrainingPlan
from daemon.training.examples import Example
from daemon.training.trainer import Trainer
from daemon.worker import CancelToken
from models.talk import dialogues
from models.talk.learner import ADAPTER, TalkLearner

MODEL = "qwen2.5-coder-0.5b/model.gguf"
BATCH = 8
LEARNING_RATE = 4e-4
EPOCHS = 1.0
MAX_HELD_OUT = 24  # dialogues, looked at ten times in a run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it: 130 when it was stopped on the way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=default_directory() / MODEL)
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    wanted = parser.parse_args(arguments)
    torch.set_num_threads(wanted.threads)
    with err.status("Loading the model…"):
        learner = TalkLearner(wanted.model, best_precision("cpu"))
    learned = _examples(wanted.folder / "train.jsonl", learner)
    held_out = _spread(_examples(wanted.folder / "heldout.jsonl", learner), MAX_HELD_OUT)
    run = wanted.folder / "run"
    run.mkdir(exist_ok=True)
    plan = TrainingPlan(
        steps=round(wanted.epochs * len(learned) / BATCH),
        batch=BATCH,
        accumulate=1,
        learning_rate=LEARNING_RATE,
    )
    trainer = Trainer(learner, plan, learned, held_out, run)
    cancel = CancelToken()
    with stopped_by_signals(cancel):
        with report.shown(trainer.progress, plan.steps) as show:
            trainer.run(show, cancel)
        if trainer.progress.step:
            trainer.finish()
    out.print(str(run / learner.result / ADAPTER))
    if not trainer.done:
        report.show_interrupted(trainer.progress, plan.steps)
        return INTERRUPTED
    report.show_result(run, trainer.progress, None)
    return 0


def _examples(path: Path, learner: TalkLearner) -> list[Example]:
    found = [dialogues.example(one, learner.tokenizer) for one in dialogues.read(path)]
    return [example for example in found if example is not None]


def _spread(examples: Sequence[Example], most: int) -> list[Example]:
    """Return at most so many, taken evenly, those that begin alike beside each other."""
    every = max(-(-len(examples) // most), 1)
    return sorted(examples[::every], key=lambda example: example.ids)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StageError as error:
        sys.exit(str(error))
