"""Parts of an ONNX network, cut out along its graph; no number of it is touched.

An ONNX file is a message of protocol buffers. Only the few fields that make up the graph are read;
their numbers are those of ``onnx.proto`` in the ONNX project. What is kept is copied byte by byte.
"""

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.protobuf import field, fields, message, number_field, varint

# ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto
_GRAPH = 7
_NODE, _GRAPH_NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _INTEGER, _SUBGRAPH, _INTEGERS, _SUBGRAPHS = 1, 3, 6, 8, 11
_TENSOR_NAME, _EXTERNAL_DATA = 8, 13
_VALUE_NAME, _VALUE_TYPE, _TENSOR_TYPE, _ELEMENT_TYPE, _FLOAT = 1, 2, 1, 1, 1


@dataclass(frozen=True, slots=True)
class Node:
    """One operation."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    integers: Mapping[str, tuple[int, ...]]
    """Its attributes that are integers or lists of them."""
    raw: memoryview
    """The field as the file has it."""


class Graph:
    """The graph of an ONNX file, which stays mapped into memory as long as this lives."""

    def __init__(self, path: Path) -> None:
        """Raise ``ValueError`` for what is no such file or not whole in itself, and ``OSError``."""
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self.nodes: list[Node] = []
        """In an order in which they can be computed."""
        self.inputs: dict[str, memoryview] = {}
        """What is fed, by name."""
        self.outputs: dict[str, memoryview] = {}
        self._initializers: dict[str, memoryview] = {}
        self._rest = [raw for number, _, raw in fields(content) if number != _GRAPH]
        graph = [value for number, value, _ in fields(content) if number == _GRAPH]
        for number, value, raw in fields(message(graph[0] if graph else b"")):
            if number == _NODE:
                self.nodes.append(_node(message(value), raw))
            elif number == _INITIALIZER:
                self._initializers[_initializer_name(message(value))] = raw
            elif number == _INPUT:
                self.inputs[_name(message(value), _VALUE_NAME)] = raw
            elif number == _OUTPUT:
                self.outputs[_name(message(value), _VALUE_NAME)] = raw
        for name in self._initializers:  # old files list them among the inputs, too
            self.inputs.pop(name, None)
        if not self.nodes or not self.outputs:
            raise ValueError("no network")

    def maker(self) -> Mapping[str, Node]:
        """Return the node that makes each value."""
        return {output: node for node in self.nodes for output in node.outputs}

    def depending(self, value: str) -> list[Node]:
        """Return the nodes that compute with ``value``, directly or not, in their order."""
        reached, found = {value}, []
        for node in self.nodes:
            if not reached.isdisjoint(node.inputs):
                reached.update(node.outputs)
                found.append(node)
        return found

    def needed(self, outputs: Sequence[str], given: Sequence[str]) -> tuple[list[Node], set[str]]:
        """Return the nodes that make ``outputs`` from ``given``, and what else they are fed."""
        maker, seen = self.maker(), set(given)
        waiting = [name for name in outputs if name not in seen]
        nodes: set[int] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in maker:
                nodes.add(id(maker[name]))
                waiting += maker[name].inputs
        return [node for node in self.nodes if id(node) in nodes], seen & self.inputs.keys()

    def part(self, outputs: Sequence[str], given: Sequence[str] = ()) -> bytes:
        """Return a file that makes ``outputs`` from ``given`` and the inputs it needs.

        A value that was inside of the whole network becomes one of float32 and of any shape.
        """
        nodes, fed = self.needed(outputs, given)
        used = {name for node in nodes for name in node.inputs}
        parts: list[bytes | memoryview] = [node.raw for node in nodes]
        parts.append(field(_GRAPH_NAME, b"part"))
        parts += [raw for name, raw in self._initializers.items() if name in used]
        parts += [self.inputs[name] for name in self.inputs if name in fed]
        parts += [field(_INPUT, _float_value(name)) for name in given]
        parts += [self.outputs.get(name) or field(_OUTPUT, _float_value(name)) for name in outputs]
        return b"".join([*self._rest, field(_GRAPH, b"".join(parts))])


def _node(content: memoryview, raw: memoryview) -> Node:
    inputs, outputs, operator = [], [], ""
    integers: dict[str, tuple[int, ...]] = {}
    for number, value, _ in fields(content):
        if number == _NODE_INPUT:
            inputs.append(_text(value))
        elif number == _NODE_OUTPUT:
            outputs.append(_text(value))
        elif number == _OPERATOR:
            operator = _text(value)
        elif number == _ATTRIBUTE:
            name, held = _attribute(message(value))
            integers[name] = held
    return Node(operator, tuple(inputs), tuple(outputs), integers, raw)


def _attribute(content: memoryview) -> tuple[str, tuple[int, ...]]:
    name, held = "", list[int]()
    for number, value, _ in fields(content):
        if number == _ATTRIBUTE_NAME:
            name = _text(value)
        elif number in (_SUBGRAPH, _SUBGRAPHS):
            raise ValueError("a graph within the graph, which may use what is outside of it")
        elif number in (_INTEGER, _INTEGERS):
            held += _integers(value)
    return name, tuple(held)


def _integers(value: "int | memoryview") -> list[int]:
    """Return one number, or those of a packed list."""
    if isinstance(value, int):
        return [value]
    found, place = [], 0
    while place < len(value):
        one, place = varint(value, place)
        found.append(one)
    return found


def _initializer_name(content: memoryview) -> str:
    name = ""
    for number, value, _ in fields(content):
        if number == _EXTERNAL_DATA:
            raise ValueError("its numbers lie in another file")
        if number == _TENSOR_NAME:
            name = _text(value)
    return name


def _name(content: memoryview, wanted: int) -> str:
    return next((_text(value) for number, value, _ in fields(content) if number == wanted), "")


def _text(value: "int | memoryview") -> str:
    return bytes(message(value)).decode()


def _float_value(name: str) -> bytes:
    """Describe a value of float32 and unknown shape."""
    tensor = field(_TENSOR_TYPE, number_field(_ELEMENT_TYPE, _FLOAT))
    return field(_VALUE_NAME, name.encode()) + field(_VALUE_TYPE, tensor)
