"""Which library is imported for a language model, before it is made."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_gguf import tiny_model

IMPORTED = """
import sys
from pathlib import Path
from daemon.brain.in_process import import_engine
from daemon.config import load, packaged_config

brain = load(packaged_config()).settings.brain.model_copy(update={"engine": sys.argv[1]})
import_engine(brain, Path(sys.argv[2]), None)
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("engine", "wanted", "other"),
    [("llama.cpp", "xllamacpp", "openvino"), ("openvino", "openvino", "daemon.brain.llamacpp")],
)
def test_only_the_library_that_computes_is_imported_ahead(
    engine: str, wanted: str, other: str, tmp_path: Path
) -> None:
    if importlib.util.find_spec(wanted) is None:  # to import it here would leave its threads
        pytest.skip(f"{wanted} is not installed")
    model = tiny_model(tmp_path / "model.gguf")
    command = [sys.executable, "-c", IMPORTED, engine, str(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert wanted in loaded
    assert other not in loaded
