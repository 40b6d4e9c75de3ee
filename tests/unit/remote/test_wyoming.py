"""Servers of the Wyoming protocol, well and ill."""

import io
import json
import socket
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event, Eventable, read_event, write_event
from wyoming.info import Describe
from wyoming.tts import Synthesize

from daemon.ears.on_server import ServerEars
from daemon.ears.wyoming_reader import WyomingReader
from daemon.media import Transcript as Read
from daemon.remote.pcm import to_pcm
from daemon.voice.on_server import SpeakingServer
from daemon.voice.server_voice import ServerVoice
from daemon.voice.wyoming_speaker import WyomingSpeaker
from daemon.worker import CancelToken
from tests.scripted_server import Server
from tests.unit.remote.server_helpers import (
    SPOKEN,
    LocalEars,
    LocalVoice,
    never_again,
    place,
    tone,
)
from tests.waiting import PATIENCE_S

LOCAL = Read("local words", "en")
SHORT_S = 0.2  # of waiting for a server that will never answer
SENTENCE = "The quick brown fox jumps over the lazy dog and comes back again."


class WyomingServer(Server):
    """Reads one request's events, and answers with what is scripted."""

    heard: list[Event]

    @property
    def url(self) -> str:
        return super().url.replace("http", "tcp").removesuffix("/v1/")

    def _request(self, connection: socket.socket) -> bytes:  # type: ignore[override]
        self.heard = []
        with connection.makefile("rb") as reader:
            while event := read_event(reader):
                self.heard.append(event)
                if AudioStop.is_type(event.type) or Synthesize.is_type(event.type):
                    break
        return b"asked"


def said(*events: Eventable) -> bytes:
    content = io.BytesIO()
    for event in events:
        write_event(event.event(), content)
    return content.getvalue()


def sound(seconds: float, rate: int = 22_050) -> bytes:
    samples = to_pcm(tone(seconds, rate))
    return said(AudioChunk(rate=rate, width=2, channels=1, audio=samples))


@pytest.fixture
def servers() -> Iterator[list[WyomingServer]]:
    made: list[WyomingServer] = []
    yield made
    for server in made:
        server.close()


def ears(
    servers: list[WyomingServer], script: Sequence[bytes | float], wait_s: float = PATIENCE_S
) -> ServerEars:
    servers.append(WyomingServer(script))
    where = place(servers[0].url, "ears", "wyoming", wait_s)
    return ServerEars(
        where, WyomingReader(where, ""), LocalEars(), ("en", "zh"), never_again(where)
    )


def voice(
    servers: list[WyomingServer], script: Sequence[bytes | float], wait_s: float = PATIENCE_S
) -> tuple[ServerVoice, LocalVoice]:
    servers.append(WyomingServer(script))
    where, local = place(servers[0].url, "voice", "wyoming", wait_s), LocalVoice()
    server = SpeakingServer(WyomingSpeaker(where, ""), ("en", "zh"), 1.0)
    return ServerVoice(where, server, local, never_again(where)), local


def test_the_server_reads(servers: list[WyomingServer]) -> None:
    part = ears(servers, [said(Describe(), Transcript("你好吗？", language="zh"))])
    assert part.transcribe(SPOKEN, CancelToken()) == Read("你好吗？", "zh")
    first, _, *chunks, _ = servers[0].heard
    assert Transcribe.from_event(first).language is None
    content = b"".join(AudioChunk.from_event(chunk).audio for chunk in chunks)
    samples = np.frombuffer(content, "<i2") / 32768
    np.testing.assert_allclose(samples, SPOKEN.samples, atol=1e-4)


def test_the_server_speaks(servers: list[WyomingServer]) -> None:
    start = said(AudioStart(rate=22_050, width=2, channels=1))
    part, local = voice(servers, [start, sound(2), sound(1.5), said(AudioStop())])
    seconds = sum(audio.seconds for audio in part.stream(SENTENCE, CancelToken()))
    assert seconds == pytest.approx(3.5 + 0.32, abs=0.05)
    assert local.said == []
    (asked,) = servers[0].heard
    assert Synthesize.from_event(asked).text == SENTENCE
    assert asked.data["voice"] == {"language": "en"}


HUGE = json.dumps({"type": "transcript", "data_length": 10**12}).encode() + b"\n"
FAULTS: dict[str, list[bytes | float]] = {
    "hangs up": [],
    "hangs": [PATIENCE_S],
    "is killed in an event": [b'{"type": "transcript", "data_length": 99}\n{"te'],
    "hangs in an event": [b'{"type": "transcript", "data_length": 99}\n{"te', PATIENCE_S],
    "sends garbage": [b"\x00\xff\n"],
    "sends no object": [b"[]\n"],
    "sends events without fields": [b"{}\n"],
    "announces more than there is room for": [HUGE, PATIENCE_S],
    "sends a line without end": [b" " * (5 << 20), PATIENCE_S],
    "sends other things without end": [said(Describe()) * 2000, PATIENCE_S],
    "sends no text": [b'{"type": "transcript", "data": {"text": 7}}\n'],
    "fails": [b'{"type": "error", "data": {"text": "Oh"}}\n'],
    "speaks HTTP": [b"HTTP/1.1 200 OK\r\n\r\n"],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_when_it(fault: str, servers: list[WyomingServer]) -> None:
    part = ears(servers, FAULTS[fault], SHORT_S if "hangs" in fault else PATIENCE_S)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert not part.server.in_use


BROKEN: dict[str, list[bytes | float]] = {
    "is killed": [sound(1)],
    "hangs": [sound(1), PATIENCE_S],
    "fails": [sound(1), b'{"type": "error", "data": {"text": "Oh"}}\n'],
    "changes the rate": [sound(1), sound(1, 16_000), PATIENCE_S],
    "ends too soon": [sound(0.5), said(AudioStop())],
    "sends eight bits": [
        sound(1),
        said(AudioChunk(rate=22_050, width=1, channels=1, audio=bytes(999))),
        PATIENCE_S,
    ],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_sentence_is_finished_here_when_it(fault: str, servers: list[WyomingServer]) -> None:
    part, local = voice(servers, BROKEN[fault], SHORT_S if "hangs" in fault else PATIENCE_S)
    list(part.stream(SENTENCE, CancelToken()))
    (rest,) = local.said
    assert SENTENCE.endswith(rest) and 0 < len(rest) < len(SENTENCE)
    assert not part.server.in_use


def test_what_nobody_wants_is_hung_up_on(servers: list[WyomingServer]) -> None:
    part, local = voice(servers, [sound(1), PATIENCE_S])
    pieces = part.stream(SENTENCE, CancelToken())
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # a generator has it
    assert servers[0].hung_up.wait(PATIENCE_S)
    assert local.said == []
