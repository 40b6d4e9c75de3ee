"""A server with OpenAI's chat protocol as the brain: vLLM, SGLang, Ollama, llama-server.

Such a server runs models that no single machine carries; what is said goes there over the network.
The key is read from a file or the environment, sent to that one address and to no other (nothing
redirects it), and never logged.
"""

import http.client
import json
import logging
import os
import socket
import ssl
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from daemon.brain.completions import (
    GLANCE_S,
    Pieces,
    Waiting,
    WaitingSocket,
    failure,
    message,
    offered,
    pieces,
    plain,
    words,
)
from daemon.brain.sentences import is_chinese
from daemon.errors import SetupError, StageError, named
from daemon.i18n import tr
from daemon.media import Message, Tool
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

KEY_VARIABLE = "DIGITAL_LIFE_KEY"
TRIES = 2  # a server that restarted, or a balancer before it, drops the first connection
TOKENS_A_MESSAGE = 8  # roles and separators, generously
LETTERS_A_TOKEN = 3  # of spaced scripts; four is usual, three errs to the safe side


class _NoTools(Exception):
    """The server does not want to hear of tools; carries why."""


class OpenAIServer:
    """A ``ToolUser`` on a server; opens a connection a reply.

    ``model`` "" takes the first that the server lists. ``connect_s`` bounds the call, ``silence_s``
    each wait for a token. ``context_tokens`` is taken on trust: no server tells it alike.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        key: str = "",
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        connect_s: float,
        silence_s: float,
    ) -> None:
        self.tools: tuple[Tool, ...] = ()
        self._can_call = True
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SetupError(
                tr("{url} is not the address of a server.").format(url=url),
                'url = "http://127.0.0.1:8000/v1"',
            )
        self._host, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        if self._tls:
            self._tls.sslsocket_class = _WaitingTls
        self._path = parts.path.rstrip("/")
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._path}"
        self._model, self._key = model, key
        self._context_tokens, self._max_reply_tokens = context_tokens, max_reply_tokens
        self._sampling = {"temperature": temperature, "top_p": top_p}
        self._connect_s, self._silence_s = connect_s, silence_s

    @property
    def context_tokens(self) -> int:
        """How many tokens fit, as set."""
        return self._context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Estimate how many tokens the messages take; rather too many than too few."""
        called = [call.name + call.arguments for message in messages for call in message.calls]
        told = [json.dumps(offered((tool,)), ensure_ascii=False) for tool in self._offered]
        texts = [*(message.content for message in messages), *called, *told]
        return sum(TOKENS_A_MESSAGE + _tokens(text) for text in texts)

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer as it comes; ends early once ``cancel`` is set. Raises ``StageError``.

        A connection that fails before the first piece is opened once more.
        """
        return words(self.reply_or_call(messages, cancel))

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> Pieces:
        """Yield the answer likewise, and then the tools that it wants to be called."""
        try:
            yield from self._insist(messages, cancel)
        except _NoTools as error:  # it answers without them
            self._can_call = False
            log.warning("%s", tr("The server {url} calls no tools.").format(url=self._shown))
            log.debug("%s: %s", self._shown, error)
            yield from self._insist(messages, cancel)

    @property
    def _offered(self) -> tuple[Tool, ...]:
        return self.tools if self._can_call else ()

    def _insist(self, messages: Sequence[Message], cancel: CancelToken) -> Pieces:
        for left in reversed(range(TRIES)):
            began = False
            try:
                for piece in self._stream(messages, cancel):
                    began = True
                    yield piece
                return
            except Cancelled:
                return
            except (OSError, http.client.HTTPException) as error:
                if began or not left or isinstance(error, TimeoutError):
                    raise self._gone(error) from error

    def warm_up(self) -> None:
        """Ask the server for its models; ``StageError`` when it does not answer."""
        try:
            self._models(CancelToken())
        except (OSError, http.client.HTTPException) as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Nothing is kept open."""

    def _stream(self, messages: Sequence[Message], cancel: CancelToken) -> Pieces:
        body = {
            "model": self._model or self._models(cancel)[0],
            "messages": plain(messages),
            **offered(self._offered),
            "stream": True,
            "max_tokens": self._max_reply_tokens,
            **self._sampling,
        }
        connection = self._connect(cancel)
        try:
            with self._ask(connection, "POST", "/chat/completions", body) as response:
                yield from pieces(response, cancel)
        finally:
            connection.close()  # hanging up is what stops the server's work

    def _models(self, cancel: CancelToken) -> list[str]:
        connection = self._connect(cancel)
        try:
            with self._ask(connection, "GET", "/models", None) as response:
                names = [str(entry["id"]) for entry in json.load(response)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise failure(tr("it sent what is not a chat")) from error
        finally:
            connection.close()
        if not names:
            raise failure(tr("it serves no model"))
        return names

    def _connect(self, cancel: CancelToken) -> "_Connection":
        cancel.check()
        return _Connection(
            self._host, self._port, self._tls, cancel, self._connect_s, self._silence_s
        )

    def _ask(
        self, connection: "_Connection", method: str, route: str, body: dict[str, Any] | None
    ) -> http.client.HTTPResponse:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, self._path + route, content, headers)
        connection.listen()
        response = connection.getresponse()
        if response.status == http.client.OK:
            return response
        with response:
            said = message(response.read(2000))
        if response.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            raise StageError(
                "brain",
                tr("The server {url} does not accept the key.").format(url=self._shown),
                tr("set key_file under [server], or {variable} in the environment").format(
                    variable=KEY_VARIABLE
                ),
            )
        if response.status == http.client.BAD_REQUEST and self._offered and "tool" in said.lower():
            raise _NoTools(said)
        refused = failure(f"{self._shown}: {response.status}", said)
        if response.status == http.client.BAD_REQUEST and "context" in said:
            refused.fix = tr("set context_tokens under [brain] to what the server has")
        raise refused

    def _gone(self, error: Exception) -> StageError:
        hung = isinstance(error, TimeoutError)
        reason = tr("it was silent for too long") if hung else named(error)
        return StageError(
            "brain",
            tr("The server {url} does not answer: {reason}").format(url=self._shown, reason=reason),
            tr("start it, or correct url under [server]"),
            str(error),
        )


class _WaitingTls(Waiting, ssl.SSLSocket):
    """The same over TLS."""


class _Connection(http.client.HTTPConnection):
    """HTTP whose connecting is bounded and whose reading can be cancelled."""

    sock: WaitingSocket | _WaitingTls

    def __init__(
        self,
        host: str,
        port: int | None,
        tls: ssl.SSLContext | None,
        cancel: CancelToken,
        connect_s: float,
        silence_s: float,
    ) -> None:
        self.default_port = 443 if tls else 80
        super().__init__(host, port)
        self._tls, self._cancel = tls, cancel
        self._connect_s, self._silence_s = connect_s, silence_s

    def connect(self) -> None:
        """Open the socket; what is sent may take as long as a token may."""
        raw = socket.create_connection((self.host, self.port), self._connect_s)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            wrapped = self._tls.wrap_socket(
                raw, server_hostname=self.host, do_handshake_on_connect=False
            )
            assert isinstance(wrapped, _WaitingTls)
            self.sock = wrapped
            self._patient()
            wrapped.do_handshake()
        else:
            self.sock = WaitingSocket(fileno=raw.detach())
            self._patient()
        self.sock.settimeout(self._silence_s)

    def _patient(self) -> None:
        self.sock.cancel, self.sock.patience_s = self._cancel, self._silence_s
        self.sock.settimeout(self._connect_s)

    def listen(self) -> None:
        """From now on look at the token while waiting."""
        self.sock.settimeout(GLANCE_S)


def _tokens(text: str) -> int:
    chinese = sum(map(is_chinese, text))
    return chinese + -(-(len(text) - chinese) // LETTERS_A_TOKEN)


def read_key(file: str) -> str:
    """Return the key in ``file``, or in the environment if none is named; "" is none.

    Raises ``SetupError`` for a file that cannot be read, or that others can read, too.
    """
    if not file:
        return os.environ.get(KEY_VARIABLE, "").strip()
    path = Path(file).expanduser()
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SetupError(
                tr("Others can read the key in {path}.").format(path=path), f"chmod 600 {path}"
            )
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "UTF-8"
        raise SetupError(
            tr("{path} cannot be read: {reason}.").format(path=path, reason=reason)
        ) from error
    if not key or not key.isascii() or any(char.isspace() for char in key):
        raise SetupError(tr("{path} does not hold a key.").format(path=path))
    return key
