"""The API's Unix socket: for the user's own programs, and nobody else's."""

import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from daemon.api.server import Server
from daemon.errors import DigitalLifeError
from daemon.i18n import tr


@asynccontextmanager
async def serving(app: ASGIApp, path: Path) -> AsyncIterator[None]:
    """Serve on ``path`` while the block runs.

    Raises ``DigitalLifeError`` when another daemon serves there, or it cannot be made.
    """
    listener = _listener(path)
    made = os.stat(path)
    server = Server(app, listener, _are_trusted)
    server.start()
    try:
        yield
    finally:
        await server.close()
        _remove(path, made)


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
