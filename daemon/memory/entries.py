"""What the memory holds; all moments are in seconds since 1970."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A turn that is to be kept."""

    question: str
    answer: str
    """What was heard; empty when it was interrupted before a word was."""
    at: float
    fact: str = ""
    """What ``question`` asks to be remembered."""
    person: int | None = None
    """Who said it, by number; ``None``: nobody who is known."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn that was kept."""

    id: int
    conversation: int
    at: float
    question: str
    answer: str
    person: int | None = None
    """Who said it; ``None``: nobody who is known."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its turns."""

    id: int
    began: float
    persona: str
    """Who answered; "" is the persona of the settings."""
    turns: int
    title: str
    """Its first question."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the person asked to be remembered, in their words."""

    id: int
    at: float
    text: str
    person: int | None = None
    """Whose it is; ``None``: nobody's who is known."""
