"""Where a server that hears or speaks is, how it is reached, and what is told when it fails."""

import http.client
import ssl
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from daemon.brain.address import Address
from daemon.brain.server_key import KEY_VARIABLE, read_key
from daemon.brain.wire import CancellableSocket, CancellableTls, TimeLimits, network_socket
from daemon.config.speech_servers import SpeechServerSettings
from daemon.errors import SetupError, StageError, named
from daemon.extras import install_command
from daemon.i18n import tr
from daemon.worker import CancelToken

Part = Literal["ears", "voice"]
Kind = Literal["openai", "wyoming"]

CONNECT_S = 0.5  # within which a network at home has long connected
STAGES: dict[Part, str] = {"ears": "whisper", "voice": "voice"}
EXAMPLES: dict[Kind, str] = {
    "openai": 'url = "http://127.0.0.1:8000/v1"',
    "wyoming": 'url = "tcp://127.0.0.1:10300"',
}


class Unusable(Exception):
    """What a server sends is not what was asked for; the text names no word of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One server, for one part."""

    part: Part
    address: Address
    key: str = field(repr=False)
    wait_s: float
    """How long words, or sound to play, are waited for."""
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, part: Part, kind: Kind, told: SpeechServerSettings) -> "Place":
        """Take the settings apart. Raises ``SetupError`` where they name no server of the kind."""
        section = f"[{part}_server]"
        fits = told.url.startswith("tcp://") is (kind == "wyoming")
        if not told.url or not fits:
            raise SetupError(
                tr("{section} has no url of a server of the kind {kind}.").format(
                    section=section, kind=kind
                ),
                EXAMPLES[kind],
            )
        address = _wyoming(told.url) if kind == "wyoming" else Address.of(told.url)
        key = read_key(told.key_file) if kind == "openai" else ""
        tls = ssl.create_default_context() if address.encrypted else None
        return cls(part, address, key, told.silence_s, tls)

    def connect(self, cancel: CancelToken) -> CancellableSocket | CancellableTls:
        """Open a connection, which waits for ``wait_s`` in all unless it is granted more."""
        cancel.check()
        limits = TimeLimits(min(CONNECT_S, self.wait_s), self.wait_s, self.wait_s)
        where = self.address.host, self.address.port
        return network_socket(*where, self.tls, limits, cancel)

    def failed(self, error: Exception) -> StageError:
        """Say why it is of no use now; never in words that it sent."""
        stage, section, url = STAGES[self.part], f"[{self.part}_server]", self.address.shown
        if isinstance(error, StageError):
            return error
        if isinstance(error, HttpRefusal) and error.status in (401, 403):
            return StageError(
                stage,
                tr("The server {url} does not accept the key.").format(url=url),
                tr("set key_file under {section}, or {variable} in the environment").format(
                    section=section, variable=KEY_VARIABLE
                ),
            )
        if isinstance(error, HttpRefusal):
            reason = f"{error.status} {http.client.responses.get(error.status, '')}".strip()
        elif isinstance(error, TimeoutError):
            reason = tr("it was silent for too long")
        elif isinstance(error, ssl.SSLCertVerificationError):
            reason = tr("its certificate cannot be verified here")
        elif isinstance(error, ssl.SSLError):
            reason = "TLS"
        elif isinstance(error, OSError):
            reason = named(error)
        else:
            reason = str(error) if isinstance(error, Unusable) else type(error).__name__
            text = tr("The server {url} sent something that cannot be used: {reason}")
            return StageError(stage, text.format(url=url, reason=reason))
        return StageError(
            stage,
            tr("The server {url} does not answer: {reason}").format(url=url, reason=reason),
            tr("start it, or correct url under {section}").format(section=section),
        )


class HttpRefusal(Exception):
    """A server answers with another status than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _wyoming(url: str) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port is None:
        raise SetupError(
            tr("{url} is not the address of a server.").format(url=url), EXAMPLES["wyoming"]
        )
    shown = f"tcp://{parts.netloc.rpartition('@')[2]}"
    return Address(host, port, "", "", False, shown)


def no_wyoming() -> SetupError:
    """Return what is to be raised where the library of the protocol is not installed."""
    return SetupError(
        tr("A server of the kind wyoming needs the package wyoming, which is not installed."),
        install_command("wyoming"),
    )
