"""Brings what is chosen into force, one choice after another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

from daemon.apply import Applied, apply
from daemon.bus import Bus
from daemon.config import Settings
from daemon.config.state import SettingsState, with_values
from daemon.dialogue.personas import find_persona, with_persona
from daemon.errors import DigitalLifeError
from daemon.events import SettingsChanged
from daemon.i18n import tr
from daemon.running import Running
from daemon.worker import Cancelled, WorkerClosed

T = TypeVar("T")


class SettingsChanger:
    """Belongs to the event loop's thread; owns the changes under way."""

    def __init__(self, settings: SettingsState, running: Callable[[], Running], bus: Bus) -> None:
        """Take ``running``, which returns the daemon or raises what is told while it loads."""
        self.settings: Final = settings
        self._running = running
        self._bus = bus
        self._changing = asyncio.Lock()
        self._changes: set[asyncio.Task[object]] = set()

    async def choose(self, values_by_name: Mapping[str, object]) -> Applied:
        """Set settings by name, such as ``voice.speed``; see ``daemon.apply``.

        Choices are taken one after another, each on top of what was wanted by then, and to their
        end even if whoever asked has gone.
        """

        async def choose() -> Applied:
            wanted = with_values(self.settings.wanted, values_by_name)
            return await self._change(wanted, values_by_name)

        return await self.one_at_a_time(choose)

    async def _change(self, wanted: Settings, chosen: Iterable[str] = ()) -> Applied:
        """Bring it into force, in its turn."""
        persona = find_persona(wanted.persona.name, wanted)
        reply = await apply(self._running(), with_persona(wanted, persona))
        self.settings.take(wanted, chosen)
        self._bus.publish(SettingsChanged(**reply))
        return reply

    async def take_file(self, settings: Settings) -> Applied:
        """Take over what the settings' file says."""

        async def take() -> Applied:
            changed = await self._change(settings)
            self.settings.note_kept()
            return changed

        return await self.one_at_a_time(take)

    async def stop(self) -> None:
        """Give up all changes; whoever asked for them is told."""
        for change in self._changes:
            change.cancel()
        if self._changes:
            await asyncio.wait(self._changes)

    async def one_at_a_time(self, change: Callable[[], Awaitable[T]]) -> T:
        """Make a change when those before it are made."""

        async def change_alone() -> T:
            async with self._changing:
                self._running()
                return await change()

        task = asyncio.ensure_future(change_alone())
        self._changes.add(task)
        task.add_done_callback(self._changed)
        try:
            return await asyncio.shield(task)
        except (asyncio.CancelledError, Cancelled, WorkerClosed):
            if not task.done() or (task.cancelled() and _is_cancelled()):
                raise  # whoever asked has gone
            raise DigitalLifeError(tr("Everything is being loaded anew.")) from None

    def _changed(self, task: asyncio.Task[object]) -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # perhaps nobody is there any more to be told


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
