"""Answers the control socket: looks at the running daemon, and does what it is asked."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from daemon.app import Running
from daemon.config import Settings, load
from daemon.dialogue.mute import Mute
from daemon.dialogue.turn import Script
from daemon.errors import DigitalLifeError, SetupError
from daemon.events import Bus, Loading, NewConversation, Ready
from daemon.i18n import tr
from daemon.service import notify, report
from daemon.service.appearance import Appearance
from daemon.service.choosing import Chooser
from daemon.service.monitor import Monitor
from daemon.service.protocol import (
    Appear,
    Choose,
    Forget,
    Look,
    Order,
    Recollect,
    Request,
    Say,
    Search,
    Show,
    Switch,
    Talk,
)
from daemon.service.recollection import recollect
from daemon.service.settings_state import SettingsState
from daemon.voice.catalogue import is_voice
from daemon.weights import require_weights

DEAF_S = 2.0  # a microphone whose device has not called for so long is dead
FROZEN_S = 10.0  # and a camera's thread: opening a lost camera again is tried every 5 s

log = logging.getLogger(__name__)


async def _no_panel() -> dict[str, str]:
    raise DigitalLifeError(tr("There is no panel here."))


class Desk:
    """What a client may ask of the daemon. Belongs to the event loop's thread."""

    def __init__(
        self,
        settings: Settings,
        config: Path | None,
        mute: Mute,
        with_options: Callable[[Settings], Settings] = lambda settings: settings,
        bus: Bus | None = None,
    ) -> None:
        """``config`` is the file that ``reload`` reads; ``None`` is the user's own.

        ``with_options`` puts into its settings what the command line asked for.
        """
        self.bus: Final = bus or Bus()
        self.monitor = Monitor(self.bus)
        self.settings: Final = SettingsState(settings)
        self.restarting = asyncio.Event()
        """Somebody wants everything loaded anew, with ``wanted``."""
        self.open_panel: Callable[[], Awaitable[dict[str, str]]] = _no_panel
        """Serves the page; returns a link to it, and a private file that leads there."""
        self.config: Final = config
        self._mute = mute
        self._with_options = with_options
        self._running: Running | None = None
        self._loading = ""
        self._started = time.monotonic()
        self._chooser = Chooser(self.settings, self._live, self.bus)
        self._appearance = Appearance(lambda: self.settings.wanted, self.choose, self.bus)
        self._reloads: set[asyncio.Task[None]] = set()

    def loading(self, what: str) -> None:
        """Note what is being loaded."""
        self._loading = what
        if self._running is None:
            notify.notify(STATUS=f"loading: {what}")
        self.bus.publish(Loading(what, live=self._running is not None))

    @property
    def running(self) -> Running | None:
        """The daemon that listens; ``None`` while it loads."""
        return self._running

    def begin(self, settings: Settings) -> None:
        """Note with what everything is being loaded, at the start and anew."""
        self._running = None
        self.restarting.clear()
        self.settings.begin(settings)

    async def stop_changing(self) -> None:
        """Give up what is being changed: the parts that it works with are about to end."""
        await self._chooser.stop()

    def ready(self, running: Running) -> None:
        """Answer everything from now on."""
        self._running = running
        self._appearance.serve(running)
        self.bus.publish(Ready())

    async def answer(self, request: Request) -> dict[str, Any]:
        """Do what is asked; return the fields of the reply, or raise ``DigitalLifeError``."""
        match request:
            case Look(do="metrics"):
                return {"text": report.figures(self._running, self.monitor, self._uptime_s)}
            case Look(do="personas"):
                return self._appearance.list()
            case Look():
                return self.status()
            case Switch():
                self._switch(request.what, request.do == "mute")
                return {"muted": self._muted()}
            case Say():
                question = Script(request.text) if request.do == "say" else request.text
                return await self._ask(question)
            case Order(do="reload"):
                return await self.reload()
            case Order(do="new-conversation"):
                self._live().session.forget()
                await self._live().chat.begin_again()
                self.bus.publish(NewConversation())
                return {}
            case Order(do="restart"):
                return await self._restart()
            case Order(do="panel"):
                return dict(await self.open_panel())
            case Order():
                self._live().session.stop_speaking()
                return {}
            case Choose():
                return await self._choose(request)
            case Appear():
                return await self._appearance.switch(self._live(), request.name)
            case Recollect() | Search() | Show() | Forget():
                return await recollect(self._live().chat, request)
            case Talk():
                return self._talk(request.on)

    def ailment(self) -> str:
        """Name what shows no sign of life; empty while all is well."""
        now, running = time.monotonic(), self._running
        if running is None:  # it loads; that the event loop runs is all there is to see
            return ""
        if now - running.microphone.called > DEAF_S:
            return "microphone"
        if running.screen is not None and now - running.screen.ticked > FROZEN_S:
            return "camera"
        return ""

    async def reload(self) -> dict[str, Any]:
        """Read the settings again."""
        self._live()
        notify.reloading()
        try:
            read = self._with_options(load(self.config).settings)
            changed = await self._chooser.take_file(read)
            self._live().tools.try_again()
        finally:
            notify.notify(READY=1)
        return changed

    def reload_soon(self) -> None:
        """Read the settings again, and log how that went: what a signal asks for."""

        async def reload() -> None:
            try:
                await self.reload()
            except DigitalLifeError as error:
                log.error("%s %s", error, error.fix)

        task = asyncio.ensure_future(reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _choose(self, request: Choose) -> dict[str, Any]:
        if request.do == "face":
            return await self.choose({"face.name": request.name})
        if not request.name or is_voice(request.name):  # "" is the plain one
            return await self.choose({"voice.name": request.name})
        plain = "voice.english" if request.language == "en" else "voice.mandarin"
        return await self.choose({plain: request.name, "voice.name": ""})

    async def choose(self, values_by_name: Mapping[str, object]) -> dict[str, Any]:
        """Set settings by name, such as ``voice.speed``; see ``daemon.apply``."""
        return await self._chooser.choose(values_by_name)

    async def _restart(self) -> dict[str, Any]:
        """Load everything anew, once what is being changed is in force.

        Refused if what is wanted cannot be loaded.
        """

        async def restart() -> dict[str, Any]:
            require_weights(self.settings.wanted, self._live().loader.store)
            self.restarting.set()
            return {}

        return await self._chooser.in_turn(restart)

    async def _ask(self, question: str | Script) -> dict[str, Any]:
        asked = self._live().session.ask(question)
        if asked is None:
            raise DigitalLifeError(tr("Somebody is speaking."), tr("Try again in a moment."))
        heard = await asked.future
        return {"text": heard.text, "whole": heard.whole}

    def _talk(self, on: bool) -> dict[str, Any]:
        """Press the push-to-talk key, which silences the answer, or let it go."""
        running = self._live()
        if running.key is None:
            raise SetupError(
                tr("It listens without a key."),
                tr('listen = "push-to-talk" under [ears] in the settings waits for one'),
            )
        if on:
            running.key.press()
            running.session.stop_speaking()
        else:
            self.let_go()
        return {}

    def let_go(self) -> None:
        """Let the push-to-talk key go, if there is one."""
        if self._running is not None and self._running.key is not None:
            self._running.key.release()

    def _switch(self, what: str, off: bool) -> None:
        if what == "microphone" and self._mute.microphone is not off:
            self._mute.toggle_microphone()
        if what == "camera" and self._mute.camera is not off:
            self._mute.toggle_camera()

    def _muted(self) -> dict[str, bool]:
        return {"microphone": self._mute.microphone, "camera": self._mute.camera}

    def _live(self) -> Running:
        if self._running is None:
            raise DigitalLifeError(
                tr("Digital Life is still loading: {what}.").format(
                    what=report.part_name(self._loading)
                ),
                "digital-life events",
            )
        return self._running

    def status(self) -> dict[str, Any]:
        """Tell how the daemon is; no words of anybody's."""
        running = self._running
        settings = running.loader.settings if running else self.settings.wanted
        told = report.status(running, settings, self.monitor, self._loading, self._uptime_s)
        return {**told, "muted": self._muted()}

    @property
    def _uptime_s(self) -> float:
        return time.monotonic() - self._started
