"""``bench live`` and ``bench av``: measure this machine, on a private sound server.

``bench talk`` is in ``bench_talk.py``.
"""

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands import bench_talk
from daemon.commands.console import (
    Subcommands,
    add_trace_option,
    check_writable,
    err,
    out,
    write_json,
)
from daemon.commands.signals import on_signals
from daemon.commands.voice_option import add_voice_option, with_voice
from daemon.i18n import tr

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from daemon.bench.figures import Progress
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the commands."""
    bench = commands.add_parser(
        "bench",
        help=tr("measure how fast it is on this computer, and how well it answers"),
        description=tr(
            "Measures without a microphone and without a sound; live and av on a private sound "
            "server. Let the machine do nothing else meanwhile."
        ),
    )
    leaves = bench.add_subparsers(dest="what", required=True, metavar="live|av|talk")
    live = leaves.add_parser(
        "live",
        help=tr("a conversation: how soon it answers, and how well it can be interrupted"),
        epilog="digital-life bench live --questions 20 --json live.json",
    )
    live.add_argument(
        "--questions", type=_count, default=20, metavar="N", help=tr("how many; default 20")
    )
    live.add_argument(
        "--echo-minutes",
        type=_positive,
        default=1.0,
        metavar="M",
        help=tr("how long it hears its own echo; default 1, and 10 for the full figure"),
    )
    live.add_argument(
        "--busy",
        action="store_true",
        help=tr("beside a program that takes a whole processor, as a video call does"),
    )
    add_trace_option(live)
    add_voice_option(live)
    live.set_defaults(run=bench_live)
    av = leaves.add_parser(
        "av",
        help=tr("how far sound and picture are apart"),
        epilog="digital-life bench av --seconds 600 --json av.json",
    )
    av.add_argument(
        "--seconds", type=_positive, default=60.0, metavar="S", help=tr("how long; default 60")
    )
    av.set_defaults(run=bench_av)
    for parser in (live, av):
        parser.add_argument(
            "--json", type=Path, metavar="FILE", help=tr("write the figures as JSON")
        )
    bench_talk.register(leaves)


def bench_live(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run ``bench live``."""
    from daemon.bench import live, machine, results
    from daemon.bench.figures import table

    for path in (arguments.json, arguments.trace):
        if path is not None:
            check_writable(path)
    settings = with_voice(arguments, settings)
    questions, minutes = arguments.questions, arguments.echo_minutes
    circumstances = machine.Circumstances(arguments.busy)
    with ended_by_signals(), shown_progress() as progress, circumstances:
        measured = live.measure(settings, questions, minutes, progress, arguments.trace)
    if arguments.json:
        write_json(arguments.json, circumstances.as_json() | results.as_json(measured))
    out.print(table([*circumstances.rows(), *results.rows(measured, settings.face.fps)]))
    return 0


def bench_av(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Run ``bench av``."""
    from daemon.bench import av
    from daemon.bench.figures import table

    if arguments.json:
        check_writable(arguments.json)
    with ended_by_signals(), shown_progress() as progress:
        measured = av.measure(settings, arguments.seconds, progress)
    if arguments.json:
        write_json(arguments.json, av.as_json(measured))
    out.print(table(av.rows(measured)))
    return 0


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise ValueError
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 24 * 3600:
        raise ValueError
    return value


@contextmanager
def shown_progress() -> "Iterator[Progress]":
    """Show a bar for each part of a measurement."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), console=err) as shown:
        yield lambda name, total: _step(shown, name, total)


@contextmanager
def _step(shown: "Bars", name: str, total: int) -> Iterator[Callable[[], None]]:
    task = shown.add_task(name, total=total)
    yield lambda: shown.advance(task)
    shown.update(task, completed=total)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Take SIGTERM as Ctrl+C, so that every process that was started ends with this one."""

    def stop(_number: int) -> None:
        raise KeyboardInterrupt

    with on_signals(stop, (signal.SIGTERM,)):
        yield
