"""What every source of weights may answer instead of a file."""

import enum


class Cure(enum.IntEnum):
    """What helps when a source fails; of several failures the least counts."""

    CONNECTION = 0
    """The source could not be reached."""
    LATER = 1
    """The source is there, but busy."""
    ANOTHER_SOURCE = 2
    """Trying again does not help: it does not have the file."""


class SourceError(Exception):
    """A source does not give the file; the text says why, in words for the user."""

    def __init__(self, text: str, cure: Cure) -> None:
        super().__init__(text)
        self.cure = cure
