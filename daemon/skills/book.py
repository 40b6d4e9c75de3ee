"""The skills' file in use: on a thread of its own, with what is in it at hand at any time.

Belongs to the event loop's thread; the file belongs to the worker's. What stands here was in the
file when it was last looked at, so that asking for it costs no time; other processes may change
the file, too, which ``refresh`` notices.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from daemon.database import DamagedError
from daemon.errors import StorageError
from daemon.events import Event, ListsChanged, TimersChanged
from daemon.skills.clock import Moment, read_clock
from daemon.skills.entries import Entry, Item
from daemon.skills.store import SkillStore, open_store
from daemon.worker import CancelToken, Worker

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Contents:
    entries: tuple[Entry, ...] = ()
    items: tuple[Item, ...] = ()
    version: int = 0


class SkillBook:
    """Timers, alarms, reminders and lists of a program that runs."""

    def __init__(
        self,
        worker: Worker,
        path: Path,
        publish: Callable[[Event], None] = lambda _event: None,
        clock: Callable[[], Moment] = read_clock,
    ) -> None:
        self.publish = publish
        """Told when anything changes; may be set at any time."""
        self.failed = False
        """Whether the file could not be read or written when it was last tried."""
        self.put_aside: Path | None = None
        """Where a damaged file was put, until that has been told."""
        self.clock = clock
        self._worker, self._path = worker, path
        self._store: SkillStore | None = None  # the worker's
        self._known = _Contents()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All timers, alarms and reminders, those that are due first at the head."""
        return self._known.entries

    @property
    def items(self) -> tuple[Item, ...]:
        """What is on all lists, in the order in which it was put there."""
        return self._known.items

    async def refresh(self) -> None:
        """Look whether another process has changed anything; makes no file where there is none."""
        if self._store is None and not self._path.exists():
            return

        def look(store: SkillStore) -> None:
            if self.failed or store.version_of_data != self._known.version:
                self._note(_read(store))

        try:
            await self._run(look)
        except StorageError as error:
            if not self.failed:
                log.error("%s %s", error.message, error.fix)
            self.failed = True
        else:
            self.failed = False

    async def change(self, change: Callable[[SkillStore], T]) -> T:
        """Call ``change(store)`` on the file's thread, and return what it returns.

        Raises ``StorageError``, and then nothing is changed.
        """

        def apply(store: SkillStore) -> T:
            result = change(store)
            self._note(_read(store))
            return result

        try:
            result = await self._run(apply)
        except StorageError:
            self.failed = True
            raise
        self.failed = False
        return result

    async def close(self) -> None:
        """Close the file."""

        def close(_cancel: CancelToken) -> None:
            if self._store is not None:
                self._store.close()
                self._store = None

        await self._worker.run(close)

    async def _run(self, job: Callable[[SkillStore], T]) -> T:
        before = self._known

        def run(_cancel: CancelToken) -> T:
            try:
                return job(self._opened())
            except DamagedError:  # the next one opens it anew
                if self._store is not None:
                    self._store.close()
                    self._store = None
                raise

        try:
            return await self._worker.run(run)
        finally:
            if self._known.entries != before.entries:
                self.publish(TimersChanged())
            if self._known.items != before.items:
                self.publish(ListsChanged())

    def _opened(self) -> SkillStore:
        """Return the store; the worker's thread."""
        if self._store is None:
            self._store, aside = open_store(self._path, self.clock)
            self.put_aside = aside or self.put_aside
            self._note(_read(self._store))
            if aside is not None:
                log.error("the timers and lists were damaged: %s", aside)
        return self._store

    def _note(self, known: _Contents) -> None:
        """Replace what is known, at once; the worker's thread."""
        self._known = known


def _read(store: SkillStore) -> _Contents:
    # The number first: what is changed between the two is only read once more.
    version = store.version_of_data
    return _Contents(tuple(store.timers.entries()), tuple(store.lists.all()), version)
