"""A GGUF language model inside this process, through llama.cpp.

llama.cpp comes as its own server (``xllamacpp.Server``), and its HTTP routes are the only way to
count tokens exactly, to read an answer piece by piece without a thread, and to end the work at
once by hanging up. It listens on a unix socket in a private directory and never on the network;
on top of that every request carries a key that only this object knows.
"""

import http.client
import json
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import xllamacpp

from daemon.brain.bare_calls import Ask, Way, alone, answer_barely, way_of, with_bare_calls
from daemon.brain.completions import (
    GLANCE_S,
    Pieces,
    WaitingSocket,
    failure,
    message,
    offered,
    pieces,
    plain,
    words,
)
from daemon.errors import SetupError, StageError
from daemon.i18n import tr
from daemon.media import Message, Tool
from daemon.worker import Cancelled, CancelToken

log = logging.getLogger(__name__)

PATIENCE_S = 120.0  # a full context on a slow machine is read within this; longer is a hang
PROMPT_BATCH = 256  # tokens read between two looks at a hang-up; 2048, the default, can take 40 s
CACHE_REUSE = 16  # tokens; when the oldest turn is dropped, equal runs this long are not read again
# There is one chat, and beside it the question of tools (bare_calls.py): with room for both prompts
# each reads only its new words, in 0.3 s instead of 3 to 10. The default of 8 GB is for many chats.
CACHE_MIB = 64
# llama.cpp's DRY sampler: small models repeat a list for ever. Runs of 6 tokens may come again, as
# in taking up the words of a question; longer ones become ever less likely.
# For each text at which a run ends, all the tokens are searched before the prompt is read: 10 ms.
DO_NOT_LOOP = {
    "dry_multiplier": 0.8,
    "dry_allowed_length": 6,
    "dry_penalty_last_n": 256,
    "dry_sequence_breakers": ["\n"],
}
SOCKET_PATH_BYTES = 107  # of sockaddr_un.sun_path, less its closing zero


class LlamaCpp:
    """A ``ToolUser`` on one GGUF file.

    ``gpu_layers`` counts only where llama.cpp finds a GPU; -1 is as many as fit there.
    ``threads`` 0 takes all physical cores this process may use to read, all but one to write.
    ``system_prompt`` is what the chats begin with: ``warm_up`` reads it, so that the first answer
    need not. Raises ``SetupError`` when the file is missing or cannot be loaded.
    """

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        max_reply_tokens: int,
        temperature: float,
        top_p: float,
        gpu_layers: int = -1,
        threads: int = 0,
        system_prompt: str = "",
    ) -> None:
        _check_file(path)
        self.tools: tuple[Tool, ...] = ()
        self._server: xllamacpp.Server | None = None
        self._at_work = False
        self._way: Way | None = None  # not known before there are tools
        self._path = path
        self._system_prompt = system_prompt
        self._sampling: dict[str, Any] = {"temperature": temperature, "top_p": top_p, **DO_NOT_LOOP}
        self._max_reply_tokens = max_reply_tokens
        self._key = secrets.token_urlsafe(32)
        self._directory = tempfile.TemporaryDirectory(prefix="digital-life-")  # mode 0700
        self._socket = os.path.join(self._directory.name, "brain.sock")
        try:
            self._server = self._start(context_tokens, gpu_layers, threads)
            self._context_tokens = self._slot_tokens()
        except BaseException:
            self.close()
            raise

    def _start(self, context_tokens: int, gpu_layers: int, threads: int) -> xllamacpp.Server:
        if len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES:
            raise SetupError(
                tr("The temporary directory {path} has too long a name for a socket.").format(
                    path=tempfile.gettempdir()
                ),
                "export TMPDIR=/tmp",
            )
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.n_batch = PROMPT_BATCH
        params.n_gpu_layers = gpu_layers if has_gpu() else 0
        # Its threads wait for each other a few hundred times a token, so one that shares its core
        # with the voice or the face holds up all. Measured on two cores, 30 % of one of them taken:
        # 12 tokens/s with two threads, 20 with one.
        params.cpuparams.n_threads = threads or max(1, physical_cores() - 1)
        params.cpuparams_batch.n_threads = threads or physical_cores()
        params.cache_prompt = True  # a follow-up reads only its new words
        params.n_cache_reuse = CACHE_REUSE
        params.cache_ram_mib = CACHE_MIB
        params.cache_idle_slots = False
        params.enable_reasoning = 0  # a person is waiting: no thinking before the answer
        params.hostnames = [self._socket]  # what ends in .sock is taken as a unix socket's path
        params.port = 0
        params.api_keys = [self._key]
        params.n_threads_http = 2
        params.sse_ping_interval = -1  # a ping would hide a hang
        params.ui = False
        params.endpoint_slots = False
        # Level 3 tells of loading and of timings but repeats no prompt; -1 is silence.
        params.verbosity = 3 if log.isEnabledFor(logging.DEBUG) else -1
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise SetupError(
                tr(
                    "The language model {path} cannot be loaded: "
                    "it is damaged, incomplete or of a kind llama.cpp does not know."
                ).format(path=self._path),
                "digital-life models verify",
            ) from error

    @property
    def context_tokens(self) -> int:
        """How many tokens fit; fewer than asked for if the model was trained on fewer."""
        return self._context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take, exactly, through the model's own chat template."""
        chat = {"messages": plain(messages), **offered(self.tools)}
        prompt = self._ask("POST", "/apply-template", chat)["prompt"]
        body = {"content": prompt, "add_special": True, "parse_special": True}
        return len(self._ask("POST", "/tokenize", body)["tokens"])

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        """Yield the answer in pieces of whole characters; ends early once ``cancel`` is set.

        Closing the iterator ends the model's work. Raises ``StageError``.
        """
        return words(self.reply_or_call(messages, cancel))

    def reply_or_call(self, messages: Sequence[Message], cancel: CancelToken) -> Pieces:
        """Yield the answer likewise, and then the tools that it wants to be called."""
        tools, ask = self.tools, self._asking(cancel)
        way = self._way_of_calling(cancel)
        if way == "bare":
            yield from answer_barely(ask, messages, tools)
        elif way == "marked":
            yield from with_bare_calls(ask(messages, tools))
        else:
            yield from ask(messages, ())

    def _asking(self, cancel: CancelToken) -> Ask:
        return lambda messages, tools: self._stream(messages, self._max_reply_tokens, cancel, tools)

    def _way_of_calling(self, cancel: CancelToken) -> Way:
        """Try it with the first tools that there are."""
        if not self.tools:
            return "none"
        if self._way is None:
            way = way_of(self._asking(cancel))
            if cancel.cancelled:
                return way
            self._way = way
            log.info("%s calls tools: %s", self._path.name, way)
            if way == "none":
                text = tr("The language model {path} calls no tools.")
                log.warning("%s", text.format(path=self._path))
        return self._way

    def read(self, messages: Sequence[Message], cancel: CancelToken) -> None:
        """Read a prompt; ends early once ``cancel`` is set. Raises ``StageError``."""
        way, tools = self._way_of_calling(cancel), self.tools
        if way == "bare":
            for _ in self._stream(alone(messages), 0, cancel, tools):
                pass
        for _ in self._stream(messages, 0, cancel, tools if way == "marked" else ()):
            pass

    def warm_up(self) -> None:
        """Read the system prompt and make one token."""
        messages = [Message("user", "Hello.")]
        if self._system_prompt:
            messages.insert(0, Message("system", self._system_prompt))
        for _ in self._stream(messages, 1, CancelToken(), self.tools):
            pass

    def close(self) -> None:
        """Free the model and remove its socket."""
        if self._server is not None and not self._at_work:
            # Its loop may not have begun yet; told to end before that, it would never end.
            with suppress(StageError):
                list(self._stream([Message("user", ".")], 0, CancelToken(), ()))
        self._server = None  # its destructor waits for the C++ threads
        self._directory.cleanup()

    def _slot_tokens(self) -> int:
        settings = self._ask("GET", "/props", None)["default_generation_settings"]
        return int(settings["n_ctx"])

    def _stream(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        cancel: CancelToken,
        tools: Sequence[Tool],
    ) -> Pieces:
        body = {
            "messages": plain(messages),
            **offered(tools),
            "stream": True,
            "max_tokens": max_tokens,
            "cache_prompt": True,
            **self._sampling,
        }
        connection = _Connection(self._socket, cancel)
        try:
            with self._request(connection, "POST", "/v1/chat/completions", body) as response:
                self._at_work = True
                yield from pieces(response, cancel)
        except Cancelled:
            return
        except (OSError, http.client.HTTPException) as error:
            raise failure(str(error)) from error
        finally:
            connection.close()  # hanging up is what stops the model

    def _ask(self, method: str, route: str, body: dict[str, Any] | None) -> dict[str, Any]:
        connection = _Connection(self._socket, CancelToken())
        try:
            with self._request(connection, method, route, body) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise failure(str(error)) from error
        finally:
            connection.close()

    def _request(
        self, connection: "_Connection", method: str, route: str, body: dict[str, Any] | None
    ) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, route, content, headers)
        response = connection.getresponse()
        if response.status != http.client.OK:
            with response:
                raise failure(message(response.read()))
        return response


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, cancel: CancelToken) -> None:
        super().__init__("localhost")
        self._path = path
        self._cancel = cancel

    sock: WaitingSocket

    def connect(self) -> None:
        self.sock = WaitingSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.cancel, self.sock.patience_s = self._cancel, PATIENCE_S
        self.sock.settimeout(GLANCE_S)
        self.sock.connect(self._path)


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


def has_gpu() -> bool:
    """Whether llama.cpp sees a GPU."""
    kinds = xllamacpp.ggml_backend_dev_type
    gpus = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return any(device["type"] in gpus for device in xllamacpp.get_device_info())


def physical_cores() -> int:
    """How many physical cores this process may use; a second thread on one core gains nothing."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text())
        except OSError:
            cores.add(str(cpu))
    return len(cores)
