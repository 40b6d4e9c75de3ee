"""What a panel shows where more is set up: a key to hold, another face, tools."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import (
    PATIENCE_S,
    SETTINGS,
    Panel,
    ask,
    eventually,
    newest,
    photograph,
    turn_to,
    wait_for_state,
    wait_until,
    wait_until_said,
)
from tests.films import PORTRAIT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def settings() -> tuple[str, ...]:
    return (
        *SETTINGS,
        "[ears]",
        'listen = "push-to-talk"',
        "[tools.servers.house]",
        f'command = "{sys.executable}"',
        'args = ["-m", "tests.tool_server"]',
        'allow = ["temperature"]',
    )


def ears_are_open(panel: Panel) -> bool:
    command = [sys.executable, "-m", "daemon", "status", "--json"]
    told = subprocess.run(command, env=panel.pulse.env, check=True, capture_output=True, text=True)
    return '"open": true' in told.stdout


def wait_for_ears(panel: Panel, opened: bool) -> None:
    panel.wait_for(lambda: ears_are_open(panel) is opened)


def test_it_hears_while_the_button_is_held(panel: Panel, opened: "Page", audio_files: Path) -> None:
    button = opened.locator("#hold")
    assert button.is_visible()
    assert button.inner_text().strip() == "Hold to talk"
    panel.pulse.say(audio_files / "question-en.wav")
    assert opened.get_attribute("#state", "data-state") == "listening", "nothing was heard"
    before = len(panel.daemon.phases())
    button.hover()
    opened.mouse.down()
    wait_for_ears(panel, True)
    photograph(opened, "held")
    panel.pulse.say(audio_files / "question-en.wav")
    opened.mouse.move(5, 5)
    assert ears_are_open(panel), "it was not let go"
    opened.mouse.up()
    wait_for_ears(panel, False)
    panel.daemon.wait_for_phase("speaking", before, PATIENCE_S)  # it may be over by now
    eventually(opened, "document.querySelector('#exchanges li:last-child .asked')")
    wait_for_state(opened, "listening")


def test_it_can_be_held_by_keyboard(panel: Panel, opened: "Page") -> None:
    opened.focus("#hold")
    for key in ("Space", "Enter"):
        opened.keyboard.down(key)
        wait_for_ears(panel, True)
        opened.keyboard.up(key)
        wait_for_ears(panel, False)
    opened.keyboard.down("Space")
    wait_for_ears(panel, True)
    opened.focus("#question")
    wait_for_ears(panel, False)
    opened.keyboard.up("Space")


def test_it_can_be_held_by_touch(panel: Panel, opened: "Page") -> None:
    box = opened.locator("#hold").bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    touch = opened.context.new_cdp_session(opened)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    wait_for_ears(panel, True)
    opened.wait_for_timeout(1500)  # a long touch opens no menu
    assert ears_are_open(panel)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for_ears(panel, False)


def test_a_page_that_goes_lets_go(panel: Panel, opened: "Page") -> None:
    opened.focus("#hold")
    opened.keyboard.down("Space")
    wait_for_ears(panel, True)
    opened.reload()
    wait_for_ears(panel, False)
    opened.keyboard.up("Space")
    opened.wait_for_selector("canvas.live")


def test_a_call_is_named(panel: Panel, opened: "Page") -> None:
    pytest.importorskip("mcp")
    panel.wait_for(lambda: any("calls tools" in line for line in panel.daemon.lines))
    ask(opened, "What is the temperature in the kitchen?")
    opened.wait_for_selector("#exchanges .tool.done")
    assert opened.inner_text("#exchanges .tool") == "Tool: temperature (house) · done"
    wait_until_said(opened)
    photograph(opened, "tool")
    assert "21" in newest(opened)
    opened.click("#language")
    assert "工具：temperature" in opened.inner_text("#exchanges .tool")
    opened.click("#language")


def picture(page: "Page") -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Return what the canvas shows, 32 by 18."""
    values = page.evaluate(
        """() => {
          const small = document.createElement("canvas");
          [small.width, small.height] = [32, 18];
          const context = small.getContext("2d");
          context.drawImage(document.getElementById("picture"), 0, 0, 32, 18);
          return [...context.getImageData(0, 0, 32, 18).data];
        }"""
    )
    return np.asarray(values, float).reshape(18, 32, 4)[:, :, :3]


def test_another_face_is_shown_at_once(
    panel: Panel, opened: "Page", weights: Callable[[str], Path]
) -> None:
    for name in ("blazeface", "face-mesh"):
        weights(name)
    command = [sys.executable, "-m", "daemon", "faces", "add", str(PORTRAIT), "--name", "eileen"]
    subprocess.run(
        command, env=panel.pulse.env, check=True, capture_output=True, timeout=PATIENCE_S
    )
    opened.reload()
    opened.wait_for_selector("canvas.live")
    drawn = picture(opened)
    pid = panel.daemon.process.pid
    turn_to(opened, "choices")
    opened.select_option("#set-face-name", "eileen")
    wait_until(
        opened,
        lambda: bool(np.abs(picture(opened) - drawn).mean() > 20),
        "the picture is still the first face's",
    )
    wait_for_state(opened, "listening")  # not "loading": it listens on meanwhile
    opened.mouse.move(5, 5)
    photograph(opened, "other-face")
    shown = picture(opened)
    ask(opened, "What is the capital of France?")
    wait_until(
        opened,
        lambda: bool(np.abs(picture(opened) - shown).max() > 3),
        "it does not move while it speaks",
    )
    wait_until_said(opened)
    eventually(
        opened,
        "document.querySelector('#exchanges li:last-child .answered').innerText.includes('Paris')",
    )
    turn_to(opened, "choices")
    opened.select_option("#set-face-name", "default")
    wait_until(
        opened,
        lambda: bool(np.abs(picture(opened) - drawn).mean() < 10),
        "the first face does not come back",
    )
    assert panel.daemon.process.pid == pid and panel.daemon.process.poll() is None
