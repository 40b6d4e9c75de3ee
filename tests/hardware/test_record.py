"""A film of a conversation: question and answer are heard, and lips move with what is said."""

import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio
from daemon.worker import CancelToken
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]


def test_a_film_holds_the_question_the_answer_and_lips_that_move(
    pulse: Pulse, daemon: Daemon, audio_files: Path, weights: Callable[[str], Path]
) -> None:
    path = pulse.folder / "talk.mp4"
    command = [sys.executable, "-m", "daemon", "record", str(path)]
    recording = subprocess.Popen(command, env=pulse.env, stderr=subprocess.PIPE, text=True)
    wait_until(
        path.exists, lambda: recording.poll() and recording.stderr and recording.stderr.read()
    )
    phase = len(daemon.phases())
    pulse.say(audio_files / "question-en.wav")
    asked = daemon.wait_for_phase("thinking", phase)
    daemon.wait_until_said(asked)
    recording.send_signal(signal.SIGINT)
    _, told = recording.communicate(timeout=300)
    assert recording.returncode == 0, told
    assert f"→ {path}" in told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    sound, moves = read(path)
    ears = Whisper(weights("whisper-tiny-en"), ("en",), 2)
    words = ears.transcribe(sound.at_rate(LISTEN_RATE), CancelToken()).text
    ears.close()
    assert "capital of france" in words.lower()
    loud = np.flatnonzero(loud_blocks(sound)) / 50  # seconds, of 20 ms each
    answer = loud[int(np.argmax(np.diff(loud))) + 1 :]  # the longest silence is before it
    speaking = [moved for at, moved in moves if answer[0] <= at <= answer[-1]]
    before = [moved for at, moved in moves if at < loud[0]]
    assert np.mean(speaking) > 2 * np.mean(before)


def read(path: Path) -> tuple[Audio, list[tuple[float, float]]]:
    """Return the sound, and how much of each picture's middle, where the mouth is, has changed."""
    moves, last = list[tuple[float, float]](), None
    with av.open(str(path)) as film:
        for picture in film.decode(video=0):
            mouth = picture.to_ndarray(format="gray")[350:500, 560:720].astype(np.float32)
            if last is not None:
                moves.append((picture.time or 0.0, float(np.abs(mouth - last).mean())))
            last = mouth
        film.seek(0)
        sound = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    return Audio(np.asarray(sound, np.float32), SPEAK_RATE), moves
