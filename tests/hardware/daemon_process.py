"""``digital-life run`` as a process, and what it tells on stderr."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from tests.hardware.pulse import Pulse

PHASE = re.compile(r"turn (-?\d+): (\w+)$")
START_S = 600.0
SETTINGS = """\
[ears]
model = "whisper-tiny-en"
languages = ["en"]
[brain]
model = "smollm2-135m"
max_reply_tokens = 20
[voice]
speed = {speed}
"""


class Daemon:
    """Runs until it is stopped; its states are known from its log."""

    def __init__(self, pulse: Pulse, *settings: str, module: str = "daemon") -> None:
        config = pulse.folder / "config.toml"
        config.write_text("\n".join(settings))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--config", str(config), "run"],
            env=pulse.env,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)  # grows line by line

    def wait_until_listening(self) -> None:
        self.wait_for(lambda: any("Listening" in line for line in self.lines), START_S)

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, "".join(self.lines)
            assert time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.05)

    def phases(self) -> list[str]:
        """Name every state that it was in, in order."""
        found = (PHASE.search(line) for line in self.lines)
        return [match[2] for match in found if match]

    def wait_for_phase(self, phase: str, after: int = 0, timeout_s: float = 300) -> int:
        """Return the place among ``phases()``, from ``after`` on, at which it comes."""
        self.wait_for(lambda: phase in self.phases()[after:], timeout_s)
        return after + self.phases()[after:].index(phase)

    def wait_until_said(self, after: int) -> None:
        """Wait until it has spoken, after so many ``phases()``, and listens.

        On a busy machine there may be seconds of silence within what it says.
        """
        self.wait_for_phase("listening", self.wait_for_phase("speaking", after))

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send the signal; return the seconds until it ended well."""
        begin = time.monotonic()
        self.process.send_signal(number)
        assert self.ended(300) == 0, "".join(self.lines)
        return time.monotonic() - begin

    def ended(self, timeout_s: float) -> int:
        """Wait for its end and return its exit code; a traceback is a failure."""
        code = self.process.wait(timeout_s)
        self._thread.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        assert "Traceback" not in "".join(self.lines), "".join(self.lines)
        return code

    def kill(self) -> None:
        """End it whatever it does, if it has not ended."""
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
