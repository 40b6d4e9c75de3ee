"""What servers of tools send, within bounds.

The package mcp collects a line, and the body of an answer, for as long as they come.
"""

from collections.abc import AsyncIterator

import httpx2
from anyio import EndOfStream
from anyio.streams.text import TextReceiveStream

from daemon.errors import SetupError
from daemon.i18n import tr

MAX_MESSAGE_BYTES = 8 << 20  # characters of a line, or bytes of a body: a few photographs


class WholeLines(TextReceiveStream):
    """Hands over whole lines, collected in linear time; one without end ends the stream."""

    async def receive(self) -> str:
        """Return one line or several, or what is left when the server ends."""
        parts: list[str] = []
        length = 0
        while not parts or "\n" not in parts[-1]:
            try:
                parts.append(await super().receive())
            except EndOfStream:
                if not parts:
                    raise
                break
            length += len(parts[-1])
            if length > MAX_MESSAGE_BYTES:
                await self.aclose()  # or the package would read on, to no end
                raise SetupError(tr("it sends without end"))
        return "".join(parts)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for piece in self._stream:
            length += len(piece)
            if length > MAX_MESSAGE_BYTES:
                raise httpx2.StreamError("it sends without end")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound(response: httpx2.Response) -> None:
    """Bound the body of an answer; of a stream of events the package bounds each by itself."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.StreamError("it compresses, though it was asked not to")
    if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
