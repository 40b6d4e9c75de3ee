"""A model file of CTranslate2's, whole and not."""

import struct
from pathlib import Path

import numpy as np
import pytest

from daemon.ears.openvino.model_file import ModelFile


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def variable(name: str, array: np.ndarray, kind: int) -> bytes:
    shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
    return text(name) + shape + struct.pack("<BI", kind, array.nbytes) + array.tobytes()


WEIGHT = np.arange(6, dtype=np.float16).reshape(2, 3)
VARIABLES = [
    variable("encoder/layer_0/weight", WEIGHT, 4),
    variable("encoder/layer_1/weight", WEIGHT, 4),
    variable("encoder/layer_norm/gamma", np.ones(3, np.float32), 0),
    variable("encoder/packed", np.ones((2, 3), np.int8), 1),
    variable("encoder/num_heads", np.array(8, np.int16), 2),
]


def model(
    version: int = 6, spec: str = "WhisperSpec", count: int = len(VARIABLES), rest: bytes = b""
) -> bytes:
    head = struct.pack("<I", version) + text(spec) + struct.pack("<II", 3, count)
    return head + b"".join(VARIABLES) + rest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"


def test_weights_and_settings_are_found_by_name(path: Path) -> None:
    path.write_bytes(model(rest=struct.pack("<I", 0)))
    file = ModelFile(path)
    assert file["encoder/layer_0/weight"].dtype == np.float32
    assert np.array_equal(file["encoder/layer_1/weight"], WEIGHT)
    assert file.mapped("encoder/layer_0/weight").dtype == np.float16
    assert file.integer("encoder/num_heads") == 8
    assert file.layers("encoder") == 2
    assert file.layers("decoder") == 0
    assert "encoder/packed" in file


def test_what_is_missing_or_quantised_is_told(path: Path) -> None:
    path.write_bytes(model())
    file = ModelFile(path)
    with pytest.raises(ValueError, match="no decoder/embeddings"):
        file["decoder/embeddings"]
    with pytest.raises(ValueError, match="no decoder/num_heads"):
        file.integer("decoder/num_heads")
    with pytest.raises(ValueError, match="encoder/packed is int8"):
        file["encoder/packed"]


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"cut short, but somewhat longer than a header is",
        model(version=5),
        model(spec="TransformerSpec"),
        model(count=2**31),
        model(count=len(VARIABLES) + 1),
        model()[:-1],
        model(count=len(VARIABLES) + 1, rest=text("rank") + b"\xff"),
        model(count=len(VARIABLES) + 1, rest=text("kind") + b"\x00\x63" + bytes(4)),
        model(
            count=len(VARIABLES) + 1,
            rest=text("shape") + struct.pack("<BIBI", 1, 3, 0, 4) + bytes(4),
        ),
    ],
)
def test_what_is_no_whole_model_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError):
        ModelFile(path)
