"""A network, written down as an ONNX file for ONNX Runtime to read.

An ONNX file is a message of protocol buffers; the numbers of its fields and types are those of
``onnx.proto`` in the ONNX project.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.protobuf import FIXED32, field, number_field, written

# ModelProto, OperatorSetIdProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto
_IR_VERSION, _GRAPH, _OPERATOR_SETS, _SET_VERSION = 1, 7, 8, 2
_NODE, _GRAPH_NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _FLOAT_VALUE, _INTEGER, _INTEGERS, _KIND = 1, 2, 3, 8, 20
_FLOAT_KIND, _INTEGER_KIND, _INTEGERS_KIND = 1, 2, 7
_SIZE, _ELEMENTS, _TENSOR_NAME, _RAW = 1, 2, 8, 9
_VALUE_NAME, _VALUE_TYPE, _TENSOR_TYPE, _ELEMENT_TYPE, _SHAPE = 1, 2, 1, 1, 2
_DIMENSION, _FIXED_SIZE, _NAMED_SIZE = 1, 1, 2
_TYPES = {"float32": 1, "int64": 7}

IR, OPERATORS = 8, 17  # versions of the format and of its operators


class NetworkWriter:
    """Collects operators; every value is known by its name."""

    def __init__(self) -> None:
        self._inputs: list[bytes] = []
        self._parts: list[bytes] = []
        self._values = 0

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """Add what is fed: float32; a size that is open has a name."""
        self._inputs.append(_value(name, shape))
        return name

    def constant(self, value: NDArray[np.generic]) -> str:
        """Add an array, of float32 or int64, that is part of the network."""
        name = self._new()
        content = b"".join(number_field(_SIZE, size) for size in value.shape)
        content += number_field(_ELEMENTS, _TYPES[value.dtype.name]) + field(
            _TENSOR_NAME, name.encode()
        )
        self._parts.append(field(_INITIALIZER, content + field(_RAW, value.tobytes())))
        return name

    def node(self, operator: str, *inputs: str, **attributes: int | float | Sequence[int]) -> str:
        """Add an operator; returns the name of what it makes."""
        name = self._new()
        content = b"".join(field(_NODE_INPUT, value.encode()) for value in inputs)
        content += field(_NODE_OUTPUT, name.encode()) + field(_OPERATOR, operator.encode())
        for key, value in attributes.items():
            content += field(_ATTRIBUTE, _attribute(key, value))
        self._parts.append(field(_NODE, content))
        return name

    def network(self, output: str, shape: Sequence[int | str]) -> bytes:
        """Return the file of a network that makes ``output``."""
        parts = [field(_GRAPH_NAME, b"network"), *self._parts]
        parts += [field(_INPUT, value) for value in self._inputs]
        parts.append(field(_OUTPUT, _value(output, shape)))
        operators = field(_OPERATOR_SETS, number_field(_SET_VERSION, OPERATORS))
        return number_field(_IR_VERSION, IR) + operators + field(_GRAPH, b"".join(parts))

    def _new(self) -> str:
        self._values += 1
        return f"v{self._values}"


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    begin = field(_ATTRIBUTE_NAME, name.encode())
    if isinstance(value, int):
        return begin + number_field(_INTEGER, value) + number_field(_KIND, _INTEGER_KIND)
    if isinstance(value, float):
        number = written(_FLOAT_VALUE << 3 | FIXED32) + struct.pack("<f", value)
        return begin + number + number_field(_KIND, _FLOAT_KIND)
    numbers = b"".join(number_field(_INTEGERS, one) for one in value)
    return begin + numbers + number_field(_KIND, _INTEGERS_KIND)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sizes = b"".join(field(_DIMENSION, _dimension(size)) for size in shape)
    tensor = number_field(_ELEMENT_TYPE, _TYPES["float32"]) + field(_SHAPE, sizes)
    return field(_VALUE_NAME, name.encode()) + field(_VALUE_TYPE, field(_TENSOR_TYPE, tensor))


def _dimension(size: int | str) -> bytes:
    if isinstance(size, int):
        return number_field(_FIXED_SIZE, size)
    return field(_NAMED_SIZE, size.encode())
