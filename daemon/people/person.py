"""A person who is known by voice, and who is found to have said something."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
"""(n, d): a row for each stretch of speech that an encoder made numbers of, unit vectors."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has been introduced."""

    number: int
    """Never given to anybody else, also when the person has been removed."""
    name: str
    owner: bool = False
    """Whose computer it is."""
    persona: str = ""
    """Who answers them; "" is whoever answers everybody."""
    language: str = ""
    """The language they are answered in, as "en"; "" is the one that they speak."""
    tools: bool = True
    """Whether tools may be called for them."""
    added: float = 0.0
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person, and their voice as the encoder in use knows it."""

    person: Person
    embeddings: Embeddings
    """At least one row."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who said an utterance, as far as the voice tells."""

    person: Person | None = None
    """``None``: a stranger, or nobody can tell."""
    score: float | None = None
    """How like that person's voice it is, or the likest known person's if they are a stranger's;
    -1 to 1. ``None``: it was too short to be judged, or nobody is known."""

    @property
    def judged(self) -> bool:
        """Whether the voice was compared at all."""
        return self.score is not None


def person_of(speaker: Speaker | None) -> Person | None:
    """Return the known person who spoke; ``None`` for strangers, and where voices are not told."""
    return speaker.person if speaker is not None else None
