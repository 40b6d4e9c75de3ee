"""Removing a double: everything that was made from it, wherever it lies, and the proof of that."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Settings
from daemon.config.keep import keep
from daemon.config.state import with_values
from daemon.doubles.store import Source, check_name, read_double
from daemon.errors import SetupError
from daemon.face.catalogue import DRAWN
from daemon.files import make_folder, unwritable
from daemon.folders import cache_folder, config_folder, data_folder, doubles_folder
from daemon.memory.file import memory_path
from daemon.memory.store import MemoryStore
from daemon.store.model_store import default_directory
from daemon.store.verify import sha256

CHUNK = 1 << 20  # bytes searched at a time


@dataclass(frozen=True, slots=True)
class Traces:
    """What a double has left elsewhere, or in its own folder."""

    files: int
    size: int
    """Bytes of the files in its folder."""
    conversations: int
    """How many that were held with it are kept."""
    settings: dict[str, object]
    """Settings that name it, with what they are to be instead."""
    people: tuple[int, ...]
    """Numbers of the people whom it answers."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of a double that was removed."""

    searched: int
    """Files."""
    size: int
    """Bytes of them."""
    left: tuple[Path, ...]
    """Files that still hold something of it."""


def places(name: str) -> list[Path]:
    """Return the folders of a double: its own, and what a command that was killed left of it."""
    check_name(name)
    left = sorted(doubles_folder().glob(f".{name}.*"))  # no other's: no name has a dot
    return [path for path in (doubles_folder() / name, *left) if path.is_dir()]


def traces(name: str, settings: Settings) -> Traces:
    """Return where something of a double is."""
    files = [path for folder in places(name) for path in _files(folder)]
    return Traces(
        len(files),
        sum(path.stat().st_size for path in files),
        _conversations(name),
        {
            key: value
            for key, chosen, value in (
                ("persona.name", settings.persona.name, ""),
                ("voice.name", settings.voice.name, ""),
                ("face.name", settings.face.name, DRAWN),
            )
            if chosen == name
        },
        _people(name),
    )


def fingerprints(name: str) -> tuple[bytes, ...]:
    """Return by what remains of a double are known: to be asked for before it is removed.

    These are the path of its folder, the checksums of its sources and of all its files.
    """
    known = [f"doubles/{name}/", f'doubles/{name}"']
    for folder in places(name):
        known += [source.sha256 for source in _sources(folder)]
        known += [sha256(path) for path in _files(folder)]
    return tuple({one.encode() for one in known})


def unset(found: Traces, settings: Settings, config: Path | None) -> None:
    """Take a double out of the settings' file; ``StorageError``."""
    if found.settings:
        keep(with_values(settings, found.settings), found.settings, config)


def dismiss(found: Traces) -> None:
    """Have nobody be answered by it."""
    from daemon.people.store import PeopleStore

    store = PeopleStore()
    for number in found.people:
        store.change(number, persona="")


def forget_conversations(name: str) -> None:
    """Forget what was kept of talking with it; ``StorageError``."""
    if memory_path().exists():
        with closing(MemoryStore(memory_path())) as memory:
            memory.forget_persona(name)


def delete_folder(name: str) -> None:
    """Delete its folder; from the first moment on it is no double. Raises ``StorageError``."""
    folder = doubles_folder() / name
    going = folder.with_name(f".{name}.going")
    try:
        make_folder(folder.parent)
        if going.exists():
            shutil.rmtree(going)
        if folder.exists():
            folder.rename(going)
            shutil.rmtree(going)
        for part in places(name):
            shutil.rmtree(part)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    except OSError as error:
        raise unwritable(folder, error) from error


def prove(name: str, known: tuple[bytes, ...]) -> Proof:
    """Search all that the program keeps, byte by byte, for what is left of a double.

    Models that were fetched are left out: they are what their checksums say. So are other doubles,
    which may be made of the same files. ``known`` is what ``fingerprints`` returned.
    """
    models, doubles = default_directory(), doubles_folder()
    searched = size = 0
    left = []
    for folder in {config_folder(), data_folder(), cache_folder()}:
        for path in _files(folder):
            of_double = path.relative_to(doubles).parts[0] if path.is_relative_to(doubles) else ""
            own = of_double == name or of_double.startswith(f".{name}.")
            if path.is_relative_to(models) or (of_double and not own):
                continue
            searched += 1
            try:
                size += path.stat().st_size
                if own or _holds(path, known):
                    left.append(path)
            except OSError:  # it has gone meanwhile
                continue
    return Proof(searched, size, tuple(left))


def _holds(path: Path, known: tuple[bytes, ...]) -> bool:
    """Whether a file holds one of ``known``, or is a copy whose checksum is among them."""
    longest = max(map(len, known))
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if any(one in before + chunk for one in known):
                return True
            before = chunk[-longest:]
    return sha256(path).encode() in known


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _sources(folder: Path) -> tuple[Source, ...]:
    try:
        return read_double(folder).record.sources
    except SetupError:  # it is damaged, and goes all the same
        return ()


def _conversations(name: str) -> int:
    if not memory_path().exists():
        return 0
    with closing(MemoryStore(memory_path())) as memory:
        return len(memory.held_with(name))


def _people(name: str) -> tuple[int, ...]:
    from daemon.people.store import PeopleStore

    return tuple(one.number for one in PeopleStore().people() if one.persona == name)
