"""Logging: to a terminal as text, to the journal with levels that it understands."""

import logging
import os
import sys
from typing import TextIO

CHATTY = (
    "faster_whisper",
    "piper",
    "jieba",
    "httpx",
    "httpx2",
)  # they log what was said, or every step
TELLTALE = ("mcp", "client")  # the package mcp: its warnings repeat what tools said
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


class JournalFormatter(logging.Formatter):
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
        handler = logging.StreamHandler(_own(sys.stderr))
        if _is_journal(sys.stderr):
            handler.setFormatter(JournalFormatter("%(name)s: %(message)s"))
        else:
            handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    set_level(level)


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
