"""HTTP whose every wait and every read is bounded, and which can be cancelled at any moment.

``http.client`` reads as much as a server sends, for as long as it sends. Here the socket counts:
how long it was waited for, and how much came. So nothing above it can be kept busy for ever: not by
headers without end, interim answers, chunks of nothing, nor one byte a minute.
"""

import errno
import http.client
import ipaddress
import os
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from daemon.i18n import tr
from daemon.worker import CancelToken

# How often a silent server is left to look at the token; prompts take far longer.
POLL_INTERVAL_S = 0.02
MAX_LINE_BYTES = 1 << 20  # bytes of an event; a token's has a few hundred
MAX_BODY_BYTES = 8 << 20  # bytes; OpenRouter's list of models has one million
MAX_ANSWER_BYTES = 64 << 20  # of one answer, with its headers and all that is left out
MAX_INTERIM = 8  # answers of 100 to 199 before the real one


# Of a socket, as the resolver tells it.
Address = tuple[Any, ...]
Found: TypeAlias = "Sequence[tuple[socket.AddressFamily, int, int, str, Address]] | OSError"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """For how long a server is waited for, in seconds."""

    connect: float
    silence: float
    """Between two arrivals of bytes."""
    total: float
    """All the waiting for one answer; what a reader takes his time for does not count."""


class TooMuchData(http.client.HTTPException):
    """A server sends more than anybody can want."""

    def __init__(self) -> None:
        super().__init__(tr("it sends without end"))


class CancellableWait:
    """Mixed into a socket with a time-out of ``POLL_INTERVAL_S``: its reading looks at a token.

    It ends with ``Cancelled``, with ``TimeoutError`` when patience is at its end, and with
    ``TooMuchData``.
    """

    cancel: CancelToken
    silence_s: float
    left_s: float
    left_bytes = MAX_ANSWER_BYTES

    def use(self, limits: TimeLimits, cancel: CancelToken) -> None:
        """Wait as long as this from now on."""
        self.cancel, self.silence_s, self.left_s = cancel, limits.silence, limits.total

    def recv_into(self, *args: object) -> int:
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
            raise TooMuchData
        return count


class CancellableSocket(CancellableWait, socket.socket):
    """A socket whose reading can be cancelled."""


class CancellableTls(CancellableWait, ssl.SSLSocket):
    """The same over TLS."""


class _Response(http.client.HTTPResponse):
    """An answer behind any number of interim ones; ``http.client`` knows of 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            told: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 100 <= told[1] < 200 or told[1] == http.client.SWITCHING_PROTOCOLS:
                return told
            http.client.parse_headers(self.fp)
        raise TooMuchData


class Connection(http.client.HTTPConnection):
    """HTTP for one request; ``open_socket`` connects."""

    response_class = _Response
    sock: CancellableSocket | CancellableTls

    def __init__(
        self,
        host: str,
        port: int | None,
        open_socket: Callable[[], CancellableSocket | CancellableTls],
    ) -> None:
        super().__init__(host, port)
        self._open_socket = open_socket

    def connect(self) -> None:
        """Open the socket."""
        self.sock = self._open_socket()

    def answer(self) -> http.client.HTTPResponse:
        """Wait for what is answered, with a look at the token all the while.

        Only the body may take its time: headers that come a byte at a time are an answer to nobody.
        """
        sock = self.sock
        sock.settimeout(POLL_INTERVAL_S)
        limits = min(sock.left_s, 2 * sock.silence_s)
        spare, sock.left_s = sock.left_s - limits, limits
        response = self.getresponse()
        sock.left_s += spare
        return response


def local_socket(path: str, limits: TimeLimits, cancel: CancelToken) -> CancellableSocket:
    """Connect to a socket in the file system."""
    found = CancellableSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.use(limits, cancel)
        found.settimeout(limits.connect)
        found.connect(path)
        found.settimeout(limits.silence)
    except BaseException:
        found.close()
        raise
    return found


def network_socket(
    host: str, port: int, tls: ssl.SSLContext | None, limits: TimeLimits, cancel: CancelToken
) -> CancellableSocket | CancellableTls:
    """Connect to the first address of ``host`` that answers; all of it within ``connect``."""
    until = time.monotonic() + limits.connect
    failure: OSError = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
    for family, address in _addresses(host, port, until, cancel):
        raw = CancellableSocket(family, socket.SOCK_STREAM)
        try:
            raw.use(limits, cancel)
            _connect(raw, address, until, cancel)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is None:
                raw.settimeout(limits.silence)
                return raw
            return _wrapped(raw, host, tls, limits, cancel)
        except OSError as error:
            raw.close()
            failure = error
        except BaseException:
            raw.close()
            raise
    raise failure


def _wrapped(
    raw: CancellableSocket, host: str, tls: ssl.SSLContext, limits: TimeLimits, cancel: CancelToken
) -> CancellableTls:
    raw.settimeout(limits.connect)
    tls.sslsocket_class = CancellableTls
    wrapped = tls.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    assert isinstance(wrapped, CancellableTls)
    try:
        wrapped.use(limits, cancel)
        wrapped.do_handshake()
        wrapped.settimeout(limits.silence)
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _connect(raw: socket.socket, address: Address, until: float, cancel: CancelToken) -> None:
    raw.setblocking(False)
    code = raw.connect_ex(address)
    while code in (errno.EINPROGRESS, errno.EAGAIN):
        cancel.check()
        if select.select((), (raw,), (), POLL_INTERVAL_S)[1]:
            code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif time.monotonic() > until:
            raise TimeoutError
    if code:
        raise OSError(code, os.strerror(code))


def _addresses(
    host: str, port: int, until: float, cancel: CancelToken
) -> list[tuple[socket.AddressFamily, Address]]:
    """Look the name up, on a thread of its own: the resolver cannot be hurried or stopped.

    The thread ends with the resolver's own time-out. ``localhost`` is this computer, whatever a
    resolver says: RFC 6761, 6.3.
    """
    found: queue.SimpleQueue[Found] = queue.SimpleQueue()

    def resolve(flags: int = 0) -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(str(error)))

    resolve(socket.AI_NUMERICHOST)
    answer = found.get()
    if isinstance(answer, OSError):
        threading.Thread(target=resolve, name="resolver", daemon=True).start()
        answer = _within(found, until, cancel)
    if isinstance(answer, OSError):
        raise answer
    return [
        (family, address)
        for family, _, _, _, address in answer
        if host != "localhost" or ipaddress.ip_address(address[0]).is_loopback
    ]


def _within(found: "queue.SimpleQueue[Found]", until: float, cancel: CancelToken) -> Found:
    while True:
        cancel.check()
        try:
            return found.get(timeout=POLL_INTERVAL_S)
        except queue.Empty:
            if time.monotonic() > until:
                raise TimeoutError from None


def read_all(response: http.client.HTTPResponse) -> bytes:
    """Return the whole of a body; raises ``TooMuchData`` beyond ``MAX_BODY_BYTES``."""
    body = response.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise TooMuchData
    return body


def lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the lines of a body as they come; raises ``TooMuchData`` for one beyond reason."""
    while line := response.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise TooMuchData
        yield line
