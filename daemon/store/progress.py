"""What a person sees while weights are fetched or checked."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from daemon.terminal import PlainConsole

PLAIN_STEPS_FROM = 50_000_000  # bytes of work below which lines of per cent would only be noise


class Bar:
    """Progress of one piece of work, counted in bytes."""

    def __init__(self, console: Console, name: str, total: int, progress: Progress | None) -> None:
        self._console = console
        self._name = name
        self._total = total
        self._done = 0
        self._progress = progress
        self._task = progress.add_task(name, total=total) if progress else None
        self._quarter = 0

    def restart(self, total: int) -> None:
        """Begin again with another amount of work: another source is asked."""
        self._done, self._total, self._quarter = 0, total, 0
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=0, total=total)

    def advance(self, count: int) -> None:
        """So many more bytes are done; never counts past the total."""
        self._done = min(self._done + count, self._total)
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done)
        elif self._total < PLAIN_STEPS_FROM:
            return
        elif (quarter := 4 * self._done // self._total) > self._quarter:
            self._quarter = quarter
            self._console.print(f"{self._name}: {25 * quarter} %", highlight=False)


class Report:
    """Progress bars on a terminal, and plain lines where the output goes elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or PlainConsole(stderr=True)

    def note(self, text: str) -> None:
        """Say something in a line of its own."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def bar(self, name: str, total: int) -> Iterator[Bar]:
        """Show the progress of ``total`` bytes of work called ``name``."""
        if not self._console.is_terminal:
            self.note(f"{name}: {decimal(total)}" if total else name)
            yield Bar(self._console, name, total, None)
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            yield Bar(self._console, name, total, progress)
