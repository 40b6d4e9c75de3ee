"""What can go wrong, said so that a person can act on it.

Every error that a user may meet carries a message and, where there is one, the command that mends
it. The command line prints both without a traceback and leaves with ``exit_code``.

What other programs and libraries say of an error may repeat what a person said. ``str(error)`` ends
with it, for the eyes of whoever asked; ``named(error)``, for the log, leaves it out.
"""

import os

MAX_MESSAGE_CHARS = 500  # characters of a message in the log
MAX_SAID_CHARS = 300  # characters of what others said


class DigitalLifeError(Exception):
    """An error with a message for the user; ``fix`` is a command or step that mends it.

    ``said`` is what another program said of it, which may hold anybody's words; it is cut.
    """

    exit_code = 1

    def __init__(self, message: str, fix: str = "", said: str = "") -> None:
        self.fix = fix
        self.said = one_line(said, MAX_SAID_CHARS)
        mark = ":" if message[-1:].isalnum() else ""
        super().__init__(f"{message}{mark} {self.said}" if self.said else message)
        self.message = message
        """The same without what others said."""

    def withhold(self) -> None:
        """Leave out what others said from now on: it is told to a log."""
        self.said, self.args = "", (self.message,)


class SetupError(DigitalLifeError):
    """A setting is wrong, or a model is missing or damaged."""

    exit_code = 2


class InputError(DigitalLifeError):
    """The given file or text cannot be used."""

    exit_code = 3


class DeviceError(DigitalLifeError):
    """A microphone, loudspeaker or camera is missing or has gone."""

    exit_code = 4


class StorageError(DigitalLifeError):
    """Something could not be written: no permission, or the disk is full."""

    exit_code = 5


class NetworkError(DigitalLifeError):
    """A download failed."""

    exit_code = 6


class BusyError(DigitalLifeError):
    """It cannot be done just now, but soon."""


class StageError(DigitalLifeError):
    """A part failed while working on a turn; ``stage`` names it (``whisper``, ``brain``, …)."""

    def __init__(self, stage: str, message: str, fix: str = "", said: str = "") -> None:
        super().__init__(message, fix, said)
        self.stage = stage


def one_line(text: str, longest: int) -> str:
    """Return ``text`` on one line, cut, and without what would steer a terminal."""
    # So much of it is looked at that a text of any length costs no more.
    words = "".join(char if char.isprintable() else " " for char in text[: 4 * longest]).split()
    line = " ".join(words)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def named(error: BaseException) -> str:
    """Return what may be told of any error: our own message, or its kind without its text."""
    if isinstance(error, DigitalLifeError):
        return one_line(error.message, MAX_MESSAGE_CHARS)
    if isinstance(error, OSError) and error.errno:
        return f"{type(error).__name__}: {os.strerror(error.errno)}"
    return type(error).__name__


def first_failure(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the innermost first failure of a group; one that is explained goes before others."""
    group = failures.subgroup(DigitalLifeError) or failures
    error: BaseException = group.exceptions[0]
    return first_failure(error) if isinstance(error, BaseExceptionGroup) else error
