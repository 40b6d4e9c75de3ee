"""Random numbers become a fill, in a model small enough to build here."""

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from daemon.store.mandarin import prepare


def build(path: Path, compare: int = schema.BuiltinOperator.GREATER_EQUAL) -> None:
    """Write a model of one dropout mask: shape → random numbers → ``>= 0.5``."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.description = 3, b"dropout"
    model.buffers = [schema.BufferT(), schema.BufferT()]
    model.buffers[1].data = np.frombuffer(np.float32(0.5).tobytes(), np.uint8)
    graph.tensors = []
    kinds = schema.TensorType
    for name, kind, shape, buffer in [
        (b"shape", kinds.INT32, [2], 0),
        (b"random", kinds.FLOAT32, [1, 1], 0),
        (b"threshold", kinds.FLOAT32, [], 1),
        (b"mask", kinds.BOOL, [1, 1], 0),
    ]:
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape, tensor.buffer = name, kind, shape, buffer
        graph.tensors.append(tensor)
    model.operatorCodes, graph.operators = [], []
    for code, custom, inputs, outputs in [
        (schema.BuiltinOperator.CUSTOM, b"FlexRandomUniform", [0], [1]),
        (compare, None, [1, 2], [3]),
    ]:
        entry, operator = schema.OperatorCodeT(), schema.OperatorT()
        entry.deprecatedBuiltinCode, entry.customCode, entry.version = code, custom, 1
        operator.opcodeIndex = len(model.operatorCodes)
        operator.inputs, operator.outputs = inputs, outputs
        model.operatorCodes.append(entry)
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [0], [3]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def test_the_dropout_keeps_everything(tmp_path: Path) -> None:
    build(tmp_path / "source")
    prepare(tmp_path / "source", tmp_path / "target")
    runner = Interpreter(str(tmp_path / "target"))
    runner.allocate_tensors()
    runner.set_tensor(0, np.array([3, 5], np.int32))
    runner.invoke()
    mask = runner.get_tensor(3)
    assert mask.shape == (3, 5)
    assert mask.all()


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    build(tmp_path / "source")
    for name in ("one", "two"):
        prepare(tmp_path / "source", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_without_random_numbers_is_refused(tmp_path: Path) -> None:
    build(tmp_path / "source")
    prepare(tmp_path / "source", tmp_path / "target")
    with pytest.raises(ValueError, match="holds no FlexRandomUniform"):
        prepare(tmp_path / "target", tmp_path / "again")


def test_random_numbers_for_another_use_are_left_alone(tmp_path: Path) -> None:
    build(tmp_path / "source", compare=schema.BuiltinOperator.LESS)
    with pytest.raises(ValueError, match="not used by a dropout"):
        prepare(tmp_path / "source", tmp_path / "target")
    assert not (tmp_path / "target").exists()
