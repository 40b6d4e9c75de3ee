"""Servers as they are: habits of those that people use, and whatever a bad one might do."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from daemon.brain import openai, wire
from daemon.brain.dialect import Dialect, model_names, wait_asked_for
from daemon.brain.fallback import FallbackModel
from daemon.brain.openai import OpenAIServer
from daemon.errors import StageError
from daemon.media import Message, Tool
from daemon.worker import CancelToken
from tests.fakes import FakeChat

QUESTION = [Message("system", "Be kind."), Message("user", "Is the tea ready?")]
ANSWER = ["The ", "kettle ", "is ready."]
MODELS = {"data": [{"id": "m"}]}
SOON_S = 60.0


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's ``habit`` says, which is given this and the request."""

    server: "Server"

    def log_message(self, *told: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {}, dict(self.headers)))
        listed = self.server.models
        if isinstance(listed, bytes):
            self.raw(listed)
        else:
            self.plain(200 if listed is not None else 404, listed or {"error": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body, dict(self.headers)))
        self.server.habit(self, body)

    def plain(self, status: int, told: Any, kind: str = "application/json", **more: str) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in (headers | more).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, content: bytes) -> None:
        self.wfile.write(content)
        self.close_connection = True

    def events(self, *deltas: Any, finish: str | None = "stop", **more: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta in deltas:
            content = delta if isinstance(delta, dict) else {"content": delta}
            self.event({"choices": [{"delta": content, "finish_reason": None}], **more})
        if finish is not None:
            self.event({"choices": [{"delta": {}, "finish_reason": finish}], **more})
            self.wfile.write(b"data: [DONE]\n\n")

    def event(self, told: object) -> None:
        self.wfile.write(b"data: " + json.dumps(told).encode() + b"\n\n")


Habit = Callable[[Handler, dict[str, Any]], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models: Any = MODELS
        self.seen: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.habit: Habit = lambda handler, body: handler.events(*ANSWER)

    def handle_error(self, *told: object) -> None:
        pass  # we hang up on some

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def client(url: str, **changes: Any) -> OpenAIServer:
    told: dict[str, Any] = {
        "model": "m",
        "key": "sk-1",
        "context_tokens": 4096,
        "max_reply_tokens": 50,
        "temperature": 0.3,
        "top_p": 0.9,
        "connect_s": 20.0,
        "silence_s": 20.0,
    }
    return OpenAIServer(url, **(told | changes))


def ask(model: OpenAIServer | FallbackModel) -> str:
    return "".join(model.reply(QUESTION, CancelToken()))


def refuse(named: str, said: str, status: int = 400) -> Habit:
    """Make a server that takes no ``named``."""

    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if named in body:
            handler.plain(status, {"error": {"message": said, "param": None}})
        else:
            handler.events(*ANSWER)

    return habit


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("max_tokens", "'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ("max_tokens", "Unrecognized request argument supplied: max_tokens"),
        ("temperature", "Unsupported value: 'temperature' does not support 0.3 with this model."),
        ("top_p", "`temperature` and `top_p` cannot both be specified for this model."),
        ("stream", "Your organization must be verified to stream this model: unsupported value"),
    ],
)
def test_a_refused_field_is_given_up_for_good(server: Server, named: str, said: str) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if named in body:
            handler.plain(400, {"error": {"message": said}})
        elif "stream" in body:
            handler.events(*ANSWER)
        else:
            message = {"role": "assistant", "content": "".join(ANSWER)}
            handler.plain(200, {"choices": [{"message": message, "finish_reason": "stop"}]})

    server.habit = habit
    model = client(server.url)
    assert ask(model) == "".join(ANSWER)
    asked = len(server.seen)
    assert ask(model) == "".join(ANSWER)
    assert len(server.seen) == asked + 1, "it is remembered"
    if "max_completion_tokens" in said:
        assert server.seen[-1][1]["max_completion_tokens"] == 50


def test_one_after_another_is_given_up(server: Server) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        for field in ("temperature", "top_p"):
            if field in body:
                loc = {
                    "detail": [{"loc": ["body", field], "msg": "Extra inputs are not permitted"}]
                }
                return handler.plain(422, loc)
        handler.events(*ANSWER)

    server.habit = habit
    assert ask(client(server.url)) == "".join(ANSWER)


def test_a_template_without_a_system(server: Server) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if body["messages"][0]["role"] == "system":
            handler.plain(400, {"error": {"message": "System role not supported"}})
        else:
            handler.events(*ANSWER)

    server.habit = habit
    assert ask(client(server.url)) == "".join(ANSWER)
    [told] = server.seen[-1][1]["messages"]
    assert told == {"role": "user", "content": "Be kind.\n\nIs the tea ready?"}


def test_what_is_refused_whatever_is_asked_is_told(server: Server) -> None:
    server.habit = lambda handler, body: handler.plain(400, {"error": {"message": "top_p, no"}})
    with pytest.raises(StageError, match="top_p, no"):
        ask(client(server.url))
    assert len(server.seen) < 6


@pytest.mark.parametrize(
    "models",
    [
        None,
        [{"id": "m"}],
        {"models": [{"name": "m"}]},
        {"data": None},
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\x00[",
    ],
)
def test_a_model_that_is_set_needs_no_list(server: Server, models: Any) -> None:
    server.models = models
    model = client(server.url)
    model.warm_up()
    assert ask(model) == "".join(ANSWER)
    if models in (None, {"data": None}):
        with pytest.raises(StageError) as caught:
            client(server.url, model="").warm_up()
        assert "model" in caught.value.fix


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ({"data": [{"id": "text-embedding-3"}, {"id": "b"}]}, ["b"]),
        ([{"id": "a"}, "b"], ["a", "b"]),
        ({"models": [{"name": "a:7b", "model": "a:7b"}]}, ["a:7b"]),
        ({"data": [{"id": 3}, {}, None]}, []),
        ({"data": "a"}, []),
        (3, []),
    ],
)
def test_lists_of_models(listed: Any, names: list[str]) -> None:
    assert model_names(listed) == names


def test_an_error_that_is_null_is_none(server: Server) -> None:
    server.habit = lambda handler, body: handler.events(*ANSWER, error=None, usage=None)
    assert ask(client(server.url)) == "".join(ANSWER)


def test_content_in_parts(server: Server) -> None:
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "They want tea."}]}]
    parts = [{"type": "text", "text": "The kettle "}]
    server.habit = lambda handler, body: handler.events(
        {"content": thought}, {"content": parts}, {"content": ["is ready."]}
    )
    assert ask(client(server.url)) == "The kettle is ready."


def test_halves_of_a_character_in_two_pieces(server: Server) -> None:
    server.habit = lambda handler, body: handler.events("a\ud83d", "\ude00b", "\ud800", "c\x00")
    assert ask(client(server.url)) == "a😀b\ufffdc"


@pytest.mark.parametrize(
    ("deltas", "finish", "said", "fix"),
    [
        ([{"reasoning_content": "hm"}], "length", "thoughts", "max_reply_tokens"),
        (["<think>hm"], "length", "thoughts", "max_reply_tokens"),
        ([], "length", "cut off", "max_reply_tokens"),
        (["<think>hm</think>"], "stop", "thought and said nothing", ""),
        ([], "content_filter", "filter", ""),
        (["", " "], "stop", "it said nothing", ""),
    ],
)
def test_an_empty_answer_is_explained(
    server: Server, deltas: list[Any], finish: str, said: str, fix: str
) -> None:
    server.habit = lambda handler, body: handler.events(*deltas, finish=finish)
    with pytest.raises(StageError, match=said) as caught:
        ask(client(server.url))
    assert fix in caught.value.fix
    assert ask(FallbackModel(client(server.url), lambda: FakeChat(["local"]))) == "local"


@pytest.mark.parametrize(
    "told",
    [
        {"object": "error", "message": "out of memory", "code": 50000},
        {"choices": None, "error_type": "BadRequest", "error_message": "out of memory"},
        {"error": "out of memory"},
        {"error": {"code": "out of memory"}},
        {"detail": "out of memory"},
    ],
)
def test_errors_of_every_form_are_told(server: Server, told: Any) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        handler.events(finish=None)
        handler.event(told)

    server.habit = habit
    with pytest.raises(StageError, match="out of memory"):
        ask(client(server.url))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_when_it_says(server: Server, status: int) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if len(server.seen) == 1:
            handler.plain(status, {"error": {"message": "later"}}, Retry_After="0.1")
        else:
            handler.events(*ANSWER)

    server.habit = habit
    assert ask(client(server.url)) == "".join(ANSWER)


def test_nobody_waits_long_for_a_busy_server(server: Server) -> None:
    server.habit = lambda handler, body: handler.plain(429, {}, Retry_After="3600")
    with pytest.raises(StageError, match="429"):
        ask(client(server.url))
    assert len(server.seen) == 1
    client(server.url).warm_up()  # it is there, though


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}, 50.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"retry-after-ms": "150"}, 0.15),
    ],
)
def test_when_to_ask_again(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_asked_for(headers, now=10.0) == seconds


def test_an_address_without_its_version_is_hinted_at(server: Server) -> None:
    server.models = None
    server.habit = lambda handler, body: handler.plain(404, b"404 page not found", "text/plain")
    root = server.url.removesuffix("/v1")
    for model in (client(root, model=""), client(root)):
        with pytest.raises(StageError, match="404") as caught:
            ask(model)
        assert caught.value.fix == f'url = "{root}/v1"'


def test_a_query_is_kept_and_a_whole_route_is_taken(server: Server) -> None:
    ask(client(f"{server.url}/chat/completions?api-version=2024-10-21"))
    assert server.seen[-1][0] == "/v1/chat/completions?api-version=2024-10-21"


def test_the_key_goes_into_the_header_that_is_asked_for(server: Server) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if handler.headers["api-key"] == "sk-1" and "Authorization" not in handler.headers:
            handler.events(*ANSWER)
        else:
            handler.plain(401, {"error": {"message": "Access denied: invalid subscription key"}})

    server.habit = habit
    assert ask(client(server.url)) == "".join(ANSWER)
    assert Dialect("x.openai.azure.com").headers("k")["api-key"] == "k"


def test_an_answer_that_begins_within_a_thought(server: Server) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if body["max_tokens"] == openai.GREETING_TOKENS:
            handler.events("They greet me. I ", "greet back and", finish="length")
        else:
            handler.events("They want", " tea.", "</think>", *ANSWER)

    server.habit = habit
    model = client(server.url, max_reply_tokens=500)
    model.warm_up()
    assert ask(model) == ask(model) == "".join(ANSWER)


def test_a_model_known_for_it_is_expected_to_think(server: Server) -> None:
    server.habit = lambda handler, body: handler.events("Tea?", "</think>", *ANSWER)
    assert ask(client(server.url, model="deepseek-r1:7b")) == "".join(ANSWER)


def test_words_come_at_once_after_a_greeting(server: Server) -> None:
    go_on = threading.Event()

    def habit(handler: Handler, body: dict[str, Any]) -> None:
        if body["max_tokens"] != openai.GREETING_TOKENS:
            handler.events("The kettle", finish=None)
            assert go_on.wait(SOON_S)
        handler.events(" is ready.")

    server.habit = habit
    model = client(server.url, max_reply_tokens=500)
    model.warm_up()
    answer = model.reply(QUESTION, CancelToken())
    assert next(answer) == "The kettle"
    go_on.set()
    assert "".join(answer).endswith(" is ready.")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENT = b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}\n\n'


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe" * 1000,
        HEAD + b"\r\n" + b"\x00\xff" * 1000,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>welcome</html>",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b"[" * 200_000,
        HEAD + b"\r\ndata: " + b'{"a":' * 100_000 + b"\n\n",
        HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b" + b"\x00" * 100,
        HEAD + b"Content-Length: 999999\r\n\r\ndata: {}\n\n",
        HEAD + b"Content-Length: -3\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\ndata: {}\n\n",
        HEAD + b"\r\ndata: [1]\n\ndata: 3\n\n",
        HEAD + b'\r\ndata: {"choices": {"a": 1}}\n\n',
        HEAD + b'\r\ndata: {"choices": [{"delta": 3}]}\n\n',
        HEAD + b'\r\ndata: {"choices": [{"delta": {"tool_calls": [{"index": []}]}}]}\n\n',
        HEAD + b"X: y\r\n" * 200 + b"\r\n",
        HEAD + b"X: " + b"y" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 308 Away\r\nLocation: /v1/chat/completions\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999999999999999999999 ?\r\n\r\n",
        b"",
    ],
)
def test_whatever_is_no_chat_lets_the_local_model_answer(server: Server, content: bytes) -> None:
    server.habit = lambda handler, body: handler.raw(content)
    with pytest.raises(StageError):
        ask(client(server.url))
    assert ask(FallbackModel(client(server.url), lambda: FakeChat(["local"]))) == "local"


def test_interim_answers_are_passed_over(server: Server) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    server.habit = lambda handler, body: handler.raw(early + HEAD + b"\r\n" + EVENT)
    assert ask(client(server.url)) == "x"


@pytest.mark.parametrize(
    "begin",
    [
        HEAD + b"\r\ndata: ",
        HEAD + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
    ],
)
def test_what_is_sent_without_end_is_not_kept(
    server: Server, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_LINE_BYTES", 1 << 16)
    monkeypatch.setattr(wire, "MAX_BODY_BYTES", 1 << 16)
    monkeypatch.setattr(wire.CancellableWait, "left_bytes", 1 << 20)

    def habit(handler: Handler, body: dict[str, Any]) -> None:
        handler.wfile.write(begin)
        while True:
            handler.wfile.write(b": a comment\n" if begin.endswith(b"\r\n\r\n") else b"x" * 4096)

    server.habit = habit
    with pytest.raises(StageError):
        ask(client(server.url))
    server.models = begin + b"x" * (1 << 20)
    with pytest.raises(StageError):
        client(server.url, model="").warm_up()


def test_one_byte_now_and_then_is_not_waited_for_for_ever(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "TOTAL_S", 0.5)

    def habit(handler: Handler, body: dict[str, Any]) -> None:
        handler.wfile.write(HEAD + b"\r\n")
        while True:
            handler.wfile.write(b":\n")
            time.sleep(0.05)

    server.habit = habit
    with pytest.raises(StageError, match="silent for too long"):
        ask(client(server.url))


def test_a_list_that_drips_is_not_waited_for_as_long_as_an_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "LIST_S", 0.5)
    given_up = threading.Event()

    def drip(handler: Handler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            given_up.set()

    monkeypatch.setattr(Handler, "do_GET", drip)
    with pytest.raises(StageError, match="silent for too long"):
        client(server.url, model="").warm_up()
    assert given_up.wait(SOON_S)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (b'data: {"choices":[{"delta":{"content":' + b"[" * 700 + b"]" * 700, "not a chat"),
        (b"x" * ((1 << 20) + 2), "without end"),
        (b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f"}}]}}]}\n\n'
         b"data: [DONE]\n\n", "said nothing"),
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_told_as_that(server: Server, event: bytes, told: str) -> None:
    server.habit = lambda handler, body: handler.raw(HEAD + b"\r\n" + event + b"}}]}\n\n")
    with pytest.raises(StageError, match=told):
        ask(client(server.url))


def test_the_mark_of_utf8_costs_no_word(server: Server) -> None:
    def habit(handler: Handler, body: dict[str, Any]) -> None:
        handler.wfile.write(HEAD + b"\r\n\xef\xbb\xbf")
        for word in ANSWER:
            handler.event({"choices": [{"delta": {"content": word}}]})
        handler.wfile.write(b"data: [DONE]\n\n")
        handler.close_connection = True

    server.habit = habit
    assert ask(client(server.url)) == "".join(ANSWER)


def test_tools_that_are_refused_are_not_offered_again(server: Server) -> None:
    server.habit = refuse("tools", "this model does not support tools")
    model = client(server.url)
    model.tools = (Tool("clock", "Tell the time.", {"type": "object", "properties": {}}),)
    assert ask(model) == ask(model) == "".join(ANSWER)
    assert len(server.seen) == 3
