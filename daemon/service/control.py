"""The control socket: lets the user's own programs, and nobody else, steer the daemon.

Whatever a client does, it costs the conversation little: lines, clients, their patience and what
waits for them are bounded, and all of it is done between two steps of the event loop.
"""

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from daemon.errors import DigitalLifeError, InputError, named
from daemon.events import Bus
from daemon.i18n import tr
from daemon.service.acceptor import Acceptor
from daemon.service.protocol import (
    LONGEST_LINE,
    Look,
    Request,
    encode,
    event_line,
    parse,
    refusal,
)

MOST_CLIENTS = 32
PATIENCE_S = 5.0  # a client that does not take its answer within this is cut off
FIRST_S = 10.0  # and one that asks nothing for so long after it came
IDLE_S = 60.0  # or after its last answer
WAITING = 64 * 1024  # bytes that may wait for a client

log = logging.getLogger(__name__)

Answer = Callable[[Request], Awaitable[dict[str, Any]]]


class Control:
    """Serves the clients of one socket."""

    def __init__(self, answer: Answer, bus: Bus) -> None:
        """``answer`` returns the fields of the reply or raises ``DigitalLifeError``."""
        self._answer = answer
        self._bus = bus
        self._acceptor: Acceptor | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._idle: dict[asyncio.Task[None], None] = {}
        """Those of which nothing is under way, the one that asked nothing longest first."""
        self._going: set[asyncio.Task[None]] = set()
        """Those that had to make room, until they are gone."""

    @asynccontextmanager
    async def open(self, path: Path) -> AsyncIterator[None]:
        """Serve on ``path`` while the block runs.

        Raises ``DigitalLifeError`` when another daemon serves there, or it cannot be made.
        """
        listener = _listener(path)
        made = os.stat(path)
        self._acceptor = acceptor = Acceptor(listener, _are_trusted, self._welcome)
        acceptor.start()
        try:
            yield
        finally:
            acceptor.close()
            for client in self._clients:
                client.cancel()
            if self._clients:
                await asyncio.wait(self._clients, timeout=1)
            _remove(path, made)

    def _welcome(self, connection: socket.socket) -> None:
        """Serve one more; where there are too many, in place of one that asks nothing."""
        if len(self._clients) - len(self._going) >= MOST_CLIENTS and not self._make_room():
            busy = DigitalLifeError(tr("Too many programs are connected."))
            with contextlib.suppress(OSError):
                connection.send(refusal(busy))
            connection.close()
            return
        task = asyncio.create_task(self._meet(connection), name="control client")
        self._clients.add(task)
        self._idle[task] = None
        task.add_done_callback(partial(self._left, connection))

    def _make_room(self) -> bool:
        if self._acceptor is not None:
            self._acceptor.rest()
        idle = next(iter(self._idle), None)
        if idle is None:
            return False
        del self._idle[idle]
        self._going.add(idle)
        idle.cancel()
        return True

    def _left(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        self._clients.discard(task)
        self._going.discard(task)
        self._idle.pop(task, None)
        connection.close()  # a task that was cancelled before it began has not done so

    async def _meet(self, connection: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_LINE)
        except OSError:
            return  # it has hung up already
        writer.transport.set_write_buffer_limits(high=WAITING)
        try:
            await self._converse(reader, writer)
        except asyncio.IncompleteReadError:
            pass  # it has hung up
        except (OSError, TimeoutError) as error:
            log.debug("a client was cut off: %s", error or type(error).__name__)
        finally:
            # What has not been taken by now is not waited for.
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        patience_s = FIRST_S
        while True:
            try:
                line = await asyncio.wait_for(reader.readuntil(), patience_s)
                request = parse(line)
            except (InputError, asyncio.LimitOverrunError) as error:
                if not isinstance(error, InputError):
                    error = InputError(tr("The request is too long."))
                await self._write(writer, refusal(error))
                return
            self._idle.pop(task, None)
            if isinstance(request, Look) and request.do == "events":
                await self._follow(reader, writer)
                return
            await self._write(writer, await self._reply(request))
            self._idle[task] = None
            patience_s = IDLE_S

    async def _reply(self, request: Request) -> bytes:
        try:
            return encode(ok=True, **await self._answer(request))
        except DigitalLifeError as error:
            return refusal(error)
        except Exception as error:  # a fault here must not end the conversation
            log.exception("control: %s failed", request.do)
            return refusal(DigitalLifeError(named(error), said=str(error)))

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._bus.followed() as events:
            await self._write(writer, encode(ok=True))
            gone = asyncio.ensure_future(reader.read(1))
            try:
                while True:
                    following = asyncio.ensure_future(events.get())
                    await asyncio.wait((gone, following), return_when=asyncio.FIRST_COMPLETED)
                    if not following.done():
                        following.cancel()
                        return
                    event = following.result()
                    if event is None:
                        return
                    if event.wire_name:
                        await self._write(writer, event_line(event))
            finally:
                gone.cancel()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await gone

    async def _write(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        writer.write(line)
        await asyncio.wait_for(writer.drain(), PATIENCE_S)


def _listener(path: Path) -> socket.socket:
    """Make the socket, only for its owner from the first moment."""
    if _serves(path):
        raise DigitalLifeError(tr("Digital Life is running already."), "digital-life status")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)  # left by one that was killed
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise DigitalLifeError(
            tr("The control socket {path} cannot be made: {reason}").format(
                path=path, reason=error.strerror or error
            )
        ) from error
    finally:
        os.umask(before)
    return listener


def _remove(path: Path, made: os.stat_result) -> None:
    """Remove the socket unless it is another's, who came after us."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.stat(path), made):
            path.unlink()


def _serves(path: Path) -> bool:
    """Whether somebody answers at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def _are_trusted(connections: Sequence[socket.socket]) -> list[bool]:
    return [_is_trusted(connection) for connection in connections]


def _is_trusted(connection: socket.socket) -> bool:
    """Whether the program at the other end is the user's own, or the administrator's."""
    size = struct.calcsize("3i")
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, user, _ = struct.unpack("3i", told)
    return user in (os.getuid(), 0)
