"""Which brain answers, and making it."""

import importlib.util
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from daemon.brain.adapter import find_adapter
from daemon.brain.hardware import GB, SHARE, SPARE, Hardware, look_at_hardware, memory_need
from daemon.config import BrainSettings, Settings
from daemon.errors import SetupError, StageError
from daemon.extras import install_command
from daemon.files import recover_folder
from daemon.i18n import tr
from daemon.stages import ChatModel
from daemon.store.manifest import BrainFacts
from daemon.store.model_store import ModelStore, WeightState

log = logging.getLogger(__name__)

Kind = Literal["llamacpp", "chatglm", "openai"]

# Every token reads all weights once. Two to four memory channels give 20 to 40 GB/s, and speech
# needs about four tokens a second.
MAX_BYTES_WITHOUT_GPU = 6 * GB
NUMBERS = {"auto": 1.0, "bfloat16": 1.0, "float16": 1.0, "float32": 2.0, "int8": 0.58, "int4": 0.4}
"""What a checkpoint of 16 bits takes in memory, as a share of its size on disk."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model on this machine."""

    kind: Kind
    model: str
    """As ``brain.model`` would have it."""
    need: float
    """Bytes of memory."""
    active_share: float = 1.0
    """The share of its weights that each token reads."""


def make_brain(settings: Settings, store: ModelStore) -> ChatModel:
    """Make the language model that the settings ask for. Raises ``SetupError``."""
    brain = settings.brain
    if brain.kind == "auto":
        brain = _chosen(settings, store)
    if brain.kind == "openai":
        return _server(settings, brain, store)
    if brain.kind == "chatglm":
        return _chatglm(brain)
    return _llamacpp(brain, brain.model, store)


def import_libraries(settings: Settings, store: ModelStore) -> None:
    """Import what ``make_brain`` will need, for a model of ``kind = "llamacpp"``; it may raise."""
    if settings.brain.kind == "llamacpp":
        from daemon.brain.in_process import import_engine

        import_engine(settings.brain, *gguf_files(settings.brain, settings.brain.model, store))


def require_brain(settings: Settings, store: ModelStore) -> None:
    """Raise ``SetupError`` for a model on disk that is missing or damaged, before any is loaded."""
    brain, server = settings.brain, settings.server
    if brain.kind == "llamacpp":
        _gguf(brain.model, store)
        find_adapter(brain.adapter, brain.model, store)
    elif brain.kind == "openai" and server.fallback:
        _gguf(server.fallback, store)
        find_adapter(brain.adapter, server.fallback, store)
    elif brain.kind == "chatglm":
        _require_torch()
        _directory(brain.model)


def choose(found: Sequence[Candidate], machine: Hardware) -> tuple[Candidate, list[str]]:
    """Return the largest that can run, and why others cannot. Raises ``SetupError`` for none."""
    passed: list[str] = []
    budget = machine.memory * SHARE
    for candidate in sorted(found, key=lambda candidate: candidate.need, reverse=True):
        name = Path(candidate.model).name
        if candidate.kind == "chatglm" and not machine.torch:
            passed.append(tr("{name}: PyTorch is not installed").format(name=name))
        elif candidate.need > budget:
            passed.append(
                tr("{name}: needs {need:.1f} GB of memory, {budget:.1f} GB can be used").format(
                    name=name, need=candidate.need / GB, budget=budget / GB
                )
            )
        elif candidate.need * candidate.active_share > MAX_BYTES_WITHOUT_GPU and not machine.gpu:
            passed.append(tr("{name}: too slow for talking without a GPU").format(name=name))
        else:
            return candidate, passed
    raise SetupError(
        " ".join((tr("No language model can run here."), "; ".join(passed))),
        "digital-life models pull",
    )


def _chosen(settings: Settings, store: ModelStore) -> BrainSettings:
    """Choose, and say why."""
    if settings.server.url:
        server = _bare_server(settings, settings.brain)
        try:
            server.warm_up()
            log.info("%s", tr("Brain: the server {url}.").format(url=settings.server.url))
            return settings.brain.model_copy(update={"kind": "openai"})
        except StageError as error:
            log.warning("%s", error)
    machine = look_at_hardware(settings.brain)
    found, passed = choose(candidates(settings.brain, store), machine)
    log.info(
        "%s",
        tr("Brain: {name}, the largest that can run here ({need:.1f} of {budget:.1f} GB).").format(
            name=found.model, need=found.need / GB, budget=machine.memory * SHARE / GB
        ),
    )
    for reason in passed:
        log.info("%s", tr("Not taken: {reason}.").format(reason=reason))
    return settings.brain.model_copy(update={"kind": found.kind, "model": found.model})


def candidates(brain: BrainSettings, store: ModelStore) -> list[Candidate]:
    """Return the model that is set, and all below the models' directory."""
    known = store.manifest.weights

    def made(model: str, file: Path, facts: BrainFacts | None) -> Candidate:
        need = memory_need(file.stat().st_size, brain.context_tokens, facts)
        return Candidate("llamacpp", model, need, facts.active_share if facts else 1.0)

    places = {path.parent.name: path for path in store.directory.glob("*/*.gguf")}
    found = [
        made(name, path, known[name].brain)
        for name, path in sorted(places.items())
        if name in known and store.status(name).state is WeightState.READY
    ]
    files = [path for path in store.directory.rglob("*.gguf") if path.parent.name not in known]
    folders = [path.parent for path in store.directory.glob("*/config.json")]
    named = Path(brain.model).expanduser()
    if named.is_file():
        files.append(named)
    elif named.is_dir():
        folders.append(named)
    found += [made(str(file), file, None) for file in {file.resolve() for file in files}]
    for folder in {folder.resolve() for folder in folders}:
        if size := _checkpoint_size(folder):
            found.append(Candidate("chatglm", str(folder), size * NUMBERS[brain.dtype] + SPARE))
    return found


def _checkpoint_size(folder: Path) -> int:
    """Return the bytes of a ChatGLM's or GLM's weights; 0 for what is none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") not in ("chatglm", "glm", "glm4"):
            return 0
    except (OSError, ValueError, AttributeError):
        return 0
    kinds = ("*.safetensors", "pytorch_model*.bin")
    sizes = [sum(file.stat().st_size for file in folder.glob(kind)) for kind in kinds]
    return sizes[0] or sizes[1]


def gguf_files(brain: BrainSettings, model: str, store: ModelStore) -> tuple[Path, Path | None]:
    """Return the file of a model of ``kind = "llamacpp"``, and its adapter's, if it has one.

    The one that comes with a model has it talk as Digital Life does, and outweighs the examples of
    another way of talking: where there is such a way at the start, that adapter is left out. Raises
    ``SetupError``.
    """
    adapter = "" if brain.style and brain.adapter == "auto" else brain.adapter
    return _gguf(model, store), find_adapter(adapter, model, store)


def _llamacpp(brain: BrainSettings, model: str, store: ModelStore) -> ChatModel:
    from daemon.brain.in_process import make_in_process

    return make_in_process(brain, *gguf_files(brain, model, store))


def _gguf(model: str, store: ModelStore) -> Path:
    """Resolve the path of a file, or the name of a weight."""
    if model.endswith(".gguf"):
        return Path(model).expanduser()
    if Path(model).expanduser().is_dir():
        raise SetupError(
            tr("{path} is a folder; name a file").format(path=model),
            tr('for a checkpoint of ChatGLM or GLM set kind = "chatglm" under [brain]'),
        )
    return store.path(model) / "model.gguf"


def _chatglm(brain: BrainSettings) -> ChatModel:
    _require_torch()
    adapter = "" if brain.adapter == "auto" else brain.adapter
    for trained in filter(None, (brain.model, brain.prefix, adapter)):
        with suppress(OSError):  # what is then missing is told by whoever opens it
            recover_folder(Path(trained).expanduser())
    directory = _directory(brain.model)
    from daemon.brain.chatglm.brain import ChatGLMBrain

    return ChatGLMBrain(
        directory,
        prefix=Path(brain.prefix).expanduser() if brain.prefix else None,
        adapter=Path(adapter).expanduser() if adapter else None,
        dtype=brain.dtype,
        device=brain.device,
        context_tokens=brain.context_tokens,
        max_reply_tokens=brain.max_reply_tokens,
        temperature=brain.temperature,
        top_p=brain.top_p,
        repetition_penalty=brain.repetition_penalty,
        threads=brain.threads,
        system_prompt=brain.persona,
    )


def _directory(model: str) -> Path:
    directory = Path(model).expanduser()
    if not (directory / "config.json").is_file():
        raise SetupError(
            tr("{path} is not the folder of a checkpoint: it has no config.json.").format(
                path=model
            ),
            tr("set model under [brain] to the folder of a ChatGLM or GLM"),
        )
    return directory


def _require_torch() -> None:
    for name in ("torch", "transformers", "sentencepiece", "safetensors"):
        if importlib.util.find_spec(name) is None:
            raise SetupError(
                tr("The brain chatglm needs {name}, which is not installed.").format(name=name),
                install_command("chatglm"),
            )


def _server(settings: Settings, brain: BrainSettings, store: ModelStore) -> ChatModel:
    from daemon.brain.fallback import FallbackModel

    server = _bare_server(settings, brain)
    if not settings.server.fallback:
        return server
    return FallbackModel(server, partial(_llamacpp, brain, settings.server.fallback, store))


def _bare_server(settings: Settings, brain: BrainSettings) -> ChatModel:
    from daemon.brain.openai import OpenAIServer
    from daemon.brain.server_key import read_key

    told = settings.server
    return OpenAIServer(
        told.url,
        model=told.model,
        key=read_key(told.key_file),
        context_tokens=brain.context_tokens,
        max_reply_tokens=brain.max_reply_tokens,
        temperature=brain.temperature,
        top_p=brain.top_p,
        connect_s=told.connect_s,
        silence_s=told.silence_s,
    )
