"""Networks as OpenVINO runs them: converted once with torch, kept in the cache, run without it."""

import hashlib
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.files import atomic_folder
from daemon.i18n import tr
from daemon.store.verify import sha256

if TYPE_CHECKING:
    from openvino import Core, Model

Floats = NDArray[np.float32]
Precision = Literal["auto", "f32", "bf16", "f16"]

VERSION = 1  # of what is written; an engine of another version is made anew
EXTRA = "wav2lip"


def engine_file(checkpoint: Path, write: Callable[[Path, Path], None], directory: Path) -> Path:
    """Return the engine of a checkpoint, made by ``write(checkpoint, to)`` if it is not there.

    It is known by the checkpoint's checksum. Raises ``SetupError`` when the checkpoint cannot be
    used or torch is missing, ``StorageError`` when the engine cannot be written.
    """
    try:
        known = f"{sha256(checkpoint)} {VERSION}"
    except OSError as error:
        raise SetupError(
            tr("Cannot read {path}: {reason}").format(path=checkpoint, reason=error.strerror)
        ) from error
    name = hashlib.sha256(known.encode()).hexdigest()[:32]
    place = directory / name
    if _complete(place):
        return place / "model.xml"
    if importlib.util.find_spec("torch") is None:
        raise SetupError(
            tr("{path} is converted once, and that needs PyTorch.").format(path=checkpoint),
            install_command(EXTRA),
        )
    shutil.rmtree(place, ignore_errors=True)  # somebody has taken a file out of it
    with atomic_folder(place, replace=False) as making:
        write(checkpoint, making / "model.xml")
    return place / "model.xml"


def _complete(place: Path) -> bool:
    return (place / "model.xml").is_file() and (place / "model.bin").is_file()


def intel_graphics() -> bool:
    """Whether OpenVINO can compute on Intel's graphics: its plug-in finds nobody else's."""
    if importlib.util.find_spec("openvino") is None:
        return False
    return any(name.startswith("GPU") for name in _core().available_devices)


def supports_bf16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoNetwork:
    """A network on this computer's processor, or on Intel's graphics with numbers of 16 bits.

    ``precision`` is that of its arithmetic: ``bf16`` keeps 8 bits of each number and is several
    times as fast where the processor has it; ``auto`` takes it there. ``threads`` 0 takes all.
    """

    def __init__(
        self,
        file: Path,
        precision: Precision = "auto",
        threads: int = 0,
        change: Callable[["Model"], object] | None = None,
        device: Literal["CPU", "GPU"] = "CPU",
    ) -> None:
        """``change`` is given OpenVINO's model before it is compiled."""
        if device == "GPU":
            precision = "f16"
        elif precision == "auto":
            precision = "bf16" if supports_bf16() else "f32"
        self.precision = precision
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        if threads and device == "CPU":
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            model = _core().read_model(str(file))
            if change is not None:
                change(model)
            self._model = _core().compile_model(model, device, settings)
        except RuntimeError as error:
            if device == "GPU":  # the file may be in order
                raise
            raise SetupError(
                tr("The engine {path} cannot be read: {reason}").format(
                    path=file, reason=str(error).partition("\n")[0]
                ),
                f"rm -r {file.parent}",
            ) from error

    def sizes(self, number: int) -> tuple[int, ...]:
        """Return the sizes of an input; -1 where they may vary."""
        return tuple(
            int(size.get_length()) if size.is_static else -1
            for size in self._model.inputs[number].partial_shape
        )

    def __call__(self, *inputs: Floats) -> list[Floats]:
        """Return the outputs; they are the caller's own."""
        found = self._model(inputs, share_outputs=False)
        return [np.asarray(found[port], np.float32) for port in self._model.outputs]


def _core() -> "Core":
    try:
        import openvino
    except ImportError as error:
        raise SetupError(tr("Wav2Lip needs OpenVINO."), EXTRA) from error
    return openvino.Core()
