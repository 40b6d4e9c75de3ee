"""Logging: to a terminal as text, to the journal with levels that it understands.

What was said is logged at debug only. Our own code sees to that in its messages; here it is seen to
in all that others write: errors are told by their kind, tracebacks show code and no texts, and what
libraries log is told without its words.
"""

import copy
import logging
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import TextIO, TypeAlias

from daemon.errors import named
from daemon.repeats import Repeats
from daemon.terminal import visible

CHATTY = (
    "faster_whisper",
    "piper",
    "jieba",
    "httpx",
    "httpx2",
)  # they log what was said, or every step
TELLTALE = ("mcp", "client", "py.warnings")  # their warnings repeat what tools said, or are noise
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
SysExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)
OURS = "daemon"

log = logging.getLogger(__name__)


class DiscreetFormatter(logging.Formatter):
    """Tells no words: of errors their kind, of what libraries say the place; at debug all."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record."""
        return visible(super().format(record if _tells_all() else _discreet(record)))

    def formatException(self, ei: SysExcInfo) -> str:
        """Return a traceback."""
        return super().formatException(ei) if _tells_all() else without_words(ei[1])


class JournalFormatter(DiscreetFormatter):
    """Puts before each line the priority that the journal reads, as in sd-daemon(3)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record."""
        level = max((known for known in PRIORITIES if known <= record.levelno), default=10)
        text = super().format(record)
        return "\n".join(f"<{PRIORITIES[level]}>{line}" for line in text.splitlines())


def start_logging(level: str) -> None:
    """Log from now on, at ``level`` or above."""
    root = logging.getLogger()
    if not root.handlers:
        handler: logging.Handler = logging.NullHandler()  # it was started without a stderr
        if sys.stderr is not None:
            handler = logging.StreamHandler(_own(sys.stderr))
        if sys.stderr is not None and _is_journal(sys.stderr):
            handler.setFormatter(JournalFormatter("%(name)s: %(message)s"))
        else:
            handler.setFormatter(DiscreetFormatter("%(levelname)s %(name)s: %(message)s"))
        handler.addFilter(Repeats())
        root.addHandler(handler)
        logging.captureWarnings(True)
        _log_what_nobody_catches()
    set_level(level)


def without_words(error: BaseException | None) -> str:
    """Return a traceback, causes first, that shows code and kinds of errors but not their texts."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        hidden = error.__cause__ is None and error.__suppress_context__
        error = None if hidden else error.__cause__ or error.__context__
    return "\n".join(_one_without_words(error) for error in reversed(chain))


def _one_without_words(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    text = f"Traceback (most recent call last):\n{frames}{named(error)}"
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n".join((text, *(without_words(each).replace("\n", "\n  ") for each in inner)))


def _discreet(record: logging.LogRecord) -> logging.LogRecord:
    told = copy.copy(record)
    told.exc_text = told.stack_info = None
    if record.name.partition(".")[0] != OURS:
        told.msg, told.args = (
            "%s:%d (what it says is told at debug only)",
            (
                record.filename,
                record.lineno,
            ),
        )
    elif isinstance(record.args, tuple):
        told.args = tuple(
            named(value) if isinstance(value, BaseException) else value for value in record.args
        )
    return told


def _tells_all() -> bool:
    return logging.getLogger().isEnabledFor(logging.DEBUG)


def _log_what_nobody_catches() -> None:
    """Have Python's last resorts log, instead of writing whatever an error says to stderr."""

    def main(
        _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        log.critical("unexpected", exc_info=error)

    def in_thread(told: threading.ExceptHookArgs) -> None:
        name = told.thread.name if told.thread else ""
        log.critical("unexpected, in thread %s", name, exc_info=told.exc_value)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        log.error("an error that could not be raised", exc_info=told.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = main, in_thread, unraisable


def _own(stream: TextIO) -> TextIO:
    """Return the same stream by a descriptor of its own.

    sounddevice points descriptor 2 at /dev/null while PortAudio looks for devices, which takes
    seconds when a sound server hangs. What is logged then must not be lost.
    """
    try:
        own = os.dup(stream.fileno())
    except OSError:  # replaced by something that is no file
        return stream
    return open(own, "w", buffering=1, encoding=stream.encoding, errors="backslashreplace")


def set_level(level: str) -> None:
    """Log at ``level`` or above; what was said, and others' every step, at debug only."""
    logging.getLogger().setLevel(level.upper())
    # A record that cannot be written would be shown on stderr, with all that it holds.
    logging.raiseExceptions = level == "debug"
    for name in TELLTALE:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.CRITICAL)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)


def _is_journal(stream: TextIO) -> bool:
    """Whether the stream is the one that systemd connected to the journal."""
    try:
        stat = os.fstat(stream.fileno())
    except OSError:  # closed, or replaced by something that is no file
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"
