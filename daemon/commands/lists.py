"""``digital-life lists``: the shopping list, the to-do list and others."""

import argparse
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rich.table import Table

from daemon.api.client import Client
from daemon.api.skill_answers import ListReport, ListReports
from daemon.commands.console import Subcommands, out
from daemon.commands.skills_file import opened_skills, through_daemon_or_file
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.json_object import JsonObject
from daemon.skills.store import SkillStore, skills_path

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the command."""
    lists = commands.add_parser(
        "lists",
        help=tr("show and change shopping, to-do and other lists"),
        description=tr("Without a word after it, shows all lists. A list may have any name."),
        epilog="digital-life lists add shopping milk eggs; digital-life lists show shopping",
    )
    lists.set_defaults(run=show, list=None)
    leaves = lists.add_subparsers(metavar="show|add|remove|clear")
    showing = leaves.add_parser("show", help=tr("show a list, or all of them"))
    showing.add_argument("list", nargs="?", metavar="LIST", help=_which())
    showing.set_defaults(run=show)
    adding = leaves.add_parser(
        "add",
        help=tr("put something on a list"),
        epilog='digital-life lists add shopping milk "a dozen eggs"',
    )
    removing = leaves.add_parser(
        "remove",
        help=tr("take something off a list"),
        epilog="digital-life lists remove shopping milk",
    )
    clearing = leaves.add_parser(
        "clear",
        help=tr("take everything off a list"),
        epilog="digital-life lists clear todo",
    )
    for leaf, run in ((adding, add), (removing, remove), (clearing, clear)):
        leaf.add_argument("list", metavar="LIST", help=_which())
        leaf.set_defaults(run=run)
    for leaf in (adding, removing):
        leaf.add_argument("items", nargs="+", metavar="ITEM", help=tr("one thing each"))
    lists.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    for leaf in (showing, adding, removing, clearing):
        leaf.add_argument(  # which would else take back what stands before it
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help=tr("print JSON, for programs"),
        )


def _which() -> str:
    return tr("shopping, todo, or any name")


def show(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print a list, or all, from the file: so they can be seen at any time."""
    reports = _read()
    if arguments.list is not None:
        return _print(_chosen(reports, arguments.list), arguments.json)
    if arguments.json:
        return _print_json(reports.model_dump())
    if not reports.lists:
        out.print(tr("Nothing is on any list."))
    for report in reports.lists:
        _print(report, as_json=False)
    return 0


def add(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Put things on a list, and print it."""
    from daemon.skills import requests

    name = requests.canonical_list(arguments.list)

    def change(store: SkillStore) -> JsonObject:
        store.lists.add(name, arguments.items)
        return {}

    through_daemon_or_file(
        lambda client: client.post("lists", list=name, items=arguments.items), change
    )
    return _print(_chosen(_read(), name), arguments.json)


def remove(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Take things off a list, and print it."""
    from daemon.skills import requests

    name = requests.canonical_list(arguments.list)
    wanted = {item.casefold(): item for item in arguments.items}
    report = _chosen(_read(), name)
    found = [item for item in report.items if item.text.casefold() in wanted]
    missing = wanted.keys() - {item.text.casefold() for item in found}
    if missing:
        raise InputError(
            tr("This is not on the list: {items}").format(
                items=", ".join(wanted[key] for key in wanted if key in missing)
            ),
            f"digital-life lists show {name}",
        )

    def ask(client: Client) -> JsonObject:
        for item in found:
            client.delete(f"lists/items/{item.id}")
        return {}

    def change(store: SkillStore) -> JsonObject:
        store.lists.remove(name, [item.text for item in found])
        return {}

    through_daemon_or_file(ask, change)
    return _print(_chosen(_read(), name), arguments.json)


def clear(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Take everything off a list."""
    from daemon.skills import requests

    name = requests.canonical_list(arguments.list)

    def change(store: SkillStore) -> JsonObject:
        store.lists.clear(name)
        return {}

    through_daemon_or_file(
        lambda client: client.delete("lists?" + urlencode({"list": name})), change
    )
    return _print(_chosen(_read(), name), arguments.json)


def _read() -> ListReports:
    if not skills_path().exists():
        return ListReports(lists=[])
    with opened_skills() as store:
        return ListReports.of(store.lists.all())


def _chosen(reports: ListReports, name: str) -> ListReport:
    from daemon.skills import requests

    name = requests.canonical_list(name)
    found = (report for report in reports.lists if report.list == name)
    return next(found, ListReport(list=name, items=[]))


def _print(report: ListReport, as_json: bool) -> int:
    if as_json:
        return _print_json(report.model_dump())
    if not report.items:
        out.print(tr("Nothing is on the list “{name}”.").format(name=_title(report)), markup=False)
        return 0
    table = Table(_title(report))
    for item in report.items:
        table.add_row(item.text)
    out.print(table)
    return 0


def _title(report: ListReport) -> str:
    from daemon.skills import requests

    return requests.list_title(report.list)


def _print_json(value: JsonObject) -> int:
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)
    return 0
