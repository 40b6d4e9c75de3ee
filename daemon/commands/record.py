"""``digital-life record FILE.mp4``: a film of the running conversation."""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from daemon.api.client import Client, Ended
from daemon.commands.console import Subcommands, check_writable, clock_duration, err, is_watched
from daemon.commands.film import film_path
from daemon.commands.questions import confirm
from daemon.commands.signals import on_signals
from daemon.errors import DigitalLifeError, StorageError
from daemon.files import unwritable
from daemon.i18n import tr

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "record",
        help=tr("record the running conversation as a film, until Ctrl+C"),
        description=tr(
            "Films the conversation of the running daemon: its face as the camera shows it, with "
            "subtitles if they are on, its voice, and everything that the microphone hears, "
            "without its own echo. Ctrl+C ends the film, and so does the end of the daemon. If "
            "the command is killed or the disk is full, what was recorded until then can still "
            "be played. While microphone or camera are switched off (digital-life mute), the "
            "film has silence, or a card."
        ),
        epilog="digital-life record --for 60 talk.mp4",
    )
    parser.add_argument("film", type=film_path, metavar="FILE.mp4", help=tr("the file to write"))
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help=tr("end by itself after so many seconds"),
    )
    parser.add_argument("--yes", action="store_true", help=tr("replace a file of that name"))
    parser.set_defaults(run=record)


def record(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Record until Ctrl+C, or until there is a reason to end."""
    path: Path = arguments.film
    check_writable(path)
    if path.exists() and not path.is_file():  # no pipe or device can be cut to a whole film
        raise StorageError(tr("{path} is not a file.").format(path=path))
    client = Client()
    if path.exists():
        confirm(
            tr("{path} is there already and will be replaced.").format(path=path), arguments.yes
        )
    err.print(
        tr(
            "All that the microphone hears is recorded, too: whoever is in the room or in the call "
            "should know and agree."
        )
    )
    wanted = {} if arguments.seconds is None else {"seconds": arguments.seconds}
    began = time.monotonic()
    with _File(path) as film, _ended_by_signals(client) as asked:
        try:
            for piece in client.stream("recording", **wanted):
                film.write(piece)
        except Ended:  # it was killed; there is what there is
            if not film.size:
                raise
    if not film.size:
        raise DigitalLifeError(tr("Nothing was recorded."))
    err.print(f"→ {path}  {film.told()}", markup=False)
    if not asked and time.monotonic() - began < (arguments.seconds or math.inf):
        raise DigitalLifeError(
            tr(
                "Digital Life stopped, was restarted, or got another face or voice; the film ends "
                "there."
            ),
            f"digital-life record {path.with_stem(path.stem + '-2')}",
        )
    return 0


@contextmanager
def _ended_by_signals(client: Client) -> Iterator[list[int]]:
    """Have Ctrl+C end the film and not the command, and a second one the command.

    Gives a list with the signals that came.
    """
    asked: list[int] = []

    def end(number: int) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        with suppress(DigitalLifeError):  # it ends already
            client.delete("recording")

    with on_signals(end):
        yield asked


class _File:
    """The film as far as it is there, in a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        """Bytes."""
        self._path = path
        self._file: BinaryIO | None = None  # made with the first piece: who is refused, makes none
        self._began = 0.0
        self._status = err.status("")

    def write(self, piece: bytes) -> None:
        """Append a piece; raises ``StorageError`` where that cannot be, and leaves a whole film."""
        try:
            if self._file is None:
                self._begin()
            assert self._file is not None
            left = memoryview(piece)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._ended_by(error) from error
        self.size += len(piece)
        self._status.update(f"[red]●[/] {self.told()}  {tr('Ctrl+C ends it.')}")

    def _begin(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = open(os.open(self._path, flags, 0o600), "wb", buffering=0)  # noqa: SIM115
        os.fchmod(self._file.fileno(), 0o600)  # one that was there may be everybody's
        self._began = time.monotonic()
        if is_watched(sys.stderr):
            self._status.start()

    def _ended_by(self, error: OSError) -> StorageError:
        """Cut off what is not whole, and say why the film ends."""
        from daemon.face.live_film import whole_length

        if self._file is None:
            return unwritable(self._path, error)
        with self._path.open("rb") as written:
            self.size = self._file.truncate(whole_length(written))
        reason = os.strerror(error.errno) if error.errno else str(error)
        return StorageError(
            tr(
                "{path} cannot grow any more ({reason}). It holds the film so far: {length}."
            ).format(path=self._path, reason=reason, length=self.told())
        )

    def told(self) -> str:
        """Say how long and how large it is."""
        size = tr("{size:.1f} MB").format(size=self.size / 1e6)
        return f"{clock_duration(time.monotonic() - self._began)}  {size}"

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *raised: object) -> None:
        self._status.stop()
        if self._file is not None:
            try:
                with self._file:
                    os.fsync(self._file.fileno())
            except OSError as error:
                raise unwritable(self._path, error) from error
