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
from daemon.store.sources import Cure, SourceError
from daemon.store.verify import CHUNK, Part, WrongContents

log = logging.getLogger(__name__)

ANSWER_S = 3.0  # a hub that has not answered by then is not there, if there is another source
TIMEOUT_S = 30.0  # a connection that is silent for so long is given up
ATTEMPTS = 5  # connections in a row that bring nothing before the download is given up
WAIT_S = 1.0  # before going on after a broken connection; doubles with each fruitless one
LONGEST_WAIT_S = 60.0  # the longest that a busy hub may ask us to wait

_FINAL = {400, 401, 403, 404, 410, 451}  # HTTP answers that asking again does not change
_BUSY = {429, 503}
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)$")


class _Broken(Exception):
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
        self, hub: Hub, part: Part, advance: Callable[[int], None], *, patient: bool = True
    ) -> None:
        """Fetch a file into ``part`` and check it; ``advance`` is told the bytes of each step.

        Raises ``SourceError`` when the hub does not give the file, ``WrongContents`` when it gives
        another one. Not ``patient``, because there is another source: the first answer must come
        within ``ANSWER_S``, names and addresses included, else the hub is ``away``.
        """
        address, fruitless = _address(hub), 0
        while part.kept < part.size:
            before, broken = part.kept, _Broken()
            try:
                _connect(address, part, advance, TIMEOUT_S if patient else ANSWER_S)
            except _Broken as error:
                log.debug("hub: %s", error.__cause__)
                broken = error
            if part.kept == part.size:
                break
            brought = part.kept > before
            patient = patient or brought
            fruitless = 0 if brought else fruitless + 1
            if not patient:
                self.away = _failure(broken)
                raise self.away
            if fruitless == ATTEMPTS or broken.wait_s > LONGEST_WAIT_S:
                raise _failure(broken)
            self._wait(max(broken.wait_s, WAIT_S * 2 ** max(fruitless - 1, 0)))
        with part.open_at(part.kept):
            part.check()


def _failure(broken: _Broken) -> SourceError:
    if broken.busy:
        return SourceError(tr("the model hub is busy"), Cure.LATER)
    return SourceError(tr("the model hub does not answer"), Cure.CONNECTION)


def _connect(address: str, part: Part, advance: Callable[[int], None], answer_s: float) -> None:
    """Write what one connection brings, from the part's end on where the server can do that."""
    headers = {"User-Agent": "digital-life"}
    if part.kept:
        headers["Range"] = f"bytes={part.kept}-"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 (see _address)
    with contextlib.ExitStack() as stack:
        with _network(part):
            response = stack.enter_context(_answer(request, answer_s))
        stack.enter_context(part.open_at(_beginning(response, part)))
        while True:
            with _network(part):
                chunk = response.read1(CHUNK)
            if not chunk:
                return
            part.write(chunk)
            advance(len(chunk))


def _answer(request: urllib.request.Request, answer_s: float) -> http.client.HTTPResponse:
    """Open a connection; ``TimeoutError`` if its answer has not begun after ``answer_s``.

    A time-out of sockets counts for each address of a name, each step of TLS and each redirection
    by itself, and not for looking up the name. So a thread opens the connection, and what it brings
    too late it closes itself; a lookup cannot be ended, only left alone.
    """
    brought: queue.Queue[http.client.HTTPResponse | Exception] = queue.Queue()
    late = threading.Event()

    def open_it() -> None:
        try:
            brought.put(_open(request))
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


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Open a connection by the proxies that the environment names now."""
    opener = urllib.request.build_opener()
    response: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
    return response


def _throw_away(brought: queue.Queue[http.client.HTTPResponse | Exception]) -> None:
    with contextlib.suppress(queue.Empty):
        found = brought.get_nowait()
        if isinstance(found, http.client.HTTPResponse | urllib.error.HTTPError):
            found.close()


def _beginning(response: http.client.HTTPResponse, part: Part) -> int:
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
def _network(part: Part) -> Iterator[None]:
    """Tell failures of the connection from those of the disk; both are ``OSError``."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        log.debug("hub: %s", error)
        if error.code == 416 and part.kept:  # the hub's file is shorter than what we have of ours
            raise WrongContents from error
        if error.code in _FINAL:
            raise SourceError(tr("the model hub does not offer it"), Cure.ANOTHER_SOURCE) from error
        wait = error.headers.get("Retry-After", "") if error.headers else ""
        raise _Broken(float(wait) if wait.isdecimal() else 0.0, error.code in _BUSY) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Broken from error


def _address(hub: Hub) -> str:
    from huggingface_hub import hf_hub_url

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceError(tr("HF_HUB_OFFLINE forbids to ask the model hub"), Cure.ANOTHER_SOURCE)
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    address = hf_hub_url(hub.repository, hub.path, revision=hub.revision, endpoint=endpoint)
    if not address.startswith(("https://", "http://")):
        raise SourceError(tr("HF_ENDPOINT is not a web address"), Cure.ANOTHER_SOURCE)
    return address
