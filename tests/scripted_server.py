"""A server that answers whatever a test has it answer."""

import socket
import threading
from collections.abc import Sequence


class Server:
    """Answers each connection in its turn with scripted bytes; a number among them is a pause."""

    def __init__(self, *scripts: Sequence[bytes | float]) -> None:
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        self._scripts = list(scripts)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/"

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(self._request(connection))
                try:
                    for step in script:
                        if isinstance(step, bytes):
                            connection.sendall(step)
                        else:
                            self._pause(connection, step)
                except OSError:
                    self.hung_up.set()

    def _pause(self, connection: socket.socket, seconds: float) -> None:
        connection.settimeout(seconds)
        try:
            if not connection.recv(1):
                raise ConnectionError
        except TimeoutError:
            connection.settimeout(None)

    @staticmethod
    def _request(connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536) or b"\r\n\r\n"
        head = request.partition(b"\r\n\r\n")[0]
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(request) < len(head) + 4 + int(line.split(b":")[1]):
                    request += connection.recv(65536)
        return request

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
