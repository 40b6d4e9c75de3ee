"""A double as one file: a ZIP archive with a manifest, encrypted with a passphrase if wanted.

The manifest names each file with its size and checksum, so that a damaged archive is refused before
anything of it is used. Nothing is read beyond the sizes it tells, and no name in it leads out of
the double's folder. Encrypted is the whole archive, in the age format (https://age-encryption.org/v1),
which also notices every change. Without a passphrase whoever changes an archive can change the
manifest, too.
"""

import hashlib
import io
import json
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from daemon import __version__
from daemon.config import Settings
from daemon.doubles.store import (
    MAX_CONSENT_CHARS,
    RECORD,
    VERSION,
    Double,
    check_name,
    newer,
    read_double,
    require_free,
)
from daemon.doubles.validation import END_BYTES, check_end, check_parts
from daemon.errors import InputError, SetupError
from daemon.files import atomic_folder, atomic_write
from daemon.folders import doubles_folder
from daemon.i18n import tr
from daemon.store.verify import sha256

MANIFEST = "manifest.json"
FORMAT: Final = "digital-life double"
AGE = b"age-encryption.org/v1"  # how an encrypted file begins
MAX_BYTES = 2_000_000_000  # of a double: five minutes of film take a tenth of it
MAX_FILES = 2_000
MAX_MANIFEST_BYTES = 1_000_000
MAX_ARCHIVE_BYTES = MAX_BYTES + 10_000_000  # with what ZIP and age add
CHUNK = 1 << 20
TRAINING = "training"  # of a voice that was trained: recordings, which stay at home
# What a damaged archive leads its reader into.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and how many there are."""
Count = Annotated[int, Field(ge=0, le=MAX_BYTES)]


class ArchivedFile(BaseModel):
    """A file in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: Annotated[str, Field(max_length=300)]
    """In the double's folder, with / between its parts."""
    size: Count
    sha256: str


class ArchiveManifest(BaseModel):
    """What ``manifest.json`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["digital-life double"]
    version: int
    program: str
    name: str
    files: Annotated[tuple[ArchivedFile, ...], Field(strict=False, max_length=MAX_FILES)]


def write_archive(double: Double, path: Path, passphrase: str, progress: Progress) -> int:
    """Write a double to ``path``, readable by the user only; return the bytes of it.

    "" is no passphrase. Raises ``InputError`` where the double is too large, ``StorageError``.
    """
    files = [
        ArchivedFile(
            path=found.relative_to(double.folder).as_posix(),
            size=found.stat().st_size,
            sha256=sha256(found),
        )
        for found in _files(double.folder)
    ]
    total = sum(file.size for file in files)
    if total > MAX_BYTES or len(files) > MAX_FILES:
        raise InputError(tr("The double “{name}” is too large.").format(name=double.name))
    manifest = ArchiveManifest(
        format=FORMAT, version=VERSION, program=__version__, name=double.name, files=tuple(files)
    )
    with atomic_write(path, private=True) as part:
        if passphrase:
            held = io.BytesIO()
            _write(held, double, manifest, total, progress)
            part.write_bytes(_encrypted(held.getvalue(), passphrase))
        else:
            with part.open("wb") as file:
                _write(file, double, manifest, total, progress)
    return path.stat().st_size


def is_encrypted(path: Path) -> bool:
    """Whether an archive wants a passphrase; ``InputError`` where it cannot be read."""
    if path.exists() and not path.is_file():  # a pipe may never give anything
        raise InputError(tr("{path} is no ordinary file.").format(path=path))
    try:
        with path.open("rb") as file:
            return file.read(len(AGE)) == AGE
    except OSError as error:
        raise InputError(
            tr("Cannot read {path}: {reason}").format(path=path, reason=error.strerror)
        ) from error


def read_manifest(archive: zipfile.ZipFile, path: Path) -> ArchiveManifest:
    """Return what an archive says it holds; ``InputError``, or ``SetupError`` if it is too new."""
    try:
        told = json.loads(_read(archive, MANIFEST, MAX_MANIFEST_BYTES))
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise _no_double(path)
        if isinstance(told.get("version"), int) and told["version"] > VERSION:
            raise newer(str(told.get("program")))
        manifest = ArchiveManifest.model_validate(told)
    except KeyError as error:
        raise _no_double(path) from error
    except (*BROKEN, ValueError) as error:
        raise _damaged(path) from error
    check_name(manifest.name)
    names = [file.path for file in manifest.files]
    if len(set(names)) < len(names) or not all(map(_is_safe, names)) or RECORD not in names:
        raise _damaged(path)
    if any(file.size > MAX_MANIFEST_BYTES for file in manifest.files if _is_text(file)):
        raise _damaged(path)
    if sum(file.size for file in manifest.files) > MAX_BYTES:
        raise InputError(tr("The double “{name}” is too large.").format(name=manifest.name))
    return manifest


def consent_in(archive: zipfile.ZipFile, manifest: ArchiveManifest, path: Path) -> str:
    """Return by whose leave the double in an archive was made, as it says; ``InputError``."""
    size = next(file.size for file in manifest.files if file.path == RECORD)
    try:
        told = tomllib.loads(_read(archive, RECORD, min(size, MAX_MANIFEST_BYTES)).decode())
        return str(told["consent"])[:MAX_CONSENT_CHARS]
    except (*BROKEN, KeyError, ValueError) as error:
        raise _damaged(path) from error


def open_archive(path: Path, passphrase: str) -> zipfile.ZipFile:
    """Open an archive; ``InputError`` where it is none, or the passphrase is wrong."""
    try:
        is_held = is_encrypted(path)
        if path.stat().st_size > MAX_ARCHIVE_BYTES:
            raise _damaged(path)
        if is_held:
            data = _decrypted(path.read_bytes(), passphrase)
            check_end(data[-END_BYTES:])
            return zipfile.ZipFile(io.BytesIO(data))
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - END_BYTES, 0))
            check_end(file.read())
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise _no_double(path) from error
    except OSError as error:
        raise InputError(
            tr("Cannot read {path}: {reason}").format(path=path, reason=error.strerror)
        ) from error


def unpack(
    archive: zipfile.ZipFile,
    manifest: ArchiveManifest,
    path: Path,
    settings: Settings,
    progress: Progress,
) -> Double:
    """Make the double that an archive holds, whole or not at all.

    Raises ``InputError`` where one of that name is there already or the archive is damaged.
    """
    require_free(manifest.name, settings)
    total, done = sum(file.size for file in manifest.files), 0
    with atomic_folder(doubles_folder() / manifest.name, replace=False) as making:
        for file in manifest.files:
            place = making / file.path
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _unpack_one(archive, file, place, path)
            done += file.size
            progress(done, total)
        try:
            check_parts(making)
        except SetupError as error:
            raise InputError(f"{path}: {error}") from error
    return read_double(doubles_folder() / manifest.name)


def _unpack_one(archive: zipfile.ZipFile, file: ArchivedFile, place: Path, path: Path) -> None:
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(file.path) as packed, place.open("xb") as written:
            while size <= file.size and (chunk := packed.read(CHUNK)):
                size += len(chunk)
                digest.update(chunk)
                written.write(chunk)
    except (*BROKEN, KeyError, ValueError) as error:
        raise _damaged(path) from error
    if size != file.size or digest.hexdigest() != file.sha256:
        raise _damaged(path)
    place.chmod(0o600)


def _write(
    file: IO[bytes],
    double: Double,
    manifest: ArchiveManifest,
    total: int,
    progress: Progress,
) -> None:
    done = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # JPEGs grow no smaller
        text = manifest.model_dump_json(indent=1)
        archive.writestr(zipfile.ZipInfo(MANIFEST), text)
        for one in manifest.files:
            with (
                (double.folder / one.path).open("rb") as source,
                archive.open(zipfile.ZipInfo(one.path), "w", force_zip64=True) as packed,
            ):
                while chunk := source.read(CHUNK):
                    packed.write(chunk)
            done += one.size
            progress(done, total)


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a small file of an archive; ``KeyError`` where there is none."""
    with archive.open(name) as packed:
        data = packed.read(most + 1)
    if len(data) > most:
        raise ValueError(name)
    return data


def _is_safe(name: str) -> bool:
    """Whether a name leads to a file below the folder it is unpacked into, and nowhere else."""
    path = PurePosixPath(name)
    return (
        name == path.as_posix()
        and not path.is_absolute()
        and all(part.isprintable() and not part.startswith(".") for part in path.parts)
        and 0 < len(path.parts) <= 4
        and "\\" not in name
    )


def _is_text(file: ArchivedFile) -> bool:
    return file.path.endswith((".toml", ".json"))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        stays = TRAINING in inside or any(part.startswith(".") for part in inside)
        if path.is_file() and not path.is_symlink() and not stays:
            yield path


def _encrypted(data: bytes, passphrase: str) -> bytes:
    from pyrage import passphrase as age

    return bytes(age.encrypt(data, passphrase))


def _decrypted(data: bytes, passphrase: str) -> bytes:
    from pyrage import DecryptError
    from pyrage import passphrase as age

    try:
        return bytes(age.decrypt(data, passphrase))
    except DecryptError as error:
        raise InputError(tr("The passphrase is wrong, or the archive is damaged.")) from error


def _no_double(path: Path) -> InputError:
    return InputError(
        tr("{path} holds no double.").format(path=path), "digital-life double export NAME FILE"
    )


def _damaged(path: Path) -> InputError:
    return InputError(
        tr("{path} is damaged: it is not what was exported.").format(path=path),
        tr("export it again"),
    )
