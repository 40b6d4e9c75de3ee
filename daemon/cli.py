"""The command line: ``digital-life COMMAND``.

What a command needs is imported when it runs, so that ``--help`` is quick and Ctrl+C is understood
from the first moment.
"""

import argparse
import atexit
import errno
import io
import logging
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon import __version__
from daemon.errors import DigitalLifeError, StorageError, first_failure
from daemon.i18n import tr
from daemon.service import beat

if TYPE_CHECKING:
    from daemon.config import Settings

ENGINES = ("av", "ctranslate2", "onnxruntime", "sounddevice", "torch")  # they have threads
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
INTERRUPTED = 130  # what a shell reports after Ctrl+C


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    from daemon.commands import (
        ask,
        bench,
        chats,
        control,
        faces,
        inspect,
        live,
        memory,
        panel,
        persona,
        say,
        service,
        train,
        voices,
    )
    from daemon.store import commands as models

    parser = _Parser(
        prog="digital-life",
        description=tr("A voice-first assistant with a face that runs on your own computer."),
        epilog=tr(
            "Exit codes: 0 done, 1 failed, 2 wrong usage, setting or model, 3 unusable input, "
            "4 missing device, 5 cannot write, 6 download failed, 130 interrupted."
        ),
    )
    parser.add_argument("--version", action="version", version=f"digital-life {__version__}")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=tr("settings to use instead of your own file")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rooms = (
        ask,
        live,
        say,
        panel,
        control,
        persona,
        memory,
        service,
        faces,
        voices,
        models,
        inspect,
        bench,
        chats,
        train,
    )
    for room in rooms:
        room.register(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack Chinese, or the letters of a name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if argv is None and "run" in sys.argv[1:]:
        beat.begin()
    try:
        code = _run(argv)
    except SystemExit as end:  # argparse has said what it had to say
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    if error := _unwritten():
        code = _failed(error)
    return leave(code) if argv is None else code


def _unwritten(failure: Exception | None = None) -> DigitalLifeError | None:
    """Return why standard output cannot take what was written, which is then thrown away.

    ``failure`` is what ended the command; a full disk that no file is named for is its output's.
    A program behind a pipe that has read enough is no reason to complain.
    """
    try:
        if isinstance(failure, OSError) and failure.errno in FULL and failure.filename is None:
            raise failure
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            text = tr("Standard output cannot be written: {reason}")
            return StorageError(text.format(reason=error.strerror))
    return None


class _Parser(argparse.ArgumentParser):
    """Does not keep to itself that its help could not be written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message and (file := file or sys.stderr) is not None:
            file.write(message)


def leave(code: int) -> int:
    """Return ``code``; where threads or engines are left, end the process with it.

    A thread that comes back from a library while the interpreter ends would crash it, and so end an
    orderly failure in SIGABRT.
    """
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not left and not any(engine in sys.modules for engine in ENGINES):
        return code
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):  # one that was closed is none
        try:
            stream.flush()
        except (OSError, ValueError):  # a full disk, or closed: there is nowhere to say it
            code = code or 1
    os._exit(code)


def _run(argv: list[str] | None) -> int:
    try:
        arguments = build_parser().parse_args(argv)
        return int(arguments.run(arguments, _settings(arguments)))
    except KeyboardInterrupt:
        sys.stderr.write(tr("Interrupted.") + "\n")
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except DigitalLifeError as error:
        return _failed(error)
    except BaseExceptionGroup as failures:
        failure = first_failure(failures)
        return _failed(failure if isinstance(failure, DigitalLifeError) else _explained(failure))
    except Exception as error:
        return _failed(_unwritten(error) or _explained(error))


def _settings(arguments: argparse.Namespace) -> "Settings":
    from daemon.config import load, packaged_config
    from daemon.service.journal import start_logging

    # A file that is to be checked may be broken, and so may the one in force meanwhile.
    checking = getattr(arguments, "what", "") == "check"
    settings = load(packaged_config() if checking else arguments.config).settings
    start_logging(settings.log.level)
    return settings


def _explained(error: BaseException) -> DigitalLifeError:
    """Explain a library that cannot be loaded; of anything else tell what it is, and where."""
    from daemon.extras import is_unloadable, unloadable

    if isinstance(error, ImportError | OSError) and is_unloadable(error):
        return unloadable(error)
    logging.getLogger(__name__).debug("unexpected", exc_info=error)
    places = traceback.extract_tb(error.__traceback__)
    place = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return DigitalLifeError(
        tr("Something unexpected happened: {kind} in {place}.").format(
            kind=type(error).__name__, place=place
        ),
        tr('level = "debug" under [log] shows more'),
    )


def _failed(error: DigitalLifeError) -> int:
    from daemon.commands.console import show_error

    show_error(error)
    return error.exit_code
