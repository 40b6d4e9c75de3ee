"""Timers of a daemon as a person runs it: spoken, killed, ringing, and dismissed by voice."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.bench.sound_server import write_wav
from daemon.media import Audio
from daemon.skills.entries import Entry
from daemon.skills.ringing import MAX_RING_S
from daemon.skills.store import SkillStore
from daemon.voice.piper import Piper
from daemon.worker import CancelToken
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]
TIMES = 3  # that it may have to be told
NEEDED = ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn")


def speaker(pulse: Pulse, voice: Path) -> Callable[[str], None]:
    """Return what says a text to the daemon's microphone, to its end."""

    def say(text: str) -> None:
        piper = Piper(voice)
        pieces = list(piper.synthesize(text, CancelToken()))
        piper.close()
        samples = np.concatenate([piece.samples for piece in pieces])
        path = pulse.folder / "said.wav"
        write_wav(path, Audio(samples, pieces[0].rate))
        pulse.say(path)

    return say


def entries(pulse: Pulse) -> list[Entry]:
    """Return what is in the daemon's file."""
    path = Path(pulse.env.get("XDG_DATA_HOME") or Path(pulse.env["HOME"], ".local/share"))
    store = SkillStore(path / "digital-life" / "skills.db")
    try:
        return store.timers.entries()
    finally:
        store.close()


def stop(pulse: Pulse, say: Callable[[str], None]) -> None:
    """Tell what rings to stop; again, as a person would, where the chime drowned it."""
    for _ in range(TIMES):
        say("Okay, stop.")
        deadline = time.monotonic() + MAX_RING_S / TIMES / 2
        while time.monotonic() < deadline:
            if [entry.seconds for entry in entries(pulse)] == [3000]:
                return
            time.sleep(0.2)
    raise AssertionError([entry.state for entry in entries(pulse)])


def test_a_spoken_timer_outlives_kill_9_and_another_rings_until_it_is_dismissed(
    pulse: Pulse, weights: Callable[[str], Path]
) -> None:
    for name in NEEDED:
        weights(name)
    say = speaker(pulse, weights("piper-joe"))
    daemon = Daemon(pulse)
    try:
        daemon.wait_until_listening()
        mark = pulse.mark()
        say("Set a timer for fifty minutes.")
        daemon.wait_for(lambda: bool(loud_blocks(pulse.since(mark)).any()), 300)
    finally:
        daemon.kill()
    assert [entry.seconds for entry in entries(pulse)] == [3000]
    daemon = Daemon(pulse)
    try:
        daemon.wait_until_listening()
        mark = pulse.mark()
        say("Set a timer for ten seconds.")
        pulse.answer(mark)
        daemon.wait_for(lambda: "ringing" in [entry.state for entry in entries(pulse)], 300)
        rings = pulse.mark()
        daemon.wait_for(lambda: bool(loud_blocks(pulse.since(rings)).any()), 300)
        daemon.wait_for_phase("speaking", len(daemon.phases()) - 1)
        stop(pulse, say)
        daemon.stop()
    finally:
        daemon.kill()
