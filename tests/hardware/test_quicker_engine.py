"""A daemon that runs changes its brain's engine while nobody talks, and goes on talking."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hardware.daemon_process import SETTINGS, Daemon
from tests.hardware.pulse import Pulse, missing_programs

pytest.importorskip("openvino")
pytest.importorskip("llguidance")

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]
CHANGE_S = 900.0  # for two measurements and a conversion beside other tests


def test_the_quicker_engine_is_found_and_used_while_nobody_talks(
    pulse: Pulse, weights: Callable[[str], Path], tmp_path: Path
) -> None:
    for name in ("whisper-tiny-en", "piper-joe", "silero-vad", "smart-turn"):
        weights(name)
    model = shutil.copy(next(weights("smollm2-135m").glob("*.gguf")), tmp_path / "own.gguf")
    cache = tmp_path / "cache" / "digital-life"  # nothing is known of this machine
    cache.mkdir(parents=True)
    (cache / "models").symlink_to(weights("smollm2-135m").parent)
    pulse.env["XDG_CACHE_HOME"] = str(cache.parent)
    settings = SETTINGS.format(speed=1.0).replace("smollm2-135m", str(model))
    daemon = Daemon(pulse, settings, module="tests.hardware.hurried")

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "daemon", "--config", str(pulse.folder / "config.toml")]
        done = subprocess.run(
            [*command, *words], env=pulse.env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def engine() -> str:
        return str(json.loads(run("status", "--json"))["models"]["engine"])

    try:
        daemon.wait_until_listening()
        assert engine() == "llama.cpp"
        daemon.wait_for(lambda: engine() == "OpenVINO", CHANGE_S)
        assert run("ask", "What is the capital of France?").strip()
        daemon.stop()
        assert daemon.process.returncode == 0
    finally:
        daemon.kill()
    assert not [path for path in (cache / "engines").iterdir() if path.name.endswith(".part")]
