"""Speech to text by a Wyoming server, such as those of Home Assistant."""

from wyoming.asr import Transcribe, Transcript

from daemon.i18n import tr
from daemon.languages import language as known_language
from daemon.media import Audio
from daemon.remote.place import Place, Unusable
from daemon.remote.wyoming_line import exchange, spoken
from daemon.worker import CancelToken

MAX_EVENTS = 1000  # before the words: some servers tell each as they find it


class WyomingReader:
    """A ``ServerReader``; asks for ``model``, or the server's own choice."""

    def __init__(self, place: Place, model: str) -> None:
        self._place, self._model = place, model

    def read(self, audio: Audio, language: str, cancel: CancelToken) -> tuple[str, str]:
        """Return the words, and their language where the server tells it."""
        code = known_language(language).voices.whisper if language else None
        asked = Transcribe(name=self._model or None, language=code).event()
        with exchange(self._place, (asked, *spoken(audio)), cancel) as line:
            for _, event in zip(range(MAX_EVENTS), line.events(), strict=False):
                if Transcript.is_type(event.type):
                    text, heard = event.data.get("text"), event.data.get("language")
                    if not isinstance(text, str):
                        break
                    return text, str(heard or "")
        raise Unusable(tr("no words"))
