"""Wav2Lip: faces whose lips fit a sound.

Prajwal et al., 2020, "A lip sync expert is all you need for speech to lip generation in the wild",
arXiv:2008.10010. Each picture is made from 200 ms of sound and from one face, given twice: with its
lower half black, to be painted anew, and whole, to know what it looks like.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.face.engine import OpenVinoNetwork, Precision, engine_file
from daemon.face.lower_half import completed, leave_out
from daemon.face.mel import MelStream, mel_chunks, melspectrogram
from daemon.graphics import PROCESSOR, OnCard
from daemon.i18n import tr
from daemon.store.engines import engines_directory

__all__ = ["SIDE", "MelStream", "Wav2Lip", "mel_chunks", "melspectrogram", "prepared"]

Floats = NDArray[np.float32]
Run = Callable[[Floats, Floats], Floats]
Device = Literal["cpu", "cuda", "intel"]

SIDE = 96  # pixels of a face, as the authors' own checkpoints paint it
MAX_BATCH = 16


class _Loaded(NamedTuple):
    """A generator that runs."""

    run: Run
    precision: str
    side: int


class Wav2Lip:
    """The generator."""

    def __init__(
        self,
        run: Run,
        precision: str,
        device: Callable[[], str] = lambda: PROCESSOR,
        side: int = SIDE,
    ) -> None:
        self._run, self._device = run, device
        self.side = side
        """Pixels of the faces that it is given and that it paints."""
        self.precision = precision
        """``f32``, ``bf16`` or ``f16``: what it computes in, as long as no graphics card fails."""

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._device()

    @classmethod
    def load(
        cls,
        path: Path | str,
        device: Device = "cpu",
        precision: Precision = "auto",
        threads: int = 0,
        engines: Path | None = None,
        lower: bool = False,
    ) -> "Wav2Lip":
        """Load a checkpoint of a known layout, whose size its weights tell (``wav2lip_layouts``).

        Tensors as PyTorch, safetensors or TorchScript keep them; nothing in the file is run.

        For the processor and for Intel's graphics it is converted once to an engine file, kept
        below ``engines`` (by default in the cache), and then runs without torch. ``threads`` 0
        takes all cores. A graphics card that fails is left for the processor. Raises ``SetupError``
        for a checkpoint that is damaged or of an unknown layout, and where a library is missing.
        """

        def openvino(place: Literal["CPU", "GPU"]) -> _Loaded:
            file = engine_file(Path(path), _convert, engines or engines_directory())
            return _with_openvino(file, precision, threads, lower, place)

        cards: dict[Device, tuple[str, Callable[[], _Loaded]]] = {
            "cuda": ("CUDA", lambda: _on_cuda(Path(path), precision)),
            "intel": ("Intel", lambda: openvino("GPU")),
        }
        name, card = cards.get(device, ("", None))
        engine = OnCard("wav2lip", card, lambda: openvino("CPU"), name)

        def run(mel: Floats, faces: Floats) -> Floats:
            return engine.run(lambda loaded: loaded.run(mel, faces))

        return cls(run, engine.made.precision, lambda: engine.device, engine.made.side)

    def generate(self, mel: Floats, faces: Floats) -> Floats:
        """Return the faces for ``mel`` chunks (B, 1, 80, 16) and ``faces`` (B, 6, side, side).

        All float32; ``faces`` as ``prepared`` makes them, the result (B, 3, side, side) in [0, 1],
        BGR.
        """
        parts = [
            self._run(mel[i : i + MAX_BATCH], faces[i : i + MAX_BATCH])
            for i in range(0, len(mel), MAX_BATCH)
        ]
        none = np.zeros((0, 3, self.side, self.side), np.float32)
        return np.concatenate(parts) if parts else none


def prepared(face: NDArray[np.uint8], side: int = SIDE) -> Floats:
    """Make what the generator sees, (6, side, side), of a face cut out of a picture, RGB."""
    shrinks = min(face.shape[:2]) > side
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(face, (side, side), interpolation=way)[:, :, ::-1]
    whole = small.transpose(2, 0, 1).astype(np.float32) / 255
    masked = whole.copy()
    masked[:, side // 2 :] = 0
    return np.concatenate([masked, whole])


def _convert(checkpoint: Path, to: Path) -> None:
    from daemon.face.wav2lip_network import load_checkpoint, write_engine

    network = load_checkpoint(checkpoint)
    write_engine(network, network.layout.example, to)


def _with_openvino(
    file: Path, precision: Precision, threads: int, lower: bool, place: Literal["CPU", "GPU"]
) -> _Loaded:
    engine = OpenVinoNetwork(file, precision, threads, leave_out if lower else None, place)
    side = engine.sizes(1)[2]

    def run(mel: Floats, faces: Floats) -> Floats:
        made = engine(mel, faces)[0]
        return completed(made, faces) if lower else made

    return _Loaded(run, engine.precision, side)


def _on_cuda(path: Path, precision: Precision) -> _Loaded:
    """Run on a graphics card, through torch."""
    try:
        import torch
    except ImportError as error:
        raise SetupError(
            tr("A graphics card needs PyTorch."), install_command("wav2lip")
        ) from error
    if not torch.cuda.is_available():
        raise SetupError(tr("PyTorch finds no graphics card."), "nvidia-smi")
    from daemon.face.wav2lip_network import load_checkpoint, on_torch

    if precision == "auto":
        precision = "bf16" if torch.cuda.is_bf16_supported() else "f32"
    network = load_checkpoint(path)
    return _Loaded(on_torch(network, "cuda", precision), precision, network.layout.side)
