"""Reading ahead: words are looked for while nobody knows yet whether the person has finished."""

import asyncio
import logging
import time

from daemon.dialogue.utterances import same
from daemon.media import Transcript, Utterance
from daemon.stages import Recognizer
from daemon.worker import CancelToken, Worker

log = logging.getLogger(__name__)


class ReadingAhead:
    """The newest utterance that may have ended, and the task that transcribes it."""

    def __init__(self, recognizer: Recognizer, hearing: Worker) -> None:
        self._recognizer = recognizer
        self._hearing = hearing
        self.newest: Transcript | None = None
        """What was read last; the person may be going on meanwhile."""
        self.took = 0.0, 0.0
        """When that began and ended, ``time.monotonic()``."""
        self._utterance: Utterance | None = None
        self._reading: asyncio.Task[Transcript | None] | None = None

    def begin(self, utterance: Utterance, group: asyncio.TaskGroup) -> None:
        """Begin with this one; an older one is of no use any more."""
        if self._reading is not None:
            self._reading.cancel()
        self._utterance = utterance
        self._reading = group.create_task(self._try(utterance), name="reading ahead")

    async def words(self, utterance: Utterance) -> Transcript:
        """Return what was said, read ahead or now; raises what the recogniser raises."""
        ahead = None
        if self._reading is not None and same(utterance, self._utterance):
            ahead = await asyncio.shield(self._reading)  # others may want it, too
        return ahead or await self._read(utterance)

    async def _try(self, utterance: Utterance) -> Transcript | None:
        try:
            return await self._read(utterance)
        except Exception as error:  # whoever wants the words tries again, and meets the error there
            log.debug("turn %d: reading ahead: %s", utterance.turn, error)
            return None

    async def _read(self, utterance: Utterance) -> Transcript:
        def transcribe(cancel: CancelToken) -> tuple[Transcript, float, float]:
            begin = time.monotonic()
            found = self._recognizer.transcribe(utterance.audio, cancel)
            return found, begin, time.monotonic()

        found, begin, end = await self._hearing.run(transcribe)
        self.newest, self.took = found, (begin, end)
        return found
