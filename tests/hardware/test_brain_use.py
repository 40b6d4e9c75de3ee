"""``brain use`` beside a running daemon: it begins anew with the other brain."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import flash_gguf
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, missing_programs

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]


def test_a_running_daemon_begins_anew_with_the_brain_that_is_used(
    pulse: Pulse, daemon: Daemon, tmp_path: Path
) -> None:
    path = flash_gguf.write(tmp_path / "flash.gguf")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "daemon", "--config", str(pulse.folder / "config.toml")]
        return subprocess.run([*command, *words], env=pulse.env, capture_output=True, text=True)

    def brain() -> str:
        status = run("status", "--json").stdout
        return str(json.loads(status)["models"]["brain"]) if status else ""

    assert brain() == "smollm2-135m"
    used = run("brain", "use", str(path))
    assert used.returncode == 0, used.stderr
    assert "The running daemon loads it now." in used.stdout
    daemon.wait_for(lambda: sum("Listening" in line for line in daemon.lines) == 2, 600)
    assert brain().endswith("flash.gguf")
    assert "max_reply_tokens = 20" in (pulse.folder / "config.toml").read_text()
