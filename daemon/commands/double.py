"""``digital-life double``: somebody's voice, face and way of talking, as one thing."""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands import double_archive, double_chats, double_list
from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.commands.film import film_path
from daemon.commands.questions import ask_line
from daemon.errors import InputError, SetupError
from daemon.files import discard
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.doubles.store import Double, Part

EXAMPLE = (
    "digital-life double create lin\n"
    'digital-life double create lin --chats exports/ --answers "Lin Yue" --voice lin.wav \\\n'
    '  --face lin.mp4 --consent "I am Lin." --yes'
)


def register(commands: Subcommands) -> None:
    """Add the commands."""
    double = commands.add_parser(
        "double",
        help=tr("a person's voice, face and way of talking as one: make, use, share, remove"),
        description=tr(
            "A double answers as a person does: in their voice, with their face, in their way of "
            "talking. Make only your own, or one of somebody who has agreed to it."
        ),
    )
    leaves = double.add_subparsers(
        required=True, metavar="create|add|list|show|use|forget|remove|export|import"
    )
    _create(leaves)
    _add(leaves)
    double_list.register(leaves)
    double_chats.register(leaves)
    double_archive.register(leaves)


def _create(leaves: Subcommands) -> None:
    creating = leaves.add_parser(
        "create",
        help=tr("make a double, step by step"),
        description=tr(
            "Asks for consent, a recording, a film or photograph, and chats. Enter skips a step; "
            "the same command goes on where it stopped. With --voice, --face or --chats it makes "
            "these parts, and asks for no others."
        ),
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    creating.add_argument("name", metavar="NAME")
    creating.add_argument(
        "--consent", metavar="TEXT", help=tr("whose double it is, and that they agree")
    )
    _add_parts(creating)
    creating.add_argument(
        "--film", type=film_path, metavar="FILE.mp4", help=tr("film its first words, to try it")
    )
    creating.set_defaults(run=create)


def _add(leaves: Subcommands) -> None:
    adding = leaves.add_parser(
        "add",
        help=tr("add what a double lacks, or replace a part with a better one"),
        epilog="digital-life double add lin --face lin.mp4",
    )
    adding.add_argument("name", metavar="NAME")
    _add_parts(adding)
    adding.set_defaults(run=add)


def _add_parts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--chats",
        type=Path,
        nargs="+",
        metavar="PATH",
        help=tr("exports of messengers: files, folders and ZIP archives"),
    )
    parser.add_argument(
        "--answers",
        action="append",
        default=[],
        metavar="NAME",
        help=tr("the person's name in the chats; once for each of their names"),
    )
    parser.add_argument(
        "--voice",
        type=Path,
        nargs="+",
        metavar="PATH",
        help=tr("recordings, or folders of them, in which only this person speaks"),
    )
    parser.add_argument(
        "--face", type=Path, metavar="PATH", help=tr("a film or photograph of the face")
    )
    parser.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))


def create(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Make a double, or go on with one that is not whole."""
    from daemon.doubles.store import (
        begin_double,
        check_name,
        find_double,
        is_double,
        only_command,
        require_free,
    )

    check_name(arguments.name)
    _check_paths(arguments)
    if resumed := is_double(arguments.name):
        double = find_double(arguments.name)
        err.print(tr("“{name}” was begun earlier; going on with it.").format(name=double.name))
    else:
        require_free(arguments.name, settings)
        double = begin_double(arguments.name, _consent(arguments), settings)
    with only_command(double.name):
        double = find_double(double.name)
        try:
            double = _make(double, arguments, settings)
            if not _given(arguments) and sys.stdin.isatty():
                double = _ask(double, settings)
        except BaseException:
            if not resumed and not double.parts:
                discard(double.folder)  # nothing has come of it
            raise
    _tell_next(double)
    if arguments.film:
        from daemon.commands.double_trial import film_first_words

        film_first_words(double, arguments.film, settings)
    return 0


def add(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Make parts of a double."""
    from daemon.doubles.store import find_double, only_command

    with only_command(arguments.name):
        double = find_double(arguments.name)
        if not _given(arguments):
            raise SetupError(tr("Say what is to be added."), "digital-life double add --help")
        _check_paths(arguments)
        _tell_next(_make(double, arguments, settings))
    return 0


def _given(arguments: argparse.Namespace) -> bool:
    return bool(arguments.chats or arguments.voice or arguments.face)


def _check_paths(arguments: argparse.Namespace) -> None:
    """Raise what can be known before any work."""
    given = (*(arguments.chats or ()), *(arguments.voice or ()), arguments.face)
    for path in filter(None, given):
        if not path.expanduser().exists():
            raise InputError(tr("{path} does not exist.").format(path=path))
    if film := getattr(arguments, "film", None):
        check_writable(film)


def _consent(arguments: argparse.Namespace) -> str:
    """Return by whose leave it is made."""
    if arguments.consent is not None:
        return str(arguments.consent)
    err.print(
        tr(
            "A double can say anything in a person's voice, with their face. It must be your "
            "own, or the person must have agreed to its use here."
        )
    )
    if not sys.stdin.isatty():
        raise SetupError(
            tr("Say whose double it is, and that they agree."), '--consent "It is me."'
        )
    return ask_line(tr("Whose is it, and do they agree? For example “It is me”:"))


def _make(double: "Double", arguments: argparse.Namespace, settings: "Settings") -> "Double":
    """Make the parts that are given."""
    from daemon.commands.double_parts import make_face, make_voice

    if arguments.voice:
        double = make_voice(double, arguments.voice, settings, arguments.yes)
    if arguments.face:
        double = make_face(double, arguments.face, settings)
    if arguments.chats:
        double = double_chats.make_style(double, arguments.chats, arguments.answers)
    return double


def _ask(double: "Double", settings: "Settings") -> "Double":
    """Ask for each part that is not there, until it is made or skipped."""
    from daemon.commands.double_parts import make_face, make_voice

    steps: dict[Part, tuple[str, Callable[[Double, list[Path]], Double]]] = {
        "voice": (
            tr("Voice: a recording of half a minute in which only this person speaks."),
            lambda made, paths: make_voice(made, paths, settings, yes=False),
        ),
        "face": (
            tr("Face: ten seconds of film, or a photograph, looking at the camera."),
            lambda made, paths: make_face(made, paths[0], settings),
        ),
        "chats": (
            tr("Chats: exports of messengers, as files, folders or ZIP archives."),
            lambda made, paths: double_chats.make_style(made, paths, ()),
        ),
    }
    for number, (part, (text, make)) in enumerate(steps.items(), 1):
        if double.has(part):
            continue
        err.print(f"{number}/{len(steps)} {text}", markup=False)
        while paths := _paths(ask_line(tr("Path (Enter skips this step):"))):
            try:
                double = make(double, paths)
                break
            except (InputError, SetupError) as error:
                err.print(f"{error} {error.fix}".rstrip(), markup=False)
    return double


def _paths(line: str) -> list[Path]:
    try:
        return [Path(word) for word in shlex.split(line)]
    except ValueError:  # a quotation mark that is part of a name
        return [Path(line)]


def _tell_next(double: "Double") -> None:
    from daemon.commands.double_parts import part_name
    from daemon.doubles.store import PARTS

    has = ", ".join(map(part_name, double.parts)) or tr("nothing yet")
    out.print(tr("“{name}” has: {parts}.").format(name=double.name, parts=has), markup=False)
    for part in PARTS:
        if not double.has(part):
            err.print(f"  digital-life double add {double.name} --{part} …", markup=False)
    err.print(f"  digital-life run --double {double.name}", markup=False)
