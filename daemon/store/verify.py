"""Files that take their name only once their checksum has been seen to be right."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from rich.filesize import decimal

from daemon.errors import StorageError
from daemon.i18n import tr
from daemon.store.checksums import Expected

CHUNK = 1 << 20  # bytes read or written at a time

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


class WrongContents(Exception):
    """What arrived is not the file that was expected."""


def sha256(path: Path, seen: Callable[[int], None] = lambda _count: None) -> str:
    """Return a file's checksum in hexadecimal; ``seen`` is told the bytes of each step."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            seen(len(chunk))
    return digest.hexdigest()


@contextlib.contextmanager
def storage_errors(directory: Path) -> Iterator[None]:
    """Turn errors of a full or forbidden disk into ``StorageError``; others pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = tr("The disk that holds {path} is full.").format(path=directory)
            raise StorageError(message, make_room()) from error
        if error.errno in _REFUSED:
            message = tr("{path} cannot be written: {reason}.").format(
                path=error.filename or directory, reason=error.strerror
            )
            raise StorageError(message, make_room()) from error
        raise


def require_room(directory: Path, need: int) -> None:
    """Raise ``StorageError`` where so many bytes do not fit in."""
    with storage_errors(directory):
        free = shutil.disk_usage(directory).free
    if need > free:
        message = tr("There is not enough room in {path}: {need} needed, {free} free.").format(
            path=directory, need=decimal(need), free=decimal(free)
        )
        raise StorageError(message, make_room())


def make_room() -> str:
    """Return what to do about a disk that is full or forbidden."""
    return tr("free some space, or choose another directory under [models] in config.toml")


class PartialFile:
    """A file on its way: written as ``NAME.part`` beside its place, renamed when it is right.

    A part that an earlier attempt left behind is gone on with; ``kept`` says from where.
    Use as a context manager around the writing.
    """

    def __init__(self, target: Path, contents: Expected) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._contents = contents
        self._digest = contents.digest()
        self._written = 0

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self._contents.size

    @property
    def kept(self) -> int:
        """Bytes already there; 0 if what is there cannot be the beginning of the file."""
        try:
            size = self.path.stat().st_size
        except OSError:
            return 0
        return size if size <= self._contents.size else 0

    def open_at(self, position: int) -> "PartialFile":
        """Prepare for writing from ``position`` on (at most ``kept``); what is before stays."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._digest = self._contents.digest()
        self._written = 0
        self._file = self.path.open("r+b" if position else "w+b")
        if position:
            self._file.truncate(position)
            while chunk := self._file.read(CHUNK):
                self._digest.update(chunk)
                self._written += len(chunk)
        return self

    def __enter__(self) -> "PartialFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError) if error else contextlib.nullcontext():
            self._file.close()

    def write(self, chunk: bytes) -> None:
        """Append; ``WrongContents`` as soon as it is more than the file should hold."""
        if self._written + len(chunk) > self._contents.size:
            raise WrongContents
        self._file.write(chunk)
        self._digest.update(chunk)
        self._written += len(chunk)

    def check(self) -> None:
        """After the last write: ``WrongContents`` unless size and checksum are right."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if (self._written, self._digest.hexdigest()) != (
            self._contents.size,
            self._contents.checksum,
        ):
            raise WrongContents

    def discard(self) -> None:
        """Remove what has been written."""
        self.path.unlink(missing_ok=True)
