"""A model hub of our own, with one odd habit at a time."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
        self.range_start: int | None = None
        """Another place than the one that was asked for."""
        self.redirect = ""
        """Where files are really: ``/cdn`` on this host, or with it."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(http.server.BaseHTTPRequestHandler):
    server: HubServer

    def do_GET(self) -> None:
        hub = self.server
        wanted = self.headers["Range"]
        hub.asked.append((self.path, wanted))
        if hub.redirect and not self.path.startswith("/cdn"):
            self.send_response(302)
            self.send_header("Location", hub.redirect + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if hub.statuses:
            self.send_response(hub.statuses.pop(0))
            if hub.retry_after:
                self.send_header("Retry-After", hub.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._give(int(wanted[6:-1]) if wanted and hub.ranges else 0)

    def _give(self, start: int) -> None:
        hub, total = self.server, len(self.server.contents)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(total - start))
        if start:
            told = start if hub.range_start is None else hub.range_start
            self.send_header("Content-Range", f"bytes {told}-{total - 1}/{total}")
        self.end_headers()
        stop = total if hub.cut is None else start + hub.cut
        self.wfile.write(hub.contents[start:stop])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(contents: bytes) -> Iterator[HubServer]:
    with HubServer(contents) as server:
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
