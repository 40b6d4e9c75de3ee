"""The chimes on a real sound server: over speech, in silence, and when a timer is due."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.chime import ChimeKind, make_chime
from daemon.audio.files import read_recording
from daemon.bench.signals import locate
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, JsonObject, Samples
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, missing_programs
from tests.hardware.ringer import RING_AT, SPEECH_S

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]
ATTEMPTS = 5  # a busy machine plays with gaps
MODELS = ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn")
LIKE = 0.5  # gaps and an announcement may lie over it
PATIENCE_S = 300.0
BEHIND_S = 5  # of the recording, at most
STILL_S = 10  # two chimes' time
NEAR_S = 0.3  # what is heard when it rings is what left the daemon up to so long ago


def heard(kind: ChimeKind) -> Samples:
    """Return the beginning of a chime as the recording has it."""
    return Audio(make_chime(kind)[:SPEAK_RATE], SPEAK_RATE).at_rate(LISTEN_RATE).samples


def test_a_chime_is_heard_over_speech_and_in_silence(pulse: Pulse, audio_files: Path) -> None:
    path = audio_files / "jfk.flac"
    speech = read_recording(path, 60).samples[: SPEECH_S * LISTEN_RATE]
    failures = [failure for _ in range(ATTEMPTS) if (failure := attempt(pulse, path, speech))]
    assert len(failures) < ATTEMPTS, failures


def attempt(pulse: Pulse, path: Path, speech: Samples) -> str:
    """Play once; return what was wrong with it, or nothing."""
    mark = pulse.mark()
    told = subprocess.run(
        [sys.executable, "-m", "tests.hardware.ringer", str(path)],
        env=pulse.env,
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
        cwd=Path(__file__).parent.parent.parent,
    ).stdout.splitlines()
    clock = {name: at for line in told for name, at in json.loads(line).items()}
    assert clock["rang"] >= RING_AT
    assert clock["ended"] == clock["silent"] == len(speech) * SPEAK_RATE // LISTEN_RATE
    recording = pulse.since(mark).samples
    begin, like = locate(speech, recording)
    if like < 0.6:
        return f"speech: {like}"
    alone, pure = locate(heard("reminder"), recording)
    if pure < 0.95 or alone < begin + len(speech):
        return f"in silence: {pure} at {alone}"
    rest = recording[begin : begin + len(speech)].copy()
    rest -= speech * np.float32(np.dot(rest, speech) / np.dot(speech, speech))
    rang, like = locate(heard("timer"), rest)  # what is left when the speech is taken out
    late_s = rang / LISTEN_RATE - clock["rang"] / SPEAK_RATE
    if like < 0.8 or not -0.05 < late_s < NEAR_S:
        return f"over speech: {like}, {late_s} s"
    return ""


@pytest.fixture
def listening(pulse: Pulse, weights: Callable[[str], Path]) -> Iterator[Daemon]:
    for name in MODELS:
        weights(name)
    daemon = Daemon(pulse, "# as it comes")
    try:
        daemon.wait_until_listening()
        yield daemon
    finally:
        daemon.kill()


def command(pulse: Pulse, *words: str) -> JsonObject:
    """Give a command; return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "daemon", *words, "--json"],
        env=pulse.env,
        stdout=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=True,
    )
    return dict(json.loads(done.stdout))


def states(pulse: Pulse) -> list[object]:
    return [timer["state"] for timer in command(pulse, "timers")["timers"]]


def test_a_timer_that_a_command_set_is_heard_until_a_command_stops_it(
    pulse: Pulse, listening: Daemon
) -> None:
    mark = pulse.mark()
    command(pulse, "timers", "add", "2 seconds", "--name", "pasta")
    listening.wait_for(lambda: states(pulse) == ["ringing"], PATIENCE_S)
    piece = heard("timer")
    listening.wait_for(lambda: locate(piece, pulse.since(mark).samples)[1] > LIKE, PATIENCE_S)
    assert command(pulse, "status")["timers"] == {"pending": 0, "ringing": 1, "next_due": None}
    command(pulse, "timers", "stop")
    assert states(pulse) == []
    mark = pulse.mark()
    # What the sound server has got already is heard, and the recording of a busy machine is behind.
    listening.wait_for(lambda: pulse.since(mark).seconds > BEHIND_S + STILL_S, PATIENCE_S)
    assert locate(piece, pulse.since(mark).samples[BEHIND_S * LISTEN_RATE :])[1] < LIKE
    assert "pasta" not in "".join(listening.lines), "names are not for the log"
