"""llama.cpp compiled for this machine's processor expects what the wheel's expects."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.brain import native_build, native_cpu

pytestmark = pytest.mark.skipif(
    not os.environ.get("DIGITAL_LIFE_SLOW_TESTS"),
    reason="compiles for minutes: DIGITAL_LIFE_SLOW_TESTS=1",
)
WRITE = """
import json
import sys
from pathlib import Path
from daemon.brain.llama_server import LlamaServer
from daemon.brain.native_cpu import use_native_cpu
server = LlamaServer(Path(sys.argv[1]), 256, 0, 1)
fields = {"prompt": "The capital of France is", "n_predict": 1, "n_probs": 5}
told = server.ask("POST", "/completion", fields)["completion_probabilities"][0]["top_logprobs"]
print(json.dumps([use_native_cpu(), {one["token"]: one["logprob"] for one in told}]))
server.close()
"""


def expect(model: Path, cache: Path) -> tuple[bool, dict[str, float]]:
    """Return whether it computes, and the likeliest tokens with their log probabilities.

    In a process of its own: what computes cannot be changed back in one.
    """
    told = subprocess.run(
        [sys.executable, "-c", WRITE, str(model)],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=600,
    ).stdout
    native, chances = json.loads(told)
    return native, chances


@pytest.mark.timeout(3600)
def test_it_is_built_used_and_deleted(
    weights: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = weights("qwen2.5-coder-0.5b") / "model.gguf"
    monkeypatch.setattr(native_cpu, "cache_folder", lambda: tmp_path / "digital-life")
    native, before = expect(model, tmp_path)
    assert not native
    assert "AVX2" in native_build.build(lambda _line: None)
    native, built = expect(model, tmp_path)
    assert native
    likeliest = max(before, key=before.__getitem__)
    # It rounds elsewhere, but that is all: a token's chance differs by a few hundredths.
    assert built[likeliest] == pytest.approx(before[likeliest], abs=0.2)
    assert native_build.remove()
    assert expect(model, tmp_path) == (False, before)
