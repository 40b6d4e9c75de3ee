"""Numbers that took seconds to measure and are remembered, in files below the cache folder."""

import importlib.metadata
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from daemon.errors import StorageError, named
from daemon.files import atomic_write, make_folder
from daemon.folders import cache_folder

MAX_KEPT = 64  # entries of a file; the newest stay

log = logging.getLogger(__name__)


class RememberedNumbers:
    """The numbers in one file, by names; what cannot be read or written is measured again."""

    def __init__(self, file: str | Path, most: int = MAX_KEPT) -> None:
        """``most``: how many entries are kept."""
        self._path = cache_folder() / file
        self._most = most

    def get(self, key: str) -> object:
        """Return what is known; ``None`` for nothing."""
        return self._read().get(key)

    def keep(self, key: str, numbers: object) -> None:
        """Remember something that JSON has; the disk's failures are nobody's concern."""
        known = {name: old for name, old in self._read().items() if name != key} | {key: numbers}
        kept: Mapping[str, object] = dict(list(known.items())[-self._most :])
        try:
            make_folder(self._path.parent)
            with atomic_write(self._path) as part:
                part.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        except (OSError, StorageError) as error:
            log.debug("%s is not kept: %s", self._path.name, named(error))

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def package_version(package: str) -> str:
    """Return the version of an installed package, which speeds depend on; "" without it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def path_key(path: Path | None) -> str:
    """Return what tells a file from others of the same place: where and from when it is."""
    if path is None:
        return ""
    stat = path.stat()
    return f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
