"""Weights from the model hub, over HTTPS, going on where an interrupted download stopped."""

import contextlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from daemon.i18n import tr
from daemon.store.manifest import Hub
from daemon.store.verify import CHUNK, Part
from daemon.store.wheels import SourceError

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0  # a connection that is silent for so long is given up
ATTEMPTS = 5  # connections in a row that bring nothing before the download is given up
WAIT_S = 1.0  # before going on after a broken connection; doubles with each fruitless one

_FINAL = {401, 403, 404, 410, 416, 451}  # HTTP answers that asking again does not change


class _Broken(Exception):
    """The connection failed or was cut."""


def download(
    hub: Hub,
    part: Part,
    advance: Callable[[int], None],
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch a file into ``part`` and check it; ``advance`` is told the bytes of each step.

    Honours ``HF_ENDPOINT`` (the address of a mirror), the usual proxy variables and the system's
    certificates. Raises ``SourceError`` when the hub does not give the file, ``WrongContents`` when
    it gives another one.
    """
    address, fruitless = _address(hub), 0
    while part.kept < part.size:
        before = part.kept
        try:
            _connect(address, part, advance)
        except _Broken as error:
            log.debug("hub: %s", error.__cause__)
        if part.kept == part.size:
            break
        fruitless = 0 if part.kept > before else fruitless + 1
        if fruitless == ATTEMPTS:
            raise SourceError(tr("the model hub cannot be reached"))
        wait(WAIT_S * 2 ** max(fruitless - 1, 0))
    with part.open_at(part.kept):
        part.check()


def _connect(address: str, part: Part, advance: Callable[[int], None]) -> None:
    """Write what one connection brings, from the part's end on where the server can do that."""
    headers = {"User-Agent": "digital-life"}
    if part.kept:
        headers["Range"] = f"bytes={part.kept}-"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 (see _address)
    with contextlib.ExitStack() as stack:
        with _network():
            response = stack.enter_context(urllib.request.urlopen(request, timeout=TIMEOUT_S))  # noqa: S310
        stack.enter_context(part.open_at(part.kept if response.status == 206 else 0))
        while True:
            with _network():
                chunk = response.read1(CHUNK)
            if not chunk:
                return
            part.write(chunk)
            advance(len(chunk))


@contextlib.contextmanager
def _network() -> Iterator[None]:
    """Tell failures of the connection from those of the disk; both are ``OSError``."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        log.debug("hub: %s", error)
        if error.code in _FINAL:
            raise SourceError(tr("the model hub does not offer it"), lasting=True) from error
        raise _Broken from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken from error


def _address(hub: Hub) -> str:
    from huggingface_hub import hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    address = hf_hub_url(hub.repository, hub.path, revision=hub.revision, endpoint=endpoint)
    if not address.startswith(("https://", "http://")):
        raise SourceError(tr("HF_ENDPOINT is not a web address"), lasting=True)
    return address
