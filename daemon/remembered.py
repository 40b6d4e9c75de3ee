"""Numbers that took seconds to measure and are remembered, in files below the cache folder."""

import json
from collections.abc import Mapping
from pathlib import Path

from daemon.errors import StorageError
from daemon.files import atomic_write, make_folder
from daemon.folders import cache_folder

MAX_KEPT = 64  # entries of a file; the newest stay


class RememberedNumbers:
    """The numbers in one file, by names; what cannot be read or written is measured again."""

    def __init__(self, file: str) -> None:
        self._path = cache_folder() / file

    def get(self, key: str) -> object:
        """Return what is known; ``None`` for nothing."""
        return self._read().get(key)

    def keep(self, key: str, numbers: object) -> None:
        """Remember something that JSON has; the disk's failures are nobody's concern."""
        known = {**self._read(), key: numbers}
        kept: Mapping[str, object] = dict(list(known.items())[-MAX_KEPT:])
        try:
            make_folder(self._path.parent)
            with atomic_write(self._path) as part:
                part.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        except (OSError, StorageError):
            return

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def path_key(path: Path | None) -> str:
    """Return what tells a file from others of the same place: where and from when it is."""
    if path is None:
        return ""
    stat = path.stat()
    return f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
