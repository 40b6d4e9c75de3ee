"""Making a language model inside this process, with the library that computes it quickest here."""

import logging
from pathlib import Path

from daemon.brain.engine_choice import EngineChoice, choose_engine
from daemon.brain.openvino.conversion import is_converted
from daemon.config import BrainSettings
from daemon.errors import SetupError, StorageError
from daemon.stages import ChatModel

log = logging.getLogger(__name__)


def make_in_process(brain: BrainSettings, path: Path, adapter: Path | None) -> ChatModel:
    """Load a GGUF file; raises ``SetupError`` and ``StorageError``.

    Where OpenVINO was found to be quicker and fails after all, llama.cpp computes.
    """
    chosen = choose_engine(brain, path, adapter)
    if brain.engine == "auto" and chosen.engine == "openvino" and not is_converted(path, adapter):
        chosen = EngineChoice("llama.cpp")  # who waits for a start does not wait for a conversion
    log.debug("the brain computes with %s", chosen)
    if chosen.engine == "openvino":
        try:
            return _openvino(brain, path, adapter)
        except (SetupError, StorageError) as error:
            if brain.engine == "openvino":
                raise
            log.warning("%s", error)
    return _llamacpp(brain, path, adapter)


def import_engine(brain: BrainSettings, path: Path, adapter: Path | None) -> None:
    """Import the library that ``make_in_process`` computes with. Raises as that does."""
    if choose_engine(brain, path, adapter).engine == "openvino":
        import daemon.brain.openvino.brain
    else:
        import daemon.brain.llamacpp  # noqa: F401


def _openvino(brain: BrainSettings, path: Path, adapter: Path | None) -> ChatModel:
    from daemon.brain.openvino.brain import OpenVinoModel

    return OpenVinoModel(
        path,
        context_tokens=brain.context_tokens,
        max_reply_tokens=brain.max_reply_tokens,
        temperature=brain.temperature,
        top_p=brain.top_p,
        threads=brain.threads,
        system_prompt=brain.persona,
        adapter=adapter,
    )


def _llamacpp(brain: BrainSettings, path: Path, adapter: Path | None) -> ChatModel:
    from daemon.brain.llamacpp import LlamaCpp

    return LlamaCpp(
        path,
        context_tokens=brain.context_tokens,
        max_reply_tokens=brain.max_reply_tokens,
        temperature=brain.temperature,
        top_p=brain.top_p,
        gpu_layers=brain.gpu_layers,
        threads=brain.threads,
        system_prompt=brain.persona,
        adapter=adapter,
    )
