"""What a person sees of a training run."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from daemon.commands.console import duration, err, out, write_json
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.training.brain import Figures, Requirements
    from daemon.training.checkpoints import Progress, TrainingPlan
    from daemon.training.examples import Example
    from daemon.training.trainer import Trainer

RECENT = 20  # steps whose mean loss is shown: that of one step jumps
PLAIN = 20  # lines that a run leaves where there is no terminal


def show_plan(
    needs: "Requirements",
    plan: "TrainingPlan",
    training: "Sequence[Example]",
    validation: "Sequence[Example]",
    trainer: "Trainer",
    how: str,
) -> None:
    """Show what a run will take, after one batch has been tried."""
    left = plan.steps - trainer.progress.step
    table = Table(show_header=False)
    table.add_row(tr("answers to learn, held out"), f"{len(training)}, {len(validation)}")
    longest = max(len(example.ids) for example in training)
    table.add_row(tr("tokens of the longest chat"), str(longest))
    table.add_row(tr("numbers that learn"), f"{needs.size.trainable:,}")
    table.add_row(tr("computes in"), how)
    free = tr("{needed}, at most, of {free}").format(
        needed=decimal(needs.memory), free=decimal(needs.free)
    )
    table.add_row(tr("memory"), free)
    if needs.checkpointing:
        table.add_row("", tr("layers are computed twice to save memory"))
    table.add_row(tr("disk"), decimal(needs.disk))
    steps = tr("{left} of {all}").format(left=left, all=plan.steps)
    table.add_row(tr("steps left"), steps)
    if left:
        with err.status(tr("Trying one batch…")):
            seconds = trainer.benchmark_step()
        table.add_row(tr("time, about"), duration(left * seconds))
    out.print(table)


@contextmanager
def shown(progress: "Progress", steps: int) -> "Iterator[Callable[[Progress], None]]":
    """Give what shows the progress: a bar with the time left, or lines without a terminal."""
    if not err.is_terminal:
        yield _Lines(steps)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err) as bars:
        task = bars.add_task(tr("learning"), total=steps, completed=progress.step)
        yield lambda now: bars.update(task, completed=now.step, description=_losses(now))


class _Lines:
    """Writes a line now and then."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._first: tuple[int, float] | None = None

    def __call__(self, progress: "Progress") -> None:
        if self._first is None:
            self._first = progress.step, time.monotonic()
            return
        if progress.step % max(self._steps // PLAIN, 1) and progress.step < self._steps:
            return
        step, started = self._first
        left = (time.monotonic() - started) / (progress.step - step) * (self._steps - progress.step)
        err.print(
            tr("step {step} of {steps}, {losses}, {left} left").format(
                step=progress.step,
                steps=self._steps,
                losses=_losses(progress),
                left=duration(left),
            )
        )


def _losses(progress: "Progress") -> str:
    recent = progress.losses[-RECENT:]
    text = tr("loss {loss:.3f}").format(loss=sum(recent) / len(recent))
    if progress.best is not None:
        text += tr(", held out {loss:.3f}").format(loss=progress.best)
    return text


def show_interrupted(progress: "Progress", steps: int) -> None:
    """Say how to go on."""
    out.print(
        tr("Stopped after step {step} of {steps}. The same command goes on from there.").format(
            step=progress.step, steps=steps
        )
    )


def show_result(directory: Path, progress: "Progress", figures: "Figures | None") -> None:
    """Show the figures and keep them in ``report.json``."""
    recent = progress.losses[-RECENT:]
    table = Table("", tr("at first"), tr("now"))
    start = progress.losses[:RECENT]
    table.add_row(
        tr("loss on the chats learned, nats per token"),
        f"{sum(start) / len(start):.3f}",
        f"{sum(recent) / len(recent):.3f}",
    )
    if progress.first is not None and progress.best is not None:
        table.add_row(
            tr("loss on the chats held out"), f"{progress.first:.3f}", f"{progress.best:.3f}"
        )
    if figures and figures.answers:
        count = tr("{count} answers to questions held out:").format(count=figures.answers)
        table.add_row(f"{count} ROUGE-L", "", f"{figures.rouge_l:.1f}")
        table.add_row("BLEU-4", "", f"{figures.bleu_4:.1f}")
    out.print(table)
    report = {
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "loss": {"first": progress.losses[0], "last": progress.losses[-1]},
        "held_out_loss": {"first": progress.first, "best": progress.best},
    }
    if figures:
        report["answers"] = {
            "count": figures.answers,
            "rouge_l": round(figures.rouge_l, 2),
            "bleu_4": round(figures.bleu_4, 2),
        }
    write_json(directory / "report.json", report)


def settings(model: Path, directory: Path, result: str) -> None:
    """Show what to write into the settings so that it is used."""
    place = (directory / result).absolute()
    out.print(tr("To talk to it, write into your settings:"))
    out.print("[brain]", markup=False)
    out.print('kind = "chatglm"', markup=False)
    if result == "model":
        out.print(f'model = "{place}"', markup=False)
    else:
        out.print(f'model = "{model.absolute()}"', markup=False)
        out.print(f'{result} = "{place}"', markup=False)
    out.print('persona = ""  # ' + tr("it learned without one"), markup=False)
