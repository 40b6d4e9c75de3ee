"""Weights from the model hub, over HTTPS, going on where an interrupted download stopped."""

import contextlib
import http.client
import logging
import os
import queue
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from daemon.i18n import tr
from daemon.store.manifest import Hub
from daemon.store.sources import Remedy, SourceError
from daemon.store.verify import CHUNK, PartialFile, WrongContents

log = logging.getLogger(__name__)

ANSWER_S = 3.0  # a hub that has not answered by then is not there, if there is another source
TIMEOUT_S = 30.0  # a connection that is silent for so long is given up
ATTEMPTS = 5  # connections in a row that bring nothing before the download is given up
WAIT_S = 1.0  # before going on after a broken connection; doubles with each fruitless one
MAX_WAIT_S = 60.0  # the longest that a busy hub may ask us to wait

_LOGIN = {401, 403}
_FINAL = {400, 404, 410, 451}  # HTTP answers that asking again does not change
_BUSY = {429, 503}
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)$")


class Broken(Exception):
    """The connection failed or was cut; ``wait_s`` is how long the hub asks us to wait."""

    def __init__(self, wait_s: float = 0.0, busy: bool = False) -> None:
        super().__init__()
        self.wait_s = wait_s
        self.busy = busy


class ModelHub:
    """The hub during one run: once it has failed to answer, it is not asked again.

    Honours ``HF_ENDPOINT`` (the address of a mirror), ``HF_HUB_OFFLINE``, the usual proxy variables
    and the system's certificates.
    """

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        self.away: SourceError | None = None
        """Why it is no longer asked for what another source has, too."""
        self._wait = wait

    def download(
        self, hub: Hub, part: PartialFile, advance: Callable[[int], None], *, retrying: bool = True
    ) -> None:
        """Fetch a file into ``part`` and check it; ``advance`` is told the bytes of each step.

        Raises ``SourceError`` when the hub does not give the file, ``WrongContents`` when it gives
        another one. Not ``retrying``, because there is another source: the first answer must come
        within ``ANSWER_S``, names and addresses included, else the hub is ``away``.
        """
        address, fruitless = address_of(hub), 0
        while part.kept < part.size:
            before, broken = part.kept, Broken()
            try:
                _connect(hub, address, part, advance, TIMEOUT_S if retrying else ANSWER_S)
            except Broken as error:
                log.debug("hub: %s", error.__cause__)
                broken = error
            if part.kept == part.size:
                break
            brought = part.kept > before
            retrying = retrying or brought
            fruitless = 0 if brought else fruitless + 1
            if not retrying:
                self.away = hub_failure(broken)
                raise self.away
            if fruitless == ATTEMPTS or broken.wait_s > MAX_WAIT_S:
                raise hub_failure(broken)
            self._wait(max(broken.wait_s, WAIT_S * 2 ** max(fruitless - 1, 0)))
        with part.open_at(part.kept):
            part.check()


def hub_failure(broken: Broken) -> SourceError:
    """Say what a connection that failed for good means."""
    if broken.busy:
        return SourceError(tr("the model hub is busy"), Remedy.LATER)
    return SourceError(tr("the model hub does not answer"), Remedy.CONNECTION)


def _connect(
    hub: Hub, address: str, part: PartialFile, advance: Callable[[int], None], answer_s: float
) -> None:
    """Write what one connection brings, from the part's end on where the server can do that."""
    request = request_for(address)
    if part.kept:
        request.add_header("Range", f"bytes={part.kept}-")
    with contextlib.ExitStack() as stack:
        with _network(hub, part):
            # by the proxies that the environment names now
            opener = urllib.request.build_opener()
            response = stack.enter_context(answer_within(request, answer_s, opener))
        stack.enter_context(part.open_at(_beginning(response, part)))
        while True:
            with _network(hub, part):
                chunk = response.read1(CHUNK)
            if not chunk:
                return
            part.write(chunk)
            advance(len(chunk))


def request_for(address: str, method: str = "GET", token: bool = True) -> urllib.request.Request:
    """Return a request; with ``token`` it says who is logged in, to this host and to no other."""
    from huggingface_hub import get_token

    headers = {"User-Agent": "digital-life"}
    request = urllib.request.Request(address, headers=headers, method=method)  # noqa: S310 (http)
    if token and (said := get_token()):
        # Files lie on other hosts, which get their right to a file within the address.
        request.add_unredirected_header("Authorization", f"Bearer {said}")
    return request


def answer_within(
    request: urllib.request.Request, answer_s: float, opener: urllib.request.OpenerDirector
) -> http.client.HTTPResponse:
    """Open a connection; ``TimeoutError`` if its answer has not begun after ``answer_s``.

    A time-out of sockets counts for each address of a name, each step of TLS and each redirection
    by itself, and not for looking up the name. So a thread opens the connection, and what it brings
    too late it closes itself; a lookup cannot be ended, only left alone.
    """
    brought: queue.Queue[http.client.HTTPResponse | Exception] = queue.Queue()
    late = threading.Event()

    def open_it() -> None:
        try:
            brought.put(opener.open(request, timeout=TIMEOUT_S))
        except Exception as error:
            brought.put(error)
        if late.is_set():
            _throw_away(brought)

    threading.Thread(target=open_it, name="hub", daemon=True).start()
    try:
        found = brought.get(timeout=answer_s)
    except queue.Empty:
        late.set()
        _throw_away(brought)
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _throw_away(brought: queue.Queue[http.client.HTTPResponse | Exception]) -> None:
    with contextlib.suppress(queue.Empty):
        found = brought.get_nowait()
        if isinstance(found, http.client.HTTPResponse | urllib.error.HTTPError):
            found.close()


def _beginning(response: http.client.HTTPResponse, part: PartialFile) -> int:
    """Return at which byte of the file an answer begins; ``WrongContents`` if of another file."""
    if response.status == 206:
        place = _RANGE.match(response.headers.get("Content-Range", ""))
        if not place or int(place[1]) != part.kept or place[2] not in ("*", str(part.size)):
            raise WrongContents
        return part.kept
    # A page that asks for a login comes as an answer, too.
    if response.length is not None and response.length != part.size:
        raise WrongContents
    return 0


@contextlib.contextmanager
def _network(hub: Hub, part: PartialFile) -> Iterator[None]:
    """Tell failures of the connection from those of the disk; both are ``OSError``."""
    try:
        with telling_failures(hub.repository):
            yield
    except Broken as broken:
        error = broken.__cause__
        if isinstance(error, urllib.error.HTTPError) and error.code == 416 and part.kept:
            raise WrongContents from error  # the hub's file is shorter than what we have of ours
        raise


@contextlib.contextmanager
def telling_failures(repository: str) -> Iterator[None]:
    """Raise ``SourceError`` for what asking again does not change, ``Broken`` for all else."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        log.debug("hub: %s", error)
        if error.code in _LOGIN:
            text = tr("the model hub gives {repository} only to those who have logged in")
            raise SourceError(text.format(repository=repository), Remedy.LOGIN) from error
        if error.code in _FINAL:
            raise SourceError(
                tr("the model hub does not offer it"), Remedy.ANOTHER_SOURCE
            ) from error
        wait = error.headers.get("Retry-After", "") if error.headers else ""
        raise Broken(float(wait) if wait.isdecimal() else 0.0, error.code in _BUSY) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Broken from error


def address_of(hub: Hub) -> str:
    """Return where a file is; ``SourceError`` where that must not be asked."""
    from huggingface_hub import hf_hub_url

    if offline():
        raise SourceError(tr("HF_HUB_OFFLINE forbids to ask the model hub"), Remedy.ANOTHER_SOURCE)
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    address = hf_hub_url(hub.repository, hub.path, revision=hub.revision, endpoint=endpoint)
    if not address.startswith(("https://", "http://")):
        raise SourceError(tr("HF_ENDPOINT is not a web address"), Remedy.ANOTHER_SOURCE)
    return address


def offline() -> bool:
    """Whether the environment forbids to ask the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
