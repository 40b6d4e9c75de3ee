"""Whether what is sent to a server stays on this computer."""

import ipaddress
from typing import Protocol
from urllib.parse import urlsplit


class ReachedByUrl(Protocol):
    """The settings of a server."""

    @property
    def url(self) -> str:
        """Where it is; "" where there is none."""

    @property
    def remote(self) -> bool:
        """Whether it may be another computer."""


def is_loopback(url: str) -> bool:
    """Whether what is sent to ``url`` stays on this computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allow_only_here(server: ReachedByUrl, refusal: str) -> None:
    """Raise ``ValueError`` with ``refusal`` for another computer that is not allowed."""
    if server.url and not server.remote and not is_loopback(server.url):
        raise ValueError(refusal)
