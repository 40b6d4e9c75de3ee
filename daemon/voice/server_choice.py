"""Which server speaks, as the settings have it."""

from daemon.config import Settings
from daemon.remote.place import Place, no_wyoming
from daemon.stages import Synthesizer
from daemon.voice.on_server import OpenAISpeaker, ServerSpeaker, SpeakingServer
from daemon.voice.server_voice import ServerVoice


def speaking_server(settings: Settings) -> tuple[Place, SpeakingServer]:
    """Return the server that is set, for a kind that is not local. Raises ``SetupError``."""
    kind, told, voice = settings.voice.kind, settings.voice_server, settings.voice
    assert kind != "local"
    place = Place.of("voice", kind, told)
    speaker: ServerSpeaker
    if kind == "openai":
        speaker = OpenAISpeaker(place, told.model, told.voice, voice.speed)
    else:
        try:
            from daemon.voice.wyoming_speaker import WyomingSpeaker
        except ModuleNotFoundError:
            raise no_wyoming() from None
        speaker = WyomingSpeaker(place, told.voice)
    languages = settings.ears.languages
    return place, SpeakingServer(speaker, languages, voice.volume, told.languages)


def voice_on_server(settings: Settings, local: Synthesizer) -> ServerVoice:
    """Return what asks the server that is set, and ``local`` where that fails."""
    return ServerVoice(*speaking_server(settings), local)
