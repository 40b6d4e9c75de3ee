"""Folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors import StorageError
from daemon.i18n import tr


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to write into; afterwards it takes the place of ``path``.

    Everything in it is on the disk by then. Raises ``StorageError``.
    """
    made: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        yield made
        for file in made.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        made.chmod(0o755)
        if path.exists():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
            made.rename(path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            made.rename(path)
    except OSError as error:
        raise StorageError(
            tr("Cannot write {path}: {reason}").format(path=path, reason=error.strerror or error)
        ) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
