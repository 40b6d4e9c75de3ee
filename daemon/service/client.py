"""Talks to the running daemon over its control socket; blocking, for commands."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.service.install import UNIT
from daemon.service.protocol import encode, socket_path

CROWD_S = 0.05  # between attempts to join a crowd
PLAIN = "digital-life run"  # without a service
LOADING_S = 300.0  # a slow machine loads its models in this
LOOK_S = 1.0  # how often it is asked again meanwhile
ANSWER_S = 20.0  # a voice takes seconds to load; what speaks takes as long as it takes


def is_installed() -> bool:
    """Whether the daemon is a service here."""
    return start_command() != PLAIN


def start_command() -> str:
    """Return the command that starts the daemon here: its service where there is one."""
    if Path.home().joinpath(".config/systemd/user", UNIT).exists():
        return f"systemctl --user start {UNIT.removesuffix('.service')}"
    if Path("/etc/systemd/system", UNIT).exists():
        return f"sudo systemctl start {UNIT.removesuffix('.service')}"
    return PLAIN


class NotRunning(DigitalLifeError):
    """No daemon of this user answers."""

    def __init__(self) -> None:
        super().__init__(tr("Digital Life is not running."), start_command())


class Ended(DigitalLifeError):
    """The daemon ended, or was restarted, before it had answered."""

    def __init__(self) -> None:
        super().__init__(
            tr("Digital Life is not running any more: it ended before it had answered."),
            tr("Try again in a moment."),
        )


class Client:
    """A connection; ``NotRunning`` where there is nothing to connect to."""

    def __init__(self) -> None:
        path = socket_path()
        if path is None:
            raise NotRunning
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_S)
        try:
            self._connect(str(path))
        except OSError:
            self._socket.close()
            raise NotRunning from None
        self._lines = self._socket.makefile("rb")

    def _connect(self, path: str) -> None:
        """Connect; in a crowd the kernel lets nobody wait who has a time-out."""
        end = time.monotonic() + ANSWER_S
        while True:
            try:
                return self._socket.connect(path)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(CROWD_S)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()

    def do(
        self, request: str, patience_s: float | None = ANSWER_S, **fields: Any
    ) -> dict[str, Any]:
        """Send a request and return the reply's fields; raise what the daemon says is wrong.

        ``Ended`` when the daemon ends before it has answered.
        """
        self._socket.settimeout(patience_s)
        try:
            with suppress(ConnectionError):  # cut off already: it may have said why
                self._socket.sendall(encode(do=request, **fields))
            reply = self._read()
        except TimeoutError:
            raise DigitalLifeError(
                tr("Digital Life does not answer."), "digital-life service logs"
            ) from None
        except (ConnectionError, NotRunning):
            raise Ended from None
        if not reply.pop("ok", False):
            error = reply.get("error", {})
            raised = DigitalLifeError(str(error.get("message", "")), str(error.get("fix", "")))
            raised.exit_code = int(error.get("code", 1))
            raise raised
        return reply

    def spoken(self, request: str, text: str, waiting: Callable[[str], None]) -> dict[str, Any]:
        """Send ``say`` or ``ask``, and again while the daemon loads; ``waiting`` is told of that.

        Raises what ``do`` raises.
        """
        told = False
        for _ in range(round(LOADING_S / LOOK_S)):
            try:
                return self.do(request, None, text=text)
            except DigitalLifeError as error:
                if isinstance(error, Ended) or not self.do("status").get("loading"):
                    raise
                if not told:
                    waiting(str(error))
                told = True
            time.sleep(LOOK_S)
        return self.do(request, None, text=text)

    def events(self) -> Iterator[dict[str, Any]]:
        """Follow what happens until the daemon ends."""
        self.do("events")
        self._socket.settimeout(None)
        while True:
            try:
                yield self._read()
            except NotRunning:
                return

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise NotRunning
        reply = json.loads(line)
        reply.pop("v", None)
        return dict(reply)
