"""Loads a model into llama.cpp's server, and says what went wrong where it cannot be."""

import logging
import os
import tempfile
from pathlib import Path

import xllamacpp

from daemon.brain.llama_cards import on_cards
from daemon.errors import SetupError
from daemon.graphics import OnCard
from daemon.i18n import tr

log = logging.getLogger(__name__)

PROMPT_BATCH = 256  # tokens read between two looks at a hang-up; 2048, the default, can take 40 s
CACHE_REUSE = 16  # tokens; when the oldest turn is dropped, equal runs this long are not read again
# There is one chat, and beside it the question of tools (json_tool_calls.py): with room for both
# prompts each reads only its new words, in 0.3 s instead of 3 to 10. The default of 8 GB is for
# many chats.
CACHE_MIB = 64
SOCKET_PATH_BYTES = 107  # of sockaddr_un.sun_path, less its closing zero


def parameters(
    path: Path, context_tokens: int, adapter: Path | None, threads: int, socket: str, key: str
) -> xllamacpp.CommonParams:
    """Return the settings of a server with one chat, at ``socket``, for who knows the ``key``.

    Raises ``SetupError`` if the socket's name is too long.
    """
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
        raise SetupError(
            tr("The temporary directory {path} has too long a name for a socket.").format(
                path=tempfile.gettempdir()
            ),
            "export TMPDIR=/tmp",
        )
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
    params.hostnames = [socket]  # what ends in .sock is taken as a unix socket's path
    params.port = 0
    params.api_keys = [key]
    params.n_threads_http = 2
    params.sse_ping_interval = -1  # a ping would hide a hang
    params.ui = False
    params.endpoint_slots = False
    # Level 3 tells of loading and of timings but repeats no prompt; -1 is silence.
    params.verbosity = 3 if log.isEnabledFor(logging.DEBUG) else -1
    return params


def start_server(
    params: xllamacpp.CommonParams, gpu_layers: int, path: Path, adapter: Path | None
) -> OnCard[xllamacpp.Server]:
    """Load the model, on graphics cards where there are some. Raises ``SetupError``."""

    def load(layers: int) -> xllamacpp.Server:
        params.n_gpu_layers = layers
        # What fits on the cards is found by loading all once more: half of the time, in which
        # the binding keeps Python's lock, so that neither ears nor loudspeaker get to run.
        params.fit_params = layers != 0
        return xllamacpp.Server(params)

    try:
        return on_cards(load, gpu_layers)
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


def check_file(path: Path) -> None:
    """Raise ``SetupError`` for a model file that is missing or may not be read."""
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
