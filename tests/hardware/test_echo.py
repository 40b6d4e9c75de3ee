"""What it plays comes back into its microphone: 60 ms, -10 dB and a room's response."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.bench.signals import room_response
from daemon.bench.sound_server import SoundServer, missing_programs
from daemon.bench.trial import ECHO_DB, ECHO_S
from daemon.media import LISTEN_RATE, Audio

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]

ALONE_S = 25.0  # that it talks with nobody there; `bench live` does so for ten minutes
ATTEMPTS = 20  # minutes, for a machine with much to do
NOTICED_S = 10.0  # the events come after half a second; a busy machine takes its time
TIMES = 5  # that somebody speaks over it
ROUNDS = 4  # of so many times, for the same reason as ATTEMPTS
HERE_S = 300.0  # until it happens at all


class Talker:
    """``talker.py`` as a process, in a room."""

    def __init__(self, server: SoundServer, mode: str, *recordings: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.hardware.talker", mode, *map(str, recordings)],
            env=server.env,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )
        self._events: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line)["event"])

    def wait_for(self, event: str, timeout_s: float) -> bool:
        """Tell whether it comes in time; what comes before it is dropped."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                if self._events.get(timeout=left_s) == event:
                    return True
            except queue.Empty:
                return False
        return False

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[SoundServer]:
    with SoundServer(tmp_path) as server:
        response = room_response(ECHO_DB, ECHO_S, np.random.default_rng(1))
        server.echo(Audio(response, LISTEN_RATE))
        yield server


@pytest.fixture
def talking(
    room: SoundServer,
    audio_files: Path,
    weights: Callable[[str], Path],
    request: pytest.FixtureRequest,
) -> Iterator[Talker]:
    for name in ("silero-vad", "smart-turn"):
        weights(name)
    names = ("lj-finished.flac", "jfk.flac", "lj-unfinished.flac")
    talker = Talker(room, request.param, *(audio_files / name for name in names))
    try:
        assert talker.wait_for("talking", 300)
        yield talker
    finally:
        talker.end()


def say(room: SoundServer, recording: Path) -> None:
    """Let a person say it, to its end."""
    subprocess.run(
        ["paplay", "--device=mouth", str(recording)], env=room.env, check=True, timeout=600
    )


@pytest.mark.parametrize("talking", ["cancel", "half-duplex"], indirect=True)
def test_it_does_not_hear_itself(talking: Talker) -> None:
    # A busy machine plays with gaps, of which no canceller can know; one that does not cancel would
    # be heard every time.
    assert any(not talking.wait_for("SpeechStarted", ALONE_S) for _ in range(ATTEMPTS))
    assert talking.process.poll() is None


@pytest.mark.parametrize("talking", ["off"], indirect=True)
def test_without_cancelling_it_does_so_the_room_is_real(talking: Talker) -> None:
    assert talking.wait_for("SpeechStarted", HERE_S)


@pytest.mark.parametrize("talking", ["cancel"], indirect=True)
def test_it_hears_a_person_who_speaks_over_it(
    room: SoundServer, talking: Talker, audio_files: Path
) -> None:
    def noticed() -> int:
        """Tell how often out of ``TIMES`` it is noticed."""
        times = 0
        for _ in range(TIMES):
            say(room, audio_files / "question-en.wav")
            times += talking.wait_for("SpeechStarted", NOTICED_S)
            talking.wait_for("SpeechEnded", NOTICED_S)
        return times

    talking.wait_for("nothing", 5)
    assert any(noticed() >= TIMES - 1 for _ in range(ROUNDS))


@pytest.mark.parametrize("talking", ["half-duplex"], indirect=True)
def test_half_duplex_does_not(room: SoundServer, talking: Talker, audio_files: Path) -> None:
    def is_heard() -> bool:
        talking.wait_for("nothing", 3)
        say(room, audio_files / "question-en.wav")
        return talking.wait_for("SpeechStarted", 2)

    # As above: where it fell silent for a moment, it listens.
    assert not all(is_heard() for _ in range(ATTEMPTS))
