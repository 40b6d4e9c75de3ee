"""Who answers: switches between personas, when a program asks for it or somebody says so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from daemon.apply import Applied
from daemon.brain.sentences import is_chinese
from daemon.config.state import SettingsState
from daemon.dialogue.personas import DEFAULT, Persona, find_persona, list_personas
from daemon.dialogue.turn import Recitation
from daemon.dialogue.voice_commands import wanted_persona
from daemon.errors import DigitalLifeError
from daemon.events import Bus, PersonaSwitched
from daemon.languages import language as known_language
from daemon.languages.guess import language_of
from daemon.media import Transcript
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

    def obey(self, running: Running) -> None:
        """Obey spoken orders from now on."""
        running.session.use(voice_command=lambda said: self._order(running, said))

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
        persona = find_persona(name, self._settings.wanted)
        chosen = "" if persona.id == DEFAULT else persona.id
        outcome = await self._choose({"persona.name": chosen})
        running.session.forget()
        await running.chat.begin(chosen)
        self._bus.publish(PersonaSwitched(persona.id, persona.name))
        spoken = language or running.components.settings.ears.languages[0]
        running.session.ask(Recitation(greeting(persona, spoken)))
        return outcome

    def _order(self, running: Running, said: Transcript) -> Callable[[], None] | None:
        """Return what switches, if that is what was said."""
        persona = wanted_persona(said.text, lambda: list_personas(self._settings.wanted))
        if persona is None:
            return None
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
