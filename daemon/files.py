"""Files and folders that appear whole or not at all, even if the power fails.

What is written lies beside its place as a *part*, which is locked while somebody writes it. A part
that nobody holds was left by a process that was killed, and the next who writes there removes it.
"""

import contextlib
import ctypes
import errno
import fcntl
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from daemon.errors import StorageError
from daemon.i18n import tr

AT_FDCWD = -100  # of fcntl.h: paths are relative to the working directory
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2  # of renameat2(2)
# What renameat2 answers where the kernel, its filter or the file system does not know a flag.
UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)


@contextmanager
def atomic_write(path: Path, private: bool = False) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; what is written there then takes its name.

    When the block fails nothing is left and an older file stays. ``private`` keeps other users
    from reading it. Raises ``StorageError`` when the disk refuses.
    """
    try:
        _sweep(path.parent.glob(f".{glob.escape(path.name)}.*.part"))
        with _held(partial(_new_file, path, 0o600 if private else 0o666)) as part:
            try:
                yield part
                fsync_rename(part, path)
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


@contextmanager
def atomic_folder(path: Path, replace: bool = True) -> Iterator[Path]:
    """Give a folder beside ``path`` to write into; it then takes its place.

    When the block fails nothing is left and an older folder stays; at no moment is there neither.
    ``replace=False`` is for what two processes may make alike: the quicker one's stays. Raises
    ``StorageError`` when the disk refuses.
    """
    try:
        make_folder(path.parent)
        recover_folder(path)
        _sweep(path.parent.glob(f".{glob.escape(path.name)}.*.part"))
        new = partial(tempfile.mkdtemp, prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with _held(new) as made:
            try:
                yield made
                made.chmod(0o755)
                _sync_all(made)
                _put(made, path, replace)
                _sync(path.parent)
            finally:
                discard(made)  # or what it took the place of
    except OSError as error:
        raise unwritable(path, error) from error


def recover_folder(path: Path) -> None:
    """Finish what a process left that was killed while it replaced the folder ``path``.

    That is only needed where the file system cannot exchange two folders. Raises ``OSError``.
    """
    old = _old(path)
    if not os.path.lexists(old):
        return
    if os.path.lexists(path):
        discard(old)
    else:
        old.rename(path)


class LockedTempFolder:
    """A private folder below the temporary one, removed with this; or, if it dies, by the next."""

    def __init__(self, prefix: str) -> None:
        """``prefix`` is the beginning of its name and of all such folders' names."""
        _sweep(Path(tempfile.gettempdir()).glob(f"{glob.escape(prefix)}*"))
        self._stack = contextlib.ExitStack()
        self.name = str(self._stack.enter_context(_held(partial(tempfile.mkdtemp, prefix=prefix))))
        """Its path."""

    def cleanup(self) -> None:
        """Remove it."""
        discard(Path(self.name))
        self._stack.close()

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *raised: object) -> None:
        self.cleanup()


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Be the only process that changes a file in ``folder``; waits for another that does."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def aside_of(path: Path) -> Path:
    """Return where a damaged file can be put aside: a name beside it that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def make_folder(path: Path) -> None:
    """Make a folder and those above it, closed to other users; what is there stays as it is.

    Models, faces and voices are kept in such folders. Raises ``OSError``.
    """
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def fsync_rename(part: Path, path: Path) -> None:
    """Give a finished file or folder its name once all of it is on the disk; ``OSError``."""
    _sync_all(part)
    part.replace(path)
    _sync(path.parent)


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> StorageError:
    """Say why the disk refused."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StorageError(tr("Cannot write {path}: {reason}").format(path=path, reason=reason))


def _put(made: Path, path: Path, replace: bool) -> None:
    """Give ``made`` the name ``path``; what was there, and is to go, is then ``made``."""
    if _renamed(made, path, RENAME_NOREPLACE):
        return
    if not os.path.lexists(path):
        made.rename(path)
    elif replace and not _renamed(made, path, RENAME_EXCHANGE):
        old = _old(path)
        path.rename(old)
        try:
            made.rename(path)
        except OSError:
            old.rename(path)
            raise
        discard(old)


def _renamed(one: Path, other: Path, flag: int) -> bool:
    """Rename in one step; False where that cannot be, or something is in the way."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # of a C library that has none
        return False
    if not rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), flag):
        return True
    number = ctypes.get_errno()
    if number in (*UNKNOWN, errno.EEXIST, errno.ENOTEMPTY):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _new_file(path: Path, mode: int) -> Path:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode))
    return part


@contextmanager
def _held(make: Callable[[], str | Path]) -> Iterator[Path]:
    """Hold the lock of a file or folder that ``make`` makes, so that ``_sweep`` leaves it alone."""
    while True:
        part = Path(make())
        handle = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks; then nothing is swept, either
            fcntl.flock(handle, fcntl.LOCK_SH)
        if part.exists():
            break
        os.close(handle)  # somebody swept it between its making and its lock
    try:
        yield part
    finally:
        os.close(handle)


def _sweep(parts: Iterable[Path]) -> None:
    """Remove those of our own parts that no living process holds."""
    for part in parts:
        with suppress(OSError):
            handle = os.open(part, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if os.fstat(handle).st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    discard(part)
            finally:
                os.close(handle)


def _sync_all(part: Path) -> None:
    for written in (part, *part.rglob("*")) if part.is_dir() else (part,):
        if not written.is_symlink():
            _sync(written)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
