"""Where commands write: answers to standard output, everything else to standard error."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO, TypeAlias

from daemon.errors import DigitalLifeError, StorageError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.terminal import PlainConsole, styled

out = PlainConsole()
err = PlainConsole(stderr=True)

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def is_watched(stream: TextIO | None = None) -> bool:
    """Whether a person sees what is written to standard output, or to ``stream``.

    Rich believes ``FORCE_COLOR`` and ``TTY_COMPATIBLE``, which say nothing of that.
    """
    stream = sys.stdout if stream is None else stream
    try:
        return os.isatty(stream.fileno())
    except (AttributeError, OSError, ValueError):  # there is none, or it is no file, or closed
        return False


def show_error(error: DigitalLifeError) -> None:
    """Say what went wrong, and what mends it, to whoever gave the command: a person or a script."""
    err.print(styled(("digital-life:", "red"), f" {error}"))
    if error.fix:
        err.print(f"  → {error.fix}", markup=False)


def tell_waiting(reason: str) -> None:
    """Say why an answer takes its time."""
    err.print(f"{reason} {tr('Waiting for it.')}", markup=False)


def require_whole(answer: Mapping[str, object]) -> None:
    """Raise if what the daemon was to say was not heard to its end."""
    if answer.get("text") == "":
        raise DigitalLifeError(tr("Nothing was said."))
    if not answer.get("whole", True):
        raise DigitalLifeError(tr("It was interrupted before its end."))


def check_writable(path: Path) -> None:
    """Raise ``StorageError`` now rather than after a minute's work."""
    if path.is_dir():
        raise StorageError(tr("{path} is a folder; name a file").format(path=path))
    if not path.parent.is_dir():
        raise StorageError(
            tr("There is no folder {path}").format(path=path.parent), f"mkdir -p {path.parent}"
        )
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise StorageError(tr("No permission to write {path}").format(path=path))


def write_json(path: Path, value: dict[str, object]) -> None:
    """Write ``value`` whole or not at all."""
    check_writable(path)
    with atomic_write(path) as part:
        part.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def add_trace_option(parser: argparse.ArgumentParser) -> None:
    """Let a command write what each stage did, and when."""
    parser.add_argument(
        "--trace",
        type=Path,
        metavar="FILE.json",
        help=tr("write what each stage did and when, for chrome://tracing or ui.perfetto.dev"),
    )


def duration(seconds: float) -> str:
    """Say how long something takes."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return tr("{seconds:.0f} s").format(seconds=seconds)
    if minutes < 120:
        return tr("{minutes} min").format(minutes=minutes)
    if minutes < 48 * 60:
        return tr("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    return tr("{days} days").format(days=round(minutes / 60 / 24))


def clock_duration(seconds: float) -> str:
    """Say exactly how long something has taken: hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
