"""Reading ahead: words are looked for while nobody knows yet whether the person has finished."""

import asyncio
import logging

from daemon.media import Transcript, Utterance
from daemon.stages import Recognizer
from daemon.worker import Worker

log = logging.getLogger(__name__)

Reading = asyncio.Task[Transcript | None]


class ReadingAhead:
    """The newest utterance that may have ended, and the task that transcribes it."""

    def __init__(self, recognizer: Recognizer, hearing: Worker) -> None:
        self._recognizer = recognizer
        self._hearing = hearing
        self.newest: Transcript | None = None
        """What was read last; the person may be going on meanwhile."""
        self._utterance: Utterance | None = None
        self._reading: Reading | None = None

    def begin(self, utterance: Utterance, group: asyncio.TaskGroup) -> None:
        """Begin with this one; an older one is of no use any more."""
        if self._reading is not None:
            self._reading.cancel()
        self._utterance = utterance
        self._reading = group.create_task(self._read(utterance), name="reading ahead")

    def of(self, utterance: Utterance) -> Reading | None:
        """Return what reads this utterance, if it is the one that was begun with."""
        begun = self._utterance
        if begun is None or (begun.start, begun.end) != (utterance.start, utterance.end):
            return None
        return self._reading

    async def _read(self, utterance: Utterance) -> Transcript | None:
        try:
            transcribe = self._recognizer.transcribe
            self.newest = await self._hearing.run(transcribe, utterance.audio)
            return self.newest
        except Exception as error:  # whoever wants the words tries again, and meets the error there
            log.debug("turn %d: reading ahead: %s", utterance.turn, error)
            return None
