"""What somebody can want of the memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recollect:
    """As in "what did I tell you about the dentist?"."""

    about: str = ""
    """As it was said; empty: whatever it was asked to remember."""


@dataclass(frozen=True, slots=True)
class ForgetSaid:
    """As in "forget that", "forget what I said about the dentist"."""

    about: str = ""
    """As it was said; empty: what was said last."""


@dataclass(frozen=True, slots=True)
class Remember:
    """As in "remember that my dentist is Doctor Wu", while nothing is kept."""

    said: str
    """All that was said, which is kept if they agree."""
    person: int | None = None
    """Who said it, by number; ``None``: nobody who is known."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The answer when it asked whether it may keep what ``to`` says."""

    to: Remember
    given: bool
