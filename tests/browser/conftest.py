"""The panel in a real browser, served by a real daemon on a sound server without hardware."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse, missing_programs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).parents[2] / "build" / "panel"
# As root it cannot have its sandbox; it shows pages of this machine only, and asks nobody else.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 600  # other programs may be at work; what comes at all comes long before
SETTINGS = ("[brain]", "temperature = 0.0", "[panel]", "port = 0", "[memory]", "keep = true")
# A page notes each state that it shows: a short one is over before a busy browser looks for it.
NOTE_STATES = """
  window.states = [];
  document.addEventListener("DOMContentLoaded", () => {
    const chip = document.getElementById("state");
    const note = () => window.states.push(chip.dataset.state);
    if (chip) new MutationObserver(note).observe(chip, {attributeFilter: ["data-state"]});
  });
"""
MODELS = ("whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "silero-vad", "smart-turn")


class Panel:
    """A daemon and the means to look at its panel."""

    def __init__(self, pulse: Pulse, daemon: Daemon) -> None:
        self.pulse = pulse
        self.daemon = daemon

    def link(self) -> str:
        """Ask for a link, as a person does."""
        command = [sys.executable, "-m", "daemon", "panel", "--print"]
        done = subprocess.run(
            command,
            env=self.pulse.env,
            check=True,
            timeout=PATIENCE_S,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def wait_for(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of the daemon."""
        self.daemon.wait_for(true, PATIENCE_S)


@pytest.fixture(scope="module")
def settings() -> tuple[str, ...]:
    """The lines of the daemon's settings; a module may have its own."""
    return SETTINGS


@pytest.fixture(scope="module")
def panel(
    tmp_path_factory: pytest.TempPathFactory,
    weights: Callable[[str], Path],
    settings: tuple[str, ...],
) -> Iterator[Panel]:
    if missing_programs():
        pytest.skip(f"not installed: {missing_programs()}")
    for name in MODELS:
        weights(name)
    with Pulse(tmp_path_factory.mktemp("panel")) as pulse:
        daemon = Daemon(pulse, "# my own file", *settings)
        try:
            told = daemon.lines
            daemon.wait_for(lambda: any("Listening" in line for line in told), PATIENCE_S)
            yield Panel(pulse, daemon)
        finally:
            daemon.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE_S * 1000)
    context.add_init_script(NOTE_STATES)
    yield context
    context.close()


@pytest.fixture(scope="module")
def opened(panel: Panel, context: "BrowserContext") -> Iterator["Page"]:
    """The page; nothing may go wrong on it in any test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.goto(panel.link())
    page.wait_for_selector("canvas.live")
    yield page
    # The last test ends the daemon, and the browser says of itself that nobody is there; and of a
    # daemon that loads anew, that it answers with 503.
    expected = ("ERR_CONNECTION", "status of 503")
    assert [fault for fault in faults if not any(part in fault for part in expected)] == []


def stranger_of(browser: "Browser") -> "Page":
    """Open a page of its own, which has no cookie of ours."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    return page


def wait_for_state(page: "Page", state: str) -> None:
    """Wait until it is in a state, in which it stays."""
    page.wait_for_selector(f'#state[data-state="{state}"]')


def mark(page: "Page") -> None:
    """Wait, with ``wait_until_was``, for what comes from now on."""
    page.evaluate("window.marked = window.states.length")


def wait_until_was(page: "Page", *states: str) -> None:
    """Wait until it has been in these states one after another, since the mark or its loading."""
    eventually(
        page,
        f"""{json.dumps(states)}.reduce(
              (from, state) => from === -1 ? -1 : window.states.indexOf(state, from) + 1 || -1,
              window.marked ?? 0) !== -1""",
    )


def wait_until_said(page: "Page") -> None:
    """Wait until it has spoken since the mark, and listens."""
    wait_until_was(page, "speaking", "listening")
    wait_for_state(page, "listening")


def wait_until_still(page: "Page") -> None:
    """Wait until no colour changes any more, as they do softly; the level's bar always moves."""
    eventually(
        page,
        """document.getAnimations().every((one) =>
             !(one instanceof CSSTransition) || one.transitionProperty === "transform")""",
    )


def turn_to(page: "Page", name: str) -> None:
    """Show one of the panel's pages."""
    page.click(f"#tab-{name}")
    page.wait_for_selector(f"#page-{name}")


def ask(page: "Page", question: str) -> None:
    turn_to(page, "talk")
    page.fill("#question", question)
    mark(page)
    page.press("#question", "Enter")


def newest(page: "Page") -> str:
    return page.inner_text("#exchanges li:last-child .answered")


def photograph(page: "Page", name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=PICTURES / f"{name}.png")


def eventually(page: "Page", expression: str) -> None:
    """Wait until a script's expression is true; the page itself may evaluate none."""
    wait_until(page, lambda: bool(page.evaluate(expression)), expression)


def wait_until(page: "Page", true: Callable[[], bool], what: str) -> None:
    """Wait until something is true; ``what`` is told when it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(50)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Playwright and the daemon's reader have threads that outlive a test."""
