"""Between two questions the brain reads the conversation so far, so that the next answer need not.

What was heard is seldom to the letter what the brain wrote: it may have been interrupted, and marks
for the eye are not spoken. From the first difference on it has to be read anew.
"""

import asyncio
import logging

from daemon.brain.history import History
from daemon.dialogue.reply import Parts
from daemon.stages import ReadsAhead
from daemon.worker import CancelToken, Worker

log = logging.getLogger(__name__)


class Rehearsal:
    """At most one reading, which gives way at once. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._reading: asyncio.Task[None] | None = None

    def begin(self, history: History, parts: Parts, group: asyncio.TaskGroup | None) -> None:
        """Read what every next question will begin with; without a ``group`` there is none."""
        self.end()
        if group is not None and isinstance(parts.chat_model, ReadsAhead):
            reading = _read(history, parts.chat_model, parts.thinking)
            self._reading = group.create_task(reading, name="rehearsal")

    def end(self) -> None:
        """Stop: the brain is wanted."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


async def _read(history: History, model: ReadsAhead, worker: Worker) -> None:
    def read(cancel: CancelToken) -> None:
        model.read(history.messages(""), cancel)

    try:
        await worker.run(read)
    except Exception as error:  # the next answer will meet it again, and say so
        log.debug("the conversation could not be read ahead: %s", error)
