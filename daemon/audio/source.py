"""Where sound comes from: what the microphone and a recording share."""

from collections.abc import Callable, Iterator
from typing import Protocol

from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken


class AudioSource(Protocol):
    """Where sound comes from: a microphone or a recording."""

    def chunks(
        self, cancel: CancelToken, unhurried: Callable[[], bool] = lambda: False
    ) -> Iterator[Samples]:
        """Yield the sound (``LISTEN_RATE``, any lengths) until it ends or ``cancel`` is set.

        While ``unhurried``, which is asked before each piece, it may come in longer ones.
        """


class RecordedSource:
    """Sound that is already there, as an ``AudioSource`` as fast as it can be taken."""

    PIECE = LISTEN_RATE // 10  # samples: short enough for events to come in order with cancelling

    def __init__(self, audio: Audio) -> None:
        """``audio`` may have any rate."""
        self._samples = audio.at_rate(LISTEN_RATE).samples

    def chunks(
        self, cancel: CancelToken, unhurried: Callable[[], bool] = lambda: False
    ) -> Iterator[Samples]:
        """Yield the recording once, in pieces of 0.1 s."""
        for start in range(0, len(self._samples), self.PIECE):
            if cancel.cancelled:
                return
            yield self._samples[start : start + self.PIECE]
