"""Graphics cards that can compute, and what runs on one as long as that works.

Cards are found as Linux lists them: no library is asked, as some take seconds to import.
"""

import importlib.metadata
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from daemon.errors import DigitalLifeError
from daemon.i18n import tr
from daemon.worker import Cancelled

Vendor = Literal["nvidia", "amd", "intel"]
VENDORS: dict[str, tuple[Vendor, str]] = {  # by the number that PCI gives them
    "0x10de": ("nvidia", "NVIDIA"),
    "0x1002": ("amd", "AMD"),
    "0x8086": ("intel", "Intel"),
}
DISPLAY = "0x03"  # the PCI class of what makes pictures; server cards without a screen have it, too
PROCESSOR = "processor"
"""What ``device`` of a part says where no card is used."""
MAX_REASON_CHARS = 200

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """One card, or the part of a processor that does its work."""

    vendor: Vendor
    name: str
    """NVIDIA's driver tells the model; of the others the vendor and PCI's numbers."""
    driver: str
    """The kernel's module that serves it; empty if none does, and nothing can use it."""


def graphics_cards(root: Path = Path("/")) -> list[GraphicsCard]:
    """Return those of vendors whose cards compute; a virtual machine's picture is none."""
    cards = []
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        known = VENDORS.get(_read(device / "vendor"))
        if known is None or not _read(device / "class").startswith(DISPLAY):
            continue
        vendor, maker = known
        model = _nvidia_model(root, device.name) if vendor == "nvidia" else ""
        numbers = f"{maker} {_read(device / 'vendor')[2:]}:{_read(device / 'device')[2:]}"
        driver = (device / "driver").resolve().name if (device / "driver").exists() else ""
        cards.append(GraphicsCard(vendor, model or numbers, driver))
    return cards


def torch_device() -> Literal["cpu", "cuda"]:
    """Return where PyTorch is to compute; ``cuda`` is also what it calls AMD's cards.

    It is imported only where it is built for a card that is there.
    """
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "cpu"
    vendor = "amd" if "+rocm" in version else "nvidia"
    fits = any(card.vendor == vendor and card.driver for card in graphics_cards())
    if not fits or "+cpu" in version:
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def device_of(part: object) -> str:
    """Say where a part computes: its own ``device``, or else the processor."""
    return str(getattr(part, "device", PROCESSOR))


class OnCard(Generic[T]):
    """Something that is on a graphics card until that fails, and from then on the processor.

    It fails at the beginning where its driver is broken or a library of its is missing, and at any
    time where other programs take its memory. That is told to the log, once.
    """

    def __init__(
        self, name: str, card: Callable[[], T] | None, processor: Callable[[], T], device: str
    ) -> None:
        """``card`` and ``processor`` make it; without ``card`` it is on the processor at once.

        ``name`` is what the log calls it; ``device`` is what ``self.device`` is while on the card.
        """
        self._name, self._processor = name, processor
        self.device = PROCESSOR
        if card is not None:
            try:
                self.made = card()
                self.device = device
                return
            except DigitalLifeError:  # a missing file is not the card's fault
                raise
            except Exception as error:  # libraries have no base class of such errors in common
                self._tell(error)
        self.made = processor()

    def run(self, use: Callable[[T], R]) -> R:
        """Use it; where the card fails, once more on the processor."""
        try:
            return use(self.made)
        except (DigitalLifeError, Cancelled):
            raise
        except Exception as error:
            if self.device == PROCESSOR:
                raise
            self._tell(error)
        self.device = PROCESSOR
        self.made = self._processor()
        return use(self.made)

    def _tell(self, error: Exception) -> None:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:MAX_REASON_CHARS]
        text = tr("The graphics card fails ({part}), the processor takes over: {reason}")
        log.warning("%s", text.format(part=self._name, reason=reason))


def _nvidia_model(root: Path, address: str) -> str:
    told = _read(root / "proc/driver/nvidia/gpus" / address / "information")
    for line in told.splitlines():
        if line.startswith("Model:"):
            return line.partition(":")[2].strip()
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
