"""Speech to text on a server, and on this machine while the server is of no use."""

import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from opencc import OpenCC

from daemon.brain.unicode import well_formed
from daemon.ears.whisper_engine import MIN_LOGPROB, NO_SPEECH
from daemon.i18n import tr
from daemon.json_object import JsonObject
from daemon.languages import language as known_language
from daemon.languages.guess import language_of
from daemon.media import LISTEN_RATE, Audio, Transcript
from daemon.remote.http import form, post
from daemon.remote.place import HttpRefusal, Place, Unusable
from daemon.remote.standby import SpeechServerStatus, Standby
from daemon.stages import MultilingualRecognizer
from daemon.worker import Cancelled, CancelToken

LETTERS_PER_S, SPARE_LETTERS = 40, 100  # more than anybody says
LOOK_S = 0.5  # of silence, that a server is asked to read to see whether it can
DEFAULT_MODEL = "whisper-1"  # what many servers call whatever they have loaded


class UnexpectedLanguage(Exception):
    """A server heard a language that is not set, so it did not understand."""


class ServerReader(Protocol):
    """A server that reads speech."""

    def read(self, audio: Audio, language: str, cancel: CancelToken) -> tuple[str, str]:
        """Return the words in ``audio`` (``LISTEN_RATE``), and their language or "".

        ``language`` is the one that is spoken, if that is known. Raises ``Cancelled``, and
        anything else where the server is of no use.
        """


class ServerEars:
    """A ``MultilingualRecognizer`` on a server, before ``local``, which stands in for it."""

    def __init__(
        self,
        place: Place,
        reader: ServerReader,
        local: MultilingualRecognizer,
        languages: Sequence[str],
        standby: Standby | None = None,
    ) -> None:
        self._place, self._reader, self._local = place, reader, local
        self._standby = standby or Standby(place, self.look)
        self._languages = tuple(languages)
        self._before = ""
        self._simplified = OpenCC("t2s")

    @property
    def server(self) -> SpeechServerStatus:
        """How the server is."""
        return self._standby.state

    def understand(self, languages: Sequence[str]) -> None:
        """Expect these from now on."""
        self._local.understand(languages)
        self._languages = tuple(languages)

    def warm_up(self) -> None:
        """Make both ready."""
        self._local.warm_up()
        self._standby.begin()

    def close(self) -> None:
        """Free both."""
        self._standby.close()
        self._local.close()

    def look(self, cancel: CancelToken) -> None:
        """See whether the server reads; raises what is wrong with it."""
        look_at(self._reader, self._languages, cancel)

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        """Return the words as the server reads them, or this machine. Raises ``Cancelled``."""
        if self._standby.in_use:
            try:
                if (read := self._read(audio.at_rate(LISTEN_RATE), cancel)).text:
                    return read  # where somebody was heard to speak, no words are a doubtful answer
            except Cancelled:
                raise
            except UnexpectedLanguage:
                pass  # it works well; only, nobody here speaks that
            except Exception as error:  # whatever it sends, what was said is not lost
                self._standby.failed(self._place.failed(error))
        cancel.check()
        return self._local.transcribe(audio, cancel)

    def _read(self, audio: Audio, cancel: CancelToken) -> Transcript:
        known = self._languages[0] if len(self._languages) == 1 else ""
        words, heard = self._reader.read(audio, known, cancel)
        if len(words) > LETTERS_PER_S * audio.seconds + SPARE_LETTERS:
            raise Unusable(tr("more words than were said"))
        text = " ".join(well_formed(words).split())
        code = known or self._code(heard)
        if not code:
            code = language_of(text, self._languages, self._before)
        self._before = code if text else self._before
        return Transcript(str(self._simplified.convert(text)) if code == "zh" else text, code)

    def _code(self, heard: str) -> str:
        """Return the code of what a server calls a language; "" if it names none."""
        heard = heard.lower()
        if not heard:
            return ""
        for code in self._languages:
            whisper = known_language(code).voices.whisper
            if heard in (code, whisper, WHISPER_NAMES.get(whisper)) or heard.startswith(f"{code}-"):
                return code
        raise UnexpectedLanguage


def look_at(reader: ServerReader, languages: Sequence[str], cancel: CancelToken) -> None:
    """See whether a server reads; raises what is wrong with it."""
    silence = Audio(np.zeros(round(LOOK_S * LISTEN_RATE), np.float32), LISTEN_RATE)
    reader.read(silence, languages[0], cancel)


WHISPER_NAMES = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "hi": "hindi",
    "it": "italian",
    "ja": "japanese",
    "pt": "portuguese",
    "ru": "russian",
    "uk": "ukrainian",
    "zh": "chinese",
}
"""What OpenAI's interface calls those that are known here."""


class OpenAIReader:
    """``/audio/transcriptions`` of OpenAI's interface."""

    def __init__(self, place: Place, model: str) -> None:
        self._place, self._model = place, model or DEFAULT_MODEL
        self._verbose = True

    def read(self, audio: Audio, language: str, cancel: CancelToken) -> tuple[str, str]:
        """Return the words and their language."""
        try:
            answer = self._ask(audio, language, cancel)
        except HttpRefusal as refusal:
            if refusal.status not in (400, 422) or not self._verbose:
                raise
            self._verbose = False  # some models tell the words alone
            answer = self._ask(audio, language, cancel)
        text, heard = answer.get("text"), answer.get("language") or ""
        if not isinstance(text, str) or not isinstance(heard, str):
            raise Unusable(tr("no words"))
        return ("" if _silent(answer) else text), heard

    def _ask(self, audio: Audio, language: str, cancel: CancelToken) -> JsonObject:
        fields = {
            "model": self._model,
            "response_format": "verbose_json" if self._verbose else "json",
            "temperature": "0",
        }
        if language:
            fields["language"] = known_language(language).voices.whisper
        with post(self._place, "/audio/transcriptions", *form(fields, audio), cancel) as answer:
            told = json.loads(answer.words())
        if not isinstance(told, dict):
            raise Unusable(tr("no words"))
        return told


def _silent(answer: JsonObject) -> bool:
    """Whether the server's Whisper doubts that anybody spoke, by the measure of the one here."""
    segments = answer.get("segments")
    if not isinstance(segments, list) or not segments:
        return False
    return all(
        isinstance(segment, dict)
        and _number(segment.get("no_speech_prob"), 0.0) > NO_SPEECH
        and _number(segment.get("avg_logprob"), 0.0) < MIN_LOGPROB
        for segment in segments
    )


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
