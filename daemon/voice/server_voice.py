"""A voice on a server, whose sentences this machine finishes where the server fails."""

from collections.abc import Iterator

from daemon.graphics import device_of
from daemon.media import Audio
from daemon.remote.place import Place
from daemon.remote.standby import SpeechServerStatus, Standby
from daemon.stages import AdjustableVoice, MultilingualVoice, Synthesizer
from daemon.voice.on_server import SpeakingServer
from daemon.voice.pacing import streaming
from daemon.voice.spoken_share import LETTERS_PER_S, rest_of, weight
from daemon.worker import Cancelled, CancelToken

LEARNING = 0.3  # the share of the newest sentence in how quickly the server is taken to speak


class ServerVoice:
    """A ``StreamingVoice`` on a server, before ``local``, which stands in for it.

    A sentence that breaks off is finished by ``local``, from the word on that the server had
    probably come to: it says a word or two twice rather than leave one out.
    """

    def __init__(
        self,
        place: Place,
        server: SpeakingServer,
        local: Synthesizer,
        standby: Standby | None = None,
    ) -> None:
        self._place, self._server, self._local = place, server, local
        self._standby = standby or Standby(place, server.look)
        self._letters_per_s = LETTERS_PER_S

    @property
    def server(self) -> SpeechServerStatus:
        """How the server is."""
        return self._standby.state

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._place.address.shown if self._standby.in_use else device_of(self._local)

    def warm_up(self) -> None:
        """Make both ready."""
        self._local.warm_up()
        self._standby.begin()

    def close(self) -> None:
        """Free both."""
        self._standby.close()
        self._local.close()

    def expect(self, language: str) -> None:
        """Note the language of what follows, for a text that does not tell its own."""
        self._server.expect(language)
        if isinstance(self._local, MultilingualVoice):
            self._local.expect(language)

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times the own pace of either from the next sentence on."""
        self._server.set_speed(speed)
        if isinstance(self._local, AdjustableVoice):
            self._local.set_speed(speed)

    def set_volume(self, volume: float) -> None:
        """Speak so loud, 0 to 1, from the next piece on."""
        self._server.set_volume(volume)
        if isinstance(self._local, AdjustableVoice):
            self._local.set_volume(volume)

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of ``text``; all of a passage is in one voice."""
        for language, words in self._server.passages(text):
            if self._asks_for(language):
                try:
                    yield from list(self._server.stream(language, words, cancel))
                    continue
                except Cancelled:
                    return
                except Exception as error:  # whatever it sends, this machine can speak
                    self._standby.failed(self._place.failed(error))
            yield from self._local.synthesize(words, cancel)

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of ``text`` as it comes."""
        for language, words in self._server.passages(text):
            seconds = 0.0
            if self._asks_for(language):
                try:
                    for audio in self._server.stream(language, words, cancel):
                        seconds += audio.seconds
                        yield audio
                    self._learn(words, seconds)
                    continue
                except Cancelled:
                    return
                except Exception as error:  # likewise
                    self._standby.failed(self._place.failed(error))
            if cancel.cancelled:
                return
            if rest := rest_of(words, seconds * self._letters_per_s):
                yield from streaming(self._local)(rest, cancel)

    def _asks_for(self, language: str) -> bool:
        return self._standby.in_use and self._server.speaks(language)

    def _learn(self, text: str, seconds: float) -> None:
        if seconds:
            self._letters_per_s += LEARNING * (weight(text) / seconds - self._letters_per_s)
