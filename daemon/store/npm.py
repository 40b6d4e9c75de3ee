"""Packages of npm's registry: fetched by the user's own npm, read as archives, never run."""

import errno
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from daemon.i18n import tr
from daemon.store.archives import ArchiveCache, stop_session
from daemon.store.manifest import NpmPackage
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import sha256

log = logging.getLogger(__name__)

POLL_S = 0.1  # npm tells no progress: how often we look how much has come
STALL_S = 120.0  # with nothing come for so long the registry is given up; npm itself waits longer
MAX_TIMES, MAX_NOTES = 4, 64 << 20  # of the package and bytes: what npm may write in all
MAX_SAID = 20_000  # characters of npm's complaints that are looked at


class NpmCache(ArchiveCache[NpmPackage]):
    """The npm packages of one run. The user's registry, proxy and certificates are npm's matter."""

    def _archive(self, place: Path) -> Path | None:
        return next(iter(place.glob("*.tgz")), None)

    def _fetch(self, wanted: NpmPackage, place: Path, advance: Callable[[int], None]) -> Path:
        program = shutil.which("npm")
        if program is None:
            raise SourceError(tr("npm, which fetches it, is not installed"), Remedy.NPM)
        shutil.rmtree(place, ignore_errors=True)
        scratch = place / "tmp"  # on the disk whose free space was looked at
        scratch.mkdir(parents=True)
        said = scratch / "said.txt"
        done = _run(_npm(program, wanted, place, scratch), scratch, said, wanted.size, advance)
        found = self._archive(place)
        if found is None:
            with said.open(encoding="utf-8", errors="replace") as file:
                raise _explain(file.read(MAX_SAID), place)
        shutil.rmtree(scratch, ignore_errors=True)
        if sha256(found) != wanted.sha256:
            raise SourceError(tr("the package has a wrong checksum"), Remedy.LATER)
        advance(wanted.size - done)
        return found


def _npm(program: str, wanted: NpmPackage, place: Path, scratch: Path) -> list[str]:
    return [
        *(program, "pack", f"{wanted.package}@{wanted.version}"),
        *("--pack-destination", str(place), "--cache", str(scratch)),
        *("--ignore-scripts", "--loglevel", "error", "--no-progress", "--no-update-notifier"),
    ]


def _run(
    command: list[str], scratch: Path, said: Path, size: int, advance: Callable[[int], None]
) -> int:
    """Run npm to its end; return how many of ``size`` bytes ``advance`` was told of."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with said.open("w", encoding="utf-8") as output:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=scratch,  # a folder's own .npmrc is no business of ours
                text=True,
                errors="replace",
                start_new_session=True,  # npm may be a script that starts it
            )
        except OSError as error:
            raise SourceError(tr("npm, which fetches it, does not start"), Remedy.NPM) from error
        done, moved = 0, time.monotonic()
        try:
            while child.poll() is None:
                below = _bytes_below(scratch)
                if below > MAX_TIMES * size + MAX_NOTES:
                    raise SourceError(tr("npm's registry sends what has no end"), Remedy.LATER)
                now = min(below, size)
                if now > done:
                    moved = time.monotonic()
                elif time.monotonic() - moved > STALL_S:
                    raise SourceError(tr("npm's registry does not answer"), Remedy.CONNECTION)
                advance(max(now - done, 0))
                done = max(now, done)
                time.sleep(POLL_S)
        finally:
            stop_session(child)
    return done


def _bytes_below(folder: Path) -> int:
    """Return how much npm's cache holds: what has come, and a few notes."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # moved meanwhile
            continue
    return total


def _explain(text: str, place: Path) -> SourceError:
    """Say what npm's output means; raises ``OSError`` where it was the disk."""
    match = re.search(r"npm (?:error|ERR!) code (\w+)", text)
    code = match[1] if match else ""
    log.debug("npm: %s", code or "said nothing")
    if code in ("ENOSPC", "EDQUOT", "EACCES", "EROFS"):
        number = getattr(errno, code)
        raise OSError(number, os.strerror(number), str(place))
    if code in ("E404", "ETARGET"):
        return SourceError(tr("npm's registry does not offer it"), Remedy.ANOTHER_SOURCE)
    if code in ("E401", "E403", "ENEEDAUTH"):
        return SourceError(tr("npm's registry wants a login"), Remedy.ANOTHER_SOURCE)
    if code == "EINTEGRITY":
        return SourceError(tr("the package has a wrong checksum"), Remedy.LATER)
    return SourceError(tr("npm's registry does not answer"), Remedy.CONNECTION)
