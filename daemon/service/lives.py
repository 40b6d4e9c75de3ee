"""Loading everything anew inside the same process, when the settings that wait ask for it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from daemon.config import Settings
from daemon.errors import DigitalLifeError, first_failure, named
from daemon.events import RestartFailed
from daemon.service import notify
from daemon.service.desk import Desk

log = logging.getLogger(__name__)


async def again_and_again(
    desk: Desk, live: Callable[[Settings], Coroutine[None, None, None]]
) -> None:
    """Run ``live``, and again with what is wanted each time that ``desk`` is asked to restart.

    Settings that cannot be loaded leave those before in force. Other failures are raised.
    """
    settings: Settings = desk.settings.wanted
    before: Settings | None = None
    while True:
        desk.begin(settings)
        try:
            await _one_life(desk, live(settings))
        except (DigitalLifeError, BaseExceptionGroup) as error:
            failure = first_failure(error) if isinstance(error, BaseExceptionGroup) else error
            if before is None or desk.running is not None:
                raise
            log.error("%s The settings before are in force again.", named(failure))
            desk.bus.publish(RestartFailed(named(failure)))
            settings, before = before, None
        else:
            settings, before = desk.settings.wanted, desk.settings.in_force
            notify.reloading()


async def _one_life(desk: Desk, living: Coroutine[None, None, None]) -> None:
    """Return when it is to begin anew and has ended; raise what ended it by itself."""
    life = asyncio.ensure_future(living)
    restart = asyncio.ensure_future(desk.restarting.wait())
    try:
        await asyncio.wait((life, restart), return_when=asyncio.FIRST_COMPLETED)
    finally:
        restart.cancel()
        await desk.stop_changing()  # it works with what the life has made
        life.cancel()
        await asyncio.wait((life, restart))
    if not life.cancelled():
        life.result()
