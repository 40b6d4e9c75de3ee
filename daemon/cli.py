"""The command line: ``digital-life COMMAND``.

What a command needs is imported when it runs, so that ``--help`` is quick and Ctrl+C is understood
from the first moment.
"""

import argparse
import atexit
import errno
import importlib
import io
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon import __version__
from daemon.errors import DigitalLifeError, StorageError, first_failure
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings

ENGINES = ("av", "ctranslate2", "onnxruntime", "sounddevice", "torch")  # they have threads
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
INTERRUPTED = 130  # what a shell reports after Ctrl+C


MODULES = {  # in the order of --help; to each its commands
    "daemon.commands.ask": ("ask",),
    "daemon.commands.run": ("run", "chat"),
    "daemon.commands.say": ("say",),
    "daemon.commands.panel": ("panel",),
    "daemon.commands.control": (
        *("status", "mute", "unmute", "stop-talking", "face", "voice", "reload", "events"),
        "metrics",
    ),
    "daemon.commands.record": ("record",),
    "daemon.commands.persona": ("persona", "new-conversation", "talk"),
    "daemon.commands.timers": ("timers",),
    "daemon.commands.lists": ("lists",),
    "daemon.commands.memory": ("memory",),
    "daemon.commands.people": ("people",),
    "daemon.commands.service": ("service", "doctor", "setup"),
    "daemon.commands.double": ("double",),
    "daemon.commands.faces": ("faces",),
    "daemon.commands.voices": ("voices",),
    "daemon.commands.brain": ("brain",),
    "daemon.store.commands": ("models",),
    "daemon.commands.inspect": ("devices", "config"),
    "daemon.commands.bench": ("bench",),
    "daemon.commands.chats": ("chats",),
    "daemon.commands.train": ("train",),
}


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """Make the parser of ``command``, or of all where it is none: to import them takes a second."""
    modules = [module for module, names in MODULES.items() if command in names] or list(MODULES)
    parser = _Parser(
        prog="digital-life",
        description=tr("A voice-first assistant with a face that runs on your own computer."),
        epilog=tr(
            "Exit codes: 0 done, 1 failed, 2 wrong usage, setting or model, 3 unusable input, "
            "4 missing device, 5 cannot write, 6 download failed, 130 interrupted."
        ),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"digital-life {__version__}",
        help=tr("show the version and exit"),
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=tr("settings to use instead of your own file")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in modules:
        importlib.import_module(module).register(commands)
    return parser


def main(argv: list[str] | None = None, begins: Callable[[], object] = lambda: None) -> int:
    """Run one command and return the exit code; ``begins`` is called just before it begins."""
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack Chinese, or the letters of a name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if argv is None and "run" in sys.argv[1:]:
        from daemon.service import startup_extender

        startup_extender.begin()
    try:
        code = _run(argv, begins)
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


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # takes none at run time
    """Describes a command by its line in the list, where there is no more to say."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add a command."""
        line = options.get("help", "")
        options.setdefault("description", tr("{text}.").format(text=line[:1].upper() + line[1:]))
        parser: argparse.ArgumentParser = super().add_parser(name, **options)
        return parser


class _Parser(argparse.ArgumentParser):
    """Speaks the system's language, and tells where its help could not be written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(add_help=False, **options)
        self.register("action", "parsers", _Commands)
        self._positionals.title, self._optionals.title = tr("arguments"), tr("options")
        self.add_argument("-h", "--help", action="help", help=tr("show this help and exit"))

    def _print_message(self, message: str, file: Any = None) -> None:
        from daemon.terminal import visible

        if message and (file := file or sys.stderr) is not None:
            file.write(visible(message))


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


def _run(argv: list[str] | None, begins: Callable[[], object]) -> int:
    try:
        words = sys.argv[1:] if argv is None else argv
        arguments = build_parser(_command(words)).parse_args(words)
        settings = _settings(arguments)
        begins()
        return int(arguments.run(arguments, settings))
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


def _command(words: list[str]) -> str:
    """Return the command among the words; "" if there is none that is known."""
    takes_value = False  # as --config does, also where it is cut short
    for word in words:
        if not takes_value and not word.startswith("-"):
            return word
        takes_value = word.startswith("--c") and "=" not in word
    return ""


def _settings(arguments: argparse.Namespace) -> "Settings":
    from daemon.config import load, packaged_config
    from daemon.journal import start_logging

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
