"""Who answers: switches between personas, when a program asks for it or somebody says so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from daemon.apply import Applied
from daemon.brain.sentences import is_chinese
from daemon.bus import Bus
from daemon.config.state import SettingsState
from daemon.dialogue.personas import DEFAULT, Persona, find_persona, list_personas
from daemon.dialogue.turn import Recitation
from daemon.dialogue.voice_commands import wanted_persona
from daemon.errors import DigitalLifeError
from daemon.events import PersonaSwitched
from daemon.languages import language as known_language
from daemon.languages.guess import language_of
from daemon.media import Transcript
from daemon.people.person import Speaker
from daemon.running import Running

log = logging.getLogger(__name__)


class PersonaSwitcher:
    """Hears orders, switches and greets. Belongs to the event loop's thread."""

    def __init__(
        self,
        settings: SettingsState,
        choose: Callable[[Mapping[str, object]], Awaitable[Applied]],
        bus: Bus,
    ) -> None:
        """``choose`` sets settings by name, and returns what came of it."""
        self._settings = settings
        self._choose = choose
        self._bus = bus
        self._switching: asyncio.Task[None] | None = None
        self._talks_with = 0  # the number of the known person who was heard last
        self._usual: str | None = None  # who answered before somebody was given their own

    def obey(self, running: Running) -> None:
        """Obey spoken orders from now on."""
        running.session.use(voice_command=lambda said, speaker: self._order(running, said, speaker))

    def list(self) -> dict[str, object]:
        """Return who can answer, and who does."""
        settings = self._settings.wanted
        shown = {"id", "name", "also", "description", "languages", "face"}
        return {
            "persona": settings.persona.name or DEFAULT,
            "personas": [
                persona.model_dump(mode="json", include=shown)
                for persona in list_personas(settings)
            ],
        }

    async def switch(self, running: Running, name: str, language: str = "") -> Applied:
        """Answer as another, in a new conversation, and greet. Raises ``SetupError``."""
        outcome, persona = await self._become(running, name)
        self._usual = None
        spoken = language or running.components.settings.ears.languages[0]
        running.session.ask(Recitation(greeting(persona, spoken)))
        return outcome

    async def _become(self, running: Running, name: str) -> tuple[Applied, Persona]:
        persona = find_persona(name, self._settings.wanted)
        chosen = "" if persona.id == DEFAULT else persona.id
        outcome = await self._choose({"persona.name": chosen})
        running.session.forget()
        await running.chat.begin(chosen)
        self._bus.publish(PersonaSwitched(persona.id, persona.name))
        return outcome, persona

    def _order(
        self, running: Running, said: Transcript, speaker: Speaker | None
    ) -> Callable[[], None] | None:
        """Return what switches, if that is what was said, or is due to who said it."""
        persona = wanted_persona(said.text, lambda: list_personas(self._settings.wanted))
        if persona is None:
            return self._own_persona(running, said, speaker) if speaker is not None else None
        language = said.language or language_of(said.text, self._settings.wanted.ears.languages)

        async def switch() -> None:
            try:
                await self.switch(running, persona.id, language)
            except DigitalLifeError as error:
                log.error("%s %s", error, error.fix)
                running.session.ask(Recitation(known_language(language).said.apology))

        def begin() -> None:
            self._switching = asyncio.ensure_future(switch())

        return begin

    def _own_persona(
        self, running: Running, said: Transcript, speaker: Speaker
    ) -> Callable[[], None] | None:
        """Return what has somebody answered by their own persona, if another answers now.

        Whoever speaks on after that may choose another: it is looked at when another person does.
        """
        person, now = speaker.person, self._settings.wanted.persona.name
        if person is None or person.number == self._talks_with:
            return None
        wanted = person.persona or (now if self._usual is None else self._usual)
        if wanted == now:
            self._talks_with = person.number
            return None

        async def switch() -> None:
            self._talks_with = person.number
            usual = now if self._usual is None else self._usual
            try:
                await self._become(running, wanted)
                self._usual = usual if person.persona else None
            except DigitalLifeError as error:
                log.error("%s %s", error, error.fix)
            running.session.ask(said.text, speaker)

        def begin() -> None:
            self._switching = asyncio.ensure_future(switch())

        return begin


def greeting(persona: Persona, language: str) -> str:
    """Return what it says when it comes, in this language if it speaks it."""
    spoken = (
        language if not persona.languages or language in persona.languages else persona.languages[0]
    )
    text = known_language(spoken).said.greeting
    own: dict[str, str] = dict(persona.greeting.items())
    return own.get(spoken) or text.format(name=name_in(spoken, persona))


def name_in(language: str, persona: Persona) -> str:
    """Return what it calls itself in a language."""
    chinese = (name for name in persona.also if any(map(is_chinese, name)))
    return next(chinese, persona.name) if language == "zh" else persona.name
