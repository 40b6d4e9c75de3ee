"""Timers and lists on the panel, in a real browser, with a daemon that has no models."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemon.api.application import VisibleJson, application
from daemon.api.panel.panel import Panel
from daemon.api.services import Services
from daemon.config import PanelSettings, load, packaged_config
from daemon.server import Daemon
from daemon.skills.book import SkillBook
from daemon.skills.ringing import Ringer
from daemon.worker import Worker
from tests.browser.conftest import PATIENCE_S, eventually, photograph, turn_to, wait_until_still
from tests.browser.test_panel import AXE
from tests.skill_daemon import QuietConversation, running_with

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(1800)

SHOWN = "[...document.querySelectorAll('#timers .name')].map((place) => place.innerText)"
ITEMS = "[...document.querySelectorAll('#lists li')].map((place) => place.innerText)"
RINGS = "!document.getElementById('ringing').hidden"


class Skills:
    """The panel of a daemon with skills alone, in a thread with an event loop of its own."""

    link: str
    book: SkillBook
    ringer: Ringer

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        daemon = Daemon(load(packaged_config()).settings)
        worker, publish = Worker("skills"), daemon.bus.publish
        self.book = SkillBook(worker, self._folder / "skills.db", publish)
        self.ringer = Ringer(self.book, QuietConversation(), publish)
        await self.book.refresh()
        services = Services(daemon)
        panel = Panel(services, application(services, VisibleJson))
        daemon.running = running_with(daemon, self.book, self.ringer)
        try:
            async with panel.open(PanelSettings(enabled=True, port=0)):
                self.link = await panel.link()
                self._ready.set()
                await self._over.wait()
        finally:
            daemon.running = None
            await services.close()
            await self.book.close()
            await worker.close()

    def do(self, work: Coroutine[None, None, Any]) -> Any:
        """Have the daemon do something."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def ring(self, name: str) -> None:
        """Let one ring."""
        self.do(self.ringer.ring([entry for entry in self.book.entries if entry.text == name]))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE_S)


@pytest.fixture(scope="module")
def skills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Skills]:
    served = Skills(tmp_path_factory.mktemp("skills"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def page(skills: Skills, browser: "Browser") -> Iterator["Page"]:
    """The page; nothing may go wrong on it in any test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(skills.link)
    turn_to(page, "timers")
    yield page
    context.close()
    assert faults == []


def put(page: "Page", words: str) -> None:
    page.fill("#timer-words", words)
    page.press("#timer-words", "Enter")
    eventually(page, "!document.getElementById('timer-words').value")


def test_timers_are_set_in_words_and_by_a_press(page: "Page") -> None:
    put(page, "set a pasta timer for 10 minutes")
    put(page, "remind me to call the dentist tomorrow at nine")
    page.click("#quick-5")
    eventually(page, f"{SHOWN}.length === 3")
    assert page.evaluate(SHOWN) == ["Timer", "pasta", "call the dentist"]
    first = page.inner_text("#timers li:first-child .countdown")
    assert first in {"5:00", *(f"4:{second:02}" for second in range(60))}
    eventually(page, f"document.querySelector('#timers .countdown').innerText !== '{first}'")


def test_what_cannot_be_set_is_told_with_an_example(page: "Page") -> None:
    page.fill("#timer-words", "sing a song")
    page.press("#timer-words", "Enter")
    page.wait_for_selector("#problem:not([hidden])")
    assert "sing a song" in page.inner_text("#problem")
    assert "digital-life timers add" in page.inner_text("#problem code")
    page.fill("#timer-words", "")


def test_what_rings_is_seen_on_every_page_and_stopped(skills: Skills, page: "Page") -> None:
    skills.ring("pasta")
    page.wait_for_selector("#timers li[data-state=ringing]")
    assert "pasta" in page.inner_text("#ringing-what")
    eventually(page, "document.getElementById('announcer').innerText.includes('pasta')")
    turn_to(page, "talk")
    assert page.is_visible("#ringing-stop")
    page.click("#ringing-snooze")
    eventually(page, f"!({RINGS})")
    skills.ring("pasta")
    eventually(page, RINGS)
    page.click("#ringing-stop")
    eventually(page, f"!({RINGS})")
    assert "pasta" not in [entry.text for entry in skills.book.entries]
    turn_to(page, "timers")


def test_one_of_two_that_ring_is_put_off(skills: Skills, page: "Page") -> None:
    put(page, "set a tea timer for 3 minutes")
    put(page, "set an egg timer for 4 minutes")
    skills.ring("tea")
    skills.ring("egg")
    page.wait_for_selector("#timers li[data-state=ringing] >> nth=1")
    page.click("#timers li:has-text('tea') [id^=snooze]")
    eventually(page, "document.querySelectorAll('#timers li[data-state=ringing]').length === 1")
    assert [entry.text for entry in skills.ringer.ringing] == ["egg"]
    page.click("#timers li:has-text('egg') [id^=stop]")
    eventually(page, f"!({RINGS})")


def test_what_is_changed_elsewhere_is_seen(skills: Skills, page: "Page") -> None:
    skills.do(skills.book.change(lambda store: store.timers.add_timer(7200, "cake")))
    eventually(page, f"{SHOWN}.includes('cake')")
    skills.do(skills.book.change(lambda store: store.lists.add("books", ["Emma"])))
    eventually(page, f"{ITEMS}.includes('Emma')")


def test_a_timer_is_cancelled_by_keyboard(page: "Page") -> None:
    page.focus("#timers li:has-text('cake') [id^=cancel]")
    page.keyboard.press("Enter")
    eventually(page, f"!{SHOWN}.includes('cake')")


def test_lists_are_added_to_ticked_off_and_cleared(skills: Skills, page: "Page") -> None:
    for text in ("milk", "eggs", "bread"):
        page.fill("#lists section:first-child input[type=text]", text)
        page.keyboard.press("Enter")
        eventually(page, f"{ITEMS}.includes('{text}')")
    assert page.evaluate("document.activeElement.type") == "text", "one types on"
    page.get_by_label("eggs").check()
    eventually(page, f"!{ITEMS}.includes('eggs')")
    assert [item.text for item in skills.book.items] == ["Emma", "milk", "bread"]
    clear = "#lists section:first-child .clear"
    page.click(clear)
    assert page.inner_text(clear) == "Really?"
    page.click(clear)
    eventually(page, f"!{ITEMS}.includes('milk')")
    assert [item.text for item in skills.book.items] == ["Emma"]


def test_a_tick_can_be_taken_back(skills: Skills, page: "Page") -> None:
    page.get_by_label("Emma", exact=True).check()
    page.get_by_label("Emma", exact=True).uncheck()
    page.fill("#lists section:first-child input[type=text]", "rice")
    page.keyboard.press("Enter")
    eventually(page, f"{ITEMS}.includes('rice')")
    page.get_by_label("rice").check()
    eventually(page, f"!{ITEMS}.includes('rice')")  # it was ticked later, and is gone
    assert [item.text for item in skills.book.items] == ["Emma"]


def test_a_list_of_ones_own_is_begun(skills: Skills, page: "Page") -> None:
    page.fill("#list-name", "礼物 / gifts")
    page.keyboard.press("Enter")
    page.keyboard.type("围巾")
    page.keyboard.press("Enter")
    eventually(page, f"{ITEMS}.includes('围巾')")
    assert [item.list for item in skills.book.items] == ["books", "礼物 / gifts"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_can_be_read_and_is_accessible(
    skills: Skills, page: "Page", width: int, theme: str, language: str
) -> None:
    if not any(entry.text == "bread" for entry in skills.book.entries):
        set_up: Callable[[Any], object] = lambda store: (  # noqa: E731
            store.timers.add_timer(600, "bread"),
            store.lists.add("shopping", ["milk", "a dozen eggs", "牛奶"]),
        )
        skills.do(skills.book.change(set_up))
        skills.ring("bread")
    page.set_viewport_size({"width": width, "height": 900 if width > 400 else 844})
    page.select_option("#theme", theme)
    if page.evaluate("document.documentElement.lang").startswith("zh") is not (language == "zh"):
        page.click("#language")
    eventually(page, RINGS)
    wait_until_still(page)
    photograph(page, f"timers-{language}-{theme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if not AXE.exists():
        pytest.skip("axe-core is not there: make axe")
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = page.evaluate("axe.run().then((found) => found.violations)")
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []
