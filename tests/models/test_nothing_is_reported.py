"""Libraries that report their use to their makers are kept from it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LOAD = """
import sys, daemon, onnxruntime
onnxruntime.InferenceSession(sys.argv[1])
"""

IMPORT = """
import sys, threading
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith("socket.") else None)
import daemon
import {library}
print(asked, [thread.name for thread in threading.enumerate()])
"""


@pytest.mark.parametrize("library", ["onnxruntime", "openvino", "openvino.tools.ovc"])
def test_an_import_asks_nobody(library: str) -> None:
    pytest.importorskip(library)
    program = [sys.executable, "-c", IMPORT.format(library=library)]
    told = subprocess.run(program, check=True, capture_output=True, text=True, timeout=600)
    assert told.stdout.strip() == "[] ['MainThread']"


def test_onnx_runtime_leaves_no_id_of_the_machine(
    weights: Callable[[str], Path], tmp_path: Path
) -> None:
    model = weights("silero-vad") / "silero_vad.onnx"
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY",)}
    home = {**kept, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", LOAD, str(model)], env=home, check=True, timeout=600)
    assert list(tmp_path.rglob("*")) == []
