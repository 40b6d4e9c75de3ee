"""The table of what is on lists; see ``store.py``. A list is there while something is on it."""

from collections.abc import Callable, Iterable
from dataclasses import astuple
from typing import Final

from daemon.database import DatabaseFile
from daemon.i18n import tr
from daemon.skills.clock import Moment
from daemon.skills.entries import Item
from daemon.skills.timer_table import TooManyError, clean_text

MAX_ITEMS = 2000  # on all lists together


class ListTable:
    """Reads and changes it; belongs to the thread of ``file``."""

    SCHEMA: Final = (
        "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, list TEXT NOT NULL,"
        " text TEXT NOT NULL, created REAL NOT NULL)"
    )

    def __init__(self, file: DatabaseFile, clock: Callable[[], Moment]) -> None:
        self._file = file
        self._clock = clock

    def names(self) -> list[str]:
        """Return the lists that something is on, by name."""
        found = self._file.rows("SELECT DISTINCT list FROM items ORDER BY list")
        return [str(name) for (name,) in found]

    def all(self) -> list[Item]:
        """Return what is on all lists, in the order in which it was put there."""
        found = self._file.rows("SELECT id, list, text, created FROM items ORDER BY id")
        return [Item(*row) for row in found]

    def items(self, name: str) -> list[Item]:
        """Return what is on a list, in the order in which it was put there."""
        statement = "SELECT id, list, text, created FROM items WHERE list = ? ORDER BY id"
        return [Item(*row) for row in self._file.rows(statement, list_name(name))]

    def add(self, name: str, texts: Iterable[str]) -> list[Item]:
        """Put on a list what is not on it yet; return that. Raises ``TooManyError``."""
        name, now = list_name(name), self._clock().wall
        added: list[Item] = []
        with self._file.change() as db:
            known = {_same(item.text) for item in self.items(name)}
            ((count,),) = db.execute("SELECT count(*) FROM items").fetchall()
            for text in filter(None, map(clean_text, texts)):
                if _same(text) in known:
                    continue
                if count + len(added) >= MAX_ITEMS:
                    raise TooManyError(tr("There is too much on the lists."))
                known.add(_same(text))
                statement = "INSERT INTO items (list, text, created) VALUES (?, ?, ?)"
                number = db.execute(statement, (name, text, now)).lastrowid
                assert number is not None
                added.append(Item(number, name, text, now))
        return added

    def remove(self, name: str, texts: Iterable[str]) -> list[Item]:
        """Take these off a list, in capital letters or small; return what was on it."""
        wanted = {_same(clean_text(text)) for text in texts}
        return self._remove(name, lambda item: _same(item.text) in wanted)

    def clear(self, name: str) -> list[Item]:
        """Take everything off a list; return it."""
        return self._remove(name, lambda _item: True)

    def take_back(self, items: Iterable[Item]) -> None:
        """Remove these: the undoing of ``add``."""
        with self._file.change() as db:
            db.executemany("DELETE FROM items WHERE id = ?", [(item.id,) for item in items])

    def restore(self, items: Iterable[Item]) -> None:
        """Put these back: the undoing of ``remove`` and ``clear``."""
        with self._file.change() as db:
            db.executemany(
                "INSERT OR REPLACE INTO items (id, list, text, created) VALUES (?, ?, ?, ?)",
                [astuple(item) for item in items],
            )

    def _remove(self, name: str, wanted: Callable[[Item], bool]) -> list[Item]:
        with self._file.change() as db:
            found = [item for item in self.items(name) if wanted(item)]
            db.executemany("DELETE FROM items WHERE id = ?", [(item.id,) for item in found])
        return found


def list_name(name: str) -> str:
    """Return a list's name as it is kept."""
    return clean_text(name).casefold()


def _same(text: str) -> str:
    return text.casefold()
