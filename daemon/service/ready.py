"""Waiting until a service has started, for as long as it makes progress."""

import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import DigitalLifeError
from daemon.i18n import tr

POLL_INTERVAL_S = 1.0
STILL_S = 180.0  # a start that shows no progress for so long has got stuck
WORKED = 2  # clock ticks since the last progress: the process computes
PROPERTIES = ("ActiveState", "SubState", "StatusText", "MainPID", "Job", "Result")


@dataclass(frozen=True, slots=True)
class AwaitReady:
    """A step: wait until the service is ready, and tell what it does meanwhile."""

    unit: str
    scope: tuple[str, ...]
    """The option of ``systemctl``."""
    root: bool = False

    def __str__(self) -> str:
        return tr("wait until {unit} is ready").format(unit=self.unit)

    @property
    def command(self) -> list[str]:
        """What shows the same, once."""
        return ["systemctl", *self.scope, "status", self.unit]

    @property
    def line(self) -> str:
        """The same for a shell."""
        return shlex.join(self.command)

    def wait(self, tell: Callable[[str], None]) -> None:
        """Return when it is ready; ``DigitalLifeError`` when it fails, or nothing goes on."""
        told, worked, moved = "", 0, time.monotonic()
        while True:
            found = self._poll()
            pending, active = found.get("Job", "0") not in ("", "0"), found.get("ActiveState", "")
            if active == "active" and not pending:
                return
            if active == "failed" or found.get("SubState") == "auto-restart":
                reason = found.get("StatusText") or found.get("Result", "")
                raise DigitalLifeError(
                    tr("{unit} does not start: {reason}").format(unit=self.unit, reason=reason),
                    shlex.join(["journalctl", *self.scope, "-u", self.unit, "-n", "50"]),
                )
            now, text, ticks = time.monotonic(), found.get("StatusText", ""), _ticks(found)
            if text and text != told:
                tell(text)
            if text != told or abs(ticks - worked) >= WORKED:
                told, worked, moved = text, ticks, now
            if now - moved > STILL_S:
                raise DigitalLifeError(
                    tr("{unit} has shown no progress for {seconds:.0f} s.").format(
                        unit=self.unit, seconds=STILL_S
                    ),
                    self.line,
                )
            time.sleep(POLL_INTERVAL_S)

    def _poll(self) -> dict[str, str]:
        command = ["systemctl", *self.scope, "show", "-p", ",".join(PROPERTIES), self.unit]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=60
            )
        except subprocess.TimeoutExpired:
            return {}  # a slow manager is not a dead one either
        except OSError as error:
            raise DigitalLifeError(f"{self}: {error}") from error
        if done.returncode:
            raise DigitalLifeError(f"{self}: {done.stderr.strip()}", self.line)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _ticks(found: dict[str, str]) -> int:
    """Return the processor time of the service's process, in clock ticks; 0 where there is none."""
    if (process := found.get("MainPID", "0")) == "0":
        return 0
    try:
        line = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        fields = line.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return 0
