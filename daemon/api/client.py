"""Talks to the running daemon over its Unix socket; blocking, for commands."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from daemon.errors import DigitalLifeError, one_line
from daemon.folders import socket_path
from daemon.i18n import language, tr
from daemon.json_object import JsonObject
from daemon.service.install import UNIT

RETRY_S = 0.05  # between attempts to connect among many others
PLAIN = "digital-life run"  # without a service
LOADING_TIMEOUT_S = 300.0  # a slow machine loads its models in this
POLL_INTERVAL_S = 1.0  # between two questions whether it is loaded
MAX_PIECE = 64 * 1024  # bytes that are read at a time
MAX_TEXT = 300  # characters of what a server says that is no answer of ours
TIMEOUT_S = 20.0  # a voice takes seconds to load; what speaks takes as long as it takes


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


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout_s: float | None) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect; among many others the kernel lets nobody wait who has a time-out."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        end = time.monotonic() + TIMEOUT_S
        while True:
            try:
                return self.sock.connect(str(self._path))
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(RETRY_S)


class Client:
    """Asks the daemon; ``NotRunning`` where there is none."""

    def __init__(self, path: Path | None = None) -> None:
        """``path`` is the socket, if it is not where this user's is."""
        path = path or socket_path()
        if path is None:
            raise NotRunning
        self._path = path
        connection = _UnixConnection(path, TIMEOUT_S)
        try:
            connection.connect()
        except OSError:
            raise NotRunning from None
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> JsonObject:
        """Ask for ``/v1/…``; raise what the daemon says is wrong."""
        return self._json("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, timeout_s: float | None = TIMEOUT_S, /, **body: object) -> JsonObject:
        """Have something done, and return what came of it; raise what the daemon says is wrong.

        ``Ended`` when the daemon ends before it has answered.
        """
        return self._json("POST", path, body, timeout_s)

    def put(self, path: str, timeout_s: float | None = TIMEOUT_S, /, **body: object) -> JsonObject:
        """Choose something; as ``post``."""
        return self._json("PUT", path, body, timeout_s)

    def delete(self, path: str, timeout_s: float | None = TIMEOUT_S) -> JsonObject:
        """Have something forgotten; as ``post``."""
        return self._json("DELETE", path, None, timeout_s)

    def text(self, path: str) -> str:
        """Ask for what is not JSON."""
        with self._answer("GET", path, None, TIMEOUT_S) as response:
            return response.read().decode("utf-8", "replace")

    def speak(self, path: str, text: str, waiting: Callable[[str], None]) -> JsonObject:
        """Send ``say`` or ``ask``, and again while the daemon loads; ``waiting`` is told of that.

        Raises what ``post`` raises.
        """
        told = False
        for _ in range(round(LOADING_TIMEOUT_S / POLL_INTERVAL_S)):
            try:
                return self.post(path, None, text=text)
            except DigitalLifeError as error:
                if isinstance(error, Ended) or not self.get("status").get("loading"):
                    raise
                if not told:
                    waiting(str(error))
                told = True
            time.sleep(POLL_INTERVAL_S)
        return self.post(path, None, text=text)

    def events(self, words: bool = False) -> Iterator[JsonObject]:
        """Follow what happens until the daemon ends; ``words``: with what people say."""
        killed = suppress(ConnectionError, http.client.HTTPException)
        path = "events?words=true" if words else "events"
        with self._answer("GET", path, None, None) as response, killed:
            for line in response:
                if line.startswith(b"data: "):
                    yield dict(json.loads(line.removeprefix(b"data: ")))

    def stream(self, path: str, /, **body: object) -> Iterator[bytes]:
        """Have something made, and yield it as it is made; raises what ``post`` raises."""
        with self._answer("POST", path, body, None) as response:
            while piece := response.read1(MAX_PIECE):
                yield piece

    def _json(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        timeout_s: float | None = TIMEOUT_S,
    ) -> JsonObject:
        with self._answer(method, path, body, timeout_s) as response:
            return dict(json.loads(response.read()))

    @contextmanager
    def _answer(
        self, method: str, path: str, body: dict[str, object] | None, timeout_s: float | None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and give its answer; each has a connection of its own."""
        connection = _UnixConnection(self._path, timeout_s)
        headers = {"Accept-Language": language(), "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            try:
                connection.connect()
            except OSError:
                raise NotRunning from None
            with suppress(ConnectionError):  # cut off already: it may have said why
                connection.request(method, f"/v1/{path}", sent, headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise _refusal(response)
            yield response
        except TimeoutError:
            raise DigitalLifeError(
                tr("Digital Life does not answer."), "digital-life service logs"
            ) from None
        except (ConnectionError, http.client.HTTPException, ValueError):
            raise Ended from None
        finally:
            connection.close()


def _refusal(response: http.client.HTTPResponse) -> DigitalLifeError:
    """Return what the daemon says is wrong."""
    text = response.read()
    try:
        problem = json.loads(text)["error"]
        raised = DigitalLifeError(str(problem["message"]), str(problem["fix"]))
        raised.exit_code = int(problem["code"])
    except (ValueError, KeyError, TypeError):  # the server's own, before it reads a request
        return DigitalLifeError(one_line(text.decode("utf-8", "replace"), MAX_TEXT))
    return raised
