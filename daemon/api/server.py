"""HTTP and WebSockets: uvicorn's protocols as guests in the daemon's event loop.

Who connects is looked at before a byte is read (``acceptor.py``). Whoever is let in has
``REQUEST_TIMEOUT_S`` for each request; where too many wait, those that have asked nothing for
longest make room.
"""

import asyncio
import contextlib
import logging
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from daemon.api.acceptor import Acceptor, Trusted

MAX_CONNECTIONS = 128  # at the acceptor's pace, one lasts 0.4 s in a crowd: time enough to ask
MAX_MESSAGE = 64 * 1024  # of one message from a page
MAX_HEADERS = 16 * 1024  # bytes of a request
# Of a page's request for a WebSocket; where these are exceeded, websockets never answers.
MAX_FIELDS = 100
MAX_FIELD = 8000
REQUEST_TIMEOUT_S = 10.0  # for the whole of a request, and between two
STOP_TIMEOUT_S = 2.0  # clients get this long to say goodbye
STRANGER = (
    b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 45\r\n\r\nThis belongs to another user of the machine.\n"
)
CROWDED = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 33\r\n\r\nToo many programs are connected.\n"
)

log = logging.getLogger(__name__)


class _Connection(H11Protocol):
    """One connection until it becomes a WebSocket; closes itself when nothing comes of it."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        unread = self.cycle.more_body
        super().on_response_complete()
        if unread:  # nobody wants the rest of what was sent
            self.transport.close()
        self._wait()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._wait_no_more()
        lengths = [len(name) + len(value) for name, value in self.headers]
        if len(lengths) > MAX_FIELDS or max(len(event.target), *lengths) > MAX_FIELD:
            self.send_400_response("Invalid HTTP request received.")
            return
        super().handle_websocket_upgrade(event)
        self.loop.call_later(REQUEST_TIMEOUT_S, _drop_unfinished, self.transport)

    @property
    def idle(self) -> bool:
        """Whether it has not asked anything, or not to its end, since its last answer."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def deadline(self) -> float:
        """Return when it is closed if nothing comes of it, on the loop's clock."""
        return self._deadline.when() if self._deadline is not None else 0.0

    def drop(self) -> None:
        """End it at once, whatever it is at."""
        self._wait_no_more()
        self.connections.discard(self)
        self.transport.abort()

    def _wait(self) -> None:
        self._wait_no_more()
        self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self._time_is_up)

    def _time_is_up(self) -> None:
        if self.idle or self.transport.is_closing():
            self.drop()
        else:  # it is being answered; whoever takes nothing of that is cut off elsewhere
            self._wait()

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server:
    """Serves ``app`` on a listening socket. Belongs to the event loop's thread."""

    def __init__(self, app: ASGIApp, listener: socket.socket, trusted: Trusted) -> None:
        """``trusted`` tells of new connections which are the user's own; others are refused."""
        self._config = uvicorn.Config(
            app,
            http=_Connection,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            proxy_headers=False,  # whoever asks is told by the kernel and by nobody else
            forwarded_allow_ips="",
            log_config=None,
            log_level="critical",  # faults are logged by the application, without words
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEADERS,
        )
        self._config.load()
        self._state = ServerState()
        self._arriving: set[asyncio.Task[Any]] = set()
        self._acceptor = Acceptor(listener, trusted, self._admit, _refuse)

    def start(self) -> None:
        """Serve from now on."""
        self._acceptor.start()

    def _admit(self, connection: socket.socket) -> None:
        if len(self._state.connections) + len(self._arriving) >= MAX_CONNECTIONS:
            self._make_room()
        if len(self._state.connections) + len(self._arriving) >= MAX_CONNECTIONS:
            with contextlib.suppress(OSError):
                connection.send(CROWDED)
            connection.close()
            return
        task = asyncio.create_task(self._arrive(connection), name="connection")
        self._arriving.add(task)

        def arrived(task: asyncio.Task[Any]) -> None:
            self._arriving.discard(task)
            if task.cancelled():  # perhaps before it began
                connection.close()

        task.add_done_callback(arrived)

    async def _arrive(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # it has gone already
            await loop.connect_accepted_socket(
                lambda: _Connection(self._config, self._state, {}), connection
            )

    def _make_room(self) -> None:
        """Drop the connection that has been idle for longest, if there is one."""
        self._acceptor.rest()
        idle = [
            connection
            for connection in self._state.connections
            if isinstance(connection, _Connection) and connection.idle
        ]
        if idle:
            min(idle, key=_Connection.deadline).drop()

    async def close(self) -> None:
        """Say goodbye to all; whoever does not answer is cut off."""
        self._acceptor.close()
        for task in self._arriving:
            task.cancel()
        for connection in list(self._state.connections):
            if isinstance(connection, _Connection) and connection.idle:
                connection.drop()
            else:
                with contextlib.suppress(Exception):  # it is cut off below
                    connection.shutdown()
        if self._state.tasks:
            _, late = await asyncio.wait(self._state.tasks, timeout=STOP_TIMEOUT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # the transports close their sockets in the loop's next step


def _drop_unfinished(transport: asyncio.Transport) -> None:
    """End a WebSocket that has not come about."""
    if not getattr(transport.get_protocol(), "handshake_complete", False):
        transport.abort()


def _refuse(connection: socket.socket) -> None:
    connection.send(STRANGER)
