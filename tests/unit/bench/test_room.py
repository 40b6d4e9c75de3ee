"""What a person says waits no longer for a machine that stood still."""

from typing import cast

import numpy as np
import pytest

from daemon.bench.room import LATE_S, WINDOW, Room
from daemon.bench.sound_server import SoundServer
from daemon.bench.timed_recording import BLOCK
from daemon.media import LISTEN_RATE

BLOCK_S = BLOCK / LISTEN_RATE


class CountedRoom(Room):
    """Counts the blocks that are given to the microphone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(cast(SoundServer, None))
        self.given = 0
        self.now = 0.0
        monkeypatch.setattr("daemon.bench.room.time.monotonic", lambda: self.now)

    def _give(self, data: bytes) -> None:
        self.given += 1

    def arrive(self, at: float) -> None:
        """Let the next block of the recording come at a moment."""
        self.now = at
        piece = np.zeros((BLOCK, 2), np.int16)
        self.recording.add(piece, at)
        self._answer(piece)


def test_what_ran_dry_while_the_machine_stood_still_is_not_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = CountedRoom(monkeypatch)
    for number in range(100):
        room.arrive(5 + (number + 1) * BLOCK_S)
    assert room.given == 100
    stood_still_s = 1.0
    for _ in range(100):  # all at once
        room.arrive(5 + 100 * BLOCK_S + stood_still_s)
    waits = room.given - 100
    assert waits == pytest.approx(LATE_S / BLOCK_S, abs=1)
    for number in range(200, 300):
        room.arrive(5 + (number + 1) * BLOCK_S)
    assert room.given == 200 + waits


def test_a_server_that_stays_late_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    room = CountedRoom(monkeypatch)
    for number in range(1000):
        lost_s = 0.5 if number >= 100 else 0.0
        room.arrive(5 + (number + 1) * BLOCK_S + lost_s)
    assert room.given >= 1000 - WINDOW
