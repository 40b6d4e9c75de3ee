"""How much of the processor other programs take, and how many threads that leaves.

Threads of one matrix product wait for each other. Where another program has a processor, a thread
too many does not help a little less: it holds up all others, by up to a time slice at every layer.
So a model takes as many threads as there are processors free, asked before each piece of its work.
"""

import math
import os
import platform
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WINDOW_S = 1.0  # "now": shorter is noise, longer misses the video call that has just begun
LOOK_S = 0.25  # between two samples that are kept
# Of one processor: with so much of it taken, two threads still begin an answer sooner than one and
# write it as quickly. Measured on two cores, see docs/performance.md.
UNNOTICED = 0.5
CPU_FIELDS = 8  # of a line in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal
IDLE_FIELDS = (3, 4)


@dataclass(frozen=True, slots=True)
class LoadSample:
    """What has been computed until a moment, in seconds of one processor."""

    at: float
    """Of the clock, in seconds."""
    everybody: float
    """By all programs, on the processors that this process may use."""
    own: float
    """By all threads of this process."""


class ProcessorLoad:
    """Watches how much others compute. Any thread may call it.

    ``sample`` takes a sample; without one that can be had nobody else seems to compute.
    """

    def __init__(self, sample: Callable[[], LoadSample | None] | None = None) -> None:
        self._sample = sample or take_sample
        self._lock = threading.Lock()
        self._kept: deque[LoadSample] = deque(maxlen=round(WINDOW_S / LOOK_S) + 2)
        self.look()

    def look(self) -> None:
        """Take a sample if the last one is old enough; who listens calls this all the time."""
        with self._lock:
            if self._kept and time.monotonic() - self._kept[-1].at < LOOK_S:
                return
            if (sample := self._sample()) is not None:
                self._kept.append(sample)

    def others(self) -> float:
        """How many processors others have taken in the last second, or since the last look."""
        self.look()
        with self._lock:
            if len(self._kept) < 2:
                return 0.0
            newest = self._kept[-1]
            start = next(
                (s for s in reversed(self._kept) if newest.at - s.at >= WINDOW_S), self._kept[0]
            )
            # After a silence in which nobody looked, the time since then is all that is known.
            seconds = newest.at - start.at
            taken = (newest.everybody - start.everybody) - (newest.own - start.own)
            return max(0.0, taken / seconds)

    def threads(self, cores: int) -> int:
        """How many threads are worth starting where there are ``cores`` physical cores; at least 1.

        The share of the processors that the control group of this process may use is the limit.
        """
        free = min(cores - self.others(), processor_quota())
        return max(1, min(cores, math.floor(free + UNNOTICED)))

    def scarce(self, cores: int) -> bool:
        """Whether less than two of ``cores`` are left: what is done beside an answer delays it."""
        return self.threads(cores) < 2


def take_sample() -> LoadSample | None:
    """Read /proc; none where there is no such thing (other systems, some containers)."""
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
        own = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        ticks = os.sysconf("SC_CLK_TCK")
        names = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        everybody = sum(_busy(words) for line in lines if (words := line.split())[0] in names)
        # The name of the program, in brackets, may hold blanks: fields are counted after it.
        fields = own.rpartition(")")[2].split()
        return LoadSample(
            time.monotonic(), everybody / ticks, (int(fields[11]) + int(fields[12])) / ticks
        )
    except (OSError, ValueError, IndexError):
        return None


def _busy(words: list[str]) -> int:
    """Return the ticks of a line of /proc/stat that were not idle; a hypervisor's count, too."""
    counts = [int(word) for word in words[1 : CPU_FIELDS + 1]]
    return sum(count for field, count in enumerate(counts) if field not in IDLE_FIELDS)


def physical_cores() -> int:
    """How many physical cores this process may use; a second thread on one core gains nothing."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text())
        except OSError:
            cores.add(str(cpu))
    return len(cores)


def processor() -> str:
    """Return what the processor calls itself; speeds measured on another do not count here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def processor_quota(
    root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> float:
    """How many processors' time the control groups (version 2) leave this process; inf for all."""
    quota = math.inf
    try:
        group = own.read_text(encoding="utf-8").rpartition("0::/")[2].strip()
    except OSError:
        return quota
    folder = root / group
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            break
        try:
            most, period = (place / "cpu.max").read_text(encoding="ascii").split()
            quota = min(quota, int(most) / int(period))
        except (OSError, ValueError, ZeroDivisionError):  # "max 100000", or no limit there
            continue
    return quota


PROCESSORS = ProcessorLoad()
"""This process's; one, because a second would measure the same."""
