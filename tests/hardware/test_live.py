"""The daemon as a person runs it, on a real sound server."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.device_monitor import GIVE_UP_S
from daemon.audio.files import read_recording
from daemon.bench.signals import trimmed
from daemon.bench.sound_server import write_wav
from daemon.bench.speech import QuestionSet, load_script
from daemon.config import load, packaged_config
from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.worker import CancelToken
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs
from tests.hearing import names_paris

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]


@pytest.fixture
def listening(pulse: Pulse, weights: Callable[[str], Path]) -> Iterator[Daemon]:
    for name in ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn"):
        weights(name)
    daemon = Daemon(pulse, "[brain]", "temperature = 0.0")  # the same answers each time
    try:
        daemon.wait_until_listening()
        yield daemon
    finally:
        daemon.kill()


def test_three_turns_without_a_restart(
    pulse: Pulse, listening: Daemon, audio_files: Path, weights: Callable[[str], Path]
) -> None:
    ears = Whisper(weights("whisper-base"), ("en", "zh"), 2)
    answers = []
    for question in ("question-en.wav", "question-zh.wav", "pause-en.wav"):
        mark, before = pulse.mark(), len(listening.phases())
        pulse.say(audio_files / question)
        listening.wait_until_said(before)
        answers.append(ears.transcribe(pulse.answer(mark), CancelToken()))
        assert listening.process.poll() is None
    ears.close()
    assert names_paris(answers[0].text)
    assert answers[1].language == "zh"
    assert "京" in answers[1].text
    assert re.search(r"\w", answers[2].text)
    assert listening.stop() < 60


@pytest.fixture
def script() -> QuestionSet:
    return load_script(load(packaged_config()).settings)


def say(pulse: Pulse, samples: Samples) -> None:
    """Say it to the daemon's microphone, to its end."""
    path = pulse.folder / "said.wav"
    write_wav(path, Audio(samples, LISTEN_RATE))
    pulse.say(path)


def test_speaking_over_it_makes_it_stop(pulse: Pulse, listening: Daemon, audio_files: Path) -> None:
    mark = pulse.mark()
    pulse.say(audio_files / "pause-en.wav")
    listening.wait_for(lambda: bool(loud_blocks(pulse.since(mark)).any()), 300)
    interrupted = pulse.mark()
    pulse.say(audio_files / "question-en.wav")
    answer = pulse.answer(interrupted)
    quiet = ~loud_blocks(answer)
    assert quiet[20:100].any(), "it fell silent while the person spoke"
    assert listening.stop() < 60


def test_a_monologue_of_half_a_minute_is_answered_when_it_ends(
    pulse: Pulse, listening: Daemon, audio_files: Path
) -> None:
    names = ("jfk.flac", "lj-finished.flac", "lj-unfinished.flac") * 2
    parts = [read_recording(audio_files / name, 60).at_rate(LISTEN_RATE) for name in names]
    speech = np.concatenate([trimmed(part.samples) for part in parts])
    assert len(speech) > 32 * LISTEN_RATE
    say(pulse, speech)
    mark = pulse.mark()
    listening.wait_for_phase("speaking", len(listening.phases()) - 1)
    pulse.answer(mark)
    assert listening.stop() < 60


def test_a_sound_server_that_dies_mid_reply_comes_back_and_then_is_gone_for_good(
    pulse: Pulse, listening: Daemon, script: QuestionSet, audio_files: Path
) -> None:
    say(pulse, script.long[1].samples)
    spoke = listening.wait_for_phase("speaking")
    time.sleep(1)
    pulse.restart(1)
    listening.wait_for_phase("listening", spoke)
    listening.wait_for(lambda: any("are back" in line for line in listening.lines), 300)
    mark = pulse.mark()
    pulse.say(audio_files / "question-en.wav")
    pulse.answer(mark)
    pulse.stop(kill=True)
    assert listening.ended(GIVE_UP_S + 300) == 4
    assert "did not come back within 30 s" in "".join(listening.lines)


def test_a_signal_while_it_speaks_ends_it_quickly(
    pulse: Pulse, listening: Daemon, audio_files: Path
) -> None:
    pulse.say(audio_files / "question-en.wav")
    listening.wait_for_phase("speaking")
    time.sleep(0.3)
    assert listening.stop(signal.SIGINT) < 60
