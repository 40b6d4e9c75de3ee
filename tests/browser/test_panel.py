"""What a new user does with the panel."""

import http.client
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import (
    PATIENCE_S,
    Panel,
    ask,
    eventually,
    mark,
    newest,
    photograph,
    stranger_of,
    turn_to,
    wait_until_said,
    wait_until_still,
    wait_until_was,
)
from tests.hardware.pulse import loud_blocks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(1800)

AXE = Path(__file__).parents[2] / ".venv/axe/node_modules/axe-core/axe.min.js"
LONG = "Tell me a long story about a lighthouse keeper and his cat."
BEHIND_S = 3  # of the recording, at most


def status_of(panel: Panel, path: str, **headers: str) -> int:
    """Ask as a program that is no browser of ours, with any header."""
    address = urlsplit(panel.link())
    assert address.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=PATIENCE_S)
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
    stranger = stranger_of(browser)
    try:
        link = panel.link()
        assert stranger.goto(link.split("?")[0]).status == 401  # type: ignore[union-attr]
        assert "digital-life panel" in stranger.inner_text("body")
        assert stranger.goto(link).status == 200  # type: ignore[union-attr]
        stranger.context.clear_cookies()
        assert stranger.goto(link).status == 401  # type: ignore[union-attr]
    finally:
        stranger.context.close()


def test_the_private_file_leads_to_the_page(panel: Panel, browser: "Browser") -> None:
    folder = Path(panel.pulse.env["XDG_RUNTIME_DIR"])
    for file in folder.glob("digital-life-panel-*"):
        file.unlink()
    panel.link()
    (file,) = folder.glob("digital-life-panel-*")
    stranger = stranger_of(browser)
    try:
        stranger.goto(file.as_uri())
        stranger.wait_for_selector("canvas.live")
        assert "token" not in stranger.url
        assert not file.exists()
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
    begin = panel.pulse.mark()
    ask(opened, "What is the capital of France?")
    panel.wait_for(lambda: bool(loud_blocks(panel.pulse.since(begin)).any()))
    photograph(opened, "desktop")
    wait_until_said(opened)
    assert "Paris" in newest(opened)
    assert "interrupted" not in newest(opened)
    opened.wait_for_selector("#chart rect")
    assert "capital" not in "".join(panel.daemon.lines), "words are not for the log"


def test_a_spoken_question_is_shown(panel: Panel, opened: "Page", audio_files: Path) -> None:
    turn_to(opened, "talk")
    before = opened.locator("#exchanges li").count()
    mark(opened)
    panel.pulse.say(audio_files / "question-zh.wav")
    eventually(opened, f"document.querySelectorAll('#exchanges li').length > {before}")
    eventually(opened, "document.querySelector('#exchanges li:last-child .asked')")
    assert "首都" in opened.inner_text("#exchanges li:last-child .asked")
    wait_until_said(opened)


def test_it_can_be_interrupted(panel: Panel, opened: "Page") -> None:
    ask(opened, LONG)
    wait_until_was(opened, "speaking")
    opened.click("#stop")
    wait_until_said(opened)
    eventually(
        opened,
        "document.querySelector('#exchanges li:last-child').innerText.includes('interrupted')",
    )
    stopped = panel.pulse.mark()
    # The recording of a busy machine is behind; the story would take longer than this.
    panel.wait_for(lambda: panel.pulse.since(stopped).seconds > BEHIND_S + 3)
    assert not loud_blocks(panel.pulse.since(stopped))[50 * BEHIND_S :].any()


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
    wait_until_said(opened)
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
    wait_until_said(opened)
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
    assert opened.inner_text("#camera").strip() == "No camera", "there is none to be on"
    for what, text in (("microphone", "Microphone is off"), ("camera", "Camera is off")):
        opened.click(f"#{what}")
        opened.wait_for_selector(f'#{what}[aria-pressed="true"]')
        assert opened.inner_text(f"#{what}").strip() == text
        opened.click(f"#{what}")
        opened.wait_for_selector(f'#{what}[aria-pressed="false"]')


def test_face_and_languages_change_at_once_and_are_kept(panel: Panel, opened: "Page") -> None:
    turn_to(opened, "choices")
    opened.wait_for_selector("#set-ears-languages")
    opened.select_option("#set-ears-languages", "en")
    opened.wait_for_selector("#pending button")
    assert "Languages it hears" in opened.inner_text("#pending")
    shown = opened.inner_text("#page-choices")
    assert not re.search(r"\b(ears|voice|brain|face|camera|dialogue|persona)\.[a-z_]+", shown)
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
    turn_to(opened, "choices")
    mark(opened)
    opened.select_option("#set-persona", "oliver")
    wait_until_said(opened)
    eventually(opened, "document.querySelectorAll('#exchanges li').length === 1")
    assert opened.input_value("#set-persona") == "oliver"
    assert opened.is_disabled("#set-brain-persona"), "Oliver is as his file has him"
    assert "Waits for a restart" not in opened.inner_text("#pending")
    turn_to(opened, "talk")
    assert "Oliver" in newest(opened)
    turn_to(opened, "choices")
    mark(opened)
    opened.select_option("#set-persona", "default")
    wait_until_said(opened)


def test_memory_is_searched_and_forgotten(panel: Panel, opened: "Page") -> None:
    turn_to(opened, "talk")
    opened.click("#new")
    ask(opened, "My boat is called Albatross.")
    wait_until_said(opened)
    turn_to(opened, "memory")
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
    eventually(opened, "!document.body.textContent.includes('Albatross')")


def test_what_is_forgotten_elsewhere_is_nowhere_on_the_page(panel: Panel, opened: "Page") -> None:
    ask(opened, "My cat is called Xylophone.")
    wait_until_was(opened, "speaking")
    turn_to(opened, "memory")
    opened.fill("#search", "xylophone")
    wait_until_said(opened)
    opened.fill("#search", "Xylophone")
    eventually(opened, "document.getElementById('memories').textContent.includes('Xylophone')")
    command = [sys.executable, "-m", "daemon", "memory", "forget", "--all", "--yes"]
    subprocess.run(command, env=panel.pulse.env, check=True, timeout=600, capture_output=True)
    eventually(opened, "!document.body.textContent.includes('Xylophone')")
    opened.fill("#search", "")


def test_somebody_is_introduced_by_a_recording_and_forgotten(
    panel: Panel, opened: "Page", weights: Callable[[str], Path], audio_files: Path
) -> None:
    weights("campplus")
    turn_to(opened, "memory")
    opened.click("#introduce > summary")
    opened.fill("#person-name", "Linda")
    opened.set_input_files("#person-file", audio_files / "lj-page.ogg")
    person = opened.locator("#people li", has_text="Linda")
    person.locator(".tag", has_text="owner").wait_for()
    person.locator("summary").click()
    person.get_by_label("Tools may be called for them").uncheck()
    person.locator(".note", has_text="no tools").wait_for()
    other = audio_files / "lj-unfinished.flac"
    command = [sys.executable, "-m", "daemon", "people", "test", str(other)]
    told = subprocess.run(command, env=panel.pulse.env, check=True, capture_output=True, text=True)
    assert "Linda" in told.stdout
    forget = person.get_by_role("button", name="Forget")
    forget.click()
    person.get_by_role("button", name="Really").click()
    eventually(opened, "!document.body.textContent.includes('Linda')")


def test_it_speaks_chinese(opened: "Page") -> None:
    turn_to(opened, "models")
    opened.click("#language")
    assert opened.inner_text("#tab-talk") == "对话"
    assert opened.get_attribute("html", "lang") == "zh-CN"
    eventually(opened, "document.querySelector('#models').innerText.includes('语音转文字')")
    photograph(opened, "chinese")
    opened.click("#language")
    assert opened.inner_text("#tab-talk") == "Conversation"


def test_models_that_nobody_needs_are_out_of_the_way(opened: "Page") -> None:
    turn_to(opened, "models")
    assert "whisper-base" in opened.inner_text("#models")
    assert not opened.is_visible("#model-glm-4-9b-0414")
    opened.click("#more-models summary")
    assert opened.is_visible("#model-glm-4-9b-0414")
    photograph(opened, "more-models")
    opened.click("#more-models summary")


def test_the_doctor_looks(opened: "Page") -> None:
    turn_to(opened, "health")
    opened.click("#examine")
    opened.wait_for_selector("#findings .findings li", state="attached")
    assert "in order" in opened.inner_text("#findings")


def test_another_brain_after_a_restart(
    panel: Panel, opened: "Page", weights: Callable[[str], Path]
) -> None:
    weights("smollm2-135m")
    turn_to(opened, "choices")
    opened.select_option("#set-brain-model", "llamacpp:smollm2-135m")
    mark(opened)
    opened.get_by_role("button", name="Restart now").click()
    wait_until_was(opened, "loading", "listening")
    assert opened.input_value("#set-brain-model") == "llamacpp:smollm2-135m"
    opened.wait_for_selector("canvas.live")
    ask(opened, "Good morning!")
    wait_until_said(opened)
    assert re.search(r"\w", newest(opened).removeprefix("Digital Life"))


@pytest.mark.parametrize("name", ["talk", "timers", "choices", "memory", "models", "health"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(opened: "Page", theme: str, width: int, name: str) -> None:
    turn_to(opened, name)
    opened.select_option("#theme", theme)
    wait_until_still(opened)
    opened.set_viewport_size({"width": width, "height": 844})
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    assert opened.evaluate(wide), "nothing is cut off"
    height = opened.evaluate("document.documentElement.scrollHeight")
    assert height <= 844 if name == "talk" and width == 390 else height < 2400
    photograph(opened, f"{name}-{theme}-{width}")
    if not AXE.exists():
        pytest.skip("axe-core is not there: make axe")
    session = opened.context.new_cdp_session(opened)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = opened.evaluate("axe.run().then((found) => found.violations)")
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []


def test_it_can_be_used_by_keyboard_alone(opened: "Page") -> None:
    opened.set_viewport_size({"width": 1280, "height": 900})
    turn_to(opened, "health")
    opened.reload()
    opened.wait_for_selector("canvas.live")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "question"
    mark(opened)
    opened.keyboard.type("Hello!")
    opened.keyboard.press("Enter")
    wait_until_said(opened)


def test_it_ends_with_the_daemon(panel: Panel, opened: "Page") -> None:
    panel.daemon.process.terminate()
    assert panel.daemon.ended(PATIENCE_S) == 0
    opened.wait_for_selector("#trouble:not([hidden])")
    assert "does not answer" in opened.inner_text("#trouble")
