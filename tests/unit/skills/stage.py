"""A ringer and a scheduler in virtual time, on a conversation that a test plays."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

import pytest

from daemon.events import Event, TimersChanged
from daemon.skills import herald, skills
from daemon.skills.book import SkillBook
from daemon.skills.clock import Moment
from daemon.skills.herald import Herald
from daemon.skills.intents import Kind
from daemon.skills.outcomes import Failed, Outcome, Rings, WereMissed
from daemon.skills.ringing import Ringer
from daemon.skills.scheduler import Scheduler
from daemon.skills.skills import Skills
from tests.fakes import VirtualWorker
from tests.unit.skills.clocks import TestClock
from tests.virtual_time import run_virtual

SAYING_S = 2.0


class LoopClock(TestClock):
    """Clocks that go on with the event loop's time, and can be set beside it."""

    def __call__(self) -> Moment:
        now = asyncio.get_running_loop().time()
        return Moment(self.wall + now, self.boot + now, self.boot_id)


class FakeAnnouncer:
    """A conversation that says what it is told to, in ``SAYING_S``."""

    def __init__(self) -> None:
        self.phase = "listening"
        self.language = "en"
        self.chimes: list[tuple[float, Kind]] = []
        self.said: list[tuple[float, str]] = []
        self.hushed = 0
        self.deaf = False
        """Nothing of what it says is heard."""
        self._interrupted = asyncio.Event()

    def chime(self, kind: Kind) -> None:
        self.chimes.append((asyncio.get_running_loop().time(), kind))

    def say(self, text: str) -> Awaitable[str] | None:
        if self.phase in ("hearing", "paused", "classifying"):
            return None
        self.said.append((asyncio.get_running_loop().time(), text))
        return self._say(text)

    async def _say(self, text: str) -> str:
        before, self.phase = self.phase, "speaking"
        try:
            async with asyncio.timeout(SAYING_S):
                await self._interrupted.wait()
        except TimeoutError:
            pass
        self.phase = "listening" if before == "speaking" else before
        return "" if self.deaf else text

    def hush(self) -> None:
        self.hushed += 1


def told(outcome: Outcome, language: str, now: object) -> str:
    """Say in a word what is told: wording is tested elsewhere."""
    if isinstance(outcome, Rings | WereMissed):
        names = ",".join(entry.name or entry.kind for entry in outcome.entries)
        off = " off" if isinstance(outcome, WereMissed) and outcome.while_off else ""
        return f"{language} {type(outcome).__name__}{off} {names}"
    if isinstance(outcome, Failed):
        return f"{language} {outcome.trouble.name}"
    return f"{language} {type(outcome).__name__}"


class RingingStage:
    """Everything that rings, on fakes."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(herald, "reply", told)
        monkeypatch.setattr(skills, "reply", told)
        self.path = tmp_path / "skills.db"
        self.clock = LoopClock()
        self.events: list[Event] = []

    def begin(self) -> None:
        """Start the program; in the event loop."""
        self.announcer = FakeAnnouncer()
        self.book = SkillBook(VirtualWorker(), self.path, self.publish, self.clock)
        self.ringer = Ringer(self.book, self.announcer, self.events.append)
        self.skills = Skills(self.book)
        self.skills.ring_with(self.ringer)
        self.herald = Herald(self.book, self.ringer, self.announcer)
        self.scheduler = Scheduler(self.book, self.ringer, self.herald)
        self.running = asyncio.create_task(self.scheduler.run())

    async def end(self) -> None:
        """End the program."""
        self.running.cancel()
        await asyncio.wait([self.running])
        await self.skills.close()

    def publish(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, TimersChanged):
            self.ringer.changed()
            self.scheduler.wake()

    def play(self, act: Callable[[], Coroutine[None, None, None]]) -> None:
        """Let ``act`` happen while the program runs, in virtual time."""

        async def main() -> None:
            self.begin()
            await asyncio.sleep(0)
            try:
                await act()
            finally:
                await self.end()

        run_virtual(main())

    def states(self) -> list[str]:
        return [entry.state for entry in self.book.entries]
