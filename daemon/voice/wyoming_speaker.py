"""Text to speech by a Wyoming server, such as those of Home Assistant."""

from collections.abc import Iterator

from wyoming.audio import AudioChunk, AudioStop
from wyoming.tts import Synthesize, SynthesizeVoice

from daemon.i18n import tr
from daemon.languages import language as known_language
from daemon.media import Audio, joined
from daemon.remote.pcm import Format, sounds
from daemon.remote.place import Place, Unusable
from daemon.remote.wyoming_line import exchange
from daemon.voice.on_server import bounded
from daemon.worker import CancelToken


class WyomingSpeaker:
    """A ``ServerSpeaker``; asks for ``voice``, or the server's own choice for the language."""

    def __init__(self, place: Place, voice: str) -> None:
        self._place, self._voice = place, voice

    def set_speed(self, speed: float) -> None:
        """Do nothing: the protocol has no word for it."""

    def look(self, text: str, language: str, cancel: CancelToken) -> Audio:
        """Speak all of ``text``."""
        pieces = list(bounded(text, self.speak(text, language, cancel)))
        if not pieces:
            raise Unusable(tr("too little sound"))
        return joined(pieces)

    def speak(self, text: str, language: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the sound as it comes."""
        named = SynthesizeVoice(name=self._voice or None, language=_code(language))
        rate: int | None = None
        with exchange(self._place, [Synthesize(text, named).event()], cancel) as line:
            for event in line.events():
                if AudioStop.is_type(event.type):
                    return
                if not AudioChunk.is_type(event.type):
                    continue
                chunk = AudioChunk.from_event(event)
                if chunk.width != 2 or rate not in (None, chunk.rate):
                    raise Unusable(tr("a sound of {rate} Hz").format(rate=chunk.rate))
                rate = chunk.rate
                for audio in sounds([chunk.audio], Format(chunk.rate, chunk.channels)):
                    line.grant(audio.seconds)
                    yield audio


def _code(language: str) -> str:
    return known_language(language).voices.piper
