"""One exchange with a server of the Wyoming protocol, with every wait and every size bounded."""

import io
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import SupportsIndex

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event, read_event, write_event

from daemon.brain.wire import (
    POLL_INTERVAL_S,
    CancellableSocket,
    CancellableTls,
    TooMuchData,
)
from daemon.i18n import tr
from daemon.media import Audio
from daemon.remote.pcm import to_pcm
from daemon.remote.place import Place, Unusable
from daemon.worker import CancelToken

MAX_EVENT_BYTES = 4 << 20  # of a header, of data, or of sound
CHUNK_S = 0.5  # of sound in an event


class Line:
    """What a server says."""

    def __init__(self, sock: CancellableSocket | CancellableTls) -> None:
        self._sock = sock
        self._reader = _Bounded(socket.SocketIO(sock, "r"))

    def grant(self, seconds: float) -> None:
        """Wait for so much longer: as much sound has come, which has to be heard first."""
        self._sock.left_s += seconds

    def events(self) -> Iterator[Event]:
        """Yield what comes; raises ``Unusable`` at its end."""
        while (event := read_event(self._reader)) is not None:
            if event.type == "error":
                raise Unusable(tr("an error"))
            yield event
        raise Unusable(tr("an incomplete answer"))


class _Bounded(io.BufferedReader):
    """Reads nothing that is longer than anybody can want, whatever length a server announces."""

    def readline(self, size: SupportsIndex | None = -1, /) -> bytes:
        """Read a line."""
        found = super().readline(MAX_EVENT_BYTES)
        if len(found) >= MAX_EVENT_BYTES:
            raise TooMuchData
        return found

    def read(self, size: SupportsIndex | None = -1, /) -> bytes:
        """Read so much."""
        if size is None or not 0 <= size.__index__() <= MAX_EVENT_BYTES:
            raise TooMuchData
        return super().read(size.__index__())


@contextmanager
def exchange(place: Place, asked: Iterable[Event], cancel: CancelToken) -> Iterator[Line]:
    """Send events; leaving hangs up, which is what ends the server's work.

    Raises ``OSError`` or ``Cancelled``, and what is read ``TooMuchData``, ``Unusable`` or whatever
    an event without its fields brings.
    """
    content = io.BytesIO()
    for event in asked:
        write_event(event, content)
    with closing(place.connect(cancel)) as sock:
        sock.sendall(content.getvalue())
        sock.settimeout(POLL_INTERVAL_S)
        yield Line(sock)


def spoken(audio: Audio) -> Iterator[Event]:
    """Yield a sound as events."""
    told = {"rate": audio.rate, "width": 2, "channels": 1}
    yield AudioStart(**told).event()
    size = round(CHUNK_S * audio.rate)
    for start in range(0, len(audio.samples), size):
        content = to_pcm(audio.samples[start : start + size])
        yield AudioChunk(**told, audio=content).event()
    yield AudioStop().event()
