"""The commands that steer a running daemon, as a person types them."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daemon.api.client import Client
from daemon.media import Audio
from daemon.voice.envelopes import RATE
from daemon.voice.world import _analyse
from daemon.worker import CancelToken
from tests.hardware.daemon_process import SETTINGS, Daemon
from tests.hardware.pulse import Pulse, loud_blocks, missing_programs

TEXT = "The quick brown fox jumps over the lazy dog."
LONG = " ".join([TEXT] * 10)
HIGHER = 1.05  # times joe's pitch, which is never twice the same: the reader is a woman

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]


def test_a_day_of_commands(
    pulse: Pulse, daemon: Daemon, audio_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", pulse.env["XDG_RUNTIME_DIR"])

    def command(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "daemon", *words],
            env=pulse.env, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status() -> dict[str, Any]:
        return Client().get("status")

    def spoken(text: str) -> Audio:
        mark = pulse.mark()
        command("say", text)
        return pulse.answer(mark, quiet_s=0.5)

    def pitch(sound: Audio) -> float:
        f0 = _analyse(sound.at_rate(RATE).samples, CancelToken()).f0
        return float(np.median(f0[f0 > 0]))

    assert json.loads(command("status", "--json"))["state"] == "listening"
    assert command("ask", "What is the capital of France?").strip()
    voices_and_faces(command, spoken, pitch)
    microphone_and_silence(pulse, command, status, audio_files)
    hostile_programs(pulse, daemon, status)

    (pulse.folder / "config.toml").write_text(SETTINGS.format(speed=1.5).replace("= 20", "= 30"))
    told = command("reload")
    assert "changed: voice.speed" in told
    assert "only after a restart: brain.max_reply_tokens" in told
    assert command("reload").strip().startswith("only after a restart")
    daemon.process.send_signal(signal.SIGHUP)
    assert "digital_life_turns_total" in command("metrics")

    phase = len(daemon.phases())
    saying = threading.Thread(target=pulse_say, args=(pulse, LONG))
    saying.start()
    daemon.wait_for_phase("speaking", phase)
    time.sleep(0.5)
    children = _children(daemon.process.pid)
    assert daemon.stop() < 60
    saying.join()
    assert not pulse.folder.joinpath("digital-life.sock").exists()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert "not running" in command("status", code=1)


def voices_and_faces(
    command: Callable[..., str],
    spoken: Callable[[str], Audio],
    pitch: Callable[[Audio], float],
) -> None:
    plain = pitch(spoken(TEXT))
    recording = Path(__file__).parent.parent / "audio" / "lj-page.ogg"
    command("voices", "add", "reader", "--from", str(recording), "--yes")
    command("voice", "reader")
    hers = pitch(spoken(TEXT))
    assert hers > HIGHER * plain
    command("voice", "nobody", code=2)
    command("voice", "")
    again = pitch(spoken(TEXT))
    assert abs(again - plain) < abs(again - hers)
    command("face", "default")
    command("face", "nobody", code=2)


def microphone_and_silence(
    pulse: Pulse,
    command: Callable[..., str],
    status: Callable[[], dict[str, Any]],
    audio_files: Path,
) -> None:
    command("mute")
    assert status()["muted"]["microphone"]
    turns = len(status()["turns"])
    pulse.say(audio_files / "question-en.wav")
    time.sleep(2.5)
    assert len(status()["turns"]) == turns, "muted it hears nothing"
    command("unmute")
    saying = threading.Thread(target=pulse_say, args=(pulse, LONG))
    saying.start()
    while status()["state"] != "speaking":
        time.sleep(0.1)
    command("stop-talking")
    saying.join(300)
    assert not saying.is_alive()


def hostile_programs(pulse: Pulse, daemon: Daemon, status: Callable[[], dict[str, Any]]) -> None:
    """Garbage, a line of 100 MB, 1,000 connections and who does not read, during a reply."""
    before, mark = status(), pulse.mark()
    phase = len(daemon.phases())
    saying = threading.Thread(target=pulse_say, args=(pulse, " ".join([TEXT] * 3)))
    saying.start()
    daemon.wait_for_phase("speaking", phase)
    attacker = subprocess.Popen(
        [sys.executable, "-m", "tests.hardware.guest.strangers",
         str(pulse.folder / "digital-life.sock")],
    )  # fmt: skip
    saying.join(300)
    attacker.terminate()
    attacker.wait(300)
    assert not saying.is_alive()
    assert loud_blocks(pulse.since(mark)).sum() * 0.02 > 5, "it was heard"
    deadline = time.monotonic() + 300
    while (after := status())["descriptors"] > before["descriptors"] + 2:
        assert time.monotonic() < deadline, "connections were left open"
        time.sleep(0.2)
    assert "reply_end" in after["turns"][-1]
    assert after["memory_mb"] - before["memory_mb"] < 50


def pulse_say(pulse: Pulse, text: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "daemon", "say", text], env=pulse.env, capture_output=True
    )


def _children(process: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == process:
            found.append(int(folder.name))
    return found
