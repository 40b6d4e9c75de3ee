"""How the daemon is, and what happens."""

from fastapi import APIRouter, Response

from daemon.api import report
from daemon.api.answers import Done, Examination, Link, Status, SwitchedOff
from daemon.api.bodies import SwitchRequest
from daemon.api.doctor import examine
from daemon.api.events import EventStream, follow
from daemon.api.services import Served
from daemon.i18n import language
from daemon.server import Daemon

MICROPHONE = SwitchRequest()

router = APIRouter(tags=["status"])


@router.get("/status")
async def status(services: Served) -> Status:
    """Tell how the daemon is."""
    return report.status(services.daemon, services.monitor)


@router.get("/metrics", response_class=Response)
async def metrics(services: Served) -> Response:
    """Return figures in Prometheus' text format."""
    text = report.figures(services.daemon, services.monitor)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/events", response_class=EventStream)
async def events(services: Served, words: bool = False) -> EventStream:
    """Tell what happens as it happens: server-sent events, until the client hangs up.

    Each has the event's name and, as JSON, its fields and when it was: ``at``, in seconds on the
    machine's monotonic clock. Nobody's words are among them, unless ``words`` is true: then
    ``heard`` tells who said what.
    """
    return follow(services.daemon.bus, words)


@router.post("/mute")
async def mute(services: Served, switch: SwitchRequest = MICROPHONE) -> SwitchedOff:
    """Switch the microphone or the camera off."""
    return _switch(services.daemon, switch.what, off=True)


@router.post("/unmute")
async def unmute(services: Served, switch: SwitchRequest = MICROPHONE) -> SwitchedOff:
    """Switch the microphone or the camera on again."""
    return _switch(services.daemon, switch.what, off=False)


@router.post("/restart")
async def restart(services: Served) -> Done:
    """Load everything anew, with the settings that wait for it."""
    await services.daemon.restart()
    return Done()


@router.post("/panel")
async def panel(services: Served) -> Link:
    """Serve the panel, and make a link to it."""
    return await services.open_panel()


@router.post("/doctor")
async def doctor(services: Served) -> Examination:
    """Look at the machine and the set-up as ``digital-life doctor`` does."""
    return await examine(services.daemon.config, language())


def _switch(daemon: Daemon, what: str, *, off: bool) -> SwitchedOff:
    mute = daemon.mute
    if what == "microphone" and mute.microphone is not off:
        mute.toggle_microphone()
    if what == "camera" and mute.camera is not off:
        mute.toggle_camera()
    return SwitchedOff(microphone=mute.microphone, camera=mute.camera)
