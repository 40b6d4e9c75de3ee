"""The loop in which a model learns.

Why not transformers' Trainer: it wants accelerate, its checkpoints are folders that may be half
written when the power fails, and Ctrl+C ends it without one. A loop that does what is needed here,
and goes on exactly where it stopped, is shorter than the settings for that one.

Everything random follows from the seed and the step, so a run that was stopped and goes on ends
with the same numbers as one that was not.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch

from daemon.errors import StageError
from daemon.i18n import tr
from daemon.training import checkpoints
from daemon.training.checkpoints import Progress, TrainingPlan
from daemon.training.examples import Example, batches
from daemon.training.learner import Learner
from daemon.worker import CancelToken

WARM_UP_SHARE = 0.05  # of all steps; the learning rate rises to its full height in them
EVALUATIONS = 10  # times that the held-out chats are looked at in a run
SAVE_S = 300.0  # seconds between checkpoints: what a power failure may cost
MAX_GRAD_NORM = 1.0  # a gradient longer than this is shortened to it

Report = Callable[[Progress], None]


class Trainer:
    """Lets a model learn from examples; ``run`` may be stopped and called again later."""

    def __init__(
        self,
        learner: Learner,
        plan: TrainingPlan,
        training: Sequence[Example],
        validation: Sequence[Example],
        directory: Path,
    ) -> None:
        """Go on with the run in ``directory`` if there is one; see ``checkpoints.load``."""
        self._learner, self._plan = learner, plan
        self._training, self._validation = training, validation
        self._directory = directory
        self._run = checkpoints.identity(learner.name, plan, [*training, *validation])
        self._parameters = learner.parameters()
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(), lr=plan.learning_rate, weight_decay=0.0
        )
        self.progress = Progress()
        if found := checkpoints.load(directory, self._run):
            self.progress, tensors, optimizer = found
            self._put(tensors)
            self._optimizer.load_state_dict(optimizer)

    @property
    def done(self) -> bool:
        """Whether all steps were taken."""
        return self.progress.step >= self._plan.steps

    def benchmark_step(self) -> float:
        """Learn from one batch without keeping anything; return the seconds a step will take.

        It is the longest batch, so that a machine whose memory is too small shows it now.
        """
        longest = sorted(self._training, key=lambda example: -len(example.ids))
        taken = []
        for batch in (longest[: self._plan.batch], self._training[: self._plan.batch]):
            started = time.perf_counter()
            self._learner.set_training(True)
            self._learner.loss(batch).backward()  # type: ignore[no-untyped-call]
            taken.append(time.perf_counter() - started)
        self._optimizer.zero_grad(set_to_none=True)
        return taken[-1] * self._plan.accumulate

    def run(self, report: Report, cancel: CancelToken) -> None:
        """Take the steps that are left; on ``cancel`` keep a checkpoint and return.

        Raises ``StageError`` when the loss is no number any more.
        """
        plan, progress = self._plan, self.progress
        if progress.first is None and self._validation:
            untrained = self.validation_loss(cancel)
            progress.first = None if cancel.cancelled else untrained
        evaluate_every = max(plan.steps // EVALUATIONS, 1)
        order = batches(self._training, plan.batch, plan.seed, progress.step * plan.accumulate)
        saved = started = time.monotonic()
        before = progress.seconds
        while not self.done and not cancel.cancelled:
            loss = self._step(order, cancel)
            if loss is None:
                break
            progress.step += 1
            progress.losses.append(loss)
            progress.seconds = before + time.monotonic() - started
            if progress.step % evaluate_every == 0 or self.done:
                self._evaluate(cancel)
            if time.monotonic() - saved > SAVE_S:
                self._save()
                saved = time.monotonic()
            report(progress)
        self._save()

    def _step(self, order: Iterator[list[int]], cancel: CancelToken) -> float | None:
        """Take a step and return its loss per token; None when it was cancelled on the way."""
        plan, step = self._plan, self.progress.step
        torch.manual_seed(plan.seed * 1_000_003 + step)  # dropout, the same after a restart
        self._learner.set_training(True)
        group = [[self._training[n] for n in next(order)] for _ in range(plan.accumulate)]
        tokens = sum(example.answer_tokens for batch in group for example in batch)
        total = 0.0
        for batch in group:
            if cancel.cancelled:
                self._optimizer.zero_grad(set_to_none=True)
                return None
            loss = self._learner.loss(batch) / tokens
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        if not math.isfinite(total):
            raise StageError(
                "training",
                tr("The loss is no number any more in step {step}.").format(step=step + 1),
                tr("take a smaller --learning-rate"),
            )
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), MAX_GRAD_NORM)
        for group_ in self._optimizer.param_groups:
            group_["lr"] = plan.learning_rate * lr_schedule(step, plan.steps)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return total

    def _evaluate(self, cancel: CancelToken) -> None:
        """Keep what does better on the held-out chats than all before it."""
        if not self._validation:
            return
        loss = self.validation_loss(cancel)
        if not cancel.cancelled and (self.progress.best is None or loss < self.progress.best):
            self.progress.best = loss
            checkpoints.save_best(self._directory, self._run, self._parameters)

    def finish(self) -> None:
        """Take up what did best on the held-out chats, and write it for the brain.

        Without held-out chats, or before the first look at them, it is what was learned last.
        """
        if self.progress.best is not None:
            self._put(checkpoints.load_best(self._directory, self._run))
        self._learner.set_training(False)
        self._learner.save(self._directory / self._learner.result)

    def _put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(tensors[name])

    def validation_loss(self, cancel: CancelToken) -> float:
        """Return the loss per token on the held-out chats, nats."""
        self._learner.set_training(False)
        total, tokens = 0.0, 0
        with torch.no_grad():
            for start in range(0, len(self._validation), self._plan.batch):
                if cancel.cancelled:
                    break
                batch = self._validation[start : start + self._plan.batch]
                total += float(self._learner.loss(batch))
                tokens += sum(example.answer_tokens for example in batch)
        return total / max(tokens, 1)

    def _save(self) -> None:
        checkpoints.save(
            self._directory,
            self._run,
            self.progress,
            self._parameters,
            self._optimizer.state_dict(),
        )


def lr_schedule(step: int, steps: int) -> float:
    """Return the learning rate's height in a step: it rises to 1, then falls towards 0."""
    rising = max(round(WARM_UP_SHARE * steps), 1)
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / max(steps - rising, 1)
