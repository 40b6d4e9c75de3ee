"""The skills' file: timers, alarms, reminders and lists, in SQLite.

Each change is one transaction, on the disk when the call returns: what has been confirmed to
somebody survives a crash and a power failure. The daemon and a command may have it open at once.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from daemon.database import DamagedError, DatabaseFile
from daemon.errors import StorageError
from daemon.files import aside_of, only_process
from daemon.folders import data_folder
from daemon.i18n import tr
from daemon.skills.clock import Moment, read_clock
from daemon.skills.list_table import ListTable
from daemon.skills.timer_table import TimerTable

VERSION = 1  # of the tables
BESIDE = ("", "-wal", "-shm")  # the file, and those that SQLite puts beside it


def skills_path() -> Path:
    """Where timers and lists are, in XDG's data directory."""
    return data_folder() / "skills.db"


class SkillStore(DatabaseFile):
    """One connection to the file; belongs to the thread that made it.

    All raise ``StorageError`` where the file cannot be read or written, and ``DamagedError``, one
    of these, where it is none any more; see ``open_store``.
    """

    def __init__(self, path: Path, clock: Callable[[], Moment] = read_clock) -> None:
        """Open the file, or make it."""
        super().__init__(path)
        self.timers = TimerTable(self, clock)
        self.lists = ListTable(self, clock)
        try:  # what cannot be read is damaged, though SQLite sees nothing wrong with it
            self.timers.entries()
            self.lists.all()
        except BaseException:
            self.close()
            raise

    def unusable(self) -> str:
        """Return what is told where it cannot be used."""
        return tr("The timers and lists in {path} cannot be used: {reason}")

    def prepare(self) -> None:
        """Make the tables, unless they are there and undamaged."""
        ((found,),) = self.rows("PRAGMA quick_check(1)")
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        # Whoever only reads need not wait until another program has written.
        ((version,),) = self.rows("PRAGMA user_version")
        if version == 0:
            with self.change() as db:  # two programs may find it empty
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    db.execute(TimerTable.SCHEMA)
                    db.execute(ListTable.SCHEMA)
                    db.execute(f"PRAGMA user_version = {VERSION}")
                    version = VERSION
        if version != VERSION:
            raise StorageError(tr("{path} was written by another version.").format(path=self.path))
        there = {made for (made,) in self.rows("SELECT sql FROM sqlite_master")}
        if not there.issuperset((TimerTable.SCHEMA, ListTable.SCHEMA)):
            raise sqlite3.DatabaseError("other tables")

    @property
    def version_of_data(self) -> int:
        """A number that is another one after another process has changed the file."""
        ((number,),) = self.rows("PRAGMA data_version")
        return int(number)


def open_store(
    path: Path, clock: Callable[[], Moment] = read_clock
) -> tuple[SkillStore, Path | None]:
    """Open the file, and put a damaged one aside first; return to where, if that was done.

    Raises ``StorageError`` where it cannot be opened for another reason.
    """
    with suppress(DamagedError):
        return SkillStore(path, clock), None
    with only_process(path.parent):
        with suppress(DamagedError):  # another process may just have put it aside
            return SkillStore(path, clock), None
        aside = _put_aside(path)
        return SkillStore(path, clock), aside


def _put_aside(path: Path) -> Path:
    aside = aside_of(path)
    try:
        for end in BESIDE:
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    except OSError as error:
        raise StorageError(
            tr("The timers and lists in {path} cannot be used: {reason}").format(
                path=path, reason=error
            )
        ) from error
    return aside
