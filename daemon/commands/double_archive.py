"""``double export`` and ``import``: a double as one file, for another machine."""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.commands.questions import confirm
from daemon.errors import SetupError
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings

MAX_PASSPHRASE_CHARS = 1000


def register(leaves: Subcommands) -> None:
    """Add the commands."""
    exporting = leaves.add_parser(
        "export",
        help=tr("write a double into one file, encrypted if you like"),
        description=tr(
            "Writes voice, face, way of talking and consent into one file; conversations stay "
            "here. Whoever has the file can speak as this person: --encrypt asks for a passphrase, "
            "or reads it from the first line of standard input."
        ),
        epilog="digital-life double export lin lin.double --encrypt",
    )
    exporting.add_argument("name", metavar="NAME")
    exporting.add_argument(
        "--encrypt", action="store_true", help=tr("encrypt it with a passphrase (age)")
    )
    exporting.set_defaults(run=export_double)
    importing = leaves.add_parser(
        "import",
        help=tr("take in a double from such a file"),
        epilog="digital-life double import lin.double",
    )
    importing.set_defaults(run=import_double)
    for leaf in (exporting, importing):
        leaf.add_argument("file", type=Path, metavar="FILE")
        leaf.add_argument("--yes", action="store_true", help=tr("answer every question with yes"))


def export_double(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Write the archive."""
    from daemon.doubles.archive import write_archive
    from daemon.doubles.store import find_double, only_command

    double, path = find_double(arguments.name), arguments.file.expanduser()
    check_writable(path)
    if path.exists():
        confirm(tr("Write over {path}?").format(path=path), arguments.yes)
    passphrase = _new_passphrase() if arguments.encrypt else ""
    if not passphrase:
        confirm(
            tr(
                "Without --encrypt, whoever has the file can speak in this person's voice, with "
                "their face. Write it?"
            ),
            arguments.yes,
        )
    with only_command(double.name), _shown(tr("Writing")) as progress:
        size = write_archive(double, path, passphrase, progress)
    out.print(f"→ {path} ({decimal(size)})", markup=False)
    return 0


def import_double(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Read the archive, and make the double that is in it."""
    from daemon.doubles.archive import (
        consent_in,
        is_encrypted,
        open_archive,
        read_manifest,
        unpack,
    )

    path = arguments.file.expanduser()
    passphrase = _passphrase(tr("Passphrase:")) if is_encrypted(path) else ""
    with open_archive(path, passphrase) as archive:
        manifest = read_manifest(archive, path)
        confirm(
            tr(
                "It holds the double “{name}”. Its consent says: “{consent}”. It must be your "
                "own, or the person must have agreed to its use here."
            ).format(name=manifest.name, consent=consent_in(archive, manifest, path)),
            arguments.yes,
        )
        with _shown(tr("Reading")) as progress:
            double = unpack(archive, manifest, path, settings, progress)
    out.print(tr("The double “{name}” is there.").format(name=double.name), markup=False)
    err.print(f"  digital-life run --double {double.name}", markup=False)
    return 0


def _new_passphrase() -> str:
    made = _passphrase(tr("Passphrase:"))
    if sys.stdin.isatty() and made != getpass.getpass(tr("Once more:") + " "):
        raise SetupError(tr("The two passphrases differ."))
    return made


def _passphrase(question: str) -> str:
    """Return what somebody types unseen, or the first line of standard input."""
    try:
        if sys.stdin.isatty():
            made = getpass.getpass(question + " ")
        else:
            made = sys.stdin.readline(MAX_PASSPHRASE_CHARS + 2).rstrip("\r\n")
        made.encode()
    except EOFError:
        made = ""
    except UnicodeError as error:
        raise SetupError(tr("The passphrase is no text in UTF-8.")) from error
    if not made:
        raise SetupError(tr("A passphrase is needed."))
    if len(made) > MAX_PASSPHRASE_CHARS:
        raise SetupError(tr("The passphrase is too long."))
    return made


@contextmanager
def _shown(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
