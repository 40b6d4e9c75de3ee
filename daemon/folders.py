"""Where the user's files belong, by the XDG specification."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import platformdirs

PROGRAM = "digital-life"


def config_folder() -> Path:
    """Return where settings and personas are."""
    return platformdirs.user_config_path(PROGRAM)


def data_folder() -> Path:
    """Return where faces, voices and the memory are."""
    return platformdirs.user_data_path(PROGRAM)


def doubles_folder() -> Path:
    """Return where the doubles are, each in a folder of its name; hidden ones are none yet."""
    return data_folder() / "doubles"


def part_of_double(name: str, part: str) -> Path | None:
    """Return where the ``part``, such as ``voice``, of a double is or belongs, if there is one."""
    folder = doubles_folder() / name
    return folder / part if folder.is_dir() else None


def parts_of_doubles(part: str, file: str) -> Iterator[tuple[str, Path]]:
    """Yield the names of the doubles that have ``file`` in their ``part``, each with the part."""
    for path in sorted(doubles_folder().glob(f"[!.]*/{part}/{file}")):
        yield path.parent.parent.name, path.parent


def cache_folder() -> Path:
    """Return where models and what is made of them are."""
    return platformdirs.user_cache_path(PROGRAM)


def socket_path() -> Path | None:
    """Return where the socket belongs: in the user's runtime folder; ``None`` if there is none.

    A folder that others may enter is refused: it would not be the one that the system made.
    """
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    try:
        found = folder.stat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder / "digital-life.sock" if private and not found.st_mode & 0o022 else None
