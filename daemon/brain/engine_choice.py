"""Which library computes the language model: measured here once, and remembered.

llama.cpp runs every model. OpenVINO runs some of them, on some processors in half the time, on
others not; so nothing but a measurement tells. It takes some seconds and a converted copy of the
model, so nobody who wants to talk waits for it: ``digital-life setup``, ``brain`` and ``brain use``
measure, and the daemon goes by what is known when it starts; where nothing is, it measures while
nobody talks (``daemon/quicker_engine.py``).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from daemon.brain.openvino.conversion import is_converted
from daemon.brain.openvino.support import unsupported
from daemon.brain.speed import CONTEXT_TOKENS, ROUNDS, TEXT, WRITE_TOKENS, machine_key
from daemon.brain.text_engine import TextEngine
from daemon.config import BrainSettings
from daemon.errors import SetupError, StageError, StorageError
from daemon.i18n import tr
from daemon.remembered import RememberedNumbers, package_version, path_key
from daemon.worker import CancelToken

Engine = Literal["openvino", "llama.cpp"]
ENGINES: tuple[Engine, ...] = ("openvino", "llama.cpp")
NAMES: dict[Engine, str] = {"openvino": "OpenVINO", "llama.cpp": "llama.cpp"}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which library computes a model here."""

    engine: Engine
    seconds: dict[Engine, float] = field(default_factory=dict)
    """To the end of an answer's first clause, of those that were measured."""
    alone: str = ""
    """Why there is no other one, in English; empty if there is."""

    def __str__(self) -> str:
        """Return it as people are told it."""
        shown = [
            tr("{name} {seconds:.2f} s").format(name=NAMES[name], seconds=seconds)
            for name, seconds in self.seconds.items()
        ]
        if shown:
            told = tr("{name} (to the first clause: {seconds})")
            return told.format(name=NAMES[self.engine], seconds=", ".join(shown))
        return NAMES[self.engine]


def choose_engine(brain: BrainSettings, path: Path, adapter: Path | None) -> EngineChoice:
    """Return what computes a GGUF file; ``SetupError`` if the settings want what cannot be."""
    alone = unsupported(path)
    if brain.engine == "openvino" and alone:
        raise SetupError(
            tr("OpenVINO cannot run {path}: {reason}.").format(path=path, reason=alone),
            'engine = "auto"',
        )
    if brain.engine != "auto":
        return EngineChoice(brain.engine, alone=alone)
    if alone:
        return EngineChoice("llama.cpp", alone=alone)
    seconds = KnownEngines(brain).get(path, adapter)
    return EngineChoice(min(seconds, key=seconds.__getitem__, default="llama.cpp"), seconds)


def calibrate(
    brain: BrainSettings,
    path: Path,
    adapter: Path | None,
    measuring: Callable[[str], object] = lambda _name: None,
) -> None:
    """Measure the engines that can run a model, if there are several and it was not done before.

    ``measuring`` is told which. An engine that fails has lost.
    """
    known = KnownEngines(brain)
    if brain.engine != "auto" or unsupported(path) or known.get(path, adapter):
        return
    seconds: dict[Engine, float] = {}
    for engine in ENGINES:
        measuring(NAMES[engine])
        with suppress(SetupError, StageError, StorageError):
            seconds[engine] = _measure(engine, brain, path, adapter)
    known.keep(path, adapter, seconds)


def is_undecided(brain: BrainSettings, path: Path, adapter: Path | None) -> bool:
    """Whether it is still to be measured what computes a model, or to be converted for that.

    Raises ``OSError`` for what is no file.
    """
    if brain.engine != "auto" or not path.is_file() or unsupported(path):
        return False
    chosen = choose_engine(brain, path, adapter)
    return not chosen.seconds or (chosen.engine == "openvino" and not is_converted(path, adapter))


class KnownEngines:
    """How quick each engine is, by model, adapter, processor, threads and versions."""

    def __init__(self, brain: BrainSettings) -> None:
        self._known = RememberedNumbers("brain-engines.json")
        self._machine = f"{machine_key(brain)}|{package_version('openvino')}"

    def get(self, path: Path, adapter: Path | None) -> dict[Engine, float]:
        """Return the seconds to a first clause of those that are known."""
        known = self._known.get(self._key(path, adapter))
        told = known if isinstance(known, dict) else {}
        return {name: float(told[name]) for name in ENGINES if isinstance(told.get(name), float)}

    def keep(self, path: Path, adapter: Path | None, seconds: dict[Engine, float]) -> None:
        """Remember them."""
        self._known.keep(self._key(path, adapter), seconds)

    def _key(self, path: Path, adapter: Path | None) -> str:
        return f"{path_key(path)}|{path_key(adapter)}|{self._machine}"


def _measure(engine: Engine, brain: BrainSettings, path: Path, adapter: Path | None) -> float:
    """Return the seconds from a question to the end of a first clause: the quickest of some."""
    model = _load(engine, brain, path, adapter)
    try:
        return min(_first_clause_s(model, number) for number in range(1 + ROUNDS))
    finally:
        model.close()


def _first_clause_s(model: TextEngine, number: int) -> float:
    # It differs from the first word on, so that nothing is remembered of the one before, and ends
    # within a sentence, so that the answer has no reason to end at once.
    prompt = f"{number}. {TEXT} The old lighthouse keeper"
    begin = time.perf_counter()
    model.complete(prompt, {"n_predict": WRITE_TOKENS}, CancelToken())
    return time.perf_counter() - begin


def _load(engine: Engine, brain: BrainSettings, path: Path, adapter: Path | None) -> TextEngine:
    if engine == "openvino":
        from daemon.brain.openvino.engine import OpenVinoEngine

        return OpenVinoEngine(path, CONTEXT_TOKENS, brain.threads, adapter)
    from daemon.brain.llama_server import LlamaServer

    return LlamaServer(path, CONTEXT_TOKENS, brain.gpu_layers, brain.threads, adapter)
