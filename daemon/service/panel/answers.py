"""Answers what a page asks, beyond what any program may ask of the control socket."""

import asyncio
import importlib.util
from importlib import import_module
from typing import Any, Final

from daemon.errors import DigitalLifeError
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.service.desk import Desk
from daemon.service.keep import keep
from daemon.service.panel import jobs
from daemon.service.panel.choices import choices, chosen, models
from daemon.service.panel.requests import Ask, Envelope, Fetch, Listen, Set
from daemon.worker import Worker

CAN_SOUND = importlib.util.find_spec("aiortc") is not None


class Answers:
    """Belongs to the event loop's thread; owns what takes its time."""

    def __init__(self, desk: Desk) -> None:
        self.downloads: Final = jobs.Downloads(desk.bus)
        self._desk = desk
        self._worker = Worker("panel")
        self._listeners: Any = None  # sound.Listeners; of a library that need not be there

    async def close(self) -> None:
        """Stop whatever is under way."""
        if self._listeners is not None:
            await self._listeners.close()
        await asyncio.gather(self.downloads.close(), self._worker.close())

    async def __call__(self, envelope: Envelope) -> dict[str, Any]:
        """Do what is asked; return the fields of the answer, or raise ``DigitalLifeError``."""
        match request := envelope.request:
            case Set():
                return await self._desk.choose(chosen(request.name, request.value))
            case Ask(do="choices"):
                return await choices(self._desk, self._running())
            case Ask(do="keep"):
                return self._keep()
            case Ask(do="examine"):
                return {"findings": await jobs.examine(self._desk.config, envelope.language)}
            case Ask():
                store = self._running().loader.store
                listed = self._worker.run(lambda _: models(store, envelope.language))
                return {"models": await listed}
            case Fetch():
                return self._fetch(request, envelope.language)
            case Listen():
                return {"answer": await self._listen(request.offer)}
        return await self._desk.answer(request)

    def _running(self) -> Any:
        if self._desk.running is None:
            raise DigitalLifeError(tr("Digital Life is still loading."))
        return self._desk.running

    def _keep(self) -> dict[str, Any]:
        names = self._desk.settings.unkept
        path = keep(self._desk.settings.wanted, names, self._desk.config)
        self._desk.settings.note_kept()
        return {"kept": names, "path": str(path)}

    async def _listen(self, offer: str) -> str:
        played = self._running().loudspeaker.played
        if not CAN_SOUND:
            fix = install_command("panel-sound")
            raise DigitalLifeError(tr("Sound in the page is not installed."), fix)
        # A library that takes its time; the event loop has none.
        module = await self._worker.run(lambda _: import_module("daemon.service.panel.sound"))
        if self._listeners is None:
            self._listeners = module.Listeners()
        return str(await self._listeners.answer(played, offer))

    def _fetch(self, request: Fetch, language: str) -> dict[str, Any]:
        if request.do == "pull":
            store = self._running().loader.store
            self.downloads.start(store, request.name, request.accept_license, language)
        else:
            self.downloads.stop(request.name)
        return {}
