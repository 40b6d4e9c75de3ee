"""The measurements themselves, as small as they go: are the figures there, and can they be true?"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.bench.sound_server import missing_programs
from daemon.system_packages import SOUND_SERVER, install_line

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(900),
]
STAGES = ("turn_end", "transcript", "first_token", "first_sentence", "first_audio", "first_audible")


@pytest.fixture
def default_weights(weights: Callable[[str], Path]) -> None:
    for name in ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn"):
        weights(name)


def bench(tmp_path: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run the command with the default settings; return its figures and its table."""
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [*command(tmp_path), *arguments, "--json", str(figures)],
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found, done.stdout


def command(tmp_path: Path) -> list[str]:
    config = tmp_path / "config.toml"
    config.touch()
    return [sys.executable, "-m", "daemon", "--config", str(config), "bench"]


def test_a_conversation_is_measured(default_weights: None, tmp_path: Path) -> None:
    figures, table = bench(tmp_path, "live", "--questions", "2", "--echo-minutes", "0.2")
    summary = figures["summary"]
    assert [answer["language"] for answer in figures["answers"]] == ["en", "zh"]
    # faster than any model can answer, or slower than a person would wait, is a broken measurement
    assert summary["latency_s"]["n"] > 0
    assert 0.2 < summary["latency_s"]["median"] < 30
    added = [summary[f"stage_{name}_s"]["median"] for name in (*STAGES, "sound")]
    assert sum(added) == pytest.approx(summary["latency_s"]["median"], rel=0.5)
    # what the daemon does not see of the delay is the way through the sound server
    assert abs(summary["stage_sound_s"]["median"]) < 0.5
    assert 0 < figures["idle_share"] < 1
    assert figures["barge_ins"][0]["stopped"]
    assert -0.1 < summary["barge_in_silence_s"]["median"] < 3
    assert figures["backchannels"]
    assert figures["echo_speech_s"] > 1
    assert figures["over_echo"]
    for name in ("first sound", "English", "中文", "mouth closed", "echo", "% of a core"):
        assert name in table


def test_sound_and_picture_are_measured(tmp_path: Path) -> None:
    figures, table = bench(tmp_path, "av", "--seconds", "5")
    assert len(figures["offsets"]) >= 2
    assert len(figures["long_offsets"]) >= 2
    assert figures["summary"]["off_s"]["p95"] < 0.25
    assert "picture behind sound" in table


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process(
    default_weights: None, tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*command(tmp_path), "live", "--questions", "2"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 200
    while len(started := descendants(process.pid)) < 4:  # server, recorder, player, daemon
        assert time.monotonic() < deadline, started
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def descendants(pid: int) -> list[int]:
    """Return the children of a process; none of them has children of its own."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in children.split()]


def test_a_machine_without_pulseaudio_is_told_what_to_install(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [*command(tmp_path), "av"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 4, done.stderr
    assert install_line(*SOUND_SERVER) in done.stderr
