"""``digital-life voices train``: a so-vits-svc voice from one's own recordings."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from daemon.commands.console import Subcommands, duration, err, out
from daemon.commands.questions import confirm, confirm_consent
from daemon.commands.signals import on_signals
from daemon.errors import InputError, SetupError
from daemon.i18n import tr
from daemon.worker import Cancelled, CancelToken

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.training.recordings import Recording
    from daemon.training.voice import VoiceTrainingPlan

INTERRUPTED = 130
STEPS = 10_000  # from good networks, a voice is learnt well by then
MIN_SPEECH_S = 20.0  # of speech; the package wants five sentences
USUAL_S = 600.0  # of speech; the package's own advice
_EVERY = 200  # steps between checkpoints: minutes on a GPU, an hour or more without


def register(leaves: Subcommands) -> None:
    """Add the command."""
    parser = leaves.add_parser(
        "train",
        help=tr("train a voice on recordings; goes on where it stopped"),
        description=tr(
            "Trains a so-vits-svc voice. Needs a GPU to finish within a day. Ctrl+C stops after "
            "the step at hand; the same command goes on."
        ),
        epilog="digital-life voices train me --data recordings/ --base pretrained/",
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help=tr("recordings of one person")
    )
    parser.add_argument(
        "--steps", type=_count, default=STEPS, metavar="N", help=tr("in all; default 10000")
    )
    parser.add_argument(
        "--kind",
        choices=("v1", "v1-legacy", "quickvc"),
        default="v1",
        help=tr("the network: v1 is the best, quickvc the quickest"),
    )
    parser.add_argument(
        "--base",
        type=Path,
        metavar="FOLDER",
        help=tr("networks to begin from: G_0.pth and D_0.pth of the same kind"),
    )
    parser.add_argument(
        "--clusters", action="store_true", help=tr("also find clusters, for a clearer likeness")
    )
    parser.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    parser.set_defaults(run=train_voice)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def train_voice(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Look at the recordings, say what it takes, train."""
    from daemon.training.recordings import find_recordings
    from daemon.training.voice import check_space, train
    from daemon.voice.sovits_package import load

    paths = find_recordings(arguments.data.expanduser())
    with _stopped_by_signals() as cancel, err.status(tr("Loading models…")):
        load("train")
    plan = _plan(arguments, settings)
    with _stopped_by_signals() as cancel:
        try:
            recordings = _examine(paths, settings, arguments.yes, cancel)
            speech_s = sum(recording.speech_s for recording in recordings)
            _say_what_it_takes(plan, check_space(plan.directory, speech_s), cancel)
            confirm(tr("Train now?"), arguments.yes)
            with _display() as progress:
                done = train(plan, recordings, progress, cancel)
        except Cancelled:
            done = 0
        stopped = cancel.cancelled
    if stopped:
        err.print(tr("Stopped. The same command goes on from here."))
    if done:
        out.print(
            tr("The voice “{name}” has {steps} steps. Listen to it:").format(
                name=plan.name, steps=done
            )
        )
        out.print(f"  digital-life voices test {plan.name}", markup=False)
    return INTERRUPTED if stopped else 0


def _plan(arguments: argparse.Namespace, settings: "Settings") -> "VoiceTrainingPlan":
    """Decide what is trained where; a voice that was not trained here is refused."""
    import torch

    from daemon.training.voice import FOLDER, VoiceTrainingPlan
    from daemon.voice.catalogue import SETTINGS, find_voice, today, voice_directory
    from daemon.voice.converters import content_directory

    directory = voice_directory(arguments.name)
    if directory.exists() and not (directory / FOLDER).is_dir():
        raise SetupError(
            tr("There is a voice called “{name}” already.").format(name=arguments.name),
            f"digital-life voices remove {arguments.name}",
        )
    content = content_directory(settings)
    if (directory / SETTINGS).exists():
        consent = find_voice(arguments.name).settings.consent
    else:
        confirm_consent(arguments.yes)
        consent = today()
    return VoiceTrainingPlan(
        name=arguments.name,
        directory=directory,
        consent=consent,
        content=content,
        steps=arguments.steps,
        template=arguments.kind,
        base=arguments.base,
        clusters=arguments.clusters,
        batch=16 if torch.cuda.is_available() else 4,
        every=_EVERY,
    )


def _examine(
    paths: list[Path], settings: "Settings", yes: bool, cancel: CancelToken
) -> list["Recording"]:
    from daemon.ears.speech_detection import Silero
    from daemon.store.model_store import open_store
    from daemon.training.recordings import examine_all, several_speakers
    from daemon.voice.speaker import FILE, WEIGHT, VoiceEncoder

    store = open_store(settings.models.directory)
    silero = Silero(store.path("silero-vad") / "silero_vad.onnx")
    with err.status(tr("Listening to the recordings…")):
        recordings, faults = examine_all(paths, silero, cancel)
        try:
            encoder = VoiceEncoder(store.path(WEIGHT) / FILE)
            others = several_speakers(recordings, encoder.embed)
            faults += [f"{path.name}: {tr('another person speaks')}" for path in others]
        except SetupError as error:
            faults.append(f"{tr('not looked for other speakers')}: {error} → {error.fix}")
    speech_s = sum(recording.speech_s for recording in recordings)
    if speech_s < MIN_SPEECH_S:
        raise InputError(
            tr(
                "There is too little speech: {seconds:.1f} s; ten minutes are usual, {least:.0f} s "
                "the least."
            ).format(seconds=speech_s, least=MIN_SPEECH_S)
        )
    if speech_s < USUAL_S:
        faults.append(tr("only {seconds:.0f} s of speech").format(seconds=speech_s))
    if faults:
        confirm("\n".join([tr("This will make the voice worse:"), *faults]), yes)
    return recordings


def _say_what_it_takes(plan: "VoiceTrainingPlan", space: int, cancel: CancelToken) -> None:
    import torch

    from daemon.training.voice import seconds_a_step
    from daemon.training.voice_steps import steps_done

    with err.status(tr("Measuring a step…")):
        step_s = seconds_a_step(plan)
    cancel.check()
    left = max(0, plan.steps - steps_done(plan.directory))
    err.print(
        tr("{steps} steps of about {step:.1f} s: {time}. Disk: {size} at most.").format(
            steps=left, step=step_s, time=duration(left * step_s), size=decimal(space)
        )
    )
    if plan.base is None and left == plan.steps:
        err.print(
            tr(
                "Without --base the networks begin from nothing: that takes hours of recordings "
                "and some hundred thousand steps."
            )
        )
    if not torch.cuda.is_available():
        err.print(tr("There is no GPU here; on one, a step takes a fraction of a second."))


@contextmanager
def _stopped_by_signals() -> Iterator[CancelToken]:
    """Give a token that the first Ctrl+C or SIGTERM sets; a second one ends the process."""
    cancel = CancelToken()

    def stop(_number: int) -> None:
        if cancel.cancelled:
            sys.exit(INTERRUPTED)
        cancel.cancel()
        err.print(tr("Stopping after this step…"))

    with on_signals(stop):
        yield cancel


@contextmanager
def _display() -> Iterator[Callable[[str, int, int, str], None]]:
    """Show all steps of training in one display; lines where nobody watches."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[more]}", markup=False),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=err) as bars:

        def progress(step: str, done: int, total: int, more: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total, more=more, completed=done)
                if not err.is_terminal:
                    err.print(f"{step}: {done}/{total}", markup=False)
            bars.update(tasks[step], completed=done, total=total, more=more)
            if not err.is_terminal and done and done % max(1, total // 10) == 0:
                err.print(f"{step}: {done}/{total} {more}".rstrip(), markup=False)

        yield progress
