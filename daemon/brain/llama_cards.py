"""Graphics cards as llama.cpp sees them, and whether loading a model onto one ended the program."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import xllamacpp

from daemon.files import atomic_write
from daemon.graphics import OnCard
from daemon.i18n import tr
from daemon.store.model_store import default_directory

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LlamaCard:
    """A graphics card, as this build of llama.cpp sees it."""

    name: str
    memory_free: int
    """Bytes; of the computer's own memory for a part of its processor."""
    shares_memory: bool
    """It is a part of the processor."""


def llamacpp_cards() -> list[LlamaCard]:
    """Return what this build of llama.cpp can compute on besides the processor."""
    kinds = xllamacpp.ggml_backend_dev_type
    gpus = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return [
        LlamaCard(
            f"{device['name']}: {device['description']}",
            int(device["memory_free"]),
            device["type"] == kinds.GGML_BACKEND_DEVICE_TYPE_IGPU,
        )
        for device in xllamacpp.get_device_info()
        if device["type"] in gpus
    ]


class GraphicsAttempt:
    """Loading, while the ``with`` block runs; only an end of the program leaves its file.

    Where a driver is broken or the card's memory runs out, llama.cpp may abort instead of telling.
    Started again by systemd, the program would do the same for ever.
    """

    def __init__(self, cards: str, path: Path | None = None) -> None:
        """``cards`` tells them and the engine's version: others may do better, and are tried."""
        self.path = path or default_directory().parent / "graphics-attempt"
        """To be removed by whoever wants to try again."""
        self._cards = cards.replace("\n", " ")

    @property
    def failed(self) -> bool:
        """Whether an earlier attempt with these cards ended its program."""
        try:
            process, cards = self.path.read_text(encoding="utf-8").split("\n", 1)
            return cards == self._cards and not Path("/proc", process).exists()
        except (OSError, ValueError):
            return False

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as part:
            part.write_text(f"{os.getpid()}\n{self._cards}", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.path.unlink(missing_ok=True)


def on_cards(load: Callable[[int], T], gpu_layers: int) -> OnCard[T]:
    """Load with so many layers on the cards that there are, or with none where that fails.

    ``load`` is given the number of layers.
    """
    cards = ", ".join(card.name for card in llamacpp_cards()) if gpu_layers else ""
    attempt = GraphicsAttempt(f"{xllamacpp.__version__} {cards}")
    tried = bool(cards) and not attempt.failed
    if cards and not tried:
        text = tr(
            "Loading the language model onto the graphics card ended the program before, so "
            "the processor takes over. To try again: rm {path}"
        )
        log.warning("%s", text.format(path=attempt.path))

    def onto_cards() -> T:
        with attempt:
            return load(gpu_layers)

    return OnCard("llama.cpp", onto_cards if tried else None, lambda: load(0), cards)
