"""Who may see the page: whoever holds a link that was made for them, in their own browser.

A link carries a token for one use. It becomes a cookie that no script reads and no other site's
page sends. Cookies do not tell ports apart, so that is not enough on a machine with several users:
the kernel is asked whose program is at the other end, as on the Unix socket, for each connection
and before anything is read from it. What a request says of where it comes from counts for nothing.
"""

import hashlib
import os
import secrets
import socket
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_S = 300.0  # a link waits this long to be opened
MAX_TOKENS = 8  # links that wait; older ones are void
MAX_SESSIONS = 16  # browsers; the one that came first has to come again with a new link
# The kernel's tables of connections; a program may reach an address of IPv4 through IPv6, too.
TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
ESTABLISHED = "01"  # a program that has closed its end has no owner any more: the table says 0
FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "x-client-ip", "x-cluster-client-ip")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=()",
    "Cache-Control": "no-store",
}


class Keys:
    """Tokens that wait for their one use, and the cookies they became; only in memory."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[bytes, float] = OrderedDict()
        self._cookies: OrderedDict[bytes, None] = OrderedDict()

    def token(self) -> str:
        """Make a token for one use."""
        made = secrets.token_urlsafe(32)
        self._tokens[_mark(made)] = time.monotonic() + TOKEN_S
        while len(self._tokens) > MAX_TOKENS:
            self._tokens.popitem(last=False)
        return made

    def cookie(self, token: str) -> str | None:
        """Use a token up for a cookie; ``None`` if it is void."""
        if self._tokens.pop(_mark(token), 0.0) < time.monotonic():
            return None
        made = secrets.token_urlsafe(32)
        self._cookies[_mark(made)] = None
        while len(self._cookies) > MAX_SESSIONS:
            self._cookies.popitem(last=False)
        return made

    def fits(self, cookie: str) -> bool:
        """Whether this is the cookie of a browser that was let in."""
        return _mark(cookie) in self._cookies


def _mark(secret: str) -> bytes:
    """Return what is kept of a secret; looking for it tells nothing by how long it takes."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


class Guard:
    """Lets through what the user's own browser asks for from a page of ours, and nothing else."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int) -> None:
        self.cookie_name: Final = f"digital_life_{port}"
        self._app = app
        self._keys = keys
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse; ``scope["known"]`` tells whether the right cookie came along."""
        refusal = self._refusal(scope)
        scope["known"] = self._keys.fits(self._cookie(scope))
        if scope["type"] == "websocket" and (refusal or not scope["known"]):
            await send({"type": "websocket.close", "code": 1008})  # before it opens: a plain 403
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if refusal:
            app: ASGIApp = PlainTextResponse(refusal, 403)
        elif scope["path"].startswith("/v1") and not scope["known"]:
            app = PlainTextResponse("This page needs a new link: digital-life panel", 401)
        else:
            app = self._app
        await app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> str:
        """Say why nobody of ours asks this; empty if all is well."""
        headers = Headers(scope=scope)
        host, origin = headers.getlist("host"), headers.getlist("origin")
        if len(host) != 1 or host[0] not in self._hosts:
            return "This is not the address of the panel."
        wanted = [f"http://{host[0]}"]
        only_looks = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if origin != wanted and (origin or not only_looks):
            return "Another site's page may not ask this."
        if any(name.startswith(FORWARDED) for name in headers):
            return "This page is for this computer only; nothing passes it on."
        return ""

    def _cookie(self, scope: Scope) -> str:
        try:
            jar = SimpleCookie(Headers(scope=scope).get("cookie", ""))
        except CookieError:
            return ""
        found = jar.get(self.cookie_name)
        return found.value if found else ""


def own_programs(connections: Sequence[socket.socket]) -> list[bool]:
    """Tell which come from a program of this user, or the administrator's.

    All do on a system that does not tell. Raises ``OSError`` where Linux does not.
    """
    if sys.platform != "linux":
        return [True] * len(connections)
    owners = dict(_established())
    trusted = (os.getuid(), 0)
    return [owners.get(_ends(connection)) in trusted for connection in connections]


def _ends(connection: socket.socket) -> tuple[str, str]:
    """Return the other end and ours as the kernel's table writes them; empty if it has gone."""
    try:
        theirs, ours = connection.getpeername(), connection.getsockname()
    except OSError:
        return "", ""
    return _address(*theirs), _address(*ours)


def _address(host: str, port: int) -> str:
    """Write an address: the number in the machine's own byte order."""
    number = int.from_bytes(IPv4Address(host).packed, sys.byteorder)
    return f"{number:08X}:{port:04X}"


def _established() -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the two ends and the owner of each connection that is whole."""
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            if table == TABLES[0]:
                raise
            continue  # a kernel without IPv6
        for line in lines:
            columns = line.split()
            if columns[3] == ESTABLISHED:
                yield (_as_ipv4(columns[1]), _as_ipv4(columns[2])), int(columns[7])


def _as_ipv4(address: str) -> str:
    """Return an address of IPv4 that is written as one of IPv6 (RFC 4291) without that."""
    mark = f"{int.from_bytes(bytes.fromhex('0000FFFF'), sys.byteorder):08X}"
    return address.removeprefix("0" * 16 + mark)
