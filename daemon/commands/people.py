"""``digital-life people``: who is known by voice."""

import argparse
import json
import time
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.api.client import Client, NotRunning
from daemon.commands.console import Subcommands, err, out
from daemon.commands.people_options import add_choices, add_yes, chosen, open_people, tell_daemon
from daemon.commands.people_voice import register_add, register_test
from daemon.commands.questions import confirm
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.memory.file import memory_path
from daemon.memory.store import MemoryStore

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.people.person import Person
    from daemon.people.store import PeopleStore

FORGETTING_S = 120.0  # a memory of years is written anew


def register(commands: Subcommands) -> None:
    """Add the commands."""
    people = commands.add_parser(
        "people",
        help=tr("the people it knows by voice: introduce, list, change, forget"),
        description=tr(
            "The people it knows by voice. What is made of a voice stays on this computer, "
            "readable by you only. Introduce nobody who has not agreed."
        ),
    )
    leaves = people.add_subparsers(required=True, metavar="add|list|rename|set|remove|test")
    for register_one in (register_add, _list, _rename, _set, _remove, register_test):
        register_one(leaves)


def _list(leaves: Subcommands) -> None:
    listing = leaves.add_parser("list", help=tr("list the people it knows"))
    listing.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    listing.set_defaults(run=list_all)


def _rename(leaves: Subcommands) -> None:
    renaming = leaves.add_parser(
        "rename",
        help=tr("give somebody another name"),
        epilog="digital-life people rename Anna Anne",
    )
    renaming.add_argument("name", metavar="NAME")
    renaming.add_argument("new_name", metavar="NEW_NAME")
    renaming.set_defaults(run=rename)


def _set(leaves: Subcommands) -> None:
    setting = leaves.add_parser(
        "set",
        help=tr("choose who answers somebody, in which language, and with which rights"),
        epilog="digital-life people set Anna --persona luna --language zh\n"
        "digital-life people set Ben --no-tools",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    setting.add_argument("name", metavar="NAME")
    add_choices(setting)
    setting.add_argument(
        "--tools",
        action=argparse.BooleanOptionalAction,
        help=tr("whether tools may be called for them"),
    )
    setting.add_argument(
        "--owner", action=argparse.BooleanOptionalAction, help=tr("whether it is their computer")
    )
    setting.set_defaults(run=change)


def _remove(leaves: Subcommands) -> None:
    removing = leaves.add_parser(
        "remove",
        help=tr("forget somebody: their voice, and what was kept of what they said"),
        epilog="digital-life people remove Anna",
    )
    removing.add_argument("name", metavar="NAME")
    add_yes(removing)
    removing.set_defaults(run=remove)


def list_all(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print who is known."""
    from daemon.ears.speaker_id import WEIGHT

    store = open_people()
    people, outdated = store.people(), store.outdated(WEIGHT)
    if arguments.json:
        told = [{**asdict(person), "outdated": person in outdated} for person in people]
        return _print_json({"people": told})
    if not people:
        out.print(tr("Nobody is known by voice yet."))
        out.print("  digital-life people add NAME --from RECORDING")
        return 0
    table = Table("", tr("name"), tr("persona"), tr("language"), tr("tools"), tr("since"))
    for person in people:
        since = time.strftime("%Y-%m-%d", time.localtime(person.added))
        tools = tr("yes") if person.tools else tr("no")
        mark = "*" if person.owner else ""
        table.add_row(mark, person.name, person.persona, person.language, tools, since)
    out.print(table)
    if any(person.owner for person in people):
        out.print(tr("* the owner"))
    for person in outdated:
        err.print(
            tr(
                "{name} is not recognised any more: voices are told apart in another way now. "
                "Record them again."
            ).format(name=person.name)
        )
        err.print(f'  → digital-life people add "{person.name}" --from RECORDING')
    return 0


def rename(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Give somebody another name."""
    store = open_people()
    person = store.change(store.find(arguments.name).number, name=arguments.new_name)
    tell_daemon()
    out.print(tr("From now on it is {name}.").format(name=person.name))
    return 0


def change(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Change what is given."""
    store = open_people()
    person, wanted = store.find(arguments.name), chosen(arguments, settings)
    if arguments.tools is not None:
        wanted["tools"] = arguments.tools
    if not wanted:
        raise SetupError(tr("Say what is to change."), "digital-life people set --help")
    store.change(person.number, **wanted)
    tell_daemon()
    out.print(tr("Done."))
    return 0


def remove(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Forget somebody. A running daemon does it, so that it is out of its prompt, too."""
    store = open_people()
    person = store.find(arguments.name)
    confirm(
        tr(
            "This forgets the voice of {name}, and all that was kept of what they said. It cannot "
            "be undone."
        ).format(name=person.name),
        arguments.yes,
    )
    try:
        Client().delete(f"people/{person.number}", FORGETTING_S)
    except NotRunning:
        _forget_here(store, person)
    out.print(tr("Forgotten."))
    return 0


def _forget_here(store: "PeopleStore", person: "Person") -> None:
    if memory_path().exists():
        with closing(MemoryStore(memory_path())) as memory:
            memory.forget_person(person.number)
    store.remove(person.number)


def _print_json(value: dict[str, object]) -> int:
    out.print(json.dumps(value, ensure_ascii=False), markup=False)
    return 0
