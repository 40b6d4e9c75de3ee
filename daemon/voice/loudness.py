"""How loud each voice is, kept from one start to the next: to measure it takes 0.7 s."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from daemon.errors import StorageError
from daemon.files import atomic_write

MAX_KNOWN = 32  # voices at one pace: more than anybody has; the oldest are forgotten

log = logging.getLogger(__name__)


@runtime_checkable
class Fingerprinted(Protocol):
    """A voice that is known by its files."""

    fingerprint: str
    """Changes with the files, and with the pace that it was made for."""


def fingerprint(files: Sequence[Path], speed: float) -> str:
    """Return what tells voices apart: where their files are, how large, and how old."""
    seen = [(path, path.stat()) for path in files]
    told = [f"{path} {found.st_size} {found.st_mtime_ns}" for path, found in seen]
    return "; ".join((*told, f"{speed:g}"))


class KnownLevels:
    """Levels in one small file. A file that cannot be read or written only costs the time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> float | None:
        """Return the RMS level of speech in ``key``'s voice, more than 0; ``None``: not known."""
        level = self._read().get(key)
        return level if isinstance(level, float) and 0 < level <= 1 else None

    def put(self, key: str, level: float) -> None:
        """Keep it."""
        known = {name: old for name, old in self._read().items() if name != key}
        newest = dict(list(known.items())[-(MAX_KNOWN - 1) :]) | {key: level}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as part:
                part.write_text(json.dumps(newest, ensure_ascii=False), encoding="utf-8")
        except (OSError, StorageError) as error:
            log.debug("the voice's level is not kept: %s", type(error).__name__)

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
