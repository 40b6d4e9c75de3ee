"""Ears on a server, whatever that does wrong: what was said is read, there or here."""

import logging
import threading
from collections.abc import Callable, Sequence

import pytest

from daemon.ears.on_server import OpenAIReader, ServerEars
from daemon.media import Transcript
from daemon.remote.standby import OnServer, Standby
from daemon.stages import MultilingualRecognizer
from daemon.worker import Cancelled, CancelToken
from tests.scripted_server import Server
from tests.unit.remote.server_helpers import (
    NOBODY,
    SECRET,
    SPOKEN,
    LocalEars,
    Looks,
    answer,
    never_again,
    place,
    words,
)
from tests.waiting import PATIENCE_S, wait_until

LOCAL = Transcript("local words", "en")
SHORT_S = 0.2  # of waiting for a server that will never answer
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def ears(
    url: str, wait_s: float = PATIENCE_S, languages: Sequence[str] = ("en", "zh")
) -> ServerEars:
    where = place(url, wait_s=wait_s)
    return ServerEars(where, OpenAIReader(where, ""), LocalEars(), languages, never_again(where))


def test_the_server_reads(serving: Callable[..., Server]) -> None:
    server = serving([words(text=" Good  morning. ", language="english")])
    part = ears(server.url)
    assert part.transcribe(SPOKEN, CancelToken()) == Transcript("Good morning.", "en")
    assert part.server.in_use
    request = server.requests[0]
    assert request.startswith(b"POST /v1/audio/transcriptions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}".encode() in request
    assert b'name="file"; filename="speech.wav"' in request and b"RIFF" in request
    assert b'name="language"' not in request
    assert isinstance(part, OnServer) and isinstance(part, MultilingualRecognizer)


def test_a_single_language_is_told(serving: Callable[..., Server]) -> None:
    server = serving([words(text="早安", language="zh")])
    part = ears(server.url, languages=["zh"])
    assert part.transcribe(SPOKEN, CancelToken()) == Transcript("早安", "zh")
    assert b'name="language"\r\n\r\nzh\r\n' in server.requests[0]


def test_chinese_is_simplified_and_its_language_guessed(serving: Callable[..., Server]) -> None:
    part = ears(serving([words(text="這是甚麼？")]).url)
    read = part.transcribe(SPOKEN, CancelToken())
    assert read.language == "zh" and read.text.startswith("这是")


def test_a_server_that_tells_words_only(serving: Callable[..., Server]) -> None:
    refused = answer(b"{}", "application/json", status="400 Bad Request")
    server = serving([refused], [words(text="Yes.")], [words(text="No.")])
    part = ears(server.url)
    assert part.transcribe(SPOKEN, CancelToken()).text == "Yes."
    assert part.transcribe(SPOKEN, CancelToken()).text == "No."
    assert [b"verbose_json" in request for request in server.requests] == [True, False, False]


def test_what_was_made_up_from_noise_is_read_here(serving: Callable[..., Server]) -> None:
    doubt = {"no_speech_prob": 0.9, "avg_logprob": -1.2}
    told = words(text="Thank you.", language="en", segments=[doubt])
    part = ears(serving([told]).url)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert part.server.in_use


def test_a_language_that_is_not_set_is_read_here(serving: Callable[..., Server]) -> None:
    part = ears(serving([words(text="Bore da.", language="welsh")]).url)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert part.server.in_use  # there is nothing wrong with it


FAULTS: dict[str, list[bytes | float]] = {
    "hangs up": [],
    "is killed in its answer": [HEAD + b'Content-Length: 900\r\n\r\n{"text": "Good mor'],
    "is killed between two chunks": [HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"t\r\n'],
    "hangs": [PATIENCE_S],
    "hangs in its headers": [b"HTTP/1.1 200 OK\r\nContent-", PATIENCE_S],
    "hangs in its answer": [HEAD + b"Content-Length: 900\r\n\r\n{", PATIENCE_S],
    "sends garbage": [b"\x00\x01\xff garbage\r\n\r\n"],
    "sends a web page": [answer(b"<html>", "text/html")],
    "sends no object": [answer(b"[1]", "application/json")],
    "sends no words": [words(text=7)],
    "is too busy": [answer(b"", "text/plain", "Retry-After: 9", status="429 Slow Down")],
    "does not know the key": [answer(b"sk-a-secret?", "text/plain", status="401 No")],
    "fails": [answer(b"", "text/plain", status="500 Oh")],
    "leads elsewhere": [answer(b"", "text/plain", "Location: http://evil/", status="302 There")],
    "sends a body without end": [HEAD + b"\r\n" + b" " * (2 << 20), PATIENCE_S],
    "says more than anybody can": [words(text="word " * 1000, language="en")],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_when_it(
    fault: str, serving: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serving(FAULTS[fault])
    part = ears(server.url, SHORT_S if "hangs" in fault else PATIENCE_S)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert not part.server.in_use and part.server.problem
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL  # which asks nobody
    assert len(server.requests) == 1
    assert SECRET not in caplog.text and "Good mor" not in caplog.text


def test_nobody_answers() -> None:
    part = ears(NOBODY)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert "Connection refused" in part.server.problem


def test_broken_tls(serving: Callable[..., Server]) -> None:
    server = serving([b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    part = ears(server.url.replace("http:", "https:"))
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    assert not part.server.in_use


def test_what_nobody_wants_is_hung_up_on(serving: Callable[..., Server]) -> None:
    server = serving([PATIENCE_S])
    part, cancel = ears(server.url), CancelToken()
    cancelling = cancelling_once_asked(server, cancel)
    with pytest.raises(Cancelled):
        part.transcribe(SPOKEN, cancel)
    cancelling.join()
    assert server.hung_up.wait(PATIENCE_S)
    assert part.server.in_use


def cancelling_once_asked(server: Server, cancel: CancelToken) -> threading.Thread:
    def run() -> None:
        wait_until(lambda: server.requests)
        cancel.cancel()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_it_is_asked_again_once_it_works(serving: Callable[..., Server]) -> None:
    read = words(text="Back.", language="en")
    server = serving([], [], [words(text="")], [read])
    where, looks = place(server.url, wait_s=PATIENCE_S), Looks()
    reader = OpenAIReader(where, "")
    part = ServerEars(where, reader, LocalEars(), ("en", "zh"))
    standby = Standby(where, part.look, looks.pause)
    part = ServerEars(where, reader, LocalEars(), ("en", "zh"), standby)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    looks.look()  # it hangs up again
    wait_until(lambda: len(looks.waits) == 2)
    assert part.transcribe(SPOKEN, CancelToken()) == LOCAL
    looks.look()
    wait_until(lambda: part.server.in_use)
    assert part.transcribe(SPOKEN, CancelToken()).text == "Back."
    assert looks.waits == [1.0, 2.0]
    part.close()


def test_languages_change_in_both() -> None:
    where, local = place(NOBODY), LocalEars()
    part = ServerEars(where, OpenAIReader(where, ""), local, ("en",), never_again(where))
    part.understand(["zh"])
    assert local.languages == ["zh"]


def test_a_server_that_is_not_there_at_the_start_holds_nothing_up() -> None:
    where, looks = place(NOBODY), Looks()
    part = ServerEars(where, OpenAIReader(where, ""), LocalEars(), ("en",))
    standby = Standby(where, part.look, looks.pause)
    part = ServerEars(where, OpenAIReader(where, ""), LocalEars(), ("en",), standby)
    part.warm_up()
    assert not part.server.in_use
    looks.end()
    part.close()
