"""A server as the brain, against a scripted one: whatever a server and a network can do wrong."""

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from daemon.brain.completions import MAX_CALLS
from daemon.brain.fallback import REST_S, FallbackModel
from daemon.brain.openai import OpenAIServer
from daemon.brain.server_key import KEY_VARIABLE, read_key
from daemon.errors import SetupError, StageError
from daemon.media import Message, Picture, Tool, ToolCall
from daemon.worker import CancelToken
from tests.fakes import FakeChat, FakeToolUser
from tests.scripted_server import Server
from tests.waiting import PATIENCE_S

QUESTION = [Message("user", "你好")]
SECRET = "sk-a-secret"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def event(text: str | None = None, **more: object) -> bytes:
    choice = {"delta": {"content": text} if text else {}, "finish_reason": None, **more}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


WHOLE = HEAD + event("你") + event("好。") + event(finish_reason="stop") + b"data: [DONE]\n\n"
REFUSED = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 30\r\n\r\n" + b'{"error":{"message":"no key"}}'
)


def client(url: str, **changes: object) -> OpenAIServer:
    told: dict[str, object] = {
        "model": "glm-4",
        "key": SECRET,
        "context_tokens": 4096,
        "max_reply_tokens": 50,
        "temperature": 0.3,
        "top_p": 0.9,
        "connect_s": 1.0,
        "silence_s": 1.0,
    }
    return OpenAIServer(url, **(told | changes))  # type: ignore[arg-type]


def ask(model: OpenAIServer | FallbackModel) -> list[str]:
    return list(model.reply(QUESTION, CancelToken()))


def test_an_answer_comes_piece_by_piece(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE])
    assert ask(client(server.url)) == ["你", "好。"]
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}".encode() in head
    assert json.loads(body) == {
        "model": "glm-4",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
        "max_tokens": 50,
        "temperature": 0.3,
        "top_p": 0.9,
    }


CLOCK = Tool("clock", "Tell the time.", {"type": "object", "properties": {}})


def calls(*deltas: object) -> bytes:
    return event(delta={"tool_calls": list(deltas)})


def asked_to_call(model: OpenAIServer) -> list[str | ToolCall]:
    model.tools = (CLOCK,)
    return list(model.reply_or_call(QUESTION, CancelToken()))


def test_a_tool_is_asked_for_in_pieces(serving: Callable[..., Server]) -> None:
    first = {"index": 0, "id": "a", "type": "function", "function": {"name": "clock"}}
    script = [
        HEAD,
        event("Let me look."),
        calls({**first, "function": {"name": "clock", "arguments": ""}}),
        calls({"index": 0, "function": {"arguments": '{"zone"'}}),
        calls({"index": 0, "function": {"arguments": ': "UTC"}'}}),
        calls({"index": 1, "id": "b", "function": {"name": "clock", "arguments": "{}"}}),
        event(finish_reason="tool_calls"),
        b"data: [DONE]\n\n",
    ]
    server = serving(script, script)
    assert asked_to_call(client(server.url)) == [
        "Let me look.",
        ToolCall("a", "clock", '{"zone": "UTC"}'),
        ToolCall("b", "clock", "{}"),
    ]
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert sent["tools"][0]["function"]["name"] == "clock"
    words_only = client(server.url)
    words_only.tools = (CLOCK,)
    assert ask(words_only) == ["Let me look."]


def test_calls_and_results_are_sent_as_the_protocol_has_them(
    serving: Callable[..., Server],
) -> None:
    server = serving([WHOLE])
    call = ToolCall("a", "clock", "{}")
    messages = [*QUESTION, Message("assistant", "", (call,)), Message("tool", "12", answers="a")]
    list(client(server.url).reply(messages, CancelToken()))
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert sent["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "content": "12", "tool_call_id": "a"},
    ]
    assert "tools" not in sent


def looked(model: OpenAIServer) -> str:
    results = [
        Message("tool", "(a picture)", answers="a", pictures=(Picture("image/png", b"png"),)),
        Message("tool", "12", answers="b"),
    ]
    called = ToolCall("a", "camera", "{}"), ToolCall("b", "clock", "{}")
    messages = [*QUESTION, Message("assistant", "", called), *results]
    assert model.count_tokens(messages) > 1000
    return "".join(model.reply(messages, CancelToken()))


def test_pictures_are_shown_after_the_results(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE])
    assert looked(client(server.url)) == "你好。"
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "user"]
    url = "data:image/png;base64,cG5n"
    assert sent[-1]["content"] == [{"type": "image_url", "image_url": {"url": url}}]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "unknown variant `image_url`, expected `text`"),
        (500, "image input is not supported - you may need to provide the mmproj"),
    ],
)
def test_a_server_that_sees_nothing_is_told_in_words(
    serving: Callable[..., Server], status: int, said: str
) -> None:
    body = json.dumps({"error": {"message": said}}).encode()
    head = b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    server = serving([head, body], [WHOLE], [WHOLE])
    model = client(server.url)
    assert looked(model) == looked(model) == "你好。"
    assert [b"image_url" in request for request in server.requests] == [True, False, False]
    assert b"(a picture)" in server.requests[2]


def test_what_others_say_is_sent_as_no_more_than_a_text(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE])
    messages = [Message("system", "<s>mine"), Message("user", "what is <s>\ud800, [INST]?")]
    list(client(server.url).reply(messages, CancelToken()))
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    contents = [message["content"] for message in sent["messages"]]
    assert contents == ["<s>mine", "what is < s>\ufffd, [ INST]?"]


@pytest.mark.parametrize(
    "delta", [3, {"index": 0, "function": 3}, {"index": 0, "function": {"arguments": {"a": 1}}}]
)
def test_what_is_no_call_is_told(serving: Callable[..., Server], delta: object) -> None:
    with pytest.raises(StageError, match="not a chat"):
        asked_to_call(client(serving([HEAD, calls(delta)]).url))


def test_calls_are_bounded(serving: Callable[..., Server]) -> None:
    many = [{"index": n, "function": {"name": "clock", "arguments": "{}"}} for n in range(100)]
    end = event(finish_reason="tool_calls")
    assert len(asked_to_call(client(serving([HEAD, calls(*many), end]).url))) == MAX_CALLS
    long = {"index": 0, "function": {"name": "clock", "arguments": "x" * 20_000}}
    with pytest.raises(StageError, match="far too much"):
        asked_to_call(client(serving([HEAD, calls(long), end]).url))


def test_a_server_without_tools_answers_without_them(
    serving: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    said = b'{"error": {"message": "this model does not support tools"}}'
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(said)
    server = serving([head, said], [WHOLE], [WHOLE])
    model = client(server.url)
    assert asked_to_call(model) == ["你", "好。"]
    assert "calls no tools" in caplog.text and "does not support" not in caplog.text
    assert asked_to_call(model) == ["你", "好。"]
    assert b'"tools"' not in server.requests[2]


def test_tools_count_as_part_of_the_prompt() -> None:
    model = client("http://a/v1")
    before = model.count_tokens(QUESTION)
    model.tools = (CLOCK,)
    assert model.count_tokens(QUESTION) > before + 10


def test_characters_cut_by_the_network_come_whole(serving: Callable[..., Server]) -> None:
    server = serving([part for byte in WHOLE for part in (bytes([byte]),)])
    assert "".join(ask(client(server.url))) == "你好。"


def test_the_first_model_that_is_served_is_taken(serving: Callable[..., Server]) -> None:
    models = json.dumps({"data": [{"id": "chatglm3-6b"}, {"id": "other"}]}).encode()
    server = serving(
        [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(models), models], [WHOLE]
    )
    assert ask(client(server.url, model=""))
    assert b'"model": "chatglm3-6b"' in server.requests[1]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([HEAD, event("你"), event("好")], "broke off"),
        ([HEAD, b"data: {}\n\n", b"data: nonsense\n\n"], "not a chat"),
        ([HEAD, b'data: {"choices": [3]}\n\n'], "not a chat"),
        ([HEAD, b'data: {"error": {"message": "out of memory"}}\n\n'], "out of memory"),
        ([b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nnope"], "500: nope"),
        ([b"HTTP/1.1 307 Away\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n"], "307"),
        ([HEAD, event("你"), 3.0], "silent for too long"),
        ([3.0], "silent for too long"),
        ([b"HTTP/1.1 200 OK\r\nX-Slow: ", *[b"x", 0.05] * 1000], "silent for too long"),
        ([b"GET OUT\r\n\r\n"], "not a chat"),
    ],
)
def test_what_goes_wrong_is_told(
    serving: Callable[..., Server], script: list[bytes | float], expected: str
) -> None:
    server = serving(script, script)
    with pytest.raises(StageError, match=expected) as caught:
        ask(client(server.url, silence_s=0.2))
    assert caught.value.stage == "brain"


def test_a_server_with_less_context_says_what_to_set(serving: Callable[..., Server]) -> None:
    said = b'{"error": {"message": "the maximum context length is 512 tokens"}}'
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(said)
    with pytest.raises(StageError, match="512 tokens") as caught:
        ask(client(serving([head, said]).url))
    assert "context_tokens" in caught.value.fix


def test_a_wrong_key_is_told_and_never_shown(
    serving: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StageError, match="key") as caught:
        ask(client(serving([REFUSED]).url))
    assert KEY_VARIABLE in caught.value.fix
    assert SECRET not in caplog.text + str(caught.value)


def test_a_dropped_connection_is_opened_again_once(serving: Callable[..., Server]) -> None:
    assert ask(client(serving([], [WHOLE]).url)) == ["你", "好。"]
    with pytest.raises(StageError, match="does not answer"):
        ask(client(serving([], []).url))


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    model = client(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(StageError, match="does not answer"):
        ask(model)
    with pytest.raises(StageError, match="does not answer"):
        model.warm_up()


@pytest.mark.parametrize("script", [[HEAD, event("你"), 3600.0], [3600.0]])
def test_cancelling_hangs_up_at_once(
    serving: Callable[..., Server], script: list[bytes | float]
) -> None:
    server, cancel = serving(script), CancelToken()
    timer = threading.Timer(0.1, cancel.cancel)
    timer.start()
    begin = time.monotonic()
    list(client(server.url, silence_s=3600.0).reply(QUESTION, cancel))
    assert time.monotonic() - begin < PATIENCE_S
    timer.join()
    assert server.hung_up.wait(PATIENCE_S)


def test_leaving_an_answer_hangs_up(serving: Callable[..., Server]) -> None:
    server = serving([HEAD, event("你"), 3600.0])
    reply = client(server.url).reply(QUESTION, CancelToken())
    assert next(reply) == "你"
    reply.close()  # type: ignore[attr-defined]
    assert server.hung_up.wait(PATIENCE_S)


def test_a_server_that_nobody_vouches_for_is_refused(serving: Callable[..., Server]) -> None:
    server = serving([WHOLE], [WHOLE])
    with pytest.raises(StageError, match="does not answer"):
        ask(client(server.url.replace("http:", "https:")))
    assert client("https://example.org/v1")._tls.verify_mode is ssl.CERT_REQUIRED  # type: ignore[union-attr]


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://a/v1", "http:///v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="address"):
        client(url)


def test_tokens_are_estimated_generously() -> None:
    model = client("http://a/v1")
    assert model.count_tokens([Message("user", "今天天气怎么样？")]) >= 8
    assert model.count_tokens([Message("user", "word " * 100)]) >= 100


def test_the_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert read_key("") == ""
    monkeypatch.setenv(KEY_VARIABLE, "from-environment\n")
    assert read_key("") == "from-environment"
    monkeypatch.setenv(KEY_VARIABLE, f"{SECRET}\nsecond line")
    with pytest.raises(SetupError, match=KEY_VARIABLE) as caught:
        read_key("")
    assert SECRET not in str(caught.value)
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o640)
    with pytest.raises(SetupError, match="Others can read") as caught:
        read_key(str(path))
    assert caught.value.fix == f"chmod 600 {path}"
    path.chmod(0o600)
    assert read_key(str(path)) == SECRET
    for content in ("", "two words", "密钥", "\xff\xfe"):
        path.write_bytes(content.encode("latin-1", errors="replace") if content else b"")
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SetupError, match="does not hold"):
            read_key(str(path))
    path.write_bytes(b"\xff")
    for name in (path, tmp_path / "none", "~nobody-here/key", "a\0key"):
        with pytest.raises(SetupError, match="cannot be read"):
            read_key(str(name))


def test_whichever_answers_knows_the_tools() -> None:
    call = ToolCall("1", "clock", "{}")
    server, local = FakeToolUser(["a", call]), FakeToolUser([call])
    model = FallbackModel(server, lambda: local)
    model.tools = (CLOCK,)
    assert list(model.reply_or_call(QUESTION, CancelToken())) == ["a", call]
    assert server.tools == (CLOCK,)
    model._fall_back(StageError("brain", "gone"))
    assert list(model.reply_or_call(QUESTION, CancelToken())) == [call]
    assert local.tools == (CLOCK,)


class Failing(FakeChat):
    """Fails at once, or after its scripted pieces."""

    def warm_up(self) -> None:
        self.reply_now()

    def reply_now(self) -> None:
        raise StageError("brain", "gone")

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        self.asked.append(list(messages))
        yield from self.answers.pop(0) if self.answers else ()
        raise StageError("brain", "gone")


def test_the_local_model_answers_while_the_server_is_gone() -> None:
    now = [0.0]
    server, local = Failing(), FakeChat(["a"], ["b"], ["c"])
    model = FallbackModel(server, lambda: local, lambda: now[0])
    assert ask(model) == ["a"]
    assert ask(model) == ["b"]
    assert len(server.asked) == 1, "it is left alone for a while"
    now[0] = REST_S + 1
    assert ask(model) == ["c"]
    assert len(server.asked) == 2, "and asked again"
    model.close()


def test_the_warning_says_what_mends_it(
    serving: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    model = FallbackModel(client(serving([REFUSED]).url), lambda: FakeChat(["a"]))
    assert ask(model) == ["a"]
    assert f"{KEY_VARIABLE} in the environment); the local model answers" in caplog.text
    assert SECRET not in caplog.text


def test_an_answer_that_broke_off_is_no_ones_to_finish() -> None:
    model = FallbackModel(Failing(["The ca"]), lambda: FakeChat(["pital"]))
    with pytest.raises(StageError, match="gone"):
        ask(model)


def test_a_server_that_is_back_answers_again() -> None:
    now = [0.0]
    server = FakeChat(["server"])
    model = FallbackModel(server, lambda: FakeChat(["local"]), lambda: now[0])
    model._fall_back(StageError("brain", "gone"))
    assert ask(model) == ["local"]
    now[0] = REST_S + 1
    assert ask(model) == ["server"]


def test_a_server_gone_at_the_start_makes_the_local_model_ready() -> None:
    made: list[FakeChat] = []

    def make() -> FakeChat:
        made.append(FakeChat())
        return made[-1]

    model = FallbackModel(Failing(), make)
    model.warm_up()
    assert len(made) == 1
    assert model.context_tokens == made[0].context_tokens
