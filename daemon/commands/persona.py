"""``digital-life persona``: who answers."""

import argparse
import json
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.api.client import Client, NotRunning
from daemon.commands.console import Subcommands, out
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings

LOADING_TIMEOUT_S = 60.0  # another voice and face on a busy machine


def register(commands: Subcommands) -> None:
    """Add the commands."""
    persona = commands.add_parser(
        "persona",
        help=tr("who answers: list them, or switch until the next start"),
        epilog='digital-life persona Luna; or say it: "talk to me as Luna"',
    )
    persona.add_argument("name", nargs="?", metavar="NAME", help=tr("without it, all are listed"))
    persona.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    persona.set_defaults(run=run)
    anew = commands.add_parser(
        "new-conversation",
        help=tr("start a new conversation: nothing said before stays in its prompt"),
    )
    anew.set_defaults(run=new_conversation)
    talk = commands.add_parser(
        "talk",
        help=tr('press or release the push-to-talk key (listen = "push-to-talk" under [ears])'),
    )
    talk.add_argument("what", choices=["start", "stop"])
    talk.set_defaults(run=press)


def run(arguments: argparse.Namespace, settings: "Settings") -> int:
    """List personas, or switch."""
    if arguments.name is None:
        return _list(arguments.json, settings)
    reply = Client().put("persona", LOADING_TIMEOUT_S, name=arguments.name)
    if arguments.json:
        out.print(json.dumps(reply, ensure_ascii=False, indent=2), markup=False)
    elif reply["needs_restart"]:
        names = ", ".join(reply["needs_restart"])
        out.print(tr("only after a restart: {names}").format(names=names), markup=False)
    return 0


def _list(as_json: bool, settings: "Settings") -> int:
    from daemon.dialogue.personas import DEFAULT, list_personas

    try:
        found = Client().get("personas")
    except NotRunning:
        shown = [persona.model_dump(mode="json") for persona in list_personas(settings)]
        found = {"persona": settings.persona.name or DEFAULT, "personas": shown}
    if as_json:
        out.print(json.dumps(found, ensure_ascii=False, indent=2), markup=False)
        return 0
    table = Table("", tr("name"), tr("also called"), tr("description"), tr("languages"))
    for persona in found["personas"]:
        table.add_row(
            "*" if persona["id"] == found["persona"] else "",
            persona["name"],
            ", ".join(persona["also"]),
            persona["description"],
            ", ".join(persona["languages"]),
        )
    out.print(table)
    return 0


def new_conversation(_arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Begin anew."""
    Client().post("new-conversation")
    return 0


def press(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Press the key, or let it go."""
    Client().post("talk", on=arguments.what == "start")
    return 0
