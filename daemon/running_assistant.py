"""What the built-in skills can have a running daemon do: louder, slower, asleep, somebody else."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from daemon.apply import Applied
from daemon.config.state import SettingsState
from daemon.dialogue.personas import find_persona, list_personas
from daemon.dialogue.turn import Recitation
from daemon.errors import DigitalLifeError
from daemon.events import EarsOpened, SleepChanged
from daemon.face.catalogue import list_faces
from daemon.languages import language
from daemon.media import Transcript
from daemon.persona_switcher import PersonaSwitcher, name_in
from daemon.running import Running
from daemon.skills.clock import local_time
from daemon.skills.intents import Names, SwitchFace, SwitchPersona, SwitchVoice
from daemon.skills.outcomes import Switched
from daemon.skills.replies import reply
from daemon.voice.catalogue import list_voices

NAMES_S = 30.0  # for which names are remembered: they stand in files, and every question asks

Choose = Callable[[Mapping[str, object]], Awaitable[Applied]]

log = logging.getLogger(__name__)


class RunningAssistant:
    """The assistant of ``daemon.skills.assistant``. Belongs to the event loop's thread."""

    def __init__(
        self, running: Running, settings: SettingsState, choose: Choose, personas: PersonaSwitcher
    ) -> None:
        """``choose`` sets settings by name."""
        self._running, self._settings = running, settings
        self._choose, self._personas = choose, personas
        self._names = Names()
        self._read = float("-inf")
        bus, context = running.bus, running.session.context
        context.on_sleep = lambda asleep: bus.publish(SleepChanged(asleep))
        # A key or a wake word is as good as "wake up".
        opened = bus.subscribe(EarsOpened, lambda event: context.wake() if event.open else None)
        running.components.on_close(opened)

    def names(self) -> Names:
        """Return what it and its personas, voices and faces are called."""
        now = time.monotonic()
        if now - self._read >= NAMES_S:
            self._read = now
            self._names = Names(
                assistant=tuple(self._running.session.context.own_names),
                personas=tuple(
                    name
                    for persona in list_personas(self._settings.wanted)
                    for name in (persona.name, *persona.also)
                ),
                voices=tuple(voice.name for voice in list_voices()[0]),
                faces=tuple(face.name for face in list_faces()),
            )
        return self._names

    def persona(self, language: str) -> str:
        """Return who answers."""
        settings = self._settings.wanted
        return name_in(language, find_persona(settings.persona.name, settings))

    def double_of(self, language: str) -> str:
        """Return the person whose double answers; "" if it is nobody's."""
        settings = self._settings.wanted
        persona = find_persona(settings.persona.name, settings)
        return name_in(language, persona) if persona.double else ""

    @property
    def volume(self) -> float:
        """The loudness of its voice, 0 to 1."""
        return self._running.components.settings.voice.volume

    @property
    def pace(self) -> float:
        """Times the voice's own pace."""
        return self._running.components.settings.voice.speed

    @property
    def last_heard(self) -> str:
        """What was heard of what it said last."""
        return self._running.session.context.said

    async def set_volume(self, level: float) -> None:
        """Speak so loud, 0 to 1, from the next sentence on."""
        await self._choose({"voice.volume": level})

    async def set_pace(self, pace: float) -> None:
        """Speak so fast from the next sentence on."""
        await self._choose({"voice.speed": pace})

    def switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, said: Transcript) -> None:
        """Become another soon, and say so; what is being said until then is cut short by it."""
        self._running.skills.spawn(self._switch(to, said))

    async def _switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, said: Transcript) -> None:
        try:
            match to:
                case SwitchPersona(name):
                    await self._personas.switch(self._running, name, said.language)
                    return
                case SwitchVoice(name):
                    await self._choose({"voice.name": name})
                    outcome = Switched("voice", name)
                case SwitchFace(name):
                    await self._choose({"face.name": name})
                    outcome = Switched("face", name)
            text = reply(outcome, said.language, local_time(time.time()))
        except DigitalLifeError as error:
            log.error("%s %s", error, error.fix)
            text = language(said.language).said.apology
        self._running.session.ask(Recitation(text, answers=said))

    def sleep(self) -> str:
        """Hear nothing but being woken, once this is answered; return the wake word, if any."""
        context = self._running.session.context
        context.falls_asleep = True
        return context.wake_phrase

    def wake(self) -> None:
        """Hear everything again."""
        self._running.session.context.wake()
