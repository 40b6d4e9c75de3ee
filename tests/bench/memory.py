"""Searching the memory: a hundred thousand turns, as somebody has after years."""

import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from daemon.bench.figures import Row
from daemon.memory.entries import NewEntry
from daemon.memory.store import MemoryStore

TURNS = 100_000
A_CONVERSATION = 10  # turns
LIMIT = 20  # turns found, as the panel asks for
ROOT = Path(__file__).parents[2]
GOAL_S = 0.05
# What occurs everywhere, somewhere and nowhere; one character, phrases, several words, beginnings.
QUERIES = (
    "the", "a", "memory", "panel", "microphone camera", "voice mother recordings", "conver",
    "dentist", "albatross", "xyzzy", "的", "是", "声音", "麦克风", "语言模型", "摄像头 麦克风",
    "牙医", "信天翁", "memory 记忆", "run the daemon and tell me how high it is",
)  # fmt: skip


def fill(path: Path) -> None:
    """Keep sentences of the two READMEs, at random, and one turn that holds a rare word."""
    names = ("README.md", "README.zh-CN.md")
    lines = [
        line.strip() for name in names for line in (ROOT / name).read_text("utf-8").split("\n")
    ]
    known = [line for line in lines if len(line) > 20]
    chance = random.Random(8)
    with closing(MemoryStore(path)) as store:
        store._db.execute("PRAGMA synchronous = OFF")  # filling is not what is measured
        conversation: int | None = None
        for number in range(TURNS):
            if number % A_CONVERSATION == 0:
                conversation = None
            question, answer = chance.choice(known), chance.choice(known)
            if number == TURNS // 3:
                question += " My boat is called Albatross, 信天翁."
            conversation = store.add(NewEntry(question, answer, float(number)), conversation, "")


def searches(path: Path) -> tuple[list[float], list[float]]:
    """Return seconds of the first search after a start, per query, and of later ones."""
    first, later = [], []
    for query in QUERIES:
        _leave_memory(path)
        with closing(MemoryStore(path)) as store:
            first.append(_timed(store, query))
            later += [_timed(store, query) for _ in range(5)]
    return first, later


def _timed(store: MemoryStore, query: str) -> float:
    begin = time.perf_counter()
    store.search(query, LIMIT)
    return time.perf_counter() - begin


def _leave_memory(path: Path) -> None:
    """Let the kernel forget what it has read of the file."""
    os.sync()
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def rows() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        fill(path)
        first, later = searches(path)
        size = path.stat().st_size / 1e6
    said = "median {:.1f} ms, worst {:.1f} ms"
    return [
        Row(
            f"memory: search in {TURNS:,} turns ({size:.0f} MB), {len(later)} times",
            said.format(statistics.median(later) * 1000, max(later) * 1000),
            f"worst {GOAL_S * 1000:.0f} ms",
            max(later) <= GOAL_S,
        ),
        Row(
            f"memory: the first search after a start, nothing of it read yet, {len(first)} times",
            said.format(statistics.median(first) * 1000, max(first) * 1000),
            f"worst {GOAL_S * 1000:.0f} ms",
            max(first) <= GOAL_S,
        ),
    ]


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write(f"{row}\n")
