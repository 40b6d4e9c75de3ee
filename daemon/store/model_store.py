"""The directory that holds the weights, and what is known about each."""

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import SetupError
from daemon.folders import cache_folder
from daemon.i18n import tr
from daemon.store import verify
from daemon.store.manifest import Manifest, Weight, WeightFile, load_default
from daemon.store.pins import MODEL, PIN, Pin, hub_weight, with_pin, with_pins, write_pin
from daemon.store.repository_pins import (
    REFERENCE,
    REPOSITORY_PIN,
    RepositoryPin,
    name_on_hub,
    with_repositories,
    write_repository_pin,
)

STAMP = ".verified.json"

Stamp = list[int | str]
"""Size, modification time in ns, and the checksum that the file was found to have."""


class WeightState(enum.StrEnum):
    """Whether a weight can be used."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class WeightStatus:
    """The state of a weight and the files to blame for it."""

    state: WeightState
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def default_directory() -> Path:
    """Return ``digital-life/models`` in the cache directory of the XDG specification."""
    return cache_folder() / "models"


def open_store(directory: str = "") -> "ModelStore":
    """Open the store of a ``[models] directory`` setting, with the manifest of this version."""
    place = Path(directory).expanduser() if directory else default_directory()
    return ModelStore(place, with_repositories(with_pins(load_default(), place), place))


class ModelStore:
    """Weights below one directory, each in a directory of its own name.

    A checksum is computed once: afterwards a stamp file holds the size and the modification time
    of each file found right, and the checksum is only computed again where these differ.
    """

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest

    def remember(self, name: str, pin: Pin) -> None:
        """Note what the hub says of a file; it then counts as what the manifest says."""
        known = self.manifest.weights.get(name)
        weight = with_pin(known, pin) if known else hub_weight(pin)
        with verify.storage_errors(self.directory):
            write_pin(self.directory / name, pin)
        weights = self.manifest.weights | {name: weight}
        self.manifest = self.manifest.model_copy(update={"weights": weights})

    def remember_repository(self, pin: RepositoryPin) -> None:
        """Note what a repository of the hub holds; it then counts as what the manifest says."""
        weight = pin.weight
        with verify.storage_errors(self.directory):
            write_repository_pin(self.directory / weight.name, pin)
        weights = self.manifest.weights | {weight.name: weight}
        self.manifest = self.manifest.model_copy(update={"weights": weights})

    def weight(self, name: str) -> Weight:
        """Return a known weight, by its name or by its place on the hub.

        Raises ``SetupError`` for one that is not known, ``InputError`` for what is no place.
        """
        if not name.startswith(REFERENCE):
            return self.manifest.weight(name)
        known = self.manifest.weights.get(name_on_hub(name))
        if known is None:
            message = tr("The model {name} has not been downloaded.").format(name=name)
            raise SetupError(message, f"digital-life models pull {name}")
        return known

    def place(self, name: str) -> Path:
        """Return where a known weight belongs, whether it is there or not."""
        return self.directory / self.weight(name).name

    def path(self, name: str) -> Path:
        """Return the directory of a complete and undamaged weight; ``SetupError`` if it is not."""
        weight = self.weight(name)
        status = self.status(name)
        if status.state is WeightState.READY:
            return self.place(name)
        if status.damaged:
            message = tr("The model {name} is damaged: {files}.")
        elif len(status.missing) < len(weight.files):
            message = tr("The model {name} is incomplete: {files} missing.")
        else:
            message = tr("The model {name} has not been downloaded.")
        files = ", ".join(status.damaged or status.missing)
        raise SetupError(message.format(name=name, files=files), f"digital-life models pull {name}")

    def status(self, name: str) -> WeightStatus:
        """Look at a weight, reading no more of its files than needed."""
        return self._check(self.weight(name), self._stamps(name), lambda _count: None)

    def verify(self, name: str, seen: Callable[[int], None] = lambda _count: None) -> WeightStatus:
        """Look at a weight by its checksums; ``seen`` is told the bytes of each step."""
        return self._check(self.weight(name), {}, seen)

    def confirm(self, name: str, files: list[str]) -> None:
        """Note that these files have just been seen to be right."""
        stamps = self._stamps(name)
        for file in self.manifest.weight(name).files:
            if file.name in files:
                stamps[file.name] = _stamp(self.place(name) / file.name, file)
        self._write_stamps(name, stamps)

    def remove(self, name: str) -> int:
        """Delete a weight's files, finished or not, and return how many bytes this freed."""
        place, freed = self.place(name), 0
        names = [file.name for file in self.weight(name).files]
        with verify.storage_errors(place):
            for path in [place / (n + end) for n in names for end in ("", ".part", ".made")]:
                if path.is_file():
                    freed += path.stat().st_size
                    path.unlink()
            for note in (STAMP, PIN, REPOSITORY_PIN):
                (place / note).unlink(missing_ok=True)
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
        return freed

    def _check(
        self, weight: Weight, stamps: dict[str, Stamp], seen: Callable[[int], None]
    ) -> WeightStatus:
        missing, damaged, found = [], [], {}
        if not weight.files:  # the hub has not been asked yet
            return WeightStatus(WeightState.MISSING, (MODEL,))
        for file in weight.files:
            path = self.place(weight.name) / file.name
            if not path.is_file():
                missing.append(file.name)
            elif _is_right(path, file, stamps.get(file.name), seen):
                found[file.name] = _stamp(path, file)
            else:
                damaged.append(file.name)
        if found != stamps:
            self._write_stamps(weight.name, found)
        state = (
            WeightState.DAMAGED
            if damaged
            else WeightState.MISSING
            if missing
            else WeightState.READY
        )
        return WeightStatus(state, tuple(missing), tuple(damaged))

    def _stamps(self, name: str) -> dict[str, Stamp]:
        try:
            stamps = json.loads((self.place(name) / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}

    def _write_stamps(self, name: str, stamps: dict[str, Stamp]) -> None:
        place = self.place(name)
        if not place.is_dir():
            return
        new = place / (STAMP + ".part")
        try:
            new.write_text(json.dumps(stamps), encoding="utf-8")
            new.replace(place / STAMP)
        except OSError:  # a store shared read-only works too: it is only checked more often
            return


def _stamp(path: Path, file: WeightFile) -> Stamp:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, file.sha256]


def _is_right(
    path: Path, file: WeightFile, stamp: Stamp | None, seen: Callable[[int], None]
) -> bool:
    try:
        if path.stat().st_size != file.size:
            return False
        return _stamp(path, file) == stamp or verify.sha256(path, seen) == file.sha256
    except OSError as error:
        message = tr("{path} cannot be read: {reason}.")
        raise SetupError(message.format(path=path, reason=error.strerror)) from error
