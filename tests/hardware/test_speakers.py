"""Whom it knows is answered, and a television is not: a daemon as a person runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.bench.sound_server import write_wav
from daemon.media import Audio
from daemon.voice.piper import Piper
from daemon.worker import CancelToken
from tests.hardware.daemon_process import SETTINGS, Daemon
from tests.hardware.pulse import Pulse, missing_programs

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]
NEEDED = ("whisper-tiny-en", "smollm2-135m", "piper-joe", "silero-vad", "smart-turn", "campplus")
KNOWN = '[dialogue]\nanswer_whom = "known"\n'
LEARNT = (
    "The garden behind our house is full of apple trees. "
    "Every summer we pick more of them than anybody can eat."
)
TELEVISION_S = 6.0
TIMES = 3  # that it is asked: a busy machine may play the question with gaps


def recording(folder: Path, name: str, sound: Audio) -> Path:
    path = folder / name
    write_wav(path, sound)
    return path


def test_a_known_person_is_answered_and_a_television_is_not(
    pulse: Pulse, weights: Callable[[str], Path], audio_files: Path
) -> None:
    for name in NEEDED:
        weights(name)
    joe = Piper(weights("piper-joe"))
    pieces = list(joe.synthesize(LEARNT, CancelToken()))
    joe.close()
    sound = Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)
    learnt = recording(pulse.folder, "joe.wav", sound)
    command = [sys.executable, "-m", "daemon", "people", "add", "Joe", "--from", str(learnt)]
    subprocess.run(command, env=pulse.env, check=True, timeout=600, capture_output=True)
    speech = read_recording(audio_files / "jfk.flac", 60)
    begun = Audio(speech.samples[: round(TELEVISION_S * speech.rate)], speech.rate)
    television = recording(pulse.folder, "television.wav", begun)
    daemon = Daemon(pulse, SETTINGS.format(speed=1.0), KNOWN)
    try:
        daemon.wait_until_listening()
        pulse.say(television)
        assert daemon.phases() == [], "it is deaf to a stranger"
        for _ in range(TIMES):
            pulse.say(audio_files / "question-en.wav")
            try:
                daemon.wait_for_phase("speaking", timeout_s=60)
                break
            except AssertionError:
                assert daemon.process.poll() is None
        daemon.wait_until_said(0)
        assert daemon.phases().count("speaking") == 1, "only the question was answered"
        daemon.stop()
    finally:
        daemon.kill()
