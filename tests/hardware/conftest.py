"""A sound server and a daemon for tests; what is too slow for each run is run when asked for."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hardware.daemon_process import SETTINGS, Daemon
from tests.hardware.pulse import Pulse

collect_ignore = [] if os.environ.get("DIGITAL_LIFE_SLOW_TESTS") else ["test_bench.py"]


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    tmp_path.chmod(0o700)  # as the runtime folder of a session is
    with Pulse(tmp_path) as server:
        yield server


@pytest.fixture
def daemon(pulse: Pulse, weights: Callable[[str], Path]) -> Iterator[Daemon]:
    for name in ("whisper-tiny-en", "smollm2-135m", "piper-joe", "silero-vad", "smart-turn"):
        weights(name)
    started = Daemon(pulse, SETTINGS.format(speed=1.0))
    try:
        started.wait_until_listening()
        yield started
    finally:
        started.kill()
