"""The daemon: startup, main loop, shutdown, and a restart with other settings.

``Daemon`` is the process; ``run_once.py`` is one run of it with one set of settings.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

from daemon.apply import Applied
from daemon.bus import Bus
from daemon.changes import SettingsChanger
from daemon.components import Components, part_name
from daemon.config import Settings, load
from daemon.config.state import SettingsState
from daemon.dialogue.introductions import Introductions
from daemon.dialogue.mute import Mute
from daemon.dialogue.personas import find_persona, with_persona
from daemon.errors import BusyError, DigitalLifeError, first_failure, named
from daemon.events import Loading, Ready, Reloaded, Reloading, RestartFailed
from daemon.i18n import tr
from daemon.native import give_memory_back
from daemon.persona_switcher import PersonaSwitcher
from daemon.recording import ConversationFilm
from daemon.run_once import serve
from daemon.running import Running
from daemon.running_assistant import RunningAssistant
from daemon.running_memory import RunningMemory
from daemon.running_people import RunningPeople
from daemon.weights import require_weights

log = logging.getLogger(__name__)


class Daemon:
    """The process that listens and answers. Belongs to the event loop's thread."""

    def __init__(
        self,
        settings: Settings,
        config: Path | None = None,
        with_options: Callable[[Settings], Settings] = lambda settings: settings,
        mute: Mute | None = None,
        bus: Bus | None = None,
    ) -> None:
        """``config`` is the file that ``reload`` reads; ``None`` is the user's own.

        ``with_options`` puts into its settings what the command line asked for.
        """
        self.bus: Final = bus or Bus()
        self.mute: Final = mute or Mute(self.bus)
        self.settings: Final = SettingsState(settings)
        self.changes: Final = SettingsChanger(self.settings, self.require_running, self.bus)
        self.personas: Final = PersonaSwitcher(self.settings, self.changes.choose, self.bus)
        self.config: Final = config
        self.running: Running | None = None
        """There while it listens."""
        self.loading = ""
        """What is being loaded, while it does not listen."""
        self.recording: ConversationFilm | None = None
        """The film that is being made."""
        self._with_options = with_options
        self._listened = False
        self._restart = asyncio.Event()
        self._started = time.monotonic()

    async def run_with_restarts(self) -> None:
        """Serve until cancelled, anew with what is wanted each time that a restart is asked for.

        Settings that cannot be loaded leave those before in force. Other failures are raised.
        """
        settings, before = self.settings.wanted, None
        while True:
            self.running, self._listened = None, False
            give_memory_back()
            self._restart.clear()
            self.settings.begin(settings)
            try:
                await self._run_until_restart(self.serve(settings))
            except (DigitalLifeError, BaseExceptionGroup) as error:
                failure = first_failure(error) if isinstance(error, BaseExceptionGroup) else error
                if before is None or self._listened:
                    raise
                log.error("%s The settings before are in force again.", named(failure))
                self.bus.publish(RestartFailed(named(failure)))
                settings, before = before, None
            else:
                settings, before = self.settings.wanted, self.settings.in_force
                self.bus.publish(Reloading())

    async def _run_until_restart(self, serving: Coroutine[None, None, None]) -> None:
        """Return when a restart is asked for and all has ended; raise what ended it by itself."""
        run = asyncio.ensure_future(serving)
        restart = asyncio.ensure_future(self._restart.wait())
        try:
            await asyncio.wait((run, restart), return_when=asyncio.FIRST_COMPLETED)
            if not run.done():
                self.running = None  # it answers nobody any more: they wait for the next
        finally:
            restart.cancel()
            await self.changes.stop()  # they work with what the run has made
            run.cancel()
            await asyncio.wait((run, restart))
        if not run.cancelled():
            run.result()

    async def serve(self, settings: Settings) -> None:
        """Run once, as the persona that ``settings`` name."""
        persona = find_persona(settings.persona.name, settings)
        components = Components(with_persona(settings, persona), self._note_loading)
        await serve(components, self.listens, self.mute, self.bus)

    def _note_loading(self, what: str) -> None:
        self.loading = what
        self.bus.publish(Loading(what, live=self.running is not None))

    def listens(self, running: Running) -> None:
        """Everything is loaded: answer whatever is asked from now on."""
        self.running, self._listened = running, True
        self.personas.obey(running)
        running.skills.assistant = RunningAssistant(
            running, self.settings, self.changes.choose, self.personas
        )
        running.skills.memory = RunningMemory(
            running, self.settings, self.changes.choose, self.config
        )
        book = RunningPeople(running)
        introductions = Introductions(running.speakers, book, running.session.context)
        running.session.use(introductions=introductions)
        running.components.on_close(introductions.close)
        self.bus.publish(Ready())

    def require_running(self) -> Running:
        """Return the parts; raises what to tell who asks for something while it loads."""
        if self.running is None:
            told = tr("Digital Life is still loading: {what}.").format(what=part_name(self.loading))
            raise BusyError(told, "digital-life events")
        return self.running

    async def restart(self) -> None:
        """Load everything anew once all changes are made; refused if that cannot be loaded."""

        async def restart() -> None:
            require_weights(self.settings.wanted, self.require_running().components.store)
            self._restart.set()

        await self.changes.one_at_a_time(restart)

    async def reload(self) -> Applied:
        """Read the settings again; name those ``changed`` and those that need a restart."""
        running = self.require_running()
        self.bus.publish(Reloading())
        try:
            changed = await self.changes.take_file(self._with_options(load(self.config).settings))
            running.tools.try_again()
        finally:
            self.bus.publish(Reloaded())
        return changed

    def unhealthy_component(self) -> str:
        """Name what shows no sign of life; empty while all is well."""
        # While it loads, that the event loop runs is all there is to see.
        return self.running.unhealthy_component() if self.running else ""

    @property
    def uptime_s(self) -> float:
        """Seconds since the start, restarts included."""
        return time.monotonic() - self._started
