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
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import xllamacpp

from daemon.brain.completions import failure, message, parse
from daemon.brain.wire import Connection, Patience, local_socket, read_all
from daemon.errors import SetupError, StageError, named
from daemon.files import HeldFolder
from daemon.i18n import tr
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

# A full context on a slow machine is read within two minutes; longer is a hang.
PATIENCE = Patience(connect=5.0, silence=120.0, total=1800.0)
PROMPT_BATCH = 256  # tokens read between two looks at a hang-up; 2048, the default, can take 40 s
CACHE_REUSE = 16  # tokens; when the oldest turn is dropped, equal runs this long are not read again
# There is one chat, and beside it the question of tools (bare_calls.py): with room for both prompts
# each reads only its new words, in 0.3 s instead of 3 to 10. The default of 8 GB is for many chats.
CACHE_MIB = 64
WORK = ("/completion", "/v1/chat/completions")  # routes that its loop answers
SOCKET_PATH_BYTES = 107  # of sockaddr_un.sun_path, less its closing zero


class LlamaServer:
    """A server with one model and one chat."""

    def __init__(self, path: Path, context_tokens: int, gpu_layers: int, threads: int) -> None:
        """Load the model, with settings as ``LlamaCpp`` has them; raises ``SetupError``."""
        _check_file(path)
        self._server: xllamacpp.Server | None = None
        self._at_work = False
        self.key = secrets.token_urlsafe(32)
        """What every request carries."""
        self._directory = HeldFolder("digital-life-brain-")  # mode 0700
        self.socket = os.path.join(self._directory.name, "brain.sock")
        """Where it listens."""
        try:
            self._server = self._start(path, context_tokens, gpu_layers, threads)
            settings = self.ask("GET", "/props", None)["default_generation_settings"]
            self.context_tokens = int(settings["n_ctx"])
            """How many tokens fit; fewer than asked for if the model was trained on fewer."""
        except BaseException:
            self.close()
            raise

    def _start(
        self, path: Path, context_tokens: int, gpu_layers: int, threads: int
    ) -> xllamacpp.Server:
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise SetupError(
                tr("The temporary directory {path} has too long a name for a socket.").format(
                    path=tempfile.gettempdir()
                ),
                "export TMPDIR=/tmp",
            )
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
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
        params.hostnames = [self.socket]  # what ends in .sock is taken as a unix socket's path
        params.port = 0
        params.api_keys = [self.key]
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
                ).format(path=path),
                "digital-life models verify",
            ) from error

    def ask(
        self,
        method: str,
        route: str,
        body: dict[str, Any] | None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]:
        """Return the answer to a request; raises ``StageError``, and ``Cancelled``."""
        with self.open(method, route, body, cancel or CancelToken()) as response:
            answer: dict[str, Any] = parse(read_all(response))
            return answer

    @contextmanager
    def open(
        self, method: str, route: str, body: dict[str, Any] | None, cancel: CancelToken
    ) -> Generator[http.client.HTTPResponse]:
        """Send a request, and hang up after the ``with`` block: that is what stops the model.

        Raises ``StageError``, also for what goes wrong in the block, and ``Cancelled``.
        """
        connection = Connection(
            "localhost", None, partial(local_socket, self.socket, PATIENCE, cancel)
        )
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, route, content, headers)
            with connection.answer() as response:
                if response.status != http.client.OK:
                    raise failure(f"HTTP {response.status}", message(read_all(response)))
                self._at_work = self._at_work or route in WORK
                yield response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise failure(named(error), str(error)) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Free the model and remove its socket."""
        if self._server is not None and not self._at_work:
            # Its loop may not have begun yet; told to end before that, it would never end.
            with suppress(StageError):
                self.ask("POST", "/completion", {"prompt": ".", "n_predict": 0})
        self._server = None  # its destructor waits for the C++ threads
        self._directory.cleanup()


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
