"""Files and folders that appear whole or not at all, even if the power fails."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from daemon.errors import StorageError
from daemon.i18n import tr


@contextmanager
def whole_file(path: Path, private: bool = False) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; what is written there then takes its name.

    When the block fails nothing is left and an older file stays. ``private`` keeps other users
    from reading it. Raises ``StorageError`` when the disk refuses.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if private:
            part.touch(mode=0o600)
        yield part
        settle(part, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, replace: bool = True) -> Iterator[Path]:
    """Give a folder beside ``path`` to write into; it then takes its place.

    When the block fails nothing is left and an older folder stays. ``replace=False`` is for what
    two processes may make alike: the quicker one's stays. Raises ``StorageError`` when the disk
    refuses.
    """
    made: Path | None = None
    try:
        make_folder(path.parent)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        yield made
        made.chmod(0o755)
        if path.exists() and not replace:
            return
        old = path.with_name(f".{path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            path.rename(old)
        settle(made, path)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, closed to other users; what is there stays as it is.

    Models, faces and voices are kept in such folders. Raises ``OSError``.
    """
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def settle(part: Path, path: Path) -> None:
    """Give a finished file or folder its name once all of it is on the disk; ``OSError``."""
    for written in (part, *part.iterdir()) if part.is_dir() else (part,):
        _sync(written)
    part.replace(path)
    _sync(path.parent)


def unwritable(path: Path, error: OSError) -> StorageError:
    """Say why the disk refused."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StorageError(tr("Cannot write {path}: {reason}").format(path=path, reason=reason))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
