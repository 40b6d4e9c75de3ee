"""Speech from a server, and from this machine while the server is of no use."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np

from daemon.i18n import tr
from daemon.languages import language as known_language
from daemon.media import Audio, joined
from daemon.remote.http import HttpAnswer, post
from daemon.remote.pcm import Format, sounds
from daemon.remote.place import HttpRefusal, Place, Unusable
from daemon.voice.bilingual import SPEECH_LUFS, is_brief, limited, softened
from daemon.voice.language_runs import LanguageRun, passages
from daemon.voice.loudness import SILENT_LUFS, loudness
from daemon.voice.pacing import Pace, streamed
from daemon.voice.pauses import pause_after
from daemon.voice.spoken_share import weight
from daemon.worker import CancelToken

PIECE_BYTES = 9600  # 0.2 s at the usual rate: what is heard first waits for no more
DEFAULT_MODEL, DEFAULT_VOICE, DEFAULT_RATE = "tts-1", "alloy", 24_000  # OpenAI's own
# Of letters, of which a Chinese character counts three. People speak 15 in a second.
QUICKEST_LETTERS_PER_S = 60.0  # beyond this, words are missing
SLOWEST_S, SPARE_S = 0.5, 8.0  # seconds a letter, and more: beyond this, it has no end


class ServerSpeaker(Protocol):
    """A server that speaks."""

    def speak(self, text: str, language: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the sound as it comes, at the server's rate.

        Raises ``Cancelled``, and anything else where the server is of no use. Closing it ends the
        server's work.
        """

    def look(self, text: str, language: str, cancel: CancelToken) -> Audio:
        """Speak all of ``text``, to get to know the server; raises likewise."""

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace, if it can."""


class SpeakingServer:
    """The speech of a server, as loud and as closely cut as that of the voices here.

    It raises whatever is wrong with the server.
    """

    def __init__(
        self,
        speaker: ServerSpeaker,
        languages: Sequence[str],
        volume: float,
        spoken: Sequence[str] = (),
    ) -> None:
        """``languages`` may occur in what is said, ``spoken`` are those that it speaks: or all."""
        self._speaker = speaker
        self._languages = tuple(languages)
        self._spoken = tuple(spoken) or self._languages
        self._volume = np.float32(volume)
        self._gains: dict[str, np.float32] = {}
        self._likely = ""
        self._speed = 1.0

    def expect(self, language: str) -> None:
        """Note the language of what follows, for a text that does not tell its own."""
        self._likely = language

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times the server's pace from the next sentence on."""
        self._speed = speed
        self._speaker.set_speed(speed)

    def set_volume(self, volume: float) -> None:
        """Speak so loud, 0 to 1, from the next piece on."""
        self._volume = np.float32(volume)

    def look(self, cancel: CancelToken) -> None:
        """See whether the server speaks, and how loud; raises what is wrong with it."""
        unknown = [code for code in self._spoken if code not in self._gains]
        for code in unknown or self._spoken[:1]:
            text = known_language(code).said.calibration if unknown else "1"
            heard = loudness(self._speaker.look(text, code, cancel))
            if unknown and heard > SILENT_LUFS:
                self._gains[code] = np.float32(10 ** ((SPEECH_LUFS - heard) / 20))

    def passages(self, text: str) -> Iterator[tuple[str, str]]:
        """Cut ``text`` into stretches of one language: its code, and the words written out."""
        for passage in passages(text, self._languages, self._likely):
            words = "".join(run.text for run in passage.runs).strip()
            if weight(words):
                yield passage.language, words

    def speaks(self, language: str) -> bool:
        """Whether the server has a voice for it."""
        return language in self._spoken

    def stream(self, language: str, words: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of a passage at ``SPEAK_RATE``, as it comes."""
        known = self._gains.get(language)
        gain = next(iter(self._gains.values()), np.float32(1)) if known is None else known
        pieces = self._trimmed(self._whole(words, language, cancel), pause_after(words))
        louder = (audio.shaped(audio.samples * gain) for audio in pieces)
        brief = is_brief([LanguageRun(language, words)])
        for audio in softened(louder) if brief else louder:
            yield audio.shaped(limited(audio.samples) * self._volume)

    def _trimmed(self, pieces: Iterator[Audio], pause_s: float) -> Iterator[Audio]:
        """Cut silence off the ends, and bring all to ``SPEAK_RATE``."""
        first = next(pieces, None)
        if first is None:
            return

        def all_pieces() -> Iterator[Audio]:
            yield first
            yield from pieces

        yield from streamed(all_pieces(), first.rate, pause_s, Pace(first.rate, 0))

    def _whole(self, words: str, language: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the server's sound; raises if it is too little or too much for the words."""
        seconds = 0.0
        for audio in bounded(words, self._speaker.speak(words, language, cancel)):
            seconds += audio.seconds
            yield audio
        if seconds * QUICKEST_LETTERS_PER_S * max(1.0, self._speed) < weight(words):
            raise Unusable(tr("too little sound"))


def bounded(words: str, pieces: Iterator[Audio]) -> Iterator[Audio]:
    """Yield the sound of ``words``; ``Unusable`` beyond all that it can take to say them."""
    seconds = 0.0
    for audio in pieces:
        seconds += audio.seconds
        if seconds > SLOWEST_S * weight(words) + SPARE_S:
            raise Unusable(tr("sound without end"))
        yield audio


class OpenAISpeaker:
    """``/audio/speech`` of OpenAI's interface."""

    def __init__(self, place: Place, model: str, voice: str, speed: float) -> None:
        self._place = place
        self._model, self._voice = model or DEFAULT_MODEL, voice or DEFAULT_VOICE
        self._speed = speed
        self._bare = Format(DEFAULT_RATE)
        """Of bare samples, which tell nothing of themselves."""

    def set_speed(self, speed: float) -> None:
        """Ask for this pace from now on."""
        self._speed = speed

    def speak(self, text: str, language: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the sound as it comes."""
        return self._sound(text, "pcm", cancel)

    def look(self, text: str, language: str, cancel: CancelToken) -> Audio:
        """Speak ``text`` as a WAV, which tells the rate that the server's bare samples have."""
        pieces: list[Audio] = []
        with suppress(HttpRefusal, Unusable):  # it may know bare samples only
            pieces = list(bounded(text, self._sound(text, "wav", cancel)))
        if not pieces:  # the first connection is closed by now
            pieces = list(bounded(text, self._sound(text, "pcm", cancel)))
        if not pieces:
            raise Unusable(tr("too little sound"))
        self._bare = Format(pieces[0].rate)
        return joined(pieces)

    def _sound(self, text: str, form: str, cancel: CancelToken) -> Iterator[Audio]:
        asked: dict[str, object] = {
            "model": self._model,
            "voice": self._voice,
            "input": text,
            "response_format": form,
        }
        if self._speed != 1:
            asked["speed"] = self._speed
        body = json.dumps(asked, ensure_ascii=False).encode()
        with post(self._place, "/audio/speech", "application/json", body, cancel) as answer:
            for audio in sounds(answer.pieces(PIECE_BYTES), self._format(answer)):
                answer.grant(audio.seconds)
                yield audio

    def _format(self, answer: HttpAnswer) -> Format:
        if answer.content_type.partition("/")[0] not in ("audio", "application") or (
            answer.content_type == "application/json"
        ):
            raise Unusable(tr("no sound"))
        told = answer.rate
        return Format(int(told)) if isinstance(told, str) and told.isdigit() else self._bare
