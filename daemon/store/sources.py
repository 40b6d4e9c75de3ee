"""What every source of weights may answer instead of a file."""

import enum


class Remedy(enum.IntEnum):
    """What helps when a source fails; of several failures the least counts."""

    NPM = -1
    """A program has to be installed first, without which this source cannot be asked."""
    CONNECTION = 0
    """The source could not be reached."""
    LATER = 1
    """The source is there, but busy."""
    LOGIN = 2
    """It has the file, and wants to know for whom."""
    ANOTHER_SOURCE = 3
    """Trying again does not help: it does not have the file."""


class SourceError(Exception):
    """A source does not give the file; the text says why, in words for the user."""

    def __init__(self, text: str, remedy: Remedy) -> None:
        super().__init__(text)
        self.remedy = remedy
