"""What is done with weights: fetched, taken from a file, removed; one process at a time."""

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.errors import InputError, NetworkError, SetupError
from daemon.files import make_folder
from daemon.i18n import tr
from daemon.store import verify
from daemon.store.engines import engines_directory, prune
from daemon.store.fetching import Fetching, remedy_for
from daemon.store.hub_lookup import look_up
from daemon.store.manifest import Hub, Weight
from daemon.store.model_store import ModelStore, WeightState, default_directory
from daemon.store.pins import parse_reference, read_pin, require_same
from daemon.store.progress import Report
from daemon.store.repository_pins import (
    REFERENCE,
    is_repository,
    name_on_hub,
)
from daemon.store.sources import SourceError
from daemon.store.whisper_repository import identify_repository

LOCK = ".lock"


def pull(
    store: ModelStore, names: Sequence[str], report: Report, *, accept_license: bool = False
) -> None:
    """Fetch what is missing or damaged of the named weights; goes on where an earlier pull stopped.

    Raises ``SetupError`` for an unknown name, or a restricted licence that was not accepted,
    ``NetworkError`` when no source gives a file, and ``StorageError`` when it cannot be written.
    """
    names = [named(store, name, report) for name in names]
    weights = [store.manifest.weight(name) for name in dict.fromkeys(names)]
    todo = [weight for weight in weights if _lacks(store, weight)]
    for weight in weights:
        if weight not in todo:
            report.note(tr("{name} is there.").format(name=weight.name))
        _check_licence(weight, report, accepted=accept_license or weight not in todo)
    for weight in todo:
        if not weight.files:
            identify(store, weight.name)
    todo = [store.manifest.weight(weight.name) for weight in todo]
    for weight in todo:
        if not all(file.fetchable for file in weight.files):
            raise SetupError(
                tr("{name} can only be installed from a file.").format(name=weight.name),
                f"digital-life models pull {weight.name} --from FILE"
                + " --accept-license" * bool(weight.restriction),
            )
    if not todo:  # a store that is complete may be one that nobody can write to
        return
    with _locked(store.directory, report):
        Fetching(store, [weight for weight in todo if _lacks(store, weight)], report).run()


def named(store: ModelStore, name: str, report: Report) -> str:
    """Return the name of a weight that is given by its name or by its place on the hub.

    What is there is asked where that is new, and remembered. Raises ``DigitalLifeError``.
    """
    if not name.startswith(REFERENCE):
        return name
    known = name_on_hub(name)
    if known not in store.manifest.weights:
        if is_repository(name):
            with _locked(store.directory, report):
                identify_repository(store, name, report)
        else:
            identify(store, known, parse_reference(name))
    return known


def identify(store: ModelStore, name: str, hub: Hub | None = None) -> None:
    """Ask the hub what a file without a checksum in the manifest is, and remember that.

    ``hub`` is the place of one that the manifest does not know. What was remembered at its first
    use has to be what the hub says now, else ``SetupError``. Without an answer that is gone by, and
    ``NetworkError`` raised where nothing was remembered.
    """
    known = read_pin(store.directory / name)
    if hub is None:
        unpinned = store.manifest.weight(name).unpinned
        hub = unpinned.hub if unpinned else None
    if hub is None or (known and known.commit == hub.revision):
        return  # a commit never means another file
    try:
        told = look_up(hub)
    except SourceError as error:
        if known:
            return
        message = tr("{name} could not be downloaded: {failures}.")
        raise NetworkError(
            message.format(name=name, failures=error), remedy_for(name, error.remedy)
        ) from error
    if known:
        require_same(name, known, told)
    store.remember(name, told)


def pull_profile(
    store: ModelStore, profile: str, report: Report, *, accept_license: bool = False
) -> list[Weight]:
    """Fetch a profile's weights, and return those left out because their licence restricts use.

    Those that others stand in for come last, and may fail.
    """
    weights = store.manifest.profile(profile)
    left_out = [
        weight
        for weight in weights
        if weight.restriction
        and not accept_license
        and store.status(weight.name).state is not WeightState.READY
    ]
    wanted = [weight for weight in weights if weight not in left_out]
    pull(store, [w.name for w in wanted if not w.stand_in], report, accept_license=True)
    for weight in wanted:
        if weight.stand_in:
            _pull_or_tell(store, weight, report)
    return left_out


def _pull_or_tell(store: ModelStore, weight: Weight, report: Report) -> None:
    """Fetch what others stand in for; that it cannot be had is told, and no failure."""
    try:
        pull(store, [weight.name], report, accept_license=True)
    except NetworkError as error:
        report.note(str(error))
        told = tr("{stand_in} does its work until then; {fix}")
        report.note(told.format(stand_in=weight.stand_in, fix=error.fix))


def install(
    store: ModelStore, name: str, path: Path, report: Report, *, accept_license: bool = False
) -> None:
    """Take a file that the user has as one of a weight's files, if its checksum is that file's."""
    name = named(store, name, report)
    weight = store.manifest.weight(name)
    if weight.restriction and not accept_license:
        raise SetupError(
            f"{name}: {weight.restriction}",
            f"digital-life models pull {name} --from {path} --accept-license",
        )
    if not weight.files:
        identify(store, name)
        weight = store.manifest.weight(name)
    try:
        digest = verify.sha256(path)
    except OSError as error:
        message = tr("{path} cannot be read: {reason}.")
        raise InputError(message.format(path=path, reason=error.strerror)) from error
    for file in weight.files:
        for contents in (file, file.fetched):
            if contents.sha256 == digest:
                with _locked(store.directory, report):
                    Fetching(store, [weight], report).copy(weight, file, contents, path)
                report.note(tr("{name}: {file} is in its place.").format(name=name, file=file.name))
                return
    expected = "\n".join(f"  {file.name}: sha256 {file.fetched.sha256}" for file in weight.files)
    message = tr("{path} is not a file of {name}: no checksum matches. Expected:")
    raise InputError(message.format(path=path, name=name) + "\n" + expected)


def remove(store: ModelStore, name: str, report: Report) -> int:
    """Delete a weight and what was made of it, and return how many bytes of it this freed."""
    name = store.weight(name).name
    with _locked(store.directory, report):
        freed = store.remove(name)
        with verify.storage_errors(engines_directory()):
            prune(engines_directory())
        return freed


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


def _lacks(store: ModelStore, weight: Weight) -> bool:
    """Whether anything of the weight has to be fetched."""
    return store.status(weight.name).state is not WeightState.READY


def _check_licence(weight: Weight, report: Report, *, accepted: bool) -> None:
    """Tell what a licence does not allow; ``SetupError`` if that must be accepted first."""
    if weight.restriction and not accepted:
        raise SetupError(
            f"{weight.name}: {weight.restriction}",
            f"digital-life models pull {weight.name} --accept-license",
        )
    if weight.restriction:
        told = tr("Licence of {name}: {restriction} To do without: {command}")
        command = f"digital-life models remove {weight.name}"
        report.note(told.format(name=weight.name, restriction=weight.restriction, command=command))
