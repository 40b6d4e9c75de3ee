import struct
from pathlib import Path

import pytest

pytest.importorskip("openvino")
pytest.importorskip("llguidance")

from daemon.brain.openvino.support import PRE_TOKENIZERS, unsupported
from daemon.brain.openvino.tokenizer import SPLITS
from tests.tiny_gguf import tiny_model


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_the_architectures_that_there_are(architecture: str, tmp_path: Path) -> None:
    assert unsupported(tiny_model(tmp_path / "model.gguf", architecture)) == ""


def test_others_are_told(tmp_path: Path) -> None:
    assert "gemma" in unsupported(tiny_model(tmp_path / "other.gguf", "gemma"))
    scaled = tiny_model(tmp_path / "scaled.gguf", "qwen2", qwen2__rope__scaling__type="yarn")
    assert "yarn" in unsupported(scaled)


def of_kind(*kinds: int) -> bytes:
    """A header whose one value is of these kinds: a list, and what it is of."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 3) + b"key"
    return head + struct.pack("<I", kinds[0]) + struct.pack("<IQ", kinds[-1], 1) + bytes(40)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"GGUF", b"GGUF" + b"\xff" * 90, b"no model " * 99),
        *(of_kind(9, 9), of_kind(9, 99)),
    ],
)
def test_what_is_no_model_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert "read" in unsupported(path)
    assert "read" in unsupported(tmp_path / "none.gguf")


def test_every_tokenizer_that_is_let_through_is_known() -> None:
    assert PRE_TOKENIZERS == SPLITS
