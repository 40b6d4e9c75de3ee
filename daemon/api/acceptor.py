"""Accepts connections so that nobody can use the process up by connecting.

asyncio's own servers hand over every connection that comes, and once no file descriptor is left
they try again at once, with a traceback for each attempt. Here whoever connects is looked at first,
before a byte is read; a descriptor is kept in reserve to turn others away when there is no other.
"""

import asyncio
import contextlib
import errno
import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

BATCH = 16  # connections taken between two steps of the event loop
# Who connects again and again would otherwise have a whole processor. Programs and pages connect a
# dozen times at once at most, and wait a tenth of a second beside a crowd.
WINDOW_S = 0.1
MAX_IN_WINDOW = 2 * BATCH
PAUSE_S = 0.05  # after strangers, or when there are too many; others wait in the kernel meanwhile
EXHAUSTED_S = 0.5  # after the last descriptor
BACKLOG = 1024  # connections that may wait in the kernel
DESCRIPTORS = 4096  # far more than we need, and few enough for a table in every process we start
NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)

Trusted = Callable[[Sequence[socket.socket]], Sequence[bool]]


def raise_descriptor_limit() -> None:
    """Allow this process ``DESCRIPTORS`` open files, or as many as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Acceptor:
    """Takes the connections of one listening socket. Belongs to the event loop's thread."""

    def __init__(
        self,
        listener: socket.socket,
        trusted: Trusted,
        serve: Callable[[socket.socket], None],
        refuse: Callable[[socket.socket], None] = lambda _connection: None,
    ) -> None:
        """``trusted`` tells of some connections which are to be served.

        Those are ``serve``'s from then on. The others are closed, after ``refuse`` had the chance
        to tell them why; it must not wait.
        """
        self._listener: Final = listener
        self._trusted = trusted
        self._serve = serve
        self._refuse = refuse
        self._spare = -1
        self._full = False
        self._window, self._in_window = 0.0, 0  # when it began, and the connections since then
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take connections from now on."""
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)
        self._spare = _any_descriptor()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._take)

    def rest(self) -> None:
        """Pause after these connections, so that those taken have time to ask something."""
        self._full = True

    def close(self) -> None:
        """Take none any more, and close the listening socket."""
        if self._loop is not None:
            self._loop.remove_reader(self._listener)
        if self._again is not None:
            self._again.cancel()
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
        self._listener.close()

    def _take(self) -> None:
        taken: list[socket.socket] = []
        pause_s = 0.0
        for _ in range(BATCH):
            try:
                connection, _address = self._listener.accept()
            except OSError as error:
                if error.errno in NOTHING_LEFT:
                    self._turn_away(error)
                    pause_s = EXHAUSTED_S
                break  # nobody waits, or one went before we came
            connection.setblocking(False)
            taken.append(connection)
        if not taken:
            self._pause(pause_s)
            return
        pause_s = max(pause_s, self._window_pause_s(len(taken)))
        for connection, known in zip(taken, self._judge(taken), strict=True):
            if known:
                self._serve(connection)
                continue
            pause_s = max(pause_s, PAUSE_S)
            with contextlib.suppress(OSError):
                self._refuse(connection)
            connection.close()
        if self._full:
            self._full, pause_s = False, max(pause_s, PAUSE_S)
        self._pause(pause_s)

    def _window_pause_s(self, taken: int) -> float:
        """Count connections; return how long to wait when there were enough for a while."""
        now = time.monotonic()
        if now >= self._window + WINDOW_S:
            self._window, self._in_window = now, 0
        self._in_window += taken
        return self._window + WINDOW_S - now if self._in_window >= MAX_IN_WINDOW else 0.0

    def _judge(self, taken: Sequence[socket.socket]) -> Sequence[bool]:
        try:
            return self._trusted(taken)
        except OSError as error:  # who cannot be looked at is not let in
            log.warning("connections are refused: %s", error)
            return [False] * len(taken)

    def _turn_away(self, error: OSError) -> None:
        """Close what waits, with the descriptor kept for that: else it would wait for ever."""
        log.warning("connections are refused: %s", error.strerror)
        if self._spare >= 0:
            os.close(self._spare)
            with contextlib.suppress(OSError):
                for _ in range(BATCH):
                    self._listener.accept()[0].close()
        self._spare = _any_descriptor()

    def _pause(self, seconds: float) -> None:
        if not seconds or self._loop is None:
            return
        self._loop.remove_reader(self._listener)
        self._again = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if self._loop is not None:
            self._loop.add_reader(self._listener, self._take)


def _any_descriptor() -> int:
    """Open something that costs nothing; -1 if there is no descriptor."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
