"""Which server reads what is said, as the settings have it."""

from daemon.config import Settings
from daemon.ears.on_server import OpenAIReader, ServerEars, ServerReader
from daemon.remote.place import Place, no_wyoming
from daemon.stages import MultilingualRecognizer


def reader_of(settings: Settings) -> tuple[Place, ServerReader]:
    """Return the server that is set, for a kind that is not local. Raises ``SetupError``."""
    kind, told = settings.ears.kind, settings.ears_server
    assert kind != "local"
    place = Place.of("ears", kind, told)
    if kind == "openai":
        return place, OpenAIReader(place, told.model)
    try:
        from daemon.ears.wyoming_reader import WyomingReader
    except ModuleNotFoundError:
        raise no_wyoming() from None
    return place, WyomingReader(place, told.model)


def ears_on_server(settings: Settings, local: MultilingualRecognizer) -> ServerEars:
    """Return what asks the server that is set, and ``local`` where that fails."""
    return ServerEars(*reader_of(settings), local, settings.ears.languages)
