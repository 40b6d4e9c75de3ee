"""Reads whatever chats somebody gives: exports of several messengers, folders and archives of them.

What each file is, its contents tell. A file that gives nothing says why, and the others are read
all the same.
"""

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chat_files import MAX_FILE_BYTES, ZIP, Export, parse_export, text_of
from daemon.training.chats import ChatMember, people, plain
from daemon.training.formats.json_lines import Columns

MAX_FILES = 5_000  # files that are looked into; the export of an account has hundreds
MAX_TOTAL_BYTES = 2_000_000_000  # bytes that are read in all
MAX_DEPTH = 2  # archives within each other
# A way of talking is in the newest; of an export of lines that is longer, only its end is read.
NEWEST_BYTES = 8_000_000
MAX_KEPT = 400_000  # messages of a file that are kept, the newest
MAX_KEPT_IN_ALL = 1_000_000  # 250 MB of memory
_PEEK = 4_096  # bytes that tell a picture from a text
_OF_CHARACTERS = bytes(range(128, 256))  # bytes that may be of a character that is cut in two
_ROW = re.compile(rb'\n(?="?\d{1,15}"?,)|\n(?=\[?\d{1,4}[./\-]\d)|\n(?=\{)')

Progress = Callable[[int, int, str], None]
"""Told how many bytes have been read, of how many, and the file that is next."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What came of one file."""

    name: str
    """As it is shown: within an archive after the archive's own name."""
    format: str
    """What it is; "" if it gave nothing."""
    messages: int
    reason: str
    """Why it gave nothing, else ""."""
    sha256: str
    """Checksum of its bytes, in hexadecimal; "" where it was not read."""
    left_out: int = 0
    """Bytes at its beginning that were not read, because what follows is enough."""


@dataclass(slots=True)
class Chats:
    """All that was read."""

    exports: list[Export] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)

    @property
    def people(self) -> list[ChatMember]:
        """Everybody who writes, the busiest first."""
        return people(chain.from_iterable(export.said for export in self.exports))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that may be an export."""

    name: str
    path: Path
    size: int
    read: Callable[[int], bytes]
    """Returns its first bytes, as many as it is told; may raise ``OSError`` and others."""


@dataclass(slots=True)
class _Budget:
    """How much is still unpacked from an archive, and from those within it."""

    left: int
    """Bytes."""


def read_chats(
    paths: Sequence[Path], progress: Progress = lambda _done, _total, _name: None
) -> Chats:
    """Read all exports in ``paths``: files, folders, ZIP archives.

    Raises ``InputError`` when there is not one, or a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise InputError(tr("{path} does not exist.").format(path=path))
    chats, seen, kept = Chats(), set[str](), 0
    found = [one for path in paths for one in _candidates(path)][:MAX_FILES]
    total, done = sum(one.size for one in found), 0
    for one in found:
        progress(done, total, one.name)
        for file, export in _read(one, MAX_DEPTH, _Budget(MAX_TOTAL_BYTES - done)):
            if file.sha256 and file.sha256 in seen:
                file, export = _refused(file.name, tr("the same file again"), file.sha256), None
            seen.add(file.sha256)
            if export is not None:
                export = _newest(export, min(MAX_KEPT, MAX_KEPT_IN_ALL - kept))
                kept += len(export.said) + len(export.exchanges)
                chats.exports.append(export)
            chats.files.append(file)
        done += one.size
    progress(total, total, "")
    if not chats.exports:
        reasons = [f"{file.name}: {file.reason}" for file in chats.files[:10]]
        raise InputError(
            tr("There are no chats in it."), "\n".join(reasons) or tr("The folder is empty.")
        )
    return chats


def _newest(export: Export, most: int) -> Export:
    """Leave the last ``most`` messages; the oldest say least of how somebody talks now."""
    return replace(
        export,
        said=export.said[max(len(export.said) - most, 0) :],
        exchanges=export.exchanges[max(len(export.exchanges) - most, 0) :],
    )


def _candidates(path: Path) -> Iterator[_Candidate]:
    """Yield the files of a folder, in the order of their names; links are not followed there."""
    if not path.is_dir():
        yield _on_disk(path, str(path))
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if not name.startswith(".") and not file.is_symlink():
                yield _on_disk(file, str(file.relative_to(path)))


def _on_disk(path: Path, name: str) -> _Candidate:
    def read(most: int) -> bytes:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(tr("no ordinary file"))
            return file.read(most)

    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return _Candidate(name, path, size, read)


def _read(one: _Candidate, depth: int, budget: _Budget) -> Iterator[tuple[ReadFile, Export | None]]:
    """Yield what comes of a file: one result, or one for each file of an archive."""
    try:
        head = one.read(_PEEK)
        if head.startswith(ZIP):
            yield from _unzipped(one, depth, budget)
            return
        if not head.strip():
            yield _refused(one.name, tr("empty")), None
            return
        # a film of gigabytes is not read to find that it is none
        text_of(head if b"\0" in head else head.rstrip(_OF_CHARACTERS) or head, one.path)
        if one.size > min(MAX_FILE_BYTES, budget.left):
            limit = min(MAX_FILE_BYTES, max(budget.left, 0)) // 1_000_000
            yield _refused(one.name, tr("larger than {limit} MB").format(limit=limit)), None
            return
        yield _parsed(one, one.read(MAX_FILE_BYTES))
    except InputError as error:
        said = error.message.replace(str(one.path), "").lstrip(" :")
        yield _refused(one.name, said), None
    except OSError as error:
        yield _refused(one.name, error.strerror or type(error).__name__), None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        yield _refused(one.name, tr("the archive is damaged")), None
    except RuntimeError:  # what zipfile says of an archive with a password
        yield _refused(one.name, tr("the archive has a password")), None


def _parsed(one: _Candidate, data: bytes) -> tuple[ReadFile, Export | None]:
    checksum = hashlib.sha256(data).hexdigest()
    whole = len(data)
    data = _end_of_lines(data)
    left_out = whole - len(data)
    try:
        export = parse_export(text_of(data, one.path), Columns())
    except InputError as error:
        said = error.message.replace(str(one.path), "").lstrip(" :")
        return _refused(one.name, said, checksum), None
    count = len(export.said) or 2 * len(export.exchanges)
    if not export.exchanges and not any(said.kind == "text" for said in export.said):
        return _refused(one.name, tr("nobody writes any text in it"), checksum), None
    return ReadFile(plain(one.name), export.format, count, "", checksum, left_out), export


def _end_of_lines(data: bytes) -> bytes:
    """Return the end of an export of lines that is long, behind its first line.

    Pages and JSON that is one value cannot be cut; text in UTF-16 is not.
    """
    first = data[: data.find(b"\n", 0, _PEEK) + 1]
    opens = first.lstrip(b"\xef\xbb\xbf \r\n")[:1]
    one_value = opens in (b"<", b"[", b"{") and not re.search(rb"[}\]].*\n\Z", first)
    if len(data) <= NEWEST_BYTES or not first or one_value or b"\0" in first:
        return data
    cut = len(data) - NEWEST_BYTES
    found = _ROW.search(data, cut) or re.compile(rb"\n").search(data, cut)
    return first + data[found.end() :] if found else data


def _unzipped(
    archive: _Candidate, depth: int, budget: _Budget
) -> Iterator[tuple[ReadFile, Export | None]]:
    if depth == 0:
        yield _refused(archive.name, tr("an archive within an archive within an archive")), None
        return
    most = min(MAX_FILE_BYTES, max(budget.left, 0))
    if depth < MAX_DEPTH and archive.size > most:
        limit = tr("larger than {limit} MB").format(limit=most // 1_000_000)
        yield _refused(archive.name, limit), None
        return
    source = archive.path if depth == MAX_DEPTH else io.BytesIO(archive.read(most))
    with zipfile.ZipFile(source) as opened:
        names = [info for info in opened.infolist() if not info.is_dir()][:MAX_FILES]
        for info in sorted(names, key=lambda info: info.filename):
            if info.filename.startswith("__MACOSX/") or Path(info.filename).name[:1] == ".":
                continue

            def read(most: int, info: zipfile.ZipInfo = info) -> bytes:
                with opened.open(info) as file:
                    data = file.read(most)  # never more, whatever the archive says of its size
                budget.left -= len(data)
                return data

            shown = f"{archive.name}/{info.filename}"
            member = _Candidate(shown, Path(shown), info.file_size, read)
            yield from _read(member, depth - 1, budget)


def _refused(name: str, reason: str, sha256: str = "") -> ReadFile:
    return ReadFile(plain(name), "", 0, reason.rstrip("."), sha256)
