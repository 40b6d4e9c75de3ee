"""Packages that a run fetches for the files in them: each once, kept until nothing needs it."""

import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from daemon.store.sources import SourceError
from daemon.store.verify import sha256

STOP_S = 5.0  # how long a client may take to end once it is told to


class Archived(Protocol):
    """A package by name and version, with what its archive must be."""

    @property
    def package(self) -> str:
        """Its name in its registry."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def size(self) -> int:
        """Bytes of the archive."""

    @property
    def sha256(self) -> str:
        """The archive's checksum."""


A = TypeVar("A", bound=Archived)


class ArchiveCache(ABC, Generic[A]):
    """The archives of one run. How one is fetched is up to the registry's own client."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._found: dict[str, Path] = {}
        self._failed: dict[str, SourceError] = {}

    def get(self, wanted: A, advance: Callable[[int], None]) -> Path:
        """Return the archive, fetched if it is not there; ``advance`` is told each step's bytes.

        Raises ``SourceError`` where it cannot be had, and again at once when asked again.
        """
        if wanted.package in self._found:
            return self._found[wanted.package]
        if wanted.package in self._failed:
            raise self._failed[wanted.package]
        place = self._place(wanted)
        archive = self._archive(place)
        try:
            if archive is not None and sha256(archive) == wanted.sha256:
                advance(wanted.size)
            else:
                archive = self._fetch(wanted, place, advance)
        except SourceError as error:
            self._failed[wanted.package] = error
            raise
        self._found[wanted.package] = archive
        return archive

    def holds(self, wanted: A) -> bool:
        """Whether this run has fetched it and not released it."""
        return wanted.package in self._found

    def release(self, wanted: A) -> None:
        """Delete it."""
        self._found.pop(wanted.package, None)
        shutil.rmtree(self._place(wanted), ignore_errors=True)

    def clear(self) -> None:
        """Delete all of them, and what an interrupted client may have left behind."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _place(self, wanted: A) -> Path:
        return self.directory / f"{wanted.package}-{wanted.version}"

    @abstractmethod
    def _archive(self, place: Path) -> Path | None:
        """Return the archive in a folder, if there is one, right or wrong."""

    @abstractmethod
    def _fetch(self, wanted: A, place: Path, advance: Callable[[int], None]) -> Path:
        """Have the client fetch it into ``place``; raises ``SourceError``."""


def stop(process: "subprocess.Popen[str]") -> None:
    """End a client that may still run; it is gone when this returns."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_session(process: "subprocess.Popen[str]") -> None:
    """End a client that leads a session of its own, with all that it has started there."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
