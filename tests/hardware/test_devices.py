"""Sound devices that come and go, on a real sound server."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daemon.audio.device_monitor import GIVE_UP_S
from tests.hardware.pulse import Pulse, missing_programs

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {missing_programs()}"),
    pytest.mark.timeout(1800),
]

LOUD = 0.02
Line = dict[str, Any]


class Probe:
    """``probe.py`` as a process."""

    def __init__(self, pulse: Pulse) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.hardware.probe"],
            env=pulse.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )
        self._lines: queue.Queue[Line] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def until(
        self, wanted: Callable[[Line], bool], timeout_s: float = 300, *, from_now: bool = True
    ) -> Line:
        """Return the first line that is wanted, of those from now on or of those not yet seen."""
        while from_now and not self._lines.empty():
            self._lines.get()
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                ended = self.process.poll() is not None
                reason = self.end() if ended else f"not within {timeout_s} s"
                raise AssertionError(reason) from None
            if wanted(line):
                return line

    def end(self) -> str:
        """End it; return what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stderr is not None and self.process.stdout is not None
        if self.process.stderr.closed:
            return ""
        with self.process.stderr, self.process.stdout:
            return self.process.stderr.read()


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    with Pulse(tmp_path) as server:
        server.pactl("set-default-source", "room.monitor")
        yield server


@pytest.fixture
def probe(pulse: Pulse) -> Iterator[Probe]:
    probe = Probe(pulse)
    try:
        probe.until(hears)
        yield probe
    finally:
        probe.end()


def hears(line: Line) -> bool:
    return bool(line.get("level", 0) > LOUD)


def lost(line: Line) -> bool:
    return line.get("event") == "lost"


def moves_to(pulse: Pulse, probe: Probe, sink: str, timeout_s: float = 300) -> None:
    """Wait until it plays into ``sink`` and hears its monitor, then until that arrives.

    A level that it told may be from before the change: the microphone's ring holds two seconds.
    """
    deadline = time.monotonic() + timeout_s
    while (found := places(pulse, probe)) != [sink, f"{sink}.monitor"]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    probe.until(hears)


def places(pulse: Pulse, probe: Probe) -> list[str]:
    """Name the sink that it plays into and the source that it hears."""

    def listed(what: str) -> list[Line]:
        items: list[Line] = json.loads(pulse.pactl("--format=json", "list", what))
        return items

    found = []
    for streams, ports, key in (
        ("sink-inputs", "sinks", "sink"),
        ("source-outputs", "sources", "source"),
    ):
        names = {port["index"]: port["name"] for port in listed(ports)}
        found += [
            names[stream[key]]
            for stream in listed(streams)
            if stream["properties"].get("application.process.id") == str(probe.process.pid)
        ]
    return found


def test_audible_is_what_the_sinks_monitor_hears(probe: Probe) -> None:
    """The server knows its delays only a second or more after a stream has begun.

    So the moments that it tells are waited for until they agree, for minutes.
    """
    ahead: deque[float] = deque(maxlen=12)
    deadline = time.monotonic() + 300
    while len(ahead) < 12 or abs(np.median(ahead)) >= 15:
        assert time.monotonic() < deadline, ahead
        ahead.append(probe.until(lambda line: line.get("ahead_ms") is not None)["ahead_ms"])


@pytest.mark.parametrize("gap_s", [0, 5])
def test_a_sound_server_that_crashes_and_comes_back(
    pulse: Pulse, probe: Probe, gap_s: float
) -> None:
    pulse.restart(gap_s)
    pulse.pactl("set-default-source", "room.monitor")
    moves_to(pulse, probe, "room")
    assert probe.process.poll() is None
    assert "Traceback" not in probe.end()


def test_a_changed_default_device_is_followed(pulse: Pulse, probe: Probe) -> None:
    pulse.pactl("load-module", "module-null-sink", "sink_name=headset", "rate=48000")
    pulse.pactl("set-default-source", "headset.monitor")
    probe.until(lambda line: "level" in line and not hears(line))
    pulse.pactl("set-default-sink", "headset")
    moves_to(pulse, probe, "headset")


def test_an_unplugged_device_is_left_for_another(pulse: Pulse, probe: Probe) -> None:
    module = pulse.pactl("load-module", "module-null-sink", "sink_name=headset", "rate=48000")
    pulse.pactl("set-default-sink", "headset")
    pulse.pactl("set-default-source", "headset.monitor")
    probe.until(hears)
    pulse.pactl("unload-module", module.strip())
    pulse.pactl("set-default-sink", "room")
    pulse.pactl("set-default-source", "room.monitor")
    moves_to(pulse, probe, "room")


def test_a_sound_server_that_is_gone_for_good_ends_it_with_a_message(
    pulse: Pulse, probe: Probe
) -> None:
    begin = time.monotonic()
    pulse.stop(kill=True)
    line = probe.until(lambda line: line.get("event") == "end", GIVE_UP_S + 300, from_now=False)
    assert time.monotonic() - begin > GIVE_UP_S - 1
    assert "did not come back within 30 s" in line["message"]
    assert probe.process.wait(300) == 4


def test_a_sound_server_that_hangs_for_good_ends_it_too(pulse: Pulse, probe: Probe) -> None:
    assert pulse._process is not None
    pulse._process.send_signal(signal.SIGSTOP)
    try:
        probe.until(lost, from_now=False)  # nothing was lost before
        probe.until(lambda line: line.get("event") == "end", GIVE_UP_S + 300, from_now=False)
        assert probe.process.wait(300) == 4
    finally:
        pulse._process.send_signal(signal.SIGCONT)
