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
import tempfile
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
from daemon.brain.llama_cards import on_cards
from daemon.brain.llama_threads import LlamaThreads
from daemon.brain.native_cpu import use_native_cpu
from daemon.brain.wire import Connection, TimeLimits, lines, local_socket, read_all
from daemon.errors import SetupError, StageError, named
from daemon.files import LockedTempFolder
from daemon.graphics import PROCESSOR
from daemon.i18n import tr
from daemon.media import JsonObject, Message, Tool
from daemon.processor_load import PROCESSORS, ProcessorLoad, physical_cores
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

# A full context on a slow machine is read within two minutes; longer is a hang.
TIME_LIMITS = TimeLimits(connect=5.0, silence=120.0, total=1800.0)
PROMPT_BATCH = 256  # tokens read between two looks at a hang-up; 2048, the default, can take 40 s
CACHE_REUSE = 16  # tokens; when the oldest turn is dropped, equal runs this long are not read again
# There is one chat, and beside it the question of tools (json_tool_calls.py): with room for both
# prompts each reads only its new words, in 0.3 s instead of 3 to 10. The default of 8 GB is for
# many chats.
CACHE_MIB = 64
GENERATION_ROUTES = ("/completion", "/v1/chat/completions")  # routes that its loop answers
ATTEMPTS = 10  # to send a request
SOCKET_PATH_BYTES = 107  # of sockaddr_un.sun_path, less its closing zero


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
        _check_file(path)
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
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise SetupError(
                tr("The temporary directory {path} has too long a name for a socket.").format(
                    path=tempfile.gettempdir()
                ),
                "export TMPDIR=/tmp",
            )
        use_native_cpu()
        params = self._parameters(path, context_tokens, adapter, threads)

        def load(layers: int) -> xllamacpp.Server:
            params.n_gpu_layers = layers
            # What fits on the cards is found by loading all once more: half of the time, in which
            # the binding keeps Python's lock, so that neither ears nor loudspeaker get to run.
            params.fit_params = layers != 0
            return xllamacpp.Server(params)

        try:
            engine = on_cards(load, gpu_layers)
            self.device = engine.device
            return engine.made
        except RuntimeError as error:
            if adapter:
                raise SetupError(
                    tr(
                        "The language model {path} cannot be loaded with the adapter {adapter}: "
                        "it was made for another model, or one of them is damaged."
                    ).format(path=path, adapter=adapter),
                    tr('for the one that comes with the model set adapter = "auto" under [brain]'),
                ) from error
            raise SetupError(
                tr(
                    "The language model {path} cannot be loaded: "
                    "it is damaged, incomplete or of a kind llama.cpp does not know."
                ).format(path=path),
                "digital-life models verify",
            ) from error

    def _parameters(
        self, path: Path, context_tokens: int, adapter: Path | None, threads: int
    ) -> xllamacpp.CommonParams:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        if adapter:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter))]
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.n_batch = PROMPT_BATCH
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_prompt = True  # a follow-up reads only its new words
        params.n_cache_reuse = CACHE_REUSE
        params.cache_ram_mib = CACHE_MIB
        params.cache_idle_slots = False
        params.enable_reasoning = 0  # a person is waiting: no thinking before the answer
        params.hostnames = [self.socket]  # what ends in .sock is taken as a unix socket's path
        params.port = 0
        params.api_keys = [self.key]
        params.n_threads_http = 2
        params.sse_ping_interval = -1  # a ping would hide a hang
        params.ui = False
        params.endpoint_slots = False
        # Level 3 tells of loading and of timings but repeats no prompt; -1 is silence.
        params.verbosity = 3 if log.isEnabledFor(logging.DEBUG) else -1
        return params

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


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise SetupError(
            tr("The language model {path} is missing.").format(path=path),
            "digital-life models pull",
        )
    if not os.access(path, os.R_OK):
        raise SetupError(
            tr("The language model {path} cannot be read.").format(path=path),
            f"chmod u+r {path}",
        )
