"""A place for servers that tests script, and standing in for them."""

import json
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from daemon.config.speech_servers import EarsServerSettings, VoiceServerSettings
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Samples, Transcript
from daemon.remote.pcm import to_pcm
from daemon.remote.place import Kind, Part, Place
from daemon.remote.standby import Standby
from daemon.worker import CancelToken
from tests.waiting import PATIENCE_S

SECRET = "sk-a-secret"
NOBODY = "http://127.0.0.1:9/v1"  # the port of a service that nobody runs
SPOKEN = Audio(np.full(LISTEN_RATE, 0.1, np.float32), LISTEN_RATE)


def place(
    url: str, part: Part = "ears", kind: Kind = "openai", wait_s: float = 60.0, key: str = SECRET
) -> Place:
    settings = {"ears": EarsServerSettings, "voice": VoiceServerSettings}[part]
    made = Place.of(part, kind, settings(url=url))
    return Place(made.part, made.address, key, wait_s, made.tls)


class Looks:
    """Lets a ``Standby`` look when a test says so."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._now = threading.Semaphore(0)
        self._end = False

    def pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        assert self._now.acquire(timeout=PATIENCE_S)
        return self._end

    def look(self) -> None:
        self._now.release()

    def end(self) -> None:
        self._end = True
        self._now.release()


def never_again(place: Place) -> Standby:
    """Return one that asks no more after a failure."""
    return Standby(place, lambda _cancel: None, pause=lambda _seconds: True)


class LocalEars:
    """Reads the same in everything."""

    def __init__(self) -> None:
        self.languages: Sequence[str] = ()
        self.asked = 0

    def understand(self, languages: Sequence[str]) -> None:
        self.languages = languages

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        self.asked += 1
        return Transcript("local words", "en")

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


class LocalVoice:
    """Keeps what it was to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        self.said.append(text)
        yield Audio(np.zeros(SPEAK_RATE, np.float32), SPEAK_RATE)

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def answer(body: bytes, kind: str, *more: str, status: str = "200 OK") -> bytes:
    """Return a whole answer."""
    head = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more)
    return "\r\n".join((*head, "", "")).encode() + body


def words(**told: object) -> bytes:
    return answer(json.dumps(told, ensure_ascii=False).encode(), "application/json")


def tone(seconds: float, rate: int, loud: float = 0.1) -> Samples:
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(loud * np.sin(2 * np.pi * 220 * at), np.float32)


def pcm(seconds: float, rate: int = 24_000) -> bytes:
    return to_pcm(tone(seconds, rate))


def chunked(*pieces: bytes, ends: bool = True, kind: str = "audio/pcm") -> bytes:
    """Return an answer in pieces, of which the last may be missing."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return head.encode() + body + (b"0\r\n\r\n" if ends else b"")
