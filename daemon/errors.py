"""What can go wrong, said so that a person can act on it.

Every error that a user may meet carries a message and, where there is one, the command that mends
it. The command line prints both without a traceback and leaves with ``exit_code``.
"""


class DigitalLifeError(Exception):
    """An error with a message for the user; ``fix`` is a command or step that mends it."""

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


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


class StageError(DigitalLifeError):
    """A part failed while working on a turn; ``stage`` names it (``whisper``, ``brain``, …)."""

    def __init__(self, stage: str, message: str, fix: str = "") -> None:
        super().__init__(message, fix)
        self.stage = stage


def first_failure(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the innermost first failure of a group; one that is explained goes before others."""
    group = failures.subgroup(DigitalLifeError) or failures
    error: BaseException = group.exceptions[0]
    return first_failure(error) if isinstance(error, BaseExceptionGroup) else error
