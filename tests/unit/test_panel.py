"""The panel's doors, its texts, and what it shows of a conversation."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from daemon.errors import InputError, StorageError
from daemon.service.keep import keep
from daemon.service.panel import access
from daemon.service.panel.access import Guard, Keys, own_programs
from daemon.service.panel.requests import open_envelope

PORT = 8437
STATIC = resources.files("daemon.service.panel").joinpath("static")


CLIENT, SERVER = "0100007F:C350", "0100007F:20F5"  # 127.0.0.1, ports 50000 and 8437
MAPPED = "0000000000000000FFFF0000"  # of an address of IPv4 that is written as one of IPv6


class Connected:
    """A connection from port 50000."""

    def getpeername(self) -> tuple[str, int]:
        return "127.0.0.1", 50000

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", PORT


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Let the kernel's tables have some rows; tell whether the connection is taken for our own."""
    tables = tmp_path / "tcp", tmp_path / "tcp6"
    monkeypatch.setattr(access, "TABLES", tables)

    def is_own(*rows: tuple[str, str, str, int], version: int = 4) -> bool:
        lines = ["  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid"]
        lines += [
            f"   {number}: {local} {remote} {state} 0:0 00:00000000 00000000 {user} 0"
            for number, (local, remote, state, user) in enumerate(rows)
        ]
        for table, known in zip(tables, (4, 6), strict=True):
            table.write_text("\n".join(lines if version == known else lines[:1]) + "\n")
        return own_programs([Connected()]) == [True]  # type: ignore[list-item]

    return is_own


def asked(keys: Keys, kind: str = "http", **headers: str) -> tuple[int, dict[str, str]]:
    """Return the status of an answer (0: a page's line was closed) and its headers."""

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await PlainTextResponse("in" if scope["known"] else "out")(scope, receive, send)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {
        "type": kind,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Guard(inside, keys, PORT)(scope, receive, send))
    if sent[0]["type"].startswith("websocket"):
        return (101 if sent[0]["type"] == "websocket.accept" else 403), {}
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered | {"body": sent[1]["body"].decode()}


HOST = f"127.0.0.1:{PORT}"


def test_a_token_is_for_one_use() -> None:
    keys = Keys()
    token = keys.token()
    cookie = keys.cookie(token)
    assert cookie is not None
    assert keys.fits(cookie)
    assert keys.cookie(token) is None
    assert keys.cookie("guessed") is None
    assert not keys.fits("")


def test_tokens_end_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys()
    first = keys.token()
    for _ in range(access.MOST_TOKENS):
        newest = keys.token()
    assert keys.cookie(first) is None
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    assert keys.cookie(newest) is None


def test_the_oldest_browser_makes_room() -> None:
    keys = Keys()
    cookies = [keys.cookie(keys.token()) or "" for _ in range(access.MOST_SESSIONS + 1)]
    assert not keys.fits(cookies[0])
    assert all(keys.fits(cookie) for cookie in cookies[1:])


def test_the_cookie_is_known() -> None:
    keys = Keys()
    cookie = f"digital_life_{PORT}={keys.cookie(keys.token())}"
    assert asked(keys, Host=HOST, Cookie=cookie)[1]["body"] == "in"
    assert asked(keys, Host=HOST, Cookie=f"a=b; {cookie}")[1]["body"] == "in"
    assert asked(keys, Host=HOST, Cookie=cookie + "x")[1]["body"] == "out"
    assert asked(keys, Host=HOST)[1]["body"] == "out"
    origin = {"Origin": f"http://{HOST}"}
    assert asked(keys, "websocket", Host=HOST, Cookie=cookie, **origin)[0] == 101
    assert asked(keys, "websocket", Host=HOST, **origin)[0] == 403
    assert asked(keys, "websocket", Host=HOST, Cookie=cookie)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": f"evil.example:{PORT}"},
        {"Host": HOST, "Origin": "null"},
        {"Host": HOST, "Origin": "http://evil.example"},
        {"Host": HOST, "Origin": f"https://{HOST}"},
        {"Host": HOST, "Origin": f"http://localhost:{PORT}"},
    ],
)
def test_other_hosts_and_origins_are_refused(headers: dict[str, str]) -> None:
    assert asked(Keys(), **headers)[0] == 403
    assert asked(Keys(), "websocket", **headers)[0] == 403


def test_every_answer_is_confined() -> None:
    for host in (HOST, "evil.example"):
        headers = asked(Keys(), Host=host)[1]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"x-forwarded-for": "127.0.0.1:50000, 10.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": HOST},
        {"Forwarded": "for=127.0.0.1;host=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
    ],
)
def test_what_was_passed_on_is_refused(header: dict[str, str]) -> None:
    keys = Keys()
    cookie = f"digital_life_{PORT}={keys.cookie(keys.token())}"
    assert asked(keys, Host=HOST, Cookie=cookie)[0] == 200
    assert asked(keys, Host=HOST, Cookie=cookie, **header)[0] == 403
    origin = {"Origin": f"http://{HOST}"}
    assert asked(keys, "websocket", Host=HOST, Cookie=cookie, **origin, **header)[0] == 403


def test_a_connection_is_its_owners(table: Callable[..., bool]) -> None:
    own = os.getuid()
    assert table((CLIENT, SERVER, "01", own))
    assert table((CLIENT, SERVER, "01", 0))
    assert not table((CLIENT, SERVER, "01", own + 1))
    assert not table()
    assert not table((SERVER, CLIENT, "01", own)), "that is our own end"
    assert not table((CLIENT.replace("C350", "C351"), SERVER, "01", own))
    assert table((MAPPED + CLIENT, MAPPED + SERVER, "01", own), version=6)
    assert not table((MAPPED + CLIENT, MAPPED + SERVER, "01", own + 1), version=6)


@pytest.mark.parametrize("state", ["02", "03", "04", "05", "06", "07", "08", "09", "0A", "0B"])
def test_only_a_connection_that_is_whole_has_an_owner(
    table: Callable[..., bool], state: str
) -> None:
    for user in (0, os.getuid()):
        assert not table((CLIENT, SERVER, state, user))


def test_a_kernel_that_does_not_tell_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "TABLES", (Path("/nowhere"), Path("/nowhere")))
    with pytest.raises(OSError):
        own_programs([Connected()])  # type: ignore[list-item]


def envelope(**request: Any) -> str:
    return json.dumps({"id": 1, "language": "en", "request": request})


def test_requests_are_read() -> None:
    opened = open_envelope(envelope(do="set", name="voice.speed", value=1.5))
    assert opened.request.do == "set"
    assert open_envelope(envelope(v=1, do="ask", text="Hi")).request.do == "ask"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        envelope(),
        envelope(do="fly"),
        envelope(do="set", name="models.directory", value="/tmp"),
        envelope(do="set", name="voice.speed", value={}),
        envelope(do="set", name="brain.persona", value="x" * 5000),
        envelope(v=1, do="ask", text="x" * 6000),
        json.dumps({"id": -1, "language": "en", "request": {"do": "keep"}}),
        json.dumps({"id": 1, "language": "fr", "request": {"do": "keep"}}),
    ],
)
def test_other_requests_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        open_envelope(text)


@given(st.text())
def test_nothing_else_is_raised_for_nonsense(text: str) -> None:
    with pytest.raises(InputError):
        open_envelope(text)


def settings() -> Any:
    from daemon.config import load, packaged_config

    return load(packaged_config()).settings


def test_kept_settings_leave_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\n[brain]\ntemperature = 0.5 # cool\n\n[face]\nname = "me"\n')
    keep(settings(), ["face.name", "ears.languages"], path)
    assert path.read_text() == (
        '# mine\n[brain]\ntemperature = 0.5 # cool\n\n[face]\nname = "default"\n'
        '\n[ears]\nlanguages = ["en", "zh"]\n'
    )


def test_a_file_is_made_where_there_was_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = keep(settings(), ["voice.speed"], None)
    assert path == tmp_path / "digital-life/config.toml"
    assert path.read_text() == "[voice]\nspeed = 1.0\n"


def test_the_programs_own_file_is_not_written() -> None:
    from daemon.config import packaged_config

    with pytest.raises(StorageError):
        keep(settings(), ["voice.speed"], packaged_config())


def page_files(*endings: str) -> dict[str, str]:
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in STATIC.iterdir()
        if entry.name.endswith(endings)
    }


def chinese() -> dict[str, str]:
    text = page_files("zh.js")["zh.js"]
    pairs = re.findall(r'^  ("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$', text, re.MULTILINE)
    return {json.loads(english): json.loads(found) for english, found in pairs}


def test_every_text_of_the_page_has_its_chinese_and_none_is_left_over() -> None:
    scripts = "\n".join(text for name, text in page_files(".js").items() if name != "zh.js")
    page = page_files("index.html")["index.html"]
    called = {json.loads(text) for text in re.findall(r'\bt\(("(?:[^"\\]|\\.)*")', scripts)}
    shown = set(re.findall(r"data-t>([^<]+)<", page))
    shown |= set(re.findall(r'data-t-(?:label|placeholder)="([^"]+)"', page))
    known = chinese()
    assert called | shown <= set(known)
    literals = {json.loads(text) for text in re.findall(r'"(?:[^"\\\n]|\\.)*"', scripts)}
    assert set(known) <= shown | literals


def test_a_translation_of_the_page_keeps_the_fields() -> None:
    for english, found in chinese().items():
        assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", found)


def test_nothing_on_the_page_is_inline_or_from_elsewhere() -> None:
    for name, text in page_files(".html", ".js", ".css").items():
        assert not re.search(r"<style|style=|\son\w+=|javascript:", text), name
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), name
        assert "innerHTML" not in text, name
