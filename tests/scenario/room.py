"""A room in which people and a television speak, as the ears hear it: a voice is a level."""

from collections.abc import Sequence

import numpy as np

from daemon.config import load, packaged_config
from daemon.ears.endpointing import Endpointer
from daemon.ears.speech_detection import CHUNK
from daemon.media import LISTEN_RATE, Samples
from daemon.people.person import Person
from tests.fakes import level_of
from tests.scenario.test_session import Script

EARS = load(packaged_config()).settings.ears
TELEVISION = None
"""Whose voice it is where nobody is known by it."""


class Detectors:
    """All sound is speech, all silence is none, and everybody who stops has finished."""

    def passes(self, samples: Samples) -> bool:
        return bool(samples.any())

    def reset(self) -> None:
        pass

    def probability(self, chunk: Samples) -> float:
        return 0.9 if chunk.any() else 0.1

    def finished(self, samples: Samples) -> float:
        return 1.0


Piece = float | tuple[Person | None, float]


def hears(*pieces: Piece, tells_so_far: bool = True) -> Script:
    """Return what the ears notice of silence, in seconds, and of who speaks for how many."""
    sound = np.concatenate([_sound(piece) for piece in (*pieces, 2.0)])
    detectors = Detectors()
    ears = Endpointer(EARS, detectors, detectors, detectors)
    ears.tells_so_far = tells_so_far
    script: Script = []
    for begin in range(0, len(sound), CHUNK):
        events = ears.feed(sound[begin : begin + CHUNK])
        script += [((begin + CHUNK) / LISTEN_RATE, event) for event in events]
    return script


def _sound(piece: Piece) -> Samples:
    if isinstance(piece, float | int):
        return np.zeros(round(piece * LISTEN_RATE), np.float32)
    person, seconds = piece
    return np.full(round(seconds * LISTEN_RATE), level_of(person), np.float32)


def seconds_of(pieces: Sequence[Piece]) -> float:
    """Return how long all of it is."""
    return sum(piece if isinstance(piece, float | int) else piece[1] for piece in pieces)
