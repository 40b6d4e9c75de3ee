"""HTTP whose every wait and every read is bounded, and which can be cancelled at any moment.

``http.client`` reads as much as a server sends, for as long as it sends. Here the socket counts:
how long it was waited for, and how much came. So nothing above it can be kept busy for ever: not by
headers without end, interim answers, chunks of nothing, nor one byte a minute.
"""

import errno
import http.client
import os
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from daemon.i18n import tr
from daemon.worker import CancelToken

GLANCE_S = 0.02  # how often a silent server is left to look at the token; prompts take far longer
LONGEST_LINE = 1 << 20  # bytes of an event; a token's has a few hundred
LONGEST_BODY = 8 << 20  # bytes; OpenRouter's list of models has one million
MOST_BYTES = 64 << 20  # of one answer, with its headers and all that is left out
MOST_INTERIM = 8  # answers of 100 to 199 before the real one


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a server is waited for, in seconds."""

    connect: float
    silence: float
    """Between two arrivals of bytes."""
    total: float
    """All the waiting for one answer; what a reader takes his time for does not count."""


class TooMuch(http.client.HTTPException):
    """A server sends more than anybody can want."""

    def __init__(self) -> None:
        super().__init__(tr("it sends without end"))


class Waiting:
    """Mixed into a socket with a time-out of ``GLANCE_S``: its reading looks at a token.

    It ends with ``Cancelled``, with ``TimeoutError`` when patience is at its end, and with
    ``TooMuch``.
    """

    cancel: CancelToken
    silence_s: float
    left_s: float
    left_bytes = MOST_BYTES

    def use(self, patience: Patience, cancel: CancelToken) -> None:
        """Wait as long as this from now on."""
        self.cancel, self.silence_s, self.left_s = cancel, patience.silence, patience.total

    def recv_into(self, *args: Any) -> int:
        """Wait for bytes; called by ``http.client``."""
        begin = time.monotonic()
        until = begin + min(self.silence_s, self.left_s)
        while True:
            self.cancel.check()
            try:
                count: int = super().recv_into(*args)  # type: ignore[misc]  # the socket's
                break
            except TimeoutError:
                if time.monotonic() > until:
                    raise
        self.left_s -= time.monotonic() - begin
        self.left_bytes -= count
        if self.left_bytes < 0:
            raise TooMuch
        return count


class WaitingSocket(Waiting, socket.socket):
    """A socket whose reading can be cancelled."""


class WaitingTls(Waiting, ssl.SSLSocket):
    """The same over TLS."""


class _Response(http.client.HTTPResponse):
    """An answer behind any number of interim ones; ``http.client`` knows of 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MOST_INTERIM):
            told: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 100 <= told[1] < 200 or told[1] == http.client.SWITCHING_PROTOCOLS:
                return told
            http.client.parse_headers(self.fp)
        raise TooMuch


class Connection(http.client.HTTPConnection):
    """HTTP for one request; ``open_socket`` connects."""

    response_class = _Response
    sock: WaitingSocket | WaitingTls

    def __init__(
        self, host: str, port: int | None, open_socket: Callable[[], WaitingSocket | WaitingTls]
    ) -> None:
        super().__init__(host, port)
        self._open_socket = open_socket

    def connect(self) -> None:
        """Open the socket."""
        self.sock = self._open_socket()

    def answer(self) -> http.client.HTTPResponse:
        """Wait for what is answered, with a look at the token all the while."""
        self.sock.settimeout(GLANCE_S)
        return self.getresponse()


def local_socket(path: str, patience: Patience, cancel: CancelToken) -> WaitingSocket:
    """Connect to a socket in the file system."""
    found = WaitingSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.use(patience, cancel)
        found.settimeout(patience.connect)
        found.connect(path)
        found.settimeout(patience.silence)
    except BaseException:
        found.close()
        raise
    return found


def network_socket(
    host: str, port: int, tls: ssl.SSLContext | None, patience: Patience, cancel: CancelToken
) -> WaitingSocket | WaitingTls:
    """Connect to the first address of ``host`` that answers; all of it within ``connect``."""
    until = time.monotonic() + patience.connect
    failure: OSError = OSError(os.strerror(errno.EHOSTUNREACH))
    for family, address in _addresses(host, port, until, cancel):
        raw = WaitingSocket(family, socket.SOCK_STREAM)
        try:
            raw.use(patience, cancel)
            _connect(raw, address, until, cancel)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is None:
                raw.settimeout(patience.silence)
                return raw
            return _wrapped(raw, host, tls, patience, cancel)
        except OSError as error:
            raw.close()
            failure = error
        except BaseException:
            raw.close()
            raise
    raise failure


def _wrapped(
    raw: WaitingSocket, host: str, tls: ssl.SSLContext, patience: Patience, cancel: CancelToken
) -> WaitingTls:
    raw.settimeout(patience.connect)
    tls.sslsocket_class = WaitingTls
    wrapped = tls.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    assert isinstance(wrapped, WaitingTls)
    try:
        wrapped.use(patience, cancel)
        wrapped.do_handshake()
        wrapped.settimeout(patience.silence)
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _connect(raw: socket.socket, address: Any, until: float, cancel: CancelToken) -> None:
    raw.setblocking(False)
    code = raw.connect_ex(address)
    while code in (errno.EINPROGRESS, errno.EAGAIN):
        cancel.check()
        if select.select((), (raw,), (), GLANCE_S)[1]:
            code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif time.monotonic() > until:
            raise TimeoutError
    if code:
        raise OSError(code, os.strerror(code))


def _addresses(
    host: str, port: int, until: float, cancel: CancelToken
) -> list[tuple[socket.AddressFamily, Any]]:
    """Look the name up, on a thread of its own: the resolver cannot be hurried or stopped.

    The thread ends with the resolver's own time-out.
    """
    found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look(flags: int = 0) -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(str(error)))

    look(socket.AI_NUMERICHOST)
    answer = found.get()
    if isinstance(answer, OSError):
        threading.Thread(target=look, name="resolver", daemon=True).start()
        answer = _within(found, until, cancel)
    if isinstance(answer, OSError):
        raise answer
    return [(family, address) for family, _, _, _, address in answer]


def _within(
    found: "queue.SimpleQueue[list[Any] | OSError]", until: float, cancel: CancelToken
) -> list[Any] | OSError:
    while True:
        cancel.check()
        try:
            return found.get(timeout=GLANCE_S)
        except queue.Empty:
            if time.monotonic() > until:
                raise TimeoutError from None


def read_all(response: http.client.HTTPResponse) -> bytes:
    """Return the whole of a body; raises ``TooMuch`` beyond ``LONGEST_BODY``."""
    body = response.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        raise TooMuch
    return body


def lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the lines of a body as they come; raises ``TooMuch`` for one beyond reason."""
    while line := response.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise TooMuch
        yield line
