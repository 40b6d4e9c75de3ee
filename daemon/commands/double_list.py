"""``double list``, ``show``, ``use`` and ``remove``."""

import argparse
import json
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.table import Table

from daemon.api.client import Client, NotRunning
from daemon.commands.console import Subcommands, err, out
from daemon.commands.double_chats import style_rows
from daemon.commands.questions import confirm
from daemon.errors import DigitalLifeError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.doubles.store import Double

SWITCHING_S = 60.0  # another voice and face on a busy machine


def register(leaves: Subcommands) -> None:
    """Add the commands."""
    listing = leaves.add_parser("list", help=tr("list the doubles"))
    listing.set_defaults(run=list_all)
    showing = leaves.add_parser("show", help=tr("show whose a double is, and what it was made of"))
    showing.add_argument("name", metavar="NAME")
    showing.set_defaults(run=show)
    for leaf in (listing, showing):
        leaf.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    using = leaves.add_parser(
        "use",
        help=tr("answer as a double from now on, and after each start"),
        epilog="digital-life double use lin; digital-life double use default",
    )
    using.add_argument(
        "name", metavar="NAME", help=tr("“default” answers as your settings describe it again")
    )
    using.set_defaults(run=use)
    removing = leaves.add_parser(
        "remove",
        help=tr("delete a double and all that is kept of it, and search for what is left"),
        epilog="digital-life double remove lin",
    )
    removing.add_argument("name", metavar="NAME")
    removing.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    removing.set_defaults(run=remove)


def list_all(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the doubles."""
    from daemon.commands.double_parts import part_name
    from daemon.doubles.store import list_doubles

    doubles, damaged = list_doubles()
    if arguments.json:
        return _print_json({"doubles": [_told(double) for double in doubles]})
    if not doubles and not damaged:
        out.print(tr("There is no double yet."))
        out.print("  digital-life double create NAME", markup=False)
    if doubles:
        table = Table("", tr("name"), tr("made"), tr("has"), tr("consent"))
        for double in doubles:
            mark = "*" if settings.persona.name == double.name else ""
            has = ", ".join(map(part_name, double.parts))
            table.add_row(mark, double.name, double.record.made, has, double.record.consent)
        out.print(table)
    for error in damaged:
        err.print(f"{error} → {error.fix}", markup=False)
    return 0


def show(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print what is known of a double."""
    from daemon.commands.double_parts import part_name
    from daemon.doubles.removal import traces
    from daemon.doubles.store import find_double

    double = find_double(arguments.name)
    if arguments.json:
        return _print_json(_told(double))
    record, found = double.record, traces(double.name, settings)
    table = Table(show_header=False)
    table.add_row(tr("name"), double.name)
    table.add_row(tr("consent"), f"{record.consent} ({record.consented})")
    table.add_row(tr("made"), record.made)
    table.add_row(tr("has"), ", ".join(map(part_name, double.parts)) or "–")
    for label, text in style_rows(double):
        table.add_row(label, text)
    for source in record.sources:
        made_of = tr("{part}: made of").format(part=part_name(source.part))
        table.add_row(made_of, f"{source.name}  {source.sha256[:12]}…")
    table.add_row(tr("conversations"), str(found.conversations))
    table.add_row(tr("folder"), f"{double.folder} ({decimal(found.size)})")
    out.print(table)
    return 0


def use(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Answer as a double from now on: in a running daemon, and in the settings."""
    from daemon.config.keep import keep
    from daemon.config.state import with_values
    from daemon.dialogue.personas import DEFAULT
    from daemon.doubles.store import find_double

    name = "" if arguments.name == DEFAULT else find_double(arguments.name).name
    path = keep(with_values(settings, {"persona.name": name}), ["persona.name"], arguments.config)
    out.print(f'[persona] name = "{name}" → {path}', markup=False)
    try:
        Client().put("persona", SWITCHING_S, name=name or DEFAULT)
    except NotRunning:
        err.print("  digital-life run", markup=False)
    return 0


def remove(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Delete a double; 1 where something of it is left."""
    from daemon.doubles.store import only_command

    with only_command(arguments.name):
        return _remove(arguments.name, arguments, settings)


def _remove(name: str, arguments: argparse.Namespace, settings: "Settings") -> int:
    from daemon.doubles import removal
    from daemon.doubles.store import find_double

    if not removal.places(name):
        find_double(name)  # says so
    found, known = removal.traces(name, settings), removal.fingerprints(name)
    confirm(
        tr(
            "This deletes the double “{name}”: {files} files ({size}), {conversations} "
            "conversations with it. It cannot be undone; `digital-life double export` keeps a copy."
        ).format(
            name=name,
            files=found.files,
            size=decimal(found.size),
            conversations=found.conversations,
        ),
        arguments.yes,
    )
    removal.unset(found, settings, arguments.config)
    _leave(name)
    removal.dismiss(found)
    removal.forget_conversations(name)
    removal.delete_folder(name)
    with err.status(tr("Looking for what is left of it…")):
        proof = removal.prove(name, known)
    for changed in found.settings:
        out.print(tr("{setting} is back to its default.").format(setting=changed), markup=False)
    out.print(
        tr("Deleted: {files} files ({size}), {conversations} conversations.").format(
            files=found.files, size=decimal(found.size), conversations=found.conversations
        )
    )
    if proof.left:
        raise DigitalLifeError(
            tr("Something of it is left in {paths}.").format(
                paths=", ".join(map(str, proof.left[:5]))
            ),
            tr("look into them, and delete what you do not need"),
        )
    out.print(
        tr("{files} files ({size}) searched byte by byte: nothing of it is left.").format(
            files=proof.searched, size=decimal(proof.size)
        )
    )
    return 0


def _leave(name: str) -> None:
    """Have a running daemon be somebody else, in a new conversation."""
    try:
        client = Client()
        if client.get("personas")["persona"] == name:
            client.put("persona", SWITCHING_S, name="default")
    except NotRunning:
        return


def _told(double: "Double") -> dict[str, object]:
    return {
        "name": double.name,
        "parts": double.parts,
        **double.record.model_dump(),
        "folder": str(double.folder),
    }


def _print_json(value: dict[str, object]) -> int:
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)
    return 0
