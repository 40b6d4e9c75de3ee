"""What is in a repository of the hub, before any of it is fetched, and how a large file begins.

The hub lists a repository at ``/api/models/OWNER/REPOSITORY/revision/REVISION?blobs=true``, as
huggingface_hub's ``HfApi.model_info(files_metadata=True)`` reads it: the commit, and of each file
its size, and the sha256 of a large one or git's identifier of a small one.
"""

import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, get_args

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from daemon.i18n import tr
from daemon.store.checksums import GitBlob
from daemon.store.hub import address_of, answer_within, request_for
from daemon.store.hub_lookup import LOOKUP_S, MAX_BYTES, asking
from daemon.store.manifest import Contents, Hub, Sha256
from daemon.store.repository_pins import File, Repository
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import CHUNK

MAX_LISTING_BYTES = 8 << 20  # of the answer; a file takes some 200, and most repositories have ten
MAX_SMALL_BYTES = 16 << 20  # of a file without a sha256: the hub keeps those above 10 MB apart

_Git = Annotated[str, StringConstraints(pattern="^[0-9a-f]{40}$")]
_Size = Annotated[int, Field(ge=0, lt=MAX_BYTES)]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository that a speech recogniser may have."""

    commit: str
    files: dict[File, Contents | GitBlob]


class _Large(BaseModel):
    sha256: Sha256
    size: _Size


class _Entry(BaseModel):
    rfilename: str
    size: _Size | None = None
    blobId: str | None = None
    lfs: _Large | None = None


class _Answer(BaseModel):
    sha: _Git
    siblings: list[_Entry]


class _Small(BaseModel):
    size: Annotated[int, Field(ge=0, le=MAX_SMALL_BYTES)]
    blobId: _Git


def list_repository(place: Repository, wait: Callable[[float], None] = time.sleep) -> Listing:
    """Ask what a repository holds; raises ``SourceError``."""
    somewhere = address_of(place.file("x", "main"))
    beginning = somewhere.removesuffix(f"/{place.repository}/resolve/main/x")
    revision = urllib.parse.quote(place.revision, safe="")
    address = f"{beginning}/api/models/{place.repository}/revision/{revision}?blobs=true"

    def ask() -> bytes:
        return _read(request_for(address), MAX_LISTING_BYTES)

    try:
        told = asking(place.repository, ask, wait)
    except SourceError as error:
        if error.remedy not in (Remedy.LOGIN, Remedy.ANOTHER_SOURCE):
            raise
        # It tells those who are not logged in nothing about what is private, or not there.
        text = tr("the model hub has no {place}, or gives it only to those who have logged in")
        raise SourceError(text.format(place=place), Remedy.LOGIN) from error
    try:
        answer = _Answer.model_validate_json(told)
    except ValidationError as error:
        text = tr("what answers in the model hub's place is another page, such as one for a login")
        raise SourceError(text, Remedy.CONNECTION) from error
    names = get_args(File)
    found = {entry.rfilename: entry for entry in answer.siblings}
    return Listing(answer.sha, {name: _contents(found[name]) for name in names if name in found})


def first_bytes(hub: Hub, count: int, wait: Callable[[float], None] = time.sleep) -> bytes:
    """Return how a file begins; raises ``SourceError``."""
    address = address_of(hub)

    def ask() -> bytes:
        request = request_for(address)
        request.add_header("Range", f"bytes=0-{count - 1}")
        return _read(request, count)[:count]

    return asking(hub.repository, ask, wait)


def _contents(entry: _Entry) -> Contents | GitBlob:
    """Return what a file must hold; what the hub does not vouch for is not taken."""
    if entry.lfs:
        return Contents(size=entry.lfs.size, sha256=entry.lfs.sha256)
    try:
        small = _Small.model_validate({"size": entry.size, "blobId": entry.blobId})
    except ValidationError as error:
        told = tr("the model hub does not tell its checksum")
        raise SourceError(f"{entry.rfilename}: {told}", Remedy.ANOTHER_SOURCE) from error
    return GitBlob(small.size, small.blobId)


def _read(request: urllib.request.Request, most: int) -> bytes:
    """Return the beginning of an answer, about ``most`` bytes; all of it within ``LOOKUP_S``."""
    until, read = time.monotonic() + LOOKUP_S, b""
    opener = urllib.request.build_opener()
    with answer_within(request, LOOKUP_S, opener) as response:
        while len(read) < most and (chunk := response.read1(min(CHUNK, most))):
            read += chunk
            if time.monotonic() > until:
                raise TimeoutError
    return read
