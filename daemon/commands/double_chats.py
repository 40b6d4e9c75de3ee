"""The way of talking of a double: learned from chats, shown, and forgotten in part."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from daemon.api.client import Client, NotRunning
from daemon.commands.console import Subcommands, err, out
from daemon.commands.questions import ask_line
from daemon.dialogue.personas import STYLE
from daemon.doubles.store import Double, Source, note_sources, printable
from daemon.errors import InputError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.training.chat_sources import Chats, ReadFile
    from daemon.training.chats import ChatMember

MAX_LISTED = 20  # people of whom one is chosen, and files that gave nothing


def register(leaves: Subcommands) -> None:
    """Add ``forget``."""
    forgetting = leaves.add_parser(
        "forget",
        help=tr("make a double forget what its chats say about something"),
        epilog='digital-life double forget lin --about "the divorce"',
    )
    forgetting.add_argument("name", metavar="NAME")
    forgetting.add_argument(
        "--about",
        required=True,
        metavar="TOPIC",
        help=tr("what to forget, in any words; a name, for example"),
    )
    forgetting.set_defaults(run=forget)


def make_style(double: Double, paths: Sequence[Path], answers: Sequence[str]) -> Double:
    """Learn its way of talking from chats, in the place of the one it has.

    ``answers`` are the person's names in them; without any, somebody at the terminal is asked.
    Raises ``InputError`` where they are not in the chats, or say too little.
    """
    from daemon.training.style import learn

    chats = _read([path.expanduser() for path in paths])
    _tell_files(chats.files)
    if not answers and sys.stdin.isatty():
        answers = _chosen(chats.people)
    with err.status(tr("Learning the way of talking…")):
        learned = learn(chats, answers)
    learned.style.save(double.folder / STYLE)
    if learned.masked:
        masked = ", ".join(f"{name} {count}" for name, count in learned.masked.items())
        err.print(tr("Masked as private, and not learned: {masked}").format(masked=masked))
    out.print(
        tr("The way of talking is ready, from {count} answers.").format(count=learned.answers)
    )
    sources = [
        Source(part="chats", name=printable(file.name), sha256=file.sha256)
        for file in chats.files
        if not file.reason
    ]
    return note_sources(double, "chats", sources)


def style_rows(double: Double) -> list[tuple[str, str]]:
    """Return what it knows of the way of talking, as a table to show; ``SetupError``."""
    from daemon.brain.style import Style

    return Style.load(double.folder / STYLE).rows() if double.has("chats") else []


def forget(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Take what is about a topic out of its way of talking, also in a running daemon."""
    from daemon.doubles.store import find_double, only_command

    if not arguments.about.strip():
        raise InputError(tr("Say what it is to forget."), "digital-life double forget --help")
    with only_command(arguments.name):
        double = find_double(arguments.name)
        if not double.has("chats"):
            raise InputError(tr("“{name}” has no way of talking yet.").format(name=double.name))
        gone = _forget(double, arguments.about, settings)
    if gone:
        _tell_daemon(double)
    out.print(tr("Forgotten: {count} examples and words.").format(count=gone))
    return 0


def _forget(double: Double, topic: str, settings: "Settings") -> int:
    from daemon.brain.style import Style
    from daemon.memory.encoding import SentenceEncoder
    from daemon.store.model_store import open_store

    store = open_store(settings.models.directory)
    is_there = not store.status("sentence-encoder").missing
    encode = SentenceEncoder(store.path("sentence-encoder")).encode if is_there else None
    style, gone = Style.load(double.folder / STYLE).without(topic, encode)
    if gone:
        style.save(double.folder / STYLE)
    return gone


def _tell_daemon(double: Double) -> None:
    """Have a running daemon that is this double read its way of talking again."""
    try:
        client = Client()
        if client.get("personas")["persona"] == double.name:
            client.post("settings/reload")
    except NotRunning:
        return


def _read(paths: Sequence[Path]) -> "Chats":
    from daemon.training.chat_sources import read_chats

    columns = TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(tr("Reading the chats…"), total=None)
        return read_chats(
            paths, lambda done, total, _name: bars.update(task, completed=done, total=total)
        )


def _tell_files(files: "Sequence[ReadFile]") -> None:
    """Say what each file gave, or why nothing."""
    for file in [one for one in files if not one.reason]:
        err.print(f"{file.name}: {file.format}, {file.messages}", markup=False)
    useless = [one for one in files if one.reason]
    for file in useless[:MAX_LISTED]:
        err.print(
            tr("{file}: not used: {reason}").format(file=file.name, reason=file.reason),
            markup=False,
        )
    if len(useless) > MAX_LISTED:
        more = len(useless) - MAX_LISTED
        err.print(tr("… and {count} more files without chats").format(count=more))


def _chosen(people: "Sequence[ChatMember]") -> list[str]:
    """Have the person's names ticked in a list of who writes."""
    if len(people) < 2:
        return [person.name for person in people]
    shown = people[:MAX_LISTED]
    for number, person in enumerate(shown, 1):
        err.print(f"{number:3}  {person.name} ({person.messages})", markup=False)
    line = ask_line(tr("Whose double is it? The number, or several for several names of theirs:"))
    numbered = {
        str(number): person.account or person.name for number, person in enumerate(shown, 1)
    }
    try:
        return [numbered[word] for word in line.replace(",", " ").split()]
    except KeyError as error:
        raise InputError(tr("Type one of the numbers.")) from error
