"""``digital-life memory``: what was kept of conversations, and forgetting it."""

import argparse
import json
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.api.client import Client, NotRunning
from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.commands.questions import confirm
from daemon.database import DamagedError
from daemon.errors import InputError, SetupError
from daemon.i18n import tr
from daemon.memory.entries import StoredTurn
from daemon.memory.file import erase, memory_path
from daemon.memory.store import MemoryStore
from daemon.terminal import styled

if TYPE_CHECKING:
    from daemon.config import Settings

FORGETTING_S = 120.0  # a file of years is written anew


def register(commands: Subcommands) -> None:
    """Add the commands."""
    memory = commands.add_parser(
        "memory",
        help=tr("what was kept of your conversations: show, search, export, forget"),
        description=tr(
            "Conversations are kept only while keep = true under [memory] in the settings, on this "
            "computer, readable by you only."
        ),
    )
    leaves = memory.add_subparsers(required=True, metavar="list|show|search|export|forget")
    listing = leaves.add_parser("list", help=tr("list the conversations, and what is remembered"))
    listing.add_argument("--limit", type=int, default=20, metavar="N", help=tr("how many"))
    listing.set_defaults(run=list_all)
    showing = leaves.add_parser("show", help=tr("print a conversation"))
    showing.add_argument("number", type=int, metavar="NUMBER")
    showing.set_defaults(run=show)
    searching = leaves.add_parser(
        "search",
        help=tr("find what was said, the newest first"),
        epilog="digital-life memory search dentist",
    )
    searching.add_argument("words", nargs="+", metavar="WORD")
    searching.add_argument("--limit", type=int, default=20, metavar="N", help=tr("how many"))
    searching.set_defaults(run=search)
    for leaf in (listing, showing, searching):
        leaf.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    exporting = leaves.add_parser(
        "export",
        help=tr("write all of it to a file"),
        description=tr(
            "FILE.jsonl is what `chats import` and `train brain` read; FILE.md is for people."
        ),
    )
    exporting.add_argument("file", type=_export_path, metavar="FILE")
    exporting.set_defaults(run=export)
    forgetting = leaves.add_parser(
        "forget",
        help=tr("delete a conversation, a fact, or everything, for good"),
        epilog="digital-life memory forget 12; digital-life memory forget f3",
    )
    what = forgetting.add_mutually_exclusive_group(required=True)
    what.add_argument("number", nargs="?", metavar="NUMBER", help=tr("as `list` shows it"))
    what.add_argument("--all", action="store_true", help=tr("everything"))
    forgetting.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))
    forgetting.set_defaults(run=forget)


def list_all(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print conversations and facts."""
    with closing(_open(settings)) as store:
        talks, facts = store.conversations(arguments.limit), store.facts()
    if arguments.json:
        found = {"conversations": list(map(asdict, talks)), "facts": list(map(asdict, facts))}
        return _print_json({"kept": settings.memory.keep, **found})
    if talks:
        table = Table("", tr("began"), tr("with"), tr("turns"), tr("first words"))
        for talk in talks:
            began, title = _moment(talk.began), talk.title
            table.add_row(str(talk.id), began, talk.persona, str(talk.turns), title)
        out.print(table)
    if facts:
        table = Table("", tr("since"), tr("you asked it to remember"))
        for fact in facts:
            table.add_row(f"f{fact.id}", _moment(fact.at), fact.text)
        out.print(table)
    if not talks and not facts:
        out.print(tr("Nothing is kept."))
    return 0


def show(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a conversation."""
    with closing(_open(settings)) as store:
        turns = store.turns(arguments.number)
    if not turns:
        raise _unknown(arguments.number)
    return _print(turns, arguments.json)


def search(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print what is found."""
    with closing(_open(settings)) as store:
        turns = store.search(" ".join(arguments.words), arguments.limit)
    if not turns and not arguments.json:
        out.print(tr("Nothing was found."))
    return _print(turns, arguments.json)


def export(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Write everything to a file."""
    from daemon.training.memory_export import write_export

    check_writable(arguments.file)
    with closing(_open(settings)) as store:
        count = write_export(store, arguments.file)
    err.print(tr("{count} turns → {path}").format(count=count, path=arguments.file), markup=False)
    return 0


def forget(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Delete, for good. A running daemon does it, so that it is out of its prompt, too."""
    wanted = _wanted(arguments)
    if "everything" in wanted:
        confirm(tr("Everything that was kept will be deleted."), arguments.yes)
    try:
        Client().delete(_path(wanted), FORGETTING_S)
    except NotRunning:
        _forget_here(wanted, settings)
    out.print(tr("Forgotten."))
    return 0


def _wanted(arguments: argparse.Namespace) -> dict[str, int]:
    if arguments.all:
        return {"everything": True}
    text = str(arguments.number)
    number = text.removeprefix("f")
    if len(number) > 19:  # more than SQLite can count
        raise InputError(
            tr("The number {number} is too large.").format(number=f"{number[:19]}…"),
            "digital-life memory list",
        )
    if not number.isdecimal():
        raise SetupError(
            tr("{text} is no number of a conversation or fact.").format(text=text),
            "digital-life memory list",
        )
    return {"fact" if text.startswith("f") else "conversation": int(number)}


def _path(wanted: dict[str, int]) -> str:
    """Return where in the API it is that is to be forgotten."""
    if "fact" in wanted:
        return f"memory/facts/{wanted['fact']}"
    if "conversation" in wanted:
        return f"memory/conversations/{wanted['conversation']}"
    return "memory"


def _forget_here(wanted: dict[str, int], settings: "Settings") -> None:
    if "everything" in wanted:
        _forget_all(settings)
        return
    with closing(_open(settings)) as store:
        if "fact" in wanted:
            if not store.forget_fact(wanted["fact"]):
                raise InputError(
                    tr("Nothing of the number f{number} is remembered.").format(
                        number=wanted["fact"]
                    ),
                    "digital-life memory list",
                )
        elif not store.forget_conversation(wanted["conversation"]):
            raise _unknown(wanted["conversation"])


def _forget_all(settings: "Settings") -> None:
    try:
        with closing(_open(settings)) as store:
            store.forget_all()
    except DamagedError:
        erase(memory_path())


def _export_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (".jsonl", ".md"):
        raise argparse.ArgumentTypeError(
            tr("{path}: name it .jsonl, for programs, or .md, for people").format(path=path)
        )
    return path


def _open(settings: "Settings") -> MemoryStore:
    path = memory_path()
    if not path.exists():
        on = settings.memory.keep
        raise InputError(
            tr("Nothing was ever kept."),
            "" if on else tr("keep = true under [memory] in the settings keeps conversations"),
        )
    return MemoryStore(path)


def _unknown(number: int) -> InputError:
    return InputError(
        tr("There is no conversation {number}.").format(number=number), "digital-life memory list"
    )


def _print(turns: list[StoredTurn], as_json: bool) -> int:
    if as_json:
        return _print_json({"turns": list(map(asdict, turns))})
    for turn in turns:
        out.print(styled((f"{turn.conversation}  {_moment(turn.at)}", "dim")))
        out.print(styled((tr("you"), "bold"), f": {turn.question}"))
        if turn.answer:
            out.print(turn.answer)
    return 0


def _print_json(value: dict[str, object]) -> int:
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)
    return 0


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
