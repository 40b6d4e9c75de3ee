"""What a new user does with the panel."""

import http.client
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import (
    Panel,
    ask,
    eventually,
    newest,
    photograph,
    wait_for_state,
)
from tests.hardware.pulse import loud_blocks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(300)

AXE = Path(__file__).parents[2] / ".venv/axe/node_modules/axe-core/axe.min.js"
LONG = "Tell me a long story about a lighthouse keeper and his cat."


def status_of(panel: Panel, path: str, **headers: str) -> int:
    """Ask as a program that is no browser of ours, with any header."""
    address = urlsplit(panel.link())
    assert address.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def handshake(**headers: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }


def cookie_of(page: "Page") -> str:
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    return f"{cookie['name']}={cookie['value']}"


def test_a_link_opens_it_once(panel: Panel, browser: "Browser", opened: "Page") -> None:
    assert opened.title() == "Digital Life"
    assert "token" not in opened.url
    stranger = browser.new_page()
    try:
        link = panel.link()
        assert stranger.goto(link.split("?")[0]).status == 401  # type: ignore[union-attr]
        assert "digital-life panel" in stranger.inner_text("body")
        assert stranger.goto(link).status == 200  # type: ignore[union-attr]
        stranger.context.clear_cookies()
        assert stranger.goto(link).status == 401  # type: ignore[union-attr]
    finally:
        stranger.context.close()


def test_other_sites_and_programs_are_refused(panel: Panel, opened: "Page") -> None:
    host, cookie = urlsplit(opened.url).netloc, cookie_of(opened)
    assert status_of(panel, "/", Host=host, Cookie=cookie) == 200
    assert status_of(panel, "/", Host="evil.example", Cookie=cookie) == 403
    assert status_of(panel, "/", Host=host, Cookie=cookie, Origin="http://evil.example") == 403
    other_port = "http://127.0.0.1:1"
    assert status_of(panel, "/", Host=host, Cookie=cookie, Origin=other_port) == 403
    assert status_of(panel, "/", Host=host, Cookie=cookie.replace("=", "=x")) == 401
    for path in ("/live", "/picture"):
        ours = handshake(Host=host, Cookie=cookie, Origin=f"http://{host}")
        assert status_of(panel, path, **ours) == 101
        assert status_of(panel, path, **ours | {"Origin": "http://evil.example"}) == 403
        assert status_of(panel, path, **ours | {"Host": "evil.example"}) == 403
        assert status_of(panel, path, **{k: v for k, v in ours.items() if k != "Cookie"}) == 403
        assert status_of(panel, path, **{k: v for k, v in ours.items() if k != "Origin"}) == 403


def test_a_typed_question_is_answered_aloud_and_on_the_page(panel: Panel, opened: "Page") -> None:
    mark = panel.pulse.mark()
    ask(opened, "What is the capital of France?")
    wait_for_state(opened, "speaking")
    panel.daemon.wait_for(lambda: bool(loud_blocks(panel.pulse.since(mark)).any()), 10)
    photograph(opened, "desktop")
    wait_for_state(opened, "listening")
    assert "Paris" in newest(opened)
    assert "interrupted" not in newest(opened)
    opened.wait_for_selector("#chart rect")
    assert "capital" not in "".join(panel.daemon.lines), "words are not for the log"


def test_a_spoken_question_is_shown(panel: Panel, opened: "Page", audio_files: Path) -> None:
    before = opened.locator("#exchanges li").count()
    panel.pulse.say(audio_files / "question-zh.wav")
    eventually(opened, f"document.querySelectorAll('#exchanges li').length > {before}")
    eventually(opened, "document.querySelector('#exchanges li:last-child .asked')")
    assert "首都" in opened.inner_text("#exchanges li:last-child .asked")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")


def test_it_can_be_interrupted(panel: Panel, opened: "Page") -> None:
    ask(opened, LONG)
    wait_for_state(opened, "speaking")
    opened.click("#stop")
    wait_for_state(opened, "listening")
    eventually(
        opened,
        "document.querySelector('#exchanges li:last-child').innerText.includes('interrupted')",
    )
    mark = panel.pulse.mark()
    time.sleep(1.5)
    assert not loud_blocks(panel.pulse.since(mark))[25:].any()


def test_its_voice_is_heard_in_the_page(opened: "Page") -> None:
    pytest.importorskip("aiortc")
    opened.evaluate(
        """() => {
          window.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(...what) { super(...what); window.peer = this; }
          };
        }"""
    )
    opened.click("#sound")
    eventually(opened, "window.peer?.connectionState === 'connected'")
    ask(opened, "What is the capital of Italy?")
    eventually(
        opened,
        """window.peer.getStats().then((stats) => [...stats.values()].some(
             (report) => report.type === "inbound-rtp" && report.totalAudioEnergy > 1e-6))""",
    )
    wait_for_state(opened, "listening")
    opened.click("#sound")
    assert opened.evaluate("window.peer.connectionState") == "closed"


def test_states_are_seen_as_they_change(panel: Panel, opened: "Page") -> None:
    opened.evaluate(
        """() => {
          window.seen = [];
          const chip = document.getElementById("state");
          new MutationObserver(() => window.seen.push(chip.dataset.state))
            .observe(chip, {attributes: true});
        }"""
    )
    ask(opened, "Say yes.")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")
    seen: list[str] = opened.evaluate("window.seen")
    changes = [state for state, before in zip(seen, ["", *seen], strict=False) if state != before]
    assert [state for state in changes if state != "loading"][-3:] == [
        "thinking", "speaking", "listening",
    ]  # fmt: skip


def test_a_new_conversation_is_empty(opened: "Page") -> None:
    opened.click("#new")
    eventually(opened, "!document.querySelector('#exchanges li')")
    assert opened.is_visible("#nothing")


def test_microphone_and_camera_are_switched(panel: Panel, opened: "Page") -> None:
    for what, text in (("microphone", "Microphone is off"), ("camera", "Camera is off")):
        opened.click(f"#{what}")
        opened.wait_for_selector(f'#{what}[aria-pressed="true"]')
        assert opened.inner_text(f"#{what}").strip() == text
        opened.click(f"#{what}")
        opened.wait_for_selector(f'#{what}[aria-pressed="false"]')


def test_face_and_languages_change_at_once_and_are_kept(panel: Panel, opened: "Page") -> None:
    opened.wait_for_selector("#set-ears-languages")
    opened.select_option("#set-ears-languages", "en")
    opened.wait_for_selector("#pending button")
    assert "ears.languages" in opened.inner_text("#pending")
    opened.select_option("#set-face-name", "default")
    opened.click("#pending button")
    eventually(opened, "!document.querySelector('#pending button')")
    written = (panel.pulse.folder / "config.toml").read_text()
    assert "# my own file" in written
    assert tomllib.loads(written)["ears"]["languages"] == ["en"]
    assert opened.input_value("#set-ears-languages") == "en"
    opened.select_option("#set-ears-languages", "en,zh")
    opened.wait_for_selector("#pending button")


def test_another_persona_answers(panel: Panel, opened: "Page") -> None:
    opened.select_option("#set-persona", "oliver")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")
    eventually(opened, "document.querySelectorAll('#exchanges li').length === 1")
    assert "Oliver" in newest(opened)
    assert opened.input_value("#set-persona") == "oliver"
    opened.select_option("#set-persona", "default")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")


def test_memory_is_searched_and_forgotten(panel: Panel, opened: "Page") -> None:
    opened.click("#new")
    ask(opened, "My boat is called Albatross.")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")
    eventually(opened, "document.getElementById('memories').innerText.includes('Albatross')")
    opened.fill("#search", "albatross")
    eventually(opened, "document.querySelectorAll('#memories .memories p').length > 1")
    opened.fill("#search", "elephant")
    eventually(
        opened, "document.getElementById('memories').innerText.includes('Nothing was found')"
    )
    opened.fill("#search", "")
    entry = opened.locator("#memories li", has_text="Albatross").first
    entry.locator("summary").click()
    eventually(opened, "document.querySelector('#memories .said')?.innerText.includes('Albatross')")
    entry.get_by_role("button").click()
    entry.get_by_role("button").click()
    eventually(opened, "!document.getElementById('memories').innerText.includes('Albatross')")


def test_it_speaks_chinese(opened: "Page") -> None:
    opened.click("#language")
    assert opened.inner_text("#talk-title") == "对话"
    assert opened.get_attribute("html", "lang") == "zh-CN"
    eventually(opened, "document.querySelector('#models').innerText.includes('语音转文字')")
    photograph(opened, "chinese")
    opened.click("#language")
    assert opened.inner_text("#talk-title") == "Conversation"


def test_the_doctor_looks(opened: "Page") -> None:
    opened.click("#examine")
    opened.wait_for_selector("#findings .findings li", state="attached", timeout=60_000)
    assert "in order" in opened.inner_text("#findings")


def test_another_brain_after_a_restart(
    panel: Panel, opened: "Page", weights: Callable[[str], Path]
) -> None:
    weights("smollm2-135m")
    opened.select_option("#set-brain-model", "llamacpp:smollm2-135m")
    opened.get_by_role("button", name="Restart now").click()
    wait_for_state(opened, "loading")
    wait_for_state(opened, "listening")
    assert opened.input_value("#set-brain-model") == "llamacpp:smollm2-135m"
    opened.wait_for_selector("canvas.live")
    ask(opened, "Good morning!")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")
    assert re.search(r"\w", newest(opened).removeprefix("Digital Life"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(opened: "Page", theme: str, width: int) -> None:
    opened.select_option("#theme", theme)
    opened.wait_for_timeout(500)  # the colours change softly
    opened.set_viewport_size({"width": width, "height": 844})
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    assert opened.evaluate(wide), "nothing is cut off"
    photograph(opened, f"{theme}-{width}")
    if not AXE.exists():
        pytest.skip("axe-core is not there: make axe")
    session = opened.context.new_cdp_session(opened)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = opened.evaluate("axe.run().then((found) => found.violations)")
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []


def test_it_can_be_used_by_keyboard_alone(opened: "Page") -> None:
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.reload()
    opened.wait_for_selector("canvas.live")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "question"
    opened.keyboard.type("Hello!")
    opened.keyboard.press("Enter")
    wait_for_state(opened, "speaking")
    wait_for_state(opened, "listening")


def test_it_ends_with_the_daemon(panel: Panel, opened: "Page") -> None:
    assert panel.daemon.stop() < 5
    opened.wait_for_selector("#trouble:not([hidden])")
    assert "does not answer" in opened.inner_text("#trouble")
