"""Asks the service manager for patience during the start: a slow computer is not a dead one.

From the first moment a thread of its own looks whether the start goes on: whether this process and
its children have computed or read anything since the last look. While they have, the manager is
asked for more time (``EXTEND_TIMEOUT_USEC``, sd_notify(3)), and its watchdog is pinged, with as
much patience.
"""

import os
import threading
import time
from pathlib import Path

from daemon.service.notify import notify, watchdog_s

POLL_INTERVAL_S = 5.0  # between two looks
EXTENSION_S = 120.0  # asked for; loading a large library may keep Python's lock for a minute
MIN_BUSY_S = 0.02  # of processor time since the last look: this thread alone needs less
READ_BYTES = 100_000  # or so much read
MAX_START_S = 1800.0  # a start that goes on for longer goes in circles


class StartupExtender:
    """The thread; there is one in a process at most."""

    def __init__(self, interval_s: float = POLL_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="start-up", daemon=True)

    def begin(self) -> None:
        """Begin to look."""
        notify(STATUS="starting")
        self._thread.start()

    def end(self) -> None:
        """End: what was asked for has come about, or nothing will."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        begin, worked, read = time.monotonic(), 0.0, 0
        while time.monotonic() - begin < MAX_START_S:
            now_worked, now_read = worked_s(), read_bytes()
            if now_worked - worked >= MIN_BUSY_S or now_read - read >= READ_BYTES:
                microseconds = int(EXTENSION_S * 1e6)
                notify(EXTEND_TIMEOUT_USEC=microseconds)
                if watchdog_s() is not None:
                    notify(WATCHDOG_USEC=microseconds, WATCHDOG=1)
                worked, read = now_worked, now_read
            if self._stop.wait(self._interval_s):
                return


_beats: list[StartupExtender] = []


def begin() -> None:
    """Begin, if a service manager has started this process."""
    if os.environ.get("NOTIFY_SOCKET") and not _beats:
        beat = StartupExtender()
        _beats.append(beat)
        beat.begin()


def end() -> None:
    """End, and give the watchdog back the patience that the unit has."""
    while _beats:
        _beats.pop().end()
        if interval_s := watchdog_s():
            notify(WATCHDOG_USEC=int(interval_s * 1e6), WATCHDOG=1)


def worked_s() -> float:
    """Return the processor time of this process and its children so far, in seconds."""
    total = time.process_time()
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            for child in path.read_text(encoding="ascii").split():
                line = Path(f"/proc/{child}/stat").read_text(encoding="utf-8", errors="replace")
                fields = line.rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
    return total


def read_bytes() -> int:
    """Return how much this process has read so far."""
    try:
        first = Path("/proc/self/io").read_text(encoding="ascii").split()
        return int(first[1])
    except (OSError, ValueError, IndexError):
        return 0
