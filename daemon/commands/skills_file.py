"""The file of timers and lists, as commands use it: through a running daemon, or by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daemon.api.client import Client, NotRunning
from daemon.commands.console import err
from daemon.i18n import tr
from daemon.json_object import JsonObject
from daemon.skills.store import SkillStore, open_store, skills_path


@contextmanager
def opened_skills() -> Iterator[SkillStore]:
    """Open the file; where it was damaged, say so, and where it has been put."""
    store, aside = open_store(skills_path())
    try:
        if aside is not None:
            text = tr("The timers and lists were damaged, and begin anew. What was left: {path}")
            err.print(text.format(path=aside), markup=False)
        yield store
    finally:
        store.close()


def through_daemon_or_file(
    ask: Callable[[Client], JsonObject],
    change: Callable[[SkillStore], JsonObject],
    alone: Callable[[], None] = lambda: None,
) -> JsonObject:
    """Have the daemon do something, so that it is in force at once; without it, do it here.

    So does one that still loads: it will find it in the file. ``alone`` is called, too, where none
    runs, once it is done.
    """
    runs = True
    try:
        client = Client()
        if client.get("status").get("timers") is not None:
            return ask(client)
    except NotRunning:
        runs = False
    with opened_skills() as store:
        done = change(store)
    if not runs:
        alone()
    return done
