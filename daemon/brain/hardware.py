"""What decides which language models this machine can run."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from daemon.config import BrainSettings
from daemon.graphics import torch_device
from daemon.store.manifest import BrainFacts

GB = 1e9
SHARE = 0.8  # of the free memory; ears, voice and face need the rest
SPARE = 0.5 * GB  # what a model needs beside its weights: keys and values, buffers, libraries
BUFFERS = 0.3 * GB  # the same without keys and values


@dataclass(frozen=True, slots=True)
class Hardware:
    """What decides which models can run."""

    memory: float
    """Bytes free, of the GPU if there is one."""
    gpu: bool
    torch: bool
    """Whether the extra ``chatglm`` is installed."""

    @property
    def budget(self) -> float:
        """Bytes that a model may take."""
        return self.memory * SHARE


def memory_need(size: int, context_tokens: int, facts: BrainFacts | None = None) -> float:
    """Return the bytes that a GGUF file of ``size`` bytes takes once it is loaded."""
    if facts is None:
        return size * 1.1 + SPARE
    return size + context_tokens * facts.cache_bytes + BUFFERS


def look_at_hardware(brain: BrainSettings) -> Hardware:
    """Look at this machine, as it is now."""
    from daemon.brain.llama_cards import llamacpp_cards

    torch_there = importlib.util.find_spec("torch") is not None
    if brain.device != "cpu" and torch_device() == "cuda":
        import torch

        return Hardware(float(torch.cuda.mem_get_info()[0]), True, True)
    cards = llamacpp_cards()
    # What does not fit on a card stays with the processor, so the larger of the two counts.
    own = [card.memory_free for card in cards if not card.shares_memory]
    return Hardware(max(free_memory(), float(sum(own))), bool(cards), torch_there)


def free_memory() -> float:
    """Return the bytes that Linux can give without swapping."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return float(line.split()[1]) * 1024
    return 0.0
