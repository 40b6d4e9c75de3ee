"""Keeps the service manager told of how the daemon is."""

from daemon.bus import Bus
from daemon.events import Loading, Ready, Reloaded, Reloading, Stopping
from daemon.service import startup_extender
from daemon.service.notify import notify, reloading


def tell_service_manager(bus: Bus) -> None:
    """Tell it of all that ``bus`` tells and that it wants to know."""
    bus.subscribe(Loading, _loading)
    bus.subscribe(Ready, _ready)
    bus.subscribe(Reloading, lambda _: reloading())
    bus.subscribe(Reloaded, lambda _: notify(READY=1))
    bus.subscribe(Stopping, lambda _: notify(STOPPING=1))


def _loading(event: Loading) -> None:
    if not event.live:
        notify(STATUS=f"loading: {event.what}")


def _ready(_: Ready) -> None:
    notify(READY=1, STATUS="listening")
    startup_extender.end()
