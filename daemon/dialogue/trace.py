"""What each stage did and when, as a file for a trace viewer: no words, no sound.

The format is Chrome's trace event format ("Trace Event Format", Google, 2016), which
chrome://tracing and https://ui.perfetto.dev show as bars on a time line.
"""

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from daemon.dialogue.conversation import State
from daemon.dialogue.reply import Reply
from daemon.dialogue.timeline import Timeline
from daemon.files import whole_file

MOST_EVENTS = 200_000  # some hours of talk, 20 MB; the oldest are dropped
US = 1_000_000

Observe = Callable[[State, Reply | None], None]


class Trace:
    """Collects the turns of a conversation while the ``with`` block runs, then writes them.

    However the block ends, what was collected is written. Raises ``StorageError``. One thread's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: deque[dict[str, Any]] = deque(maxlen=MOST_EVENTS)
        self._tracks: dict[str, int] = {}
        self._reply: Reply | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        names = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": track}}
            for track, number in self._tracks.items()
        ]
        told = {"traceEvents": [*names, *self._events], "displayTimeUnit": "ms"}
        with whole_file(self.path) as part:
            part.write_text(json.dumps(told), encoding="utf-8")

    def watching(self, observe: Observe) -> Observe:
        """Follow a session's steps, and pass them on."""

        def note(state: State, reply: Reply | None) -> None:
            if reply is not self._reply:
                self._end()
                self._reply = reply
            observe(state, reply)

        return note

    def add(self, turn: int, timeline: Timeline) -> None:
        """Add what is known of a turn."""
        about = {"args": {"turn": turn}}
        for stage, begin, end in timeline.spans:
            track = self._track(stage)
            duration = round((end - begin) * US)
            span = {"name": stage, "ph": "X", "ts": round(begin * US), "dur": duration}
            self._events.append({**span, **track, **about})
        track = self._track("turns")
        for mark, after in {"speech_end": 0.0, **timeline.marks}.items():
            at = round((timeline.speech_end + after) * US)
            self._events.append({"name": mark, "ph": "i", "s": "p", "ts": at, **track, **about})

    def _end(self) -> None:
        if self._reply is not None:
            self.add(self._reply.turn, self._reply.timeline)
            self._reply = None

    def _track(self, stage: str) -> dict[str, int]:
        return {"pid": 1, "tid": self._tracks.setdefault(stage, len(self._tracks) + 1)}
