"""Checks of the servers that hear or speak in the place of this machine."""

from collections.abc import Callable, Iterator

from daemon.config import Settings
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.remote.place import Part, Place
from daemon.service.finding import Finding, Severity, ok
from daemon.worker import CancelToken

Look = Callable[[CancelToken], None]


def ears(settings: Settings) -> Iterator[Finding]:
    """Have the server read silence, if one is set."""
    if settings.ears.kind == "local":
        return
    from daemon.ears.on_server import look_at
    from daemon.ears.server_choice import reader_of

    def make() -> tuple[Place, Look]:
        place, reader = reader_of(settings)
        return place, lambda cancel: look_at(reader, settings.ears.languages, cancel)

    yield _looked("ears", make)


def voice(settings: Settings) -> Iterator[Finding]:
    """Have the server speak, if one is set."""
    if settings.voice.kind == "local":
        return
    from daemon.voice.server_choice import speaking_server

    def make() -> tuple[Place, Look]:
        place, server = speaking_server(settings)
        return place, server.look

    yield _looked("voice", make)


def _looked(part: Part, make: Callable[[], tuple[Place, Look]]) -> Finding:
    name = f"{part} server"
    try:
        place, look = make()
    except SetupError as error:
        why = tr("Without it the daemon does not start.")
        return Finding(name, Severity.ERROR, error.message, why, error.fix)
    try:
        look(CancelToken())
    except Exception as error:  # whatever a server sends
        told = place.failed(error)
        why = tr("This machine does its work meanwhile.")
        return Finding(name, Severity.WARNING, told.message, why, told.fix)
    return ok(name, place.address.shown)


CHECKS = (ears, voice)
