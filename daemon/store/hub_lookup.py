"""What a file on the model hub is, before any of it is fetched: its commit, size and sha256.

The hub tells them in the answer to a HEAD request (``X-Repo-Commit``, ``X-Linked-Size``,
``X-Linked-ETag``), as huggingface_hub's ``get_hf_file_metadata`` reads it; that has no time-out for
the whole of it, and tries for minutes.
"""

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import TypeVar

from daemon.i18n import tr
from daemon.store.hub import (
    ANSWER_S,
    ATTEMPTS,
    MAX_WAIT_S,
    WAIT_S,
    Broken,
    address_of,
    answer_within,
    hub_failure,
    request_for,
    telling_failures,
)
from daemon.store.manifest import Hub
from daemon.store.pins import Pin
from daemon.store.sources import Remedy, SourceError

LOOKUP_S = 15.0  # for the whole answer, names and redirections included
MAX_HOPS = 5  # redirections that are followed
MAX_BYTES = 1 << 50  # of a file: a size above is no size

T = TypeVar("T")

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r'(?:W/)?"?([0-9a-f]{64})"?')


def look_up(hub: Hub, wait: Callable[[float], None] = time.sleep) -> Pin:
    """Ask what a file is; raises ``SourceError``."""
    address = address_of(hub)
    return asking(hub.repository, lambda: _pin(hub, _headers(address)), wait)


def asking(repository: str, ask: Callable[[], T], wait: Callable[[float], None]) -> T:
    """Return what a question brings, asked again where the connection fails or the hub is busy.

    Raises ``SourceError``.
    """
    for attempt in range(ATTEMPTS):
        broken = Broken()
        try:
            with telling_failures(repository):
                return ask()
        except Broken as error:
            broken = error
        if attempt == ATTEMPTS - 1 or broken.wait_s > MAX_WAIT_S:
            break
        wait(max(broken.wait_s, WAIT_S * 2**attempt))
    raise hub_failure(broken)


def reachable() -> bool:
    """Whether the hub answers within ``ANSWER_S``, whatever it answers."""
    try:
        anywhere = address_of(Hub(repository="a/b", revision="main", path="c"))
        endpoint = urllib.parse.urljoin(anywhere, "/")
        answer_within(request_for(endpoint, "HEAD", token=False), ANSWER_S, _opener()).close()
    except urllib.error.HTTPError as error:
        error.close()
    except (SourceError, OSError, http.client.HTTPException, ValueError):
        return False
    return True


def _headers(address: str) -> Message:
    """Return the headers of the first answer that tells of a file; others' hosts get no token."""
    first = urllib.parse.urlsplit(address).netloc
    for _ in range(MAX_HOPS):
        ours = urllib.parse.urlsplit(address).netloc == first
        request = request_for(address, method="HEAD", token=ours)
        try:
            with answer_within(request, LOOKUP_S, _opener()) as response:
                return response.headers
        except urllib.error.HTTPError as error:
            if not 300 <= error.code < 400:
                raise
            error.close()
            if "X-Linked-ETag" in error.headers:
                return error.headers
            address = urllib.parse.urljoin(address, error.headers.get("Location", ""))
            if not address.startswith(("https://", "http://")):
                raise Broken from error
    raise Broken


def _pin(hub: Hub, headers: Message) -> Pin:
    """Read the headers; what is no commit, size or checksum is not believed."""
    commit = headers.get("X-Repo-Commit", "")
    size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    checksum = _SHA256.fullmatch(headers.get("X-Linked-ETag") or headers.get("ETag") or "")
    if not _COMMIT.fullmatch(commit) or checksum is None:
        raise SourceError(tr("the model hub does not tell its checksum"), Remedy.ANOTHER_SOURCE)
    if not size.isascii() or not size.isdecimal() or not 0 < int(size) < MAX_BYTES:
        raise SourceError(tr("the model hub does not tell its size"), Remedy.ANOTHER_SOURCE)
    return Pin(hub=hub, commit=commit, size=int(size), sha256=checksum[1])


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirection to the caller, as an ``HTTPError``."""

    def redirect_request(self, *_: object) -> None:
        """Do not follow it."""


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)
