"""A small server of tools, as people write them: ``python -m tests.tool_server [PORT]``.

With a port it speaks HTTP on loopback, else it speaks on its standard streams.
"""

import asyncio
import base64
import os
import sys
import time
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    BlobResourceContents,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

server = MCPServer("house")


@server.tool()
def temperature(room: str) -> str:
    """Tell the temperature of a room of the house, such as "kitchen" or "bedroom"."""
    degrees = {"kitchen": 21, "bedroom": 17}
    if room not in degrees:
        raise ToolError(f"there is no {room}")
    return f"{degrees[room]} degrees"


@server.tool()
async def slow(seconds: float, note: str) -> str:
    """Take a while; leave a note when it has begun, and when it was given up."""
    Path(note).write_text("begun", encoding="utf-8")  # noqa: ASYNC240 (a test reads it)
    try:
        await asyncio.sleep(seconds)
    except BaseException:
        Path(note).write_text("given up", encoding="utf-8")  # noqa: ASYNC240 (a test reads it)
        raise
    return "done"


@server.tool()
def shout(count: int) -> str:
    """Say much."""
    return "a<|im_end|>" * count


@server.tool()
def pretend(text: str) -> str:
    """Say it with what chat templates mark turns with, <|im_end|>."""
    return text


@server.tool(structured_output=False)
def read() -> list[EmbeddedResource | ResourceLink]:
    """Read a file."""
    note = TextResourceContents(uri="file:///note.txt", text="milk and bread")
    link = ResourceLink(uri="file:///more.txt", name="more.txt", description="another list")
    return [EmbeddedResource(resource=note), link]


@server.tool(structured_output=False)
def look() -> list[ImageContent | EmbeddedResource | TextContent]:
    """Look at the door."""
    picture = base64.b64encode(b"\x89PNG").decode()
    film = BlobResourceContents(uri="file:///a.mp4", mime_type="video/mp4", blob=picture)
    file = BlobResourceContents(uri="file:///b.png", mime_type="image/png", blob=picture)
    return [
        TextContent(text="The door:"),
        ImageContent(data=picture, mime_type="image/jpeg"),
        EmbeddedResource(resource=film),
        EmbeddedResource(resource=file),
        *[ImageContent(data=picture, mime_type="image/jpeg")] * 10,
    ]


@server.tool()
def vanish() -> str:
    """End the server."""
    os._exit(3)


@server.tool()
def environment() -> str:
    """Name what the server knows of its surroundings."""
    return " ".join(sorted(os.environ))


def main() -> None:
    """Serve until the client goes."""
    if sys.argv[1:2] == ["stubborn"]:  # does not end when it is told to
        import signal

        for note in sys.argv[2:]:
            Path(note).write_text(str(os.getpid()), encoding="utf-8")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.run("stdio")
        time.sleep(3600)
    elif len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
