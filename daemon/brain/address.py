"""Where a server is, and what a person is told when nothing good comes from there."""

import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from daemon.brain.completions import explain_unreadable, failure
from daemon.brain.dialect import Refused
from daemon.brain.server_key import KEY_VARIABLE
from daemon.errors import SetupError, StageError, named
from daemon.i18n import tr

_ROUTES = re.compile(r"/(?:chat/completions|completions|models)$")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server's interface, taken apart."""

    host: str
    port: int
    path: str
    query: str = field(repr=False)
    encrypted: bool
    shown: str
    """As people are told it: without what may be a password."""

    @classmethod
    def of(cls, url: str) -> "Address":
        """Take ``url`` apart. Raises ``SetupError`` when it is no address of a server."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host = ""
        if not host or parts.scheme not in ("http", "https"):
            raise SetupError(
                tr("{url} is not the address of a server.").format(url=url),
                'url = "http://127.0.0.1:8000/v1"',
            )
        encrypted = parts.scheme == "https"
        path = _ROUTES.sub("", parts.path.rstrip("/"))
        query = f"?{parts.query}" if parts.query else ""
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
        return cls(host, port or (443 if encrypted else 80), path, query, encrypted, shown)

    def target(self, route: str) -> str:
        """Return what is asked for: path, route and query."""
        return self.path + route + self.query

    def explained(self, refused: Refused) -> StageError:
        """Say why a server refuses, and what mends that."""
        if refused.status in (401, 403):
            return StageError(
                "brain",
                tr("The server {url} does not accept the key.").format(url=self.shown),
                tr("set key_file under [server], or {variable} in the environment").format(
                    variable=KEY_VARIABLE
                ),
            )
        error = failure(f"{self.shown}: {refused.status}", refused.said)
        if 300 <= refused.status < 400:
            error.fix = tr("set url under [server] to where it leads")
        elif refused.status in (404, 405):
            error.fix = self.hint()
        elif refused.status in (400, 413) and "context" in refused.said:
            error.fix = tr("set context_tokens under [brain] to what the server has")
        elif refused.status == http.client.TOO_MANY_REQUESTS:
            error.fix = tr("ask less often, or raise the limit at the server")
        return error

    def hint(self) -> str:
        """Say what may be wrong with the address."""
        if re.search(r"/v\d", self.path) or "/openai/" in self.path + "/":
            return tr("correct url or model under [server]")
        return f'url = "{self.shown}/v1"'

    def gone(self, error: Exception) -> StageError:
        """Say that a server does not answer, or not in a way that can be read."""
        if not isinstance(error, OSError):  # which a connection that breaks is, too
            return explain_unreadable(error)
        hung = isinstance(error, TimeoutError)
        reason = tr("it was silent for too long") if hung else named(error)
        return StageError(
            "brain",
            tr("The server {url} does not answer: {reason}").format(url=self.shown, reason=reason),
            tr("start it, or correct url under [server]"),
            str(error),
        )
