"""llama.cpp's own server, inside this process.

It comes as ``xllamacpp.Server``, and its HTTP routes are the only way to count tokens exactly, to
read an answer piece by piece without a thread, and to end the work at once by hanging up. It
listens on a unix socket in a private directory and never on the network; on top of that every
request carries a key that only this object knows.
"""

import http.client
import json
import logging
import os
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import xllamacpp

from daemon.brain.completions import (
    AnswerMeta,
    ReplyStream,
    error_message,
    failure,
    parse,
    parse_sse,
    to_openai_messages,
    to_openai_tools,
)
from daemon.brain.llama_loading import check_file, parameters, start_server
from daemon.brain.llama_threads import LlamaThreads
from daemon.brain.native_cpu import use_native_cpu
from daemon.brain.wire import Connection, TimeLimits, lines, local_socket, read_all
from daemon.errors import StageError, named
from daemon.files import LockedTempFolder
from daemon.graphics import PROCESSOR
from daemon.media import JsonObject, Message, Tool
from daemon.processor_load import PROCESSORS, ProcessorLoad, physical_cores
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

# A full context on a slow machine is read within two minutes; longer is a hang.
TIME_LIMITS = TimeLimits(connect=5.0, silence=120.0, total=1800.0)
GENERATION_ROUTES = ("/completion", "/v1/chat/completions")  # routes that its loop answers
ATTEMPTS = 10  # to send a request


class LlamaServer:
    """A server with one model and one chat."""

    keeps_branches = False

    def __init__(
        self,
        path: Path,
        context_tokens: int,
        gpu_layers: int,
        threads: int,
        adapter: Path | None = None,
        load: ProcessorLoad = PROCESSORS,
    ) -> None:
        """Load the model, with settings as ``LlamaCpp`` has them; raises ``SetupError``."""
        check_file(path)
        self._load = load
        self._most_threads = threads or physical_cores()
        self._threads: LlamaThreads | None = None
        self._server: xllamacpp.Server | None = None
        self._at_work = False
        self.device = PROCESSOR
        """Where it computes."""
        self.key = secrets.token_urlsafe(32)
        """What every request carries."""
        self._directory = LockedTempFolder("digital-life-brain-")  # mode 0700
        self.socket = os.path.join(self._directory.name, "brain.sock")
        """Where it listens."""
        try:
            start = partial(self._start, path, context_tokens, gpu_layers, adapter)
            self._server = start(self._most_threads)
            settings = self.ask("GET", "/props", None)["default_generation_settings"]
            self.context_tokens = int(settings["n_ctx"])
            """How many tokens fit; fewer than asked for if the model was trained on fewer."""
            if not threads and self._most_threads > 1:
                self._threads = LlamaThreads(self._server, self.context_tokens, self._most_threads)
                if not self._threads.adjustable:  # then rather one too few than one too many
                    self._free()
                    self._most_threads -= 1
                    self._server = start(self._most_threads)
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        path: Path,
        context_tokens: int,
        gpu_layers: int,
        adapter: Path | None,
        threads: int,
    ) -> xllamacpp.Server:
        use_native_cpu()
        params = parameters(path, context_tokens, adapter, threads, self.socket, self.key)
        engine = start_server(params, gpu_layers, path, adapter)
        self.device = engine.device
        return engine.made

    def ask(
        self,
        method: str,
        route: str,
        body: dict[str, object] | None,
        cancel: CancelToken | None = None,
    ) -> JsonObject:
        """Return the answer to a request; raises ``StageError``, and ``Cancelled``."""
        with self.open(method, route, body, cancel or CancelToken()) as response:
            answer: JsonObject = parse(read_all(response))
            return answer

    @contextmanager
    def open(
        self, method: str, route: str, body: dict[str, object] | None, cancel: CancelToken
    ) -> Generator[http.client.HTTPResponse]:
        """Send a request, and hang up after the ``with`` block: that is what stops the model.

        Raises ``StageError``, also for what goes wrong in the block, and ``Cancelled``.
        """
        if route in GENERATION_ROUTES and self._threads is not None:
            self._threads.set(self._load.threads(self._most_threads))
        reach = partial(local_socket, self.socket, TIME_LIMITS, cancel)
        connection = Connection("localhost", None, reach)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            content = None if body is None else json.dumps(body).encode()
            send(connection, method, route, content, headers)
            with connection.answer() as response:
                if response.status != http.client.OK:
                    raise failure(f"HTTP {response.status}", error_message(read_all(response)))
                self._at_work = self._at_work or route in GENERATION_ROUTES
                yield response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise failure(named(error), str(error)) from error
        finally:
            connection.close()

    @property
    def threads(self) -> int:
        """How many threads it computes with at the moment."""
        return self._threads.get() if self._threads is not None else self._most_threads

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """Return messages as the model's chat template has them. Raises ``StageError``."""
        chat = {"messages": to_openai_messages(messages), **to_openai_tools(tools)}
        return str(self.ask("POST", "/apply-template", chat)["prompt"])

    def count(self, prompt: str) -> int:
        """Return how many tokens a prompt has. Raises ``StageError``."""
        body: dict[str, object] = {"content": prompt, "add_special": True, "parse_special": True}
        return len(self.ask("POST", "/tokenize", body)["tokens"])

    def pieces(self, text: str, cancel: CancelToken) -> list[str]:
        """Return the tokens of ``text``; what is no text of its own is ""."""
        body: dict[str, object] = {"content": text, "with_pieces": True}
        tokens = self.ask("POST", "/tokenize", body, cancel)["tokens"]
        return [token["piece"] if isinstance(token["piece"], str) else "" for token in tokens]

    def complete(
        self, prompt: str, fields: Mapping[str, object], cancel: CancelToken, ahead: str = ""
    ) -> JsonObject:
        """Return the answer of ``/completion``; raises ``StageError`` and ``Cancelled``."""
        body = {"prompt": prompt, "cache_prompt": True, **fields}
        return self.ask("POST", "/completion", body, cancel)

    def chat(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        fields: Mapping[str, object],
        cancel: CancelToken,
        meta: AnswerMeta,
    ) -> ReplyStream:
        """Yield an answer and its calls; raises ``StageError`` and ``Cancelled``."""
        body = {
            "messages": to_openai_messages(messages),
            **to_openai_tools(tools),
            "stream": True,
            "cache_prompt": True,
            **fields,
        }
        with self.open("POST", "/v1/chat/completions", body, cancel) as response:
            yield from parse_sse(lines(response), cancel, meta)

    def close(self) -> None:
        """Free the model and remove the socket's folder."""
        self._free()
        self._directory.cleanup()

    def _free(self) -> None:
        self._threads = None
        if self._server is not None and not self._at_work:
            # Its loop may not have begun yet; told to end before that, it would never end.
            with suppress(StageError):
                self.ask("POST", "/completion", {"prompt": ".", "n_predict": 0})
        self._server = None  # its destructor waits for the C++ threads
        self._at_work = False
        with suppress(FileNotFoundError):
            os.unlink(self.socket)


def send(
    connection: http.client.HTTPConnection,
    method: str,
    route: str,
    content: bytes | None,
    headers: dict[str, str],
) -> None:
    """Send a request, once more where llama.cpp has hung up: it waits for one for 5 s only.

    On a slow machine a thread may not get the processor for so long between connecting and sending.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            return connection.request(method, route, content, headers)
        except (BrokenPipeError, ConnectionResetError):
            connection.close()
            if not left:
                raise
