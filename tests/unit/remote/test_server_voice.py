"""A voice on a server, whatever that does wrong: every word is said, there or here."""

import json
import logging
from collections.abc import Callable

import pytest

from daemon.media import SPEAK_RATE, joined
from daemon.remote.place import Unusable
from daemon.remote.standby import OnServer, Standby
from daemon.stages import AdjustableVoice, MultilingualVoice, StreamingVoice
from daemon.voice.bilingual import SPEECH_LUFS
from daemon.voice.loudness import loudness
from daemon.voice.on_server import OpenAISpeaker, SpeakingServer
from daemon.voice.server_voice import ServerVoice
from daemon.voice.spoken_share import rest_of, weight
from daemon.worker import CancelToken
from tests.scripted_server import Server
from tests.unit.remote.server_helpers import (
    NOBODY,
    SECRET,
    LocalVoice,
    Looks,
    answer,
    chunked,
    never_again,
    pcm,
    place,
)
from tests.waiting import PATIENCE_S, wait_until

SENTENCE = "The quick brown fox jumps over the lazy dog and comes back again."
SHORT_S = 0.2  # of waiting for a server that will never answer
WHOLE = chunked(pcm(1.0), pcm(1.0), pcm(1.5))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n"


class Speech:
    """A voice on a server, and what stands in for it."""

    def __init__(
        self,
        url: str,
        wait_s: float = PATIENCE_S,
        speed: float = 1.0,
        spoken: tuple[str, ...] = (),
    ) -> None:
        where = place(url, "voice", wait_s=wait_s)
        self.local = LocalVoice()
        speaker = OpenAISpeaker(where, "", "", speed)
        self.server = SpeakingServer(speaker, ("en", "zh"), 1.0, spoken)
        self.voice = ServerVoice(where, self.server, self.local, never_again(where))

    def seconds(self, text: str = SENTENCE) -> float:
        pieces = list(self.voice.stream(text, CancelToken()))
        assert all(audio.rate == SPEAK_RATE for audio in pieces)
        return sum(audio.seconds for audio in pieces)


def test_the_server_speaks(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE])
    speech = Speech(server.url)
    assert speech.seconds() == pytest.approx(3.5 + 0.32, abs=0.05)
    assert speech.local.said == [] and speech.voice.server.in_use
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/audio/speech HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}".encode() in head
    assert json.loads(body) == {
        "model": "tts-1",
        "voice": "alloy",
        "input": SENTENCE,
        "response_format": "pcm",
    }
    protocols = (OnServer, StreamingVoice, MultilingualVoice, AdjustableVoice)
    assert all(isinstance(speech.voice, protocol) for protocol in protocols)


def test_its_first_sound_is_not_held_back(serving: Callable[..., Server]) -> None:
    server = serving([chunked(pcm(0.5), ends=False), PATIENCE_S])
    pieces = Speech(server.url).voice.stream(SENTENCE, CancelToken())
    assert next(pieces).seconds > 0.1  # while the server still speaks
    pieces.close()  # type: ignore[attr-defined]  # a generator has it
    assert server.hung_up.wait(PATIENCE_S)


def test_numbers_are_written_out_and_languages_kept_apart(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE], [WHOLE])
    Speech(server.url).seconds("It costs 12 dollars today. 我们明天早上再说吧。")
    said = [json.loads(request.partition(b"\r\n\r\n")[2])["input"] for request in server.requests]
    assert "twelve" in said[0] and said[1] == "我们明天早上再说吧。"


def test_a_language_that_it_does_not_speak_is_spoken_here(serving: Callable[..., Server]) -> None:
    speech = Speech(serving([WHOLE]).url, spoken=("en",))
    speech.seconds(f"{SENTENCE} 我们明天早上再说吧。")
    assert speech.local.said == ["我们明天早上再说吧。"]
    assert speech.voice.server.in_use


def test_the_pace_is_asked_for(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE], [WHOLE])
    speech = Speech(server.url, speed=1.5)
    speech.seconds()
    speech.voice.set_speed(0.8)
    speech.seconds()
    told = [json.loads(request.partition(b"\r\n\r\n")[2])["speed"] for request in server.requests]
    assert told == [1.5, 0.8]


def test_it_is_as_loud_as_other_voices(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE], [WHOLE], [WHOLE])
    speech = Speech(server.url)
    speech.server.look(CancelToken())  # in both languages
    heard = joined(list(speech.voice.stream(SENTENCE, CancelToken())))
    assert loudness(heard) == pytest.approx(SPEECH_LUFS, abs=0.5)


@pytest.mark.parametrize("kind", ["audio/wav", "application/octet-stream"])
def test_its_rate_is_learnt_from_a_wav(serving: Callable[..., Server], kind: str) -> None:
    from tests.unit.remote.test_pcm import wav

    told = answer(wav(16_000) + pcm(3.4, 16_000), kind)
    bare = answer(pcm(3.5, 16_000), "application/octet-stream")
    server = serving([told], [told], [bare])
    speech = Speech(server.url)
    speech.server.look(CancelToken())
    assert speech.seconds() == pytest.approx(3.5 + 0.32, abs=0.05)


def test_its_rate_may_stand_in_the_type(serving: Callable[..., Server]) -> None:
    speech = Speech(serving([answer(pcm(3.5, 16_000), "audio/pcm;rate=16000")]).url)
    assert speech.seconds() == pytest.approx(3.5 + 0.32, abs=0.05)


SILENT: dict[str, list[bytes | float]] = {
    "hangs up": [],
    "hangs": [PATIENCE_S],
    "hangs before its first sound": [HEAD + b"Content-Length: 99999\r\n\r\n", PATIENCE_S],
    "is killed before its first sound": [HEAD + b"Content-Length: 99999\r\n\r\n"],
    "says nothing": [answer(b"", "audio/pcm")],
    "sends garbage": [b"\x00\x01\xff garbage\r\n\r\n"],
    "sends a web page": [answer(b"<html>", "text/html")],
    "sends an error as an answer": [answer(b'{"error": 1}', "application/json")],
    "sends an MP3": [answer(b"ID3\x04" + bytes(90_000), "audio/mpeg")],
    "is too busy": [answer(b"", "text/plain", "Retry-After: 9", status="429 Slow Down")],
    "does not know the key": [answer(b"sk-a-secret?", "text/plain", status="401 No")],
    "fails": [answer(b"", "text/plain", status="500 Oh")],
    "has an impossible rate": [answer(pcm(3.0), "audio/pcm;rate=1")],
    "sends headers without end": [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 999, PATIENCE_S],
}
BROKEN: dict[str, list[bytes | float]] = {
    "is killed": [HEAD + b"Content-Length: 168000\r\n\r\n" + pcm(1.0)],
    "is killed between two chunks": [chunked(pcm(1.0), ends=False)],
    "hangs up early without a length": [HEAD + b"\r\n" + pcm(0.5)],
    "hangs": [chunked(pcm(1.0), ends=False), PATIENCE_S],
    "is slow and hangs": [
        chunked(pcm(1.0), ends=False),
        *(step for _ in range(500) for step in (b"f0\r\n" + pcm(0.005) + b"\r\n", 0.1)),
    ],
}


@pytest.mark.parametrize("fault", SILENT)
def test_a_sentence_is_said_here_when_it(
    fault: str, serving: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serving(SILENT[fault])
    speech = Speech(server.url, SHORT_S if "hangs" in fault else PATIENCE_S)
    speech.seconds()
    assert speech.local.said == [SENTENCE]
    assert not speech.voice.server.in_use
    speech.seconds("Another one.")
    assert speech.local.said == [SENTENCE, "Another one."] and len(server.requests) == 1
    assert SECRET not in caplog.text and "quick" not in caplog.text


@pytest.mark.parametrize("fault", BROKEN)
def test_a_sentence_is_finished_here_when_it(fault: str, serving: Callable[..., Server]) -> None:
    speech = Speech(serving(BROKEN[fault]).url, SHORT_S if "hangs" in fault else PATIENCE_S)
    speech.seconds()
    (rest,) = speech.local.said
    assert SENTENCE.endswith(rest) and len(rest) < len(SENTENCE)
    assert weight(SENTENCE) - weight(rest) <= 15  # no more than a second's letters are left out
    assert not speech.voice.server.in_use


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_wanted_as_a_whole_is_said_in_one_voice(
    fault: str, serving: Callable[..., Server]
) -> None:
    speech = Speech(serving(BROKEN[fault]).url, SHORT_S if "hangs" in fault else PATIENCE_S)
    assert len(list(speech.voice.synthesize(SENTENCE, CancelToken()))) == 1
    assert speech.local.said == [SENTENCE]


def test_sound_without_end_is_cut(serving: Callable[..., Server]) -> None:
    speech = Speech(serving([HEAD + b"\r\n" + pcm(60.0), PATIENCE_S]).url)
    assert 25 < speech.seconds() < 60
    assert not speech.voice.server.in_use


def test_a_look_at_a_server_that_sounds_without_end_ends(serving: Callable[..., Server]) -> None:
    """Or nobody would be answered until it had sent all that an answer may have."""
    endless = [HEAD + b"\r\n" + pcm(20.0), PATIENCE_S]
    speaker = OpenAISpeaker(place(serving(endless, endless).url, "voice"), "", "", 1.0)
    with pytest.raises(Unusable, match="without end"):
        speaker.look("1", "en", CancelToken())


def test_nobody_answers() -> None:
    speech = Speech(NOBODY)
    speech.seconds()
    assert speech.local.said == [SENTENCE]


def test_broken_tls(serving: Callable[..., Server]) -> None:
    speech = Speech(serving([b"HTTP/1.1 400 Bad Request\r\n\r\n"]).url.replace("http:", "https:"))
    speech.seconds()
    assert speech.local.said == [SENTENCE]


def test_it_speaks_again_once_it_works(serving: Callable[..., Server]) -> None:
    server = serving([], [WHOLE], [WHOLE], [WHOLE])
    speech, looks = Speech(server.url), Looks()
    where = place(server.url, "voice", wait_s=PATIENCE_S)
    standby = Standby(where, speech.server.look, looks.pause)
    voice = ServerVoice(where, speech.server, speech.local, standby)
    list(voice.stream(SENTENCE, CancelToken()))
    assert not voice.server.in_use
    looks.look()
    wait_until(lambda: voice.server.in_use)
    list(voice.stream(SENTENCE, CancelToken()))
    assert speech.local.said == [SENTENCE]
    voice.close()


@pytest.mark.parametrize(
    "text, letters, rest",
    [
        (SENTENCE, 0, SENTENCE),
        (SENTENCE, 15, "brown fox jumps over the lazy dog and comes back again."),
        (SENTENCE, 1000, ""),
        ("Yes, no.", 4, "no."),
        ("我们明天早上再说吧。", 9, "明天早上再说吧。"),
        ("", 3, ""),
    ],
)
def test_the_rest_begins_with_a_word(text: str, letters: float, rest: str) -> None:
    assert rest_of(text, letters) == rest
