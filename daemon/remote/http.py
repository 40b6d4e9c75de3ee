"""One request to a server of OpenAI's interface, with every wait and every size bounded."""

import http.client
import io
import secrets
import time
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from daemon.brain.wire import CancellableSocket, CancellableTls, Connection, TooMuchData
from daemon.media import Audio
from daemon.remote.pcm import to_pcm
from daemon.remote.place import HttpRefusal, Place
from daemon.worker import CancelToken

MAX_WORDS_BYTES = 1 << 20  # of an answer in words, with a time for each of them


class HttpAnswer:
    """What comes back, and how long it may still be waited for."""

    def __init__(
        self, response: http.client.HTTPResponse, sock: CancellableSocket | CancellableTls
    ) -> None:
        self._response, self._sock = response, sock
        self.content_type = response.headers.get_content_type()
        self.rate = response.headers.get_param("rate")

    def grant(self, seconds: float) -> None:
        """Wait for so much longer: as much sound has come, which has to be heard first."""
        self._sock.left_s += seconds

    def words(self) -> bytes:
        """Return all of it; raises ``TooMuchData``."""
        body = self._response.read(MAX_WORDS_BYTES + 1)
        if len(body) > MAX_WORDS_BYTES:
            raise TooMuchData
        return body

    def pieces(self, most: int) -> Iterator[bytes]:
        """Yield it as it comes, at most ``most`` bytes at once; raises for an end too soon."""
        while piece := self._response.read1(most):
            yield piece
        if self._response.length:  # what was announced has not all come
            raise http.client.IncompleteRead(b"", self._response.length)


@contextmanager
def post(
    place: Place, route: str, kind: str, body: bytes, cancel: CancelToken
) -> Iterator[HttpAnswer]:
    """Send ``body``; leaving hangs up, which is what ends the server's work.

    Raises ``HttpRefusal``, ``OSError``, ``HTTPException`` or ``Cancelled``.
    """
    begun = time.monotonic()
    connection = Connection(place.address.host, place.address.port, lambda: place.connect(cancel))
    headers = {"Content-Type": kind, "Accept-Encoding": "identity"}
    if place.key:
        headers["Authorization"] = f"Bearer {place.key}"
    try:
        connection.request("POST", place.address.target(route), body, headers)
        sock = connection.sock
        sock.left_s = max(0.0, place.wait_s - (time.monotonic() - begun))
        with connection.answer() as response:
            if response.status != http.client.OK:
                raise HttpRefusal(response.status)
            yield HttpAnswer(response, sock)
    finally:
        connection.close()


def form(fields: Mapping[str, str], audio: Audio) -> tuple[str, bytes]:
    """Return the type and the body of a form with ``fields`` and a WAV file."""
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n".encode()
    )
    parts += [_wav(audio), f"\r\n--{mark}--\r\n".encode()]
    return f"multipart/form-data; boundary={mark}", b"".join(parts)


def _wav(audio: Audio) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate)
        file.writeframes(to_pcm(audio.samples))
    return content.getvalue()
