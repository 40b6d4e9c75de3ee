"""The daemon as a person runs it, on a real sound server."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.ears.whisper import Whisper
from daemon.worker import CancelToken
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    with Pulse(tmp_path) as server:
        yield server


class Daemon:
    """``digital-life run`` as a process."""

    def __init__(self, pulse: Pulse, *settings: str) -> None:
        config = pulse.folder / "config.toml"
        config.write_text("\n".join(settings))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "--config", str(config), "run"],
            env=pulse.env,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_listening(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "Listening" in line:
                return
        raise AssertionError(f"the daemon ended: {self.process.wait()}")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send the signal; return the seconds until it ended well."""
        begin = time.monotonic()
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, rest
        assert "Traceback" not in rest
        return time.monotonic() - begin


@pytest.fixture
def listening(pulse: Pulse, weights: Callable[[str], Path]) -> Iterator[Daemon]:
    for name in ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn"):
        weights(name)
    daemon = Daemon(pulse)
    try:
        daemon.wait_until_listening()
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.communicate()


def test_three_turns_without_a_restart(
    pulse: Pulse, listening: Daemon, audio_files: Path, weights: Callable[[str], Path]
) -> None:
    ears = Whisper(weights("whisper-base"), ("en", "zh"), 2)
    answers = []
    for question in ("question-en.wav", "question-zh.wav", "pause-en.wav"):
        mark = pulse.mark()
        pulse.say(audio_files / question)
        answers.append(ears.transcribe(pulse.answer(mark), CancelToken()))
        assert listening.process.poll() is None
    ears.close()
    assert "paris" in answers[0].text.lower()
    assert answers[1].language == "zh"
    assert "京" in answers[1].text
    assert len(re.findall(r"\w+", answers[2].text)) > 3
    assert listening.stop() < 5


def test_speaking_over_it_makes_it_stop(pulse: Pulse, listening: Daemon, audio_files: Path) -> None:
    mark = pulse.mark()
    pulse.say(audio_files / "pause-en.wav")
    deadline = time.monotonic() + 60
    while not loud_blocks(pulse.since(mark)).any():
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.05)
    interrupted = pulse.mark()
    pulse.say(audio_files / "question-en.wav")
    answer = pulse.answer(interrupted)
    quiet = ~loud_blocks(answer)
    assert quiet[20:100].any(), "it fell silent while the person spoke"
    assert listening.stop() < 5


def test_a_signal_while_it_speaks_ends_it_quickly(
    pulse: Pulse, listening: Daemon, audio_files: Path
) -> None:
    mark = pulse.mark()
    pulse.say(audio_files / "question-en.wav")
    deadline = time.monotonic() + 60
    while not loud_blocks(pulse.since(mark)).any():
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.05)
    assert listening.stop(signal.SIGINT) < 5
