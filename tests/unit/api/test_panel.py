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
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from daemon.api.application import VisibleJson
from daemon.api.bodies import SettingRequest
from daemon.api.choices import chosen
from daemon.api.panel import access
from daemon.api.panel.access import Guard, Keys, own_programs
from daemon.api.panel.client import PageClient
from daemon.bus import Bus
from daemon.config import catalogue
from daemon.config.keep import keep
from daemon.config.state import with_values
from daemon.errors import InputError, StorageError
from daemon.events import ToolCalled

PORT = 8437
STATIC = resources.files("daemon.api.panel").joinpath("static")


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
        "path": "/",
        "method": "GET",
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
    for _ in range(access.MAX_TOKENS):
        newest = keys.token()
    assert keys.cookie(first) is None
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    assert keys.cookie(newest) is None


def test_the_oldest_browser_makes_room() -> None:
    keys = Keys()
    cookies = [keys.cookie(keys.token()) or "" for _ in range(access.MAX_SESSIONS + 1)]
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


@pytest.mark.parametrize("name", ["models.directory", "server.api_key_file", "nothing", "a.b.c"])
def test_only_what_is_offered_can_be_set(name: str) -> None:
    assert chosen("voice.speed", 1.5) == {"voice.speed": 1.5}
    with pytest.raises(InputError):
        chosen(name, "/tmp")


class Page:
    """Takes what is sent to a page."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def send_text(self, text: str) -> None:
        self.taken.append(text)

    async def receive_text(self) -> str:
        return await asyncio.Future()

    async def close(self) -> None:
        pass


def test_no_text_of_others_is_read_in_another_order_on_the_page() -> None:
    async def main() -> list[str]:
        bus, page = Bus(), Page()
        client = PageClient(page, lambda: None)  # type: ignore[arg-type]
        with bus.followed() as events:
            talking = asyncio.create_task(client.converse(events, talk=["bill\u202efdp.exe"]))
            bus.publish(ToolCalled("bill\u202efdp.exe", "house", "done"))
            async with asyncio.timeout(300):
                while len(page.taken) < 2:  # noqa: ASYNC110 (there is no event of it)
                    await asyncio.sleep(0)
            talking.cancel()
            await asyncio.wait([talking])
        return page.taken

    assert all("bill\ufffdfdp.exe" in taken for taken in asyncio.run(main()))
    assert "bill\ufffdfdp" in bytes(VisibleJson({"text": "bill\u202efdp"}).body).decode()


@pytest.mark.parametrize(
    ("said", "let_go"),
    [(["held"], 1), (["held", "let go"], 0), ([], 0), (["let go"], 0), (["held", "nonsense"], 1)],
)
def test_a_page_that_goes_lets_the_key_go(said: list[str], let_go: int) -> None:
    class Going(Page):
        async def receive_text(self) -> str:
            if not said:
                raise WebSocketDisconnect
            return said.pop(0)

        async def close(self, code: int = 1000) -> None:
            self.taken.append(str(code))

    async def main() -> int:
        times: list[int] = []
        page: Any = Going()
        with Bus().followed() as events:
            await PageClient(page, lambda: times.append(1)).converse(events)
        return len(times)

    assert asyncio.run(main()) == let_go


def settings() -> Any:
    from daemon.config import load, packaged_config

    return load(packaged_config()).settings


@pytest.mark.parametrize(
    ("name", "value"), [("memory.days", 30), ("voice.volume", 1), ("voice.volume", 0.25)]
)
def test_a_number_that_a_page_sends_is_one_that_its_setting_takes(name: str, value: float) -> None:
    """A whole one was turned into a fraction on the way, which a count does not take."""
    sent = json.dumps({"name": name, "value": value})
    setting = SettingRequest.model_validate_json(sent)
    section, key = name.split(".")
    changed = with_values(settings(), {setting.name: setting.value}).model_dump()
    assert changed[section][key] == value
    assert catalogue()[name].whole is (name == "memory.days")


@pytest.mark.parametrize("value", ["1" + "0" * 400, "1e400", "-1", "true", '"1"'])
def test_a_number_that_a_setting_does_not_take_is_refused(value: str) -> None:
    sent = f'{{"name": "voice.volume", "value": {value}}}'
    setting = SettingRequest.model_validate_json(sent)
    with pytest.raises(InputError):
        with_values(settings(), {setting.name: setting.value})


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
