"""What each stage did and when, as a file for a trace viewer: no words, no sound.

The format is Chrome's trace event format ("Trace Event Format", Google, 2016), which
chrome://tracing and https://ui.perfetto.dev show as bars on a time line.
"""

import json
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase
from daemon.dialogue.timing import Timings
from daemon.files import atomic_write

MAX_EVENTS = 200_000  # some hours of talk, 20 MB; the oldest are dropped
US = 1_000_000


class Trace:
    """Collects the turns of a conversation while the ``with`` block runs, then writes them.

    However the block ends, what was collected is written. Raises ``StorageError``. One thread's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: deque[dict[str, object]] = deque(maxlen=MAX_EVENTS)
        self._tracks: dict[str, int] = {}
        self._reply: Reply | None = None
        self._phase, self._turn, self._since = Phase.LISTENING, 0, time.monotonic()
        self._all = 0  # events so far, with those dropped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._state_ended()
        names = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": track}}
            for track, number in self._tracks.items()
        ]
        told = {
            "traceEvents": [*names, *self._events],
            "displayTimeUnit": "ms",
            "otherData": {"oldest events dropped": self._all - len(self._events)},
        }
        with atomic_write(self.path) as part:
            part.write_text(json.dumps(told), encoding="utf-8")

    def follow(self, step: ConversationStep) -> None:
        """See a step of the conversation."""
        state, reply = step.state, step.reply
        if reply is not self._reply:
            self._end()
            self._reply = reply
        if state.phase is not self._phase:
            self._state_ended()
            self._phase, self._turn = state.phase, state.turn

    def add(self, turn: int, timings: Timings) -> None:
        """Add what is known of a turn."""
        for stage, begin, end in timings.spans.copy():  # a cancelled stage may still add one
            self._span(stage, stage, begin, end, turn)
        for mark, after in {"speech_end": 0.0, **timings.marks}.items():
            at = round((timings.speech_end + after) * US)
            self._note("turns", turn, {"name": mark, "ph": "i", "s": "p", "ts": at})

    def _end(self) -> None:
        if self._reply is not None:
            self.add(self._reply.turn.number, self._reply.timings)
            self._reply = None

    def _state_ended(self) -> None:
        now = time.monotonic()
        if self._phase is not Phase.LISTENING:
            self._span("turns", self._phase.value, self._since, now, self._turn)
        self._since = now

    def _span(self, track: str, name: str, begin: float, end: float, turn: int) -> None:
        span = {"name": name, "ph": "X", "ts": round(begin * US), "dur": round((end - begin) * US)}
        self._note(track, turn, span)

    def _note(self, track: str, turn: int, event: dict[str, object]) -> None:
        thread = self._tracks.setdefault(track, len(self._tracks) + 1)
        self._all += 1
        self._events.append({**event, "pid": 1, "tid": thread, "args": {"turn": turn}})
