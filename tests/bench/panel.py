"""What an open panel costs, how soon it is painted, and how late a change of state is seen.

``python -m tests.bench.panel``; needs Chromium and a sound server without hardware.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.api.client import Client
from daemon.bench.figures import Row, table
from daemon.cli import main as command_line
from daemon.commands.console import out
from daemon.components import Components
from daemon.media import Image
from tests.browser.conftest import CHROMIUM, OPTIONS, Panel
from tests.hardware.daemon_process import Daemon
from tests.hardware.pulse import Pulse

MEASURE_S = 20.0
QUESTIONS = 5
OPENINGS = 5
COUNT_PICTURES = """() => {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  window.pictures = 0;
  CanvasRenderingContext2D.prototype.drawImage = function (...what) {
    window.pictures++;
    return draw.apply(this, what);
  };
}"""


class NoCamera:
    """Takes pictures as a virtual camera would, and shows them to nobody."""

    device = "none"

    def warm_up(self) -> None:
        """Nothing is slow."""

    def close(self) -> None:
        """Nothing is held."""

    def show(self, image: Image) -> None:
        """Drop it."""

    def watched(self) -> bool:
        """As a camera whose driver does not tell."""
        return True


def rows() -> list[Row]:
    """Measure with a camera beside the panel, and with the panel alone."""
    if CHROMIUM is None:
        return [Row("panel", "skipped, not installed: chromium")]
    found: list[Row] = []
    for what, module in (("beside a camera", "tests.bench.panel"), ("without one", "daemon")):
        with running(module) as (panel, browser):
            if not found:
                found += [first_paint(panel, browser), seen_after(panel, browser)]
            closed = used(panel)
            page = opened(panel, browser)
            page.evaluate(COUNT_PICTURES)
            begun = time.monotonic()
            more = 100 * (used(panel) - closed) / MEASURE_S
            rate = page.evaluate("window.pictures") / (time.monotonic() - begun)
            page.context.close()
            without = f"{100 * closed / MEASURE_S:.1f} % without the page"
            name = f"panel: open, {rate:.1f} pictures/s in 720p, {what}"
            found.append(Row(name, f"{more:.1f} % of a core; {without}", "10 %", more < 10))
    return found


@contextmanager
def running(module: str) -> Iterator[tuple[Panel, Any]]:
    """Run a daemon and a browser."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, Pulse(Path(folder)) as pulse:
        daemon = Daemon(pulse, "[brain]", "temperature = 0.0", "[panel]", "port = 0", module=module)
        try:
            daemon.wait_until_listening()
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
                yield Panel(pulse, daemon), browser
                browser.close()
            daemon.stop()
        finally:
            daemon.kill()


def opened(panel: Panel, browser: Any) -> Any:
    """Open the page and wait until all of it is there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(panel.link())
    page.wait_for_selector("canvas.live")
    page.wait_for_timeout(2000)
    return page


def used(panel: Panel) -> float:
    """Return the processor seconds that the daemon takes in ``MEASURE_S``."""

    def ticks() -> int:
        stat = Path(f"/proc/{panel.daemon.process.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(map(int, stat.split()[11:13]))

    time.sleep(3)
    before = ticks()
    time.sleep(MEASURE_S)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK")


def first_paint(panel: Panel, browser: Any) -> Row:
    """From the click on a link to the first words."""
    taken = []
    for _ in range(OPENINGS):
        page = opened(panel, browser)
        (paint,) = page.evaluate("performance.getEntriesByName('first-contentful-paint')")
        taken.append(float(paint["startTime"]) / 1000)
        page.context.close()
    return Row(
        "panel: first paint",
        f"{statistics.median(taken):.2f} s",
        "1 s",
        statistics.median(taken) < 1,
    )


def seen_after(panel: Panel, browser: Any) -> Row:
    """From a change of state in the daemon to the same on the page."""
    page = opened(panel, browser)
    page.evaluate(
        """() => {
          const chip = document.getElementById("state");
          window.seen = [];
          new MutationObserver(() => window.seen.push([chip.dataset.state, Date.now() / 1000]))
            .observe(chip, {attributes: true});
        }"""
    )
    happened: list[tuple[str, float]] = []
    os.environ["XDG_RUNTIME_DIR"] = panel.pulse.env["XDG_RUNTIME_DIR"]
    client = Client()

    def follow() -> None:
        happened.extend(
            (event["state"], event["at"]) for event in client.events() if event["event"] == "state"
        )

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    for _ in range(QUESTIONS):
        page.fill("#question", "Say yes.")
        page.press("#question", "Enter")
        page.wait_for_selector('#state[data-state="speaking"]')
        page.wait_for_selector('#state[data-state="listening"]')
    boot = time.time() - time.monotonic()
    seen: list[tuple[str, float]] = []
    for state, at in page.evaluate("window.seen"):
        if not seen or seen[-1][0] != state:
            seen.append((state, at - boot))
    page.context.close()
    late = [
        1000 * (there - here)
        for (state, there), (same, here) in zip(seen, happened, strict=False)
        if state == same
    ]
    worst = f"median {statistics.median(late):.0f} ms, longest {max(late):.0f} of {len(late)}"
    return Row("panel: a change of state is seen after", worst, "200 ms", max(late) < 200)


if __name__ == "__main__":
    if len(sys.argv) > 1:  # run as the daemon, with a camera that shows to nobody
        Components.camera = lambda self: NoCamera()  # type: ignore[method-assign]
        sys.exit(command_line())
    out.print(table(rows()))
