"""Networks that OpenVINO compiles once for this processor, and then takes from beside the file."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvino import CompiledModel, Core

COMPILED = "compiled"
"""The folder beside a network that keeps what was made of it."""

log = logging.getLogger(__name__)


def compile_once(core: "Core", network: Path, settings: Mapping[str, object]) -> "CompiledModel":
    """Compile a network for the processor, or take what was kept of that.

    Half a billion weights: 0.45 s of processor time, or 0.06 s. What is kept has no weights, and so
    takes one megabyte. OpenVINO compiles anew what was made by another version, for another
    processor, or is damaged. Raises ``RuntimeError`` for a network that cannot be read.
    """
    kept = {"CACHE_DIR": str(network.parent / COMPILED), "CACHE_MODE": "OPTIMIZE_SIZE"}
    try:
        return core.compile_model(str(network), "CPU", {**settings, **kept})
    except RuntimeError as error:  # the disk is full, or not ours
        log.debug("what was compiled cannot be kept: %s", str(error).partition("\n")[0])
        return core.compile_model(str(network), "CPU", {**settings})
