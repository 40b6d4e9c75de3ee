"""A model hub of our own, with one odd habit at a time."""

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

COMMIT = "c0ffee" + "0" * 34


class HubServer(http.server.ThreadingHTTPServer):
    """Serves ``contents`` at every path; what it was asked for is in ``asked``."""

    daemon_threads = True

    def __init__(self, contents: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.contents = contents
        self.asked: list[tuple[str, str | None]] = []
        self.statuses: list[int] = []
        """Errors to answer with, one a request, before the file is given."""
        self.retry_after = ""
        self.cut: int | None = None
        """Bytes after which each connection is cut."""
        self.ranges = True
        self.endless = False
        """Whether it tells no length, and goes on for ever behind the file."""
        self.range_start: int | None = None
        """Another place than the one that was asked for."""
        self.redirect = ""
        """Where files are really: ``/cdn`` on this host, or with it."""
        self.tokens: list[str | None] = []
        """What each request says of who is logged in."""
        self.told: dict[str, str] = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Size": str(len(contents)),
            "X-Linked-ETag": f'"{hashlib.sha256(contents).hexdigest()}"',
        }
        """What it says of a file that is only asked about."""
        self.moved = ""
        """Where a repository is called something else now: the beginning of its new path."""

    def body(self, path: str) -> bytes:
        """Return what is at a path; ``KeyError`` for nothing."""
        return self.contents

    def handle_error(self, *_: object) -> None:
        """Take it that whoever has read enough hangs up."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


S = TypeVar("S", bound=HubServer)


class _Answers(http.server.BaseHTTPRequestHandler):
    server: HubServer

    def do_HEAD(self) -> None:
        hub = self.server
        hub.asked.append((self.path, "HEAD"))
        hub.tokens.append(self.headers["Authorization"])
        if hub.moved and not self.path.startswith(hub.moved):
            self.send_response(307)
            self.send_header("Location", hub.moved + self.path)
        elif hub.statuses:
            self._fail()
            return
        else:
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.invalid/file")
            for name, value in hub.told.items():
                self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        hub = self.server
        wanted = self.headers["Range"]
        hub.asked.append((self.path, wanted))
        hub.tokens.append(self.headers["Authorization"])
        if hub.redirect and not self.path.startswith("/cdn"):
            self.send_response(302)
            self.send_header("Location", hub.redirect + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if hub.statuses:
            self._fail()
            return
        try:
            body = hub.body(self.path)
        except KeyError:
            self.send_error(404)
            return
        wanted = wanted if hub.ranges else None
        if wanted and not wanted.endswith("-"):
            self._begin(body[: int(wanted.rpartition("-")[2]) + 1], len(body))
        else:
            self._give(body, int(wanted[6:-1]) if wanted else 0)

    def _begin(self, beginning: bytes, total: int) -> None:
        self.send_response(206)
        self.send_header("Content-Length", str(len(beginning)))
        self.send_header("Content-Range", f"bytes 0-{len(beginning) - 1}/{total}")
        self.end_headers()
        self.wfile.write(beginning)

    def _fail(self) -> None:
        hub = self.server
        self.send_response(hub.statuses.pop(0))
        if hub.retry_after:
            self.send_header("Retry-After", hub.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, body: bytes, start: int) -> None:
        hub, total = self.server, len(body)
        self.send_response(206 if start else 200)
        if not hub.endless:
            self.send_header("Content-Length", str(total - start))
        if start:
            told = start if hub.range_start is None else hub.range_start
            self.send_header("Content-Range", f"bytes {told}-{total - 1}/{total}")
        self.end_headers()
        stop = total if hub.cut is None else start + hub.cut
        self.wfile.write(body[start:stop])
        while hub.endless:  # until whoever reads has had enough
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(contents: bytes) -> Iterator[HubServer]:
    with running(HubServer(contents)) as server:
        yield server


@contextmanager
def running(server: S) -> Iterator[S]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """Give the address of a hub that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def standing_in(monkeypatch: pytest.MonkeyPatch, contents: bytes) -> Iterator[HubServer]:
    """Have this server asked in the hub's place, without what is set for the real one."""
    with serving(contents) as server:
        ask_instead(monkeypatch, server)
        yield server


def ask_instead(monkeypatch: pytest.MonkeyPatch, server: HubServer) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
