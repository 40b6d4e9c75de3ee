"""Fetching models while it runs, one after the other."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from daemon import i18n
from daemon.api.page_events import DownloadProgress
from daemon.bus import Bus
from daemon.errors import DigitalLifeError
from daemon.media import JsonObject
from daemon.store.model_store import ModelStore
from daemon.store.progress import Bar, Report
from daemon.store.pull import pull
from daemon.worker import Cancelled, CancelToken, Worker

PROGRESS_INTERVAL_S = 0.2  # between two reports of a download's progress


class Downloads:
    """Fetches one model at a time, on a thread of its own; others wait for their turn."""

    def __init__(self, bus: Bus) -> None:
        """``bus`` is told how far each is."""
        self.under_way: dict[str, JsonObject] = {}
        """By name: how far each is."""
        self._bus = bus
        self._worker = Worker("download")
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, store: ModelStore, name: str, accept_license: bool, language: str) -> None:
        """Fetch a model; ``SetupError`` for one that nobody knows."""
        store.manifest.weight(name)
        if name not in self._tasks:
            self._note(name, state="waiting", done=0, total=0, text="")
            work = self._fetch(store, name, accept_license, language)
            self._tasks[name] = asyncio.create_task(work, name=f"download {name}")

    def stop(self, name: str) -> None:
        """Stop fetching it; what has come is kept for the next time."""
        if task := self._tasks.get(name):
            task.cancel()

    async def close(self) -> None:
        """Stop all, and end the thread."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._worker.close()

    async def _fetch(self, store: ModelStore, name: str, accept: bool, language: str) -> None:
        loop = asyncio.get_running_loop()

        def told(**fields: object) -> None:
            with suppress(RuntimeError):  # the daemon has ended meanwhile
                loop.call_soon_threadsafe(lambda: self._progress(name, fields))

        def work(cancel: CancelToken) -> None:
            with i18n.speaking(language):
                pull(store, [name], _PageReport(told, cancel), accept_license=accept)

        end = {"state": "stopped", "text": ""}
        try:
            await self._worker.run(work)
            end["state"] = "done"
        except DigitalLifeError as error:
            end = {"state": "failed", "text": f"{error} {error.fix}".strip()}
        except Cancelled:
            pass
        finally:
            self._tasks.pop(name, None)
            self._note(name, **end)
            self.under_way.pop(name, None)

    def _progress(self, name: str, fields: JsonObject) -> None:
        if name in self._tasks:
            self._note(name, state="under way", **fields)

    def _note(self, name: str, **fields: object) -> None:
        entry = self.under_way.setdefault(name, {"name": name})
        entry.update(fields)
        self._bus.publish(DownloadProgress(dict(entry)))


class _PageReport(Report):
    """Tells the page instead of a terminal."""

    def __init__(self, told: Callable[..., None], cancel: CancelToken) -> None:
        super().__init__(Console(quiet=True))
        self._told, self._cancel = told, cancel

    def note(self, text: str) -> None:
        """Show it beside the bar."""
        self._cancel.check()
        self._told(text=text)

    @contextmanager
    def bar(self, name: str, total: int) -> Iterator[Bar]:
        """Show how far it is."""
        self._told(done=0, total=total)
        yield _PageBar(self._told, self._cancel, name, total)


class _PageBar(Bar):
    def __init__(
        self, told: Callable[..., None], cancel: CancelToken, name: str, total: int
    ) -> None:
        super().__init__(Console(quiet=True), name, total, None)
        self._told, self._cancel = told, cancel
        self._next = 0.0

    def advance(self, count: int) -> None:
        """Count, and tell from time to time."""
        self._cancel.check()
        super().advance(count)
        if (now := time.monotonic()) >= self._next:
            self._next = now + PROGRESS_INTERVAL_S
            self._told(done=self._done, total=self._total)
