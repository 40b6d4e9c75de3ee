"""Who is known, as the conversation changes it: introduced and forgotten by voice."""

import logging

from daemon.dialogue.turn import Recitation
from daemon.errors import DigitalLifeError
from daemon.events import PeopleChanged
from daemon.languages import language as known_language
from daemon.people.person import Embeddings, Person
from daemon.running import Running

log = logging.getLogger(__name__)


class RunningPeople:
    """The ``PeopleBook`` of a daemon that listens. Belongs to the event loop's thread."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def add(self, name: str, voiceprints: Embeddings, tools: bool) -> Person:
        """Know somebody from now on. Raises ``InputError``, or ``StorageError``."""
        from daemon.ears.speaker_id import WEIGHT

        people = self._running.components.people
        worker = self._running.components.shared_worker("people")
        person = await worker.run(lambda _: people.add(name, voiceprints, WEIGHT, tools=tools))
        await self._running.speakers.refresh()
        self._running.bus.publish(PeopleChanged())
        return person

    def remove(self, person: Person, farewell: str) -> None:
        """Forget everything about somebody soon, and say so."""
        self._running.skills.spawn(self._forget(person, farewell))

    async def _forget(self, person: Person, farewell: str) -> None:
        try:
            await self._running.forget_person(person.number)
        except DigitalLifeError as error:
            log.error("%s %s", error.message, error.fix)
            language = self._running.session.language
            farewell = known_language(language).said.apology
        self._running.session.ask(Recitation(farewell))
