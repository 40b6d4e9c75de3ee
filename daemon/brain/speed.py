"""How quickly a language model answers on this machine: measured, or estimated from one that was.

Reading a prompt is bound by arithmetic, writing by memory: every token reads all the weights that
it passes. So the speeds of one model give this machine's figures for both, and those the speeds of
another (the roofline model of Williams, Waterman and Patterson, 2009).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config import BrainSettings
from daemon.processor_load import physical_cores, processor
from daemon.remembered import RememberedNumbers
from daemon.store.manifest import BrainFacts

if TYPE_CHECKING:
    from daemon.brain.llama_server import LlamaServer

READ_TOKENS = 100  # that are read to measure; with fewer the start would weigh too much
# New to the model in a turn: a question of one or two sentences (20), the template's marks (10) and
# what is told with each, such as the time (30). All that comes before is kept.
QUESTION_TOKENS = 60
WRITE_TOKENS = 12  # of a first clause, in either language
ROUNDS = 3  # the quickest counts: other work only ever slows
CONTEXT_TOKENS = 512  # enough for that; a larger context takes memory and no time
BUSY_SHARE = 0.5  # of the processors: with so much other work a measurement is not remembered
TEXT = (
    "The old lighthouse keeper poured a second cup of tea and looked out over the harbour, where "
    "three small boats were coming home before the rain. "
    "今天下午我们去公园散步，顺便买一些水果和面包。"
)


@dataclass(frozen=True, slots=True)
class BrainSpeed:
    """What was measured."""

    read: float
    """Tokens of a prompt a second."""
    write: float
    """Tokens of an answer a second."""

    @property
    def first_clause_s(self) -> float:
        """Seconds from the end of a question to the end of the answer's first clause."""
        return QUESTION_TOKENS / self.read + WRITE_TOKENS / self.write


@dataclass(frozen=True, slots=True)
class CalibratedBrain:
    """A model whose speed on this machine is known."""

    facts: BrainFacts
    size: int
    """Bytes of its weights."""
    speed: BrainSpeed


def estimate(facts: BrainFacts, size: int, known: CalibratedBrain) -> BrainSpeed:
    """Return the speed of a model of ``size`` bytes, by that of another on the same machine."""
    passed = known.facts.active_share * known.size
    bandwidth = known.speed.write * passed  # bytes/s
    arithmetic = known.speed.read * known.facts.active_share * known.facts.parameters
    read = arithmetic / (facts.active_share * facts.parameters)
    # A prompt as a whole passes all experts, each of which is read once.
    read_s = max(QUESTION_TOKENS / read, size / bandwidth)
    return BrainSpeed(QUESTION_TOKENS / read_s, bandwidth / (facts.active_share * size))


def measure(path: Path, brain: BrainSettings) -> BrainSpeed:
    """Load a model, and have it read and write for a few seconds.

    Raises ``SetupError`` for a file that cannot be loaded, and ``StageError``.
    """
    from daemon.brain.llama_server import LlamaServer

    server = LlamaServer(path, CONTEXT_TOKENS, brain.gpu_layers, brain.threads)
    try:
        tokens = server.ask("POST", "/tokenize", {"content": TEXT})["tokens"]
        most = min(READ_TOKENS, server.context_tokens - WRITE_TOKENS - 1)
        prompt = (tokens * (most // max(len(tokens), 1) + 1))[:most]
        _run(server, prompt[:8])  # reads the weights from the disk
        rounds = [_run(server, prompt) for _ in range(ROUNDS)]
    finally:
        server.close()
    return BrainSpeed(max(run.read for run in rounds), max(run.write for run in rounds))


def _run(server: "LlamaServer", prompt: list[int]) -> BrainSpeed:
    body: dict[str, object] = {
        "prompt": prompt,
        "n_predict": WRITE_TOKENS,
        "ignore_eos": True,
        "cache_prompt": False,
        "temperature": 0.0,
    }
    timings = server.ask("POST", "/completion", body)["timings"]
    return BrainSpeed(timings["prompt_per_second"], timings["predicted_per_second"])


def is_busy() -> bool:
    """Whether other work on this machine would spoil a measurement."""
    return os.getloadavg()[0] > BUSY_SHARE * (os.cpu_count() or 1)


def machine_key(brain: BrainSettings) -> str:
    """Return what a speed depends on beside the file: processor, cards, threads, library."""
    import xllamacpp  # late: who knows which engine is quicker need not load it first

    from daemon.brain.llama_cards import llamacpp_cards
    from daemon.brain.native_cpu import use_native_cpu

    native = "|native" if use_native_cpu() else ""
    cards = "".join(f"|{card.name}" for card in llamacpp_cards()) if brain.gpu_layers else ""
    return (
        f"{processor()}|{brain.threads or physical_cores()} threads|{brain.gpu_layers}"
        f"|{xllamacpp.__version__}{native}{cards}"
    )


class KnownSpeeds:
    """Speeds measured earlier, by file, processor and threads, below the cache folder."""

    def __init__(self, brain: BrainSettings) -> None:
        self._brain = brain
        self._known = RememberedNumbers("brain-speeds.json")
        self._machine = machine_key(brain)

    def get(self, file: str) -> BrainSpeed | None:
        """Return what is known of a file, which its checksum names."""
        match self._known.get(self._key(file)):
            case [int() | float() as read, int() | float() as write]:
                return BrainSpeed(float(read), float(write))
        return None

    def measure(self, file: str, path: Path) -> BrainSpeed:
        """Measure, and remember it unless the machine is busy."""
        busy = is_busy()
        speed = measure(path, self._brain)
        if not busy:
            self._known.keep(self._key(file), [speed.read, speed.write])
        return speed

    def _key(self, file: str) -> str:
        return f"{file}|{self._machine}"
