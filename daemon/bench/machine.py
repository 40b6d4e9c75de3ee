"""What a measurement ran on: the machine, and what else it did meanwhile."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.bench.figures import Row
from daemon.graphics import graphics_cards
from daemon.i18n import tr
from daemon.media import JsonObject
from daemon.processor_load import physical_cores, processor

# Those that a model's arithmetic is quicker with, the plain ones first (x86-64, then Arm).
INSTRUCTIONS = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16",
    "asimddp", "i8mm", "bf16", "sve",
)  # fmt: skip
BEFORE_S = 2.0  # of looking at the load before anything is measured
QUIET = 0.2  # processors that others may take before figures are doubted
# Ends by itself when whoever measures was killed.
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Machine:
    """What it is."""

    processor: str
    instructions: tuple[str, ...]
    cores: int
    """Physical ones that this process may use."""
    threads: int
    """Logical ones: more than ``cores`` where two threads share one."""
    memory_bytes: int
    graphics: tuple[str, ...]


def this_machine() -> Machine:
    """Look at it."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return Machine(
        processor(),
        tuple(name for name in INSTRUCTIONS if name in known),
        physical_cores(),
        len(os.sched_getaffinity(0)),
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        tuple(card.name for card in graphics_cards()),
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What others took of the processors, in processors: 0.5 is half of one."""

    before: float
    during: float
    """Not by the measurement, what it measures or what was started to keep a processor busy."""
    stolen: float
    """What the host of a virtual machine gave to others meanwhile."""

    @property
    def quiet(self) -> bool:
        """Whether figures can be believed."""
        return max(self.before, self.during, self.stolen) < QUIET


class Circumstances:
    """Under which something is measured in the ``with`` block: the machine and its load.

    Looks at the load before for ``BEFORE_S``. ``busy`` has another process take a whole processor
    meanwhile, as a video call does. Whatever is started in the block must have been waited for
    when it ends, or its work counts as that of others.
    """

    def __init__(self, busy: bool) -> None:
        self.machine = this_machine()
        self._busy = busy
        self._load: Load | None = None

    def __enter__(self) -> Self:
        begin = _used(), time.monotonic()
        time.sleep(BEFORE_S)
        self._before, _ = _others(*begin)
        self._open = ExitStack()
        self._begin = _used(), time.monotonic()
        if self._busy:
            self._open.enter_context(_busy_processor())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        self._load = Load(self._before, *_others(*self._begin))

    @property
    def load(self) -> Load:
        """That of the block, which has ended."""
        assert self._load is not None
        return self._load

    def rows(self) -> list[Row]:
        """Tell of machine and load."""
        machine, load = self.machine, self.load
        shared = machine.threads > machine.cores
        cores = tr("{n} cores, two threads each") if shared else tr("{n} cores")
        parts = (machine.processor, cores.format(n=machine.cores), " ".join(machine.instructions))
        taken = tr("{before:.2f} before, {during:.2f} during; taken by the host {stolen:.2f}")
        doing = taken.format(**asdict(load))
        rows = [
            Row(tr("machine"), ", ".join(filter(None, parts))),
            Row(tr("graphics"), ", ".join(machine.graphics) or tr("none")),
            Row(tr("processors that others took"), doing, f"< {QUIET}", load.quiet),
        ]
        if self._busy:
            rows.append(Row(tr("beside it"), tr("a program that takes a whole processor")))
        return rows

    def as_json(self) -> JsonObject:
        """Return them for programs."""
        return {"machine": asdict(self.machine), "load": asdict(self.load), "busy": self._busy}


@dataclass(frozen=True, slots=True)
class _Used:
    """Processor time so far, in seconds."""

    all: float
    stolen: float
    own: float


def _used() -> _Used:
    """Read it (proc(5), /proc/stat); guests are counted within ``user``."""
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _, _, irq, softirq, stolen = map(int, line.split()[1:9])
    return _Used(
        (user + nice + system + irq + softirq) / TICKS, stolen / TICKS, sum(os.times()[:4])
    )


def _others(before: _Used, began: float) -> tuple[float, float]:
    """Return what others took since, and what was stolen, in processors."""
    now, passed = _used(), time.monotonic() - began
    others = (now.all - before.all) - (now.own - before.own)
    return max(0.0, others) / passed, (now.stolen - before.stolen) / passed


@contextmanager
def _busy_processor() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", SPIN], start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()
