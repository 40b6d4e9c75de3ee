"""What the commands about people have in common."""

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, TypedDict

from daemon.api.client import Client
from daemon.dialogue.person_choices import checked_language, checked_persona
from daemon.errors import DigitalLifeError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.people.store import PeopleStore


class PersonChoices(TypedDict, total=False):
    """What of a person is to be otherwise."""

    persona: str
    language: str
    owner: bool
    tools: bool


def open_people() -> "PeopleStore":
    """Return what is kept of those who are known; NumPy is imported only by who asks for it."""
    from daemon.people.store import PeopleStore

    return PeopleStore()


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Let it be chosen who answers, and in which language."""
    parser.add_argument("--persona", help=tr('who answers them; "" is whoever answers everybody'))
    parser.add_argument(
        "--language",
        metavar="CODE",
        help=tr('what they are answered in, such as en or zh; "" is what they speak'),
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Let a script answer what a person is asked."""
    parser.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))


def chosen(arguments: argparse.Namespace, settings: "Settings") -> PersonChoices:
    """Return what is given of persona, language and owner, checked."""
    wanted: PersonChoices = {}
    if arguments.persona is not None:
        wanted["persona"] = checked_persona(arguments.persona, settings)
    if arguments.language is not None:
        wanted["language"] = checked_language(arguments.language, settings)
    if arguments.owner is not None:
        wanted["owner"] = arguments.owner
    return wanted


def tell_daemon() -> None:
    """Have a running daemon look at the file at once."""
    with suppress(DigitalLifeError):  # it is changed, whether a daemon runs or not
        Client().post("people/refresh")
