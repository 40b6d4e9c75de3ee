"""Follows the conversation: what it is at, how long its turns took, what has gone wrong."""

import os
import time
from collections import Counter, deque
from pathlib import Path
from typing import Final

from daemon.api.answers import ProcessUsage
from daemon.bus import Bus
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase, State
from daemon.events import TurnEnded
from daemon.media import JsonObject

TURNS = 10  # whose timings are kept


class Monitor:
    """Sees every step of the session; figures only, never words. The event loop's thread."""

    def __init__(self, bus: Bus) -> None:
        self.state = State()
        self.turns: deque[JsonObject] = deque(maxlen=TURNS)
        """The newest last: ``turn``, and seconds from the end of the question per mark."""
        self.counts: Counter[str] = Counter()
        """``turns`` answered, ``interrupted``, ``degraded`` replies."""
        self.answer_s = 0.0
        """Seconds from the end of a question to the first sound, all of them together."""
        self._bus: Final = bus
        self._reply: Reply | None = None
        bus.subscribe(ConversationStep, self._see)

    def _see(self, step: ConversationStep) -> None:
        self.state = step.state
        if step.reply is not self._reply:
            self._note()
            self._reply = step.reply

    def _note(self) -> None:
        """Keep the figures of the reply that has just ended."""
        reply = self._reply
        if reply is None or "first_audible" not in reply.timings.marks:
            return
        marks = {name: round(at, 3) for name, at in reply.timings.marks.items()}
        self.turns.append({"turn": reply.turn.number, **marks})
        self.counts["turns"] += 1
        self.counts["interrupted"] += "reply_end" not in marks
        self.counts["degraded"] += bool(reply.degraded)
        self.answer_s += marks["first_audible"]
        self._bus.publish(TurnEnded(reply.turn.number, marks))

    @property
    def speaking(self) -> bool:
        """Whether it is heard just now."""
        return self.state.phase is Phase.SPEAKING


def process() -> ProcessUsage:
    """Return what this process takes."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return ProcessUsage(
        memory_mb=round(int(values["VmRSS"].split()[0]) / 1024, 1),
        peak_memory_mb=round(int(values["VmHWM"].split()[0]) / 1024, 1),
        threads=int(values["Threads"]),
        descriptors=len(os.listdir("/proc/self/fd")),
        processor_s=round(time.process_time(), 2),
    )


def prometheus(figures: dict[str, tuple[str, str, float]]) -> str:
    """Return figures in Prometheus' text format, from name to (type, what it is, value)."""
    lines = []
    for name, (kind, text, value) in figures.items():
        full = f"digital_life_{name}"
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {value:g}"]
    return "\n".join(lines) + "\n"


def metrics(monitor: Monitor, uptime_s: float, lost_samples: int | None, failed: int) -> str:
    """Return the figures for Prometheus; ``lost_samples`` is ``None`` while models load."""
    used, counts, ready = process(), monitor.counts, lost_samples is not None
    figures: dict[str, tuple[str, str, float]] = {
        "ready": ("gauge", "1 once the models are loaded", float(ready)),
        "uptime_seconds": ("gauge", "Since the start", uptime_s),
        "turns_total": ("counter", "Replies that were heard", counts["turns"]),
        "interrupted_total": ("counter", "Replies cut short", counts["interrupted"]),
        "degraded_total": (
            "counter",
            "Replies without lips or without the voice that was set",
            counts["degraded"],
        ),
        "answer_seconds_total": (
            "counter",
            "From the end of a question to the first sound, all together",
            monitor.answer_s,
        ),
        "memory_bytes": ("gauge", "Resident memory", used.memory_mb * 2**20),
        "threads": ("gauge", "Threads", used.threads),
        "descriptors": ("gauge", "Open file descriptors", used.descriptors),
        "processor_seconds_total": ("counter", "Processor time", used.processor_s),
    }
    if lost_samples is not None:
        figures["microphone_lost_samples_total"] = (
            "counter",
            "Samples that nobody read in time",
            lost_samples,
        )
        figures["degraded"] = ("gauge", "Parts that have failed", failed)
    return prometheus(figures)
