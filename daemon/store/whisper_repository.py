"""Taking a speech recogniser from a repository of the hub: a Whisper of CTranslate2's, or nothing.

The listing, the beginning of ``model.bin`` and ``config.json`` tell that before gigabytes are
fetched. Of small files the hub gives git's SHA-1: they are fetched here, compared with it, and
their sha256 is what is remembered.
"""

import contextlib
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.errors import InputError, NetworkError
from daemon.files import fsync_rename
from daemon.i18n import tr
from daemon.store import verify
from daemon.store.checksums import GitBlob
from daemon.store.hub import ModelHub
from daemon.store.manifest import Contents
from daemon.store.model_store import ModelStore
from daemon.store.progress import Report
from daemon.store.repository_lookup import Listing, first_bytes, list_repository
from daemon.store.repository_pins import (
    File,
    PinnedFile,
    Repository,
    RepositoryPin,
    parse_repository,
    read_repository_pin,
    repository_name,
)
from daemon.store.sources import Remedy, SourceError

EXAMPLE = "hub:Systran/faster-whisper-small"
SPEC = b"WhisperSpec\0"
LISTS = ("suppress_ids", "suppress_ids_begin", "lang_ids")  # of config.json: lists of tokens
MAX_CONFIG_BYTES = 1 << 20  # those of Whisper have 2 kB

_VERSION_BYTES = 4
_CONFIG: File = "config.json"
_MODEL: File = "model.bin"
_NEEDED: tuple[File, ...] = (_MODEL, _CONFIG, "tokenizer.json")
_VOCABULARIES: tuple[File, ...] = ("vocabulary.json", "vocabulary.txt")


def identify_repository(store: ModelStore, reference: str, report: Report) -> None:
    """Ask what a repository is that is not known yet, and remember that.

    Nobody else may change the store meanwhile. Raises ``InputError`` for a repository that is no
    speech recogniser, ``NetworkError`` and ``StorageError``.
    """
    place = parse_repository(reference)
    name = repository_name(place)
    pin = read_repository_pin(store.directory / name)
    if pin is None:
        try:
            pin = _ask(store.directory / name, place, report)
        except SourceError as error:
            message = tr("{name} could not be downloaded: {failures}.")
            raise NetworkError(
                message.format(name=reference, failures=error), _what_helps(error.remedy)
            ) from error
        told = tr("Its licence is on its page on the hub: {repository}")
        report.note(told.format(repository=place.repository))
    # Somebody else may have asked for it just before.
    store.remember_repository(pin)


def _what_helps(remedy: Remedy) -> str:
    if remedy is Remedy.LOGIN:
        return tr("check how it is written; for a private one run `hf auth login`, or set HF_TOKEN")
    return tr(
        "run the same command again later; a model that is in a folder here needs no hub: "
        "write its path as model under [ears]"
    )


def _ask(folder: Path, place: Repository, report: Report) -> RepositoryPin:
    """Find out what the repository is; its small files are then in the folder."""
    listing = list_repository(place)
    _require_files(place, listing)
    if not _is_whisper(place, listing):
        raise _no_whisper(place, tr("its model.bin is of another kind"))
    if listing.files[_CONFIG].size > MAX_CONFIG_BYTES:
        raise _no_whisper(place, tr("its config.json is not CTranslate2's"))
    verify.require_room(folder.parent, sum(told.size for told in listing.files.values()))
    small = [name for name, told in listing.files.items() if isinstance(told, GitBlob)]
    early = list(dict.fromkeys((_CONFIG, *small)))
    with _kept_if_right(folder, early):
        _fetch(folder, early, listing, place, report)
        if not _is_config(folder / _CONFIG):
            raise _no_whisper(place, tr("its config.json is not CTranslate2's"))
        files = tuple(_pinned(name, told, folder) for name, told in listing.files.items())
    return RepositoryPin(place=place, commit=listing.commit, files=files)


def _require_files(place: Repository, listing: Listing) -> None:
    missing: list[str] = [name for name in _NEEDED if name not in listing.files]
    if not any(name in listing.files for name in _VOCABULARIES):
        missing.append(_VOCABULARIES[0])
    if missing:
        raise _no_whisper(place, tr("it has no {files}").format(files=", ".join(missing)))


def _is_whisper(place: Repository, listing: Listing) -> bool:
    """Whether the model begins as CTranslate2 writes one: its version, then the network's name."""
    name = struct.pack("<H", len(SPEC)) + SPEC
    if listing.files[_MODEL].size <= _VERSION_BYTES + len(name):
        return False
    head = first_bytes(place.file(_MODEL, listing.commit), _VERSION_BYTES + len(name))
    return head[_VERSION_BYTES:] == name


def _is_config(path: Path) -> bool:
    """Whether CTranslate2 wrote it for a Whisper: with lists of tokens, or null for none."""
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict) or not all(name in told for name in LISTS):
        return False
    tokens = [token for name in LISTS if told[name] is not None for token in _tokens(told[name])]
    return all(isinstance(token, int) for token in tokens)


def _tokens(told: object) -> Sequence[object]:
    return told if isinstance(told, list) else [told]


def _no_whisper(place: Repository, reason: str) -> InputError:
    return InputError(
        tr("{place} is no Whisper of CTranslate2's: {reason}.").format(place=place, reason=reason),
        tr("choose one that was made for faster-whisper, such as {example}").format(
            example=EXAMPLE
        ),
    )


@contextlib.contextmanager
def _kept_if_right(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Leave nothing of a repository that turns out to be none, or that cannot be had."""
    try:
        with verify.storage_errors(folder.parent):
            yield
    except BaseException:
        with contextlib.suppress(OSError):
            for name in names:
                for end in ("", ".part"):
                    (folder / (name + end)).unlink(missing_ok=True)
            folder.rmdir()
        raise


def _fetch(
    folder: Path, names: Sequence[File], listing: Listing, place: Repository, report: Report
) -> None:
    """Put small files in the folder; ``SourceError`` where what comes is something else."""
    hub = ModelHub()
    with report.bar(str(place), sum(listing.files[name].size for name in names)) as bar:
        for name in names:
            part = verify.PartialFile(folder / name, listing.files[name])
            part.discard()
            try:
                hub.download(place.file(name, listing.commit), part, bar.advance)
            except verify.WrongContents as error:
                told = tr("what arrived has a wrong checksum")
                raise SourceError(f"{name}: {told}", Remedy.LATER) from error
            fsync_rename(part.path, part.target)


def _pinned(name: File, told: Contents | GitBlob, folder: Path) -> PinnedFile:
    if isinstance(told, Contents):
        return PinnedFile(name=name, size=told.size, sha256=told.sha256)
    return PinnedFile(name=name, size=told.size, sha256=verify.sha256(folder / name))
