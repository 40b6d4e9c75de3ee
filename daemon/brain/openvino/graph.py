"""A decoder-only transformer (Llama, Qwen 2 and 3) as a graph of OpenVINO's operators.

Its inputs, for one conversation and ``n`` new tokens after ``past``:

- ``embeddings`` float32 (1, n, hidden);
- ``cos``, ``sin`` float32 (1, 1, n, head size): of the angles of rotary position embedding;
- ``mask`` float32 (1, 1, n, past + n): what is added to the scores of attention;
- ``beam`` int32 (1,): 0. OpenVINO fuses attention with its state only where beams may be reordered;
- ``places`` int32 (places,): which of the new tokens are asked about, from 0, or -1 for the last.

Its output is ``logits`` float32 (1, places, vocabulary) after these tokens. Keys and values stay in
the graph's state. Written in the form that the CPU plugin recognises: root mean square norm, rotary
embedding, attention with state, and weights that are unpacked within the multiplication.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import Node
from openvino import opset13 as ops
from openvino.op.util import Variable, VariableInfo

from daemon.brain.openvino.gguf_file import Merged

Pack = Callable[[np.ndarray, str], Node]
PLACES = "places"
"""An input that models converted by earlier versions lack."""
_END = 2**31 - 1


def build(weights: Merged, pack: Pack) -> ov.Model:
    """Return the graph; ``pack`` makes a matrix (out, in) and its name a node of that shape."""
    return _Builder(weights, pack).model()


def tells_places(file: Path) -> bool:
    """Whether the model in this file (model.xml) has the input ``places``."""
    return f'"{PLACES}"' in file.read_text(encoding="utf-8")


def with_places(model: ov.Model) -> ov.Model:
    """Give its input ``places`` to a model of an earlier version, which tells of the last token."""
    last = next(
        node
        for node in reversed(model.get_ordered_ops())
        if node.get_type_name() == "Slice" and node.input_value(0).partial_shape.rank == 3
    )
    places = _input(PLACES, [-1], np.int32)
    chosen = ops.gather(last.input_value(0), places, np.int64(1))
    for user in last.output(0).get_target_inputs():
        user.replace_source_output(chosen.output(0))
    model.add_parameters([places])
    model.validate_nodes_and_infer_types()
    return model


class _Builder:
    def __init__(self, weights: Merged, pack: Pack) -> None:
        self._weights, self._pack, self._shape = weights, pack, weights.shape
        self._sinks: list[Node] = []
        size = self._shape.head_size
        self._embeddings = _input("embeddings", [1, -1, self._shape.hidden])
        self._cos, self._sin = _input("cos", [1, 1, -1, size]), _input("sin", [1, 1, -1, size])
        self._mask = _input("mask", [1, 1, -1, -1])
        self._beam = _input("beam", [1], np.int32)
        self._places = _input(PLACES, [-1], np.int32)

    def model(self) -> ov.Model:
        hidden: Node = self._embeddings
        for layer in range(self._shape.layers):
            block = f"blk.{layer}."
            hidden = ops.add(
                hidden, self._attention(self._norm(hidden, f"{block}attn_norm"), block)
            )
            hidden = ops.add(
                hidden, self._feed_forward(self._norm(hidden, f"{block}ffn_norm"), block)
            )
        asked = ops.gather(hidden, self._places, np.int64(1))
        head = "output" if "output.weight" in self._weights else "token_embd"
        logits = self._linear(self._norm(asked, "output_norm"), head)
        result = ops.result(logits)
        result.output(0).set_names({"logits"})
        inputs = [self._embeddings, self._cos, self._sin, self._mask, self._beam, self._places]
        return ov.Model([result], self._sinks, inputs, "brain")

    def _linear(self, hidden: Node, *names: str) -> Node:
        """Multiply by the matrices of ``names``, one below the other, and add their biases."""
        rows = [self._weights[f"{name}.weight"] for name in names]
        product = ops.matmul(hidden, self._pack(np.concatenate(rows), names[0]), False, True)
        if f"{names[0]}.bias" not in self._weights:
            return product
        bias = np.concatenate([self._weights[f"{name}.bias"] for name in names])
        return ops.add(product, ops.constant(bias.reshape(1, 1, -1)))

    def _norm(self, hidden: Node, name: str) -> Node:
        squares = ops.reduce_mean(ops.power(hidden, np.float32(2)), _ints(-1), True)
        scale = ops.divide(
            np.float32(1), ops.sqrt(ops.add(squares, np.float32(self._shape.epsilon)))
        )
        gain = self._weights[f"{name}.weight"]
        return ops.multiply(ops.multiply(hidden, scale), ops.constant(gain))

    def _heads(self, hidden: Node, heads: int) -> Node:
        size = self._shape.head_size
        return ops.reshape(hidden, _ints(0, -1, heads, size), True)

    def _attention(self, hidden: Node, block: str) -> Node:
        shape = self._shape
        # One multiplication instead of three: each costs some microseconds beside its arithmetic.
        joined = self._linear(hidden, *(f"{block}attn_{part}" for part in "qkv"))
        heads = (shape.heads, shape.kv_heads, shape.kv_heads)
        widths = _ints(*(number * shape.head_size for number in heads))
        parts = ops.variadic_split(joined, np.int64(-1), widths).outputs()
        query, key, value = map(self._heads, parts, heads)
        if f"{block}attn_q_norm.weight" in self._weights:  # Qwen 3
            query = self._norm(query, f"{block}attn_q_norm")
            key = self._norm(key, f"{block}attn_k_norm")
        query, key, value = (ops.transpose(each, _ints(0, 2, 1, 3)) for each in (query, key, value))
        keys = self._state(self._rotated(key), f"{block}keys")
        values = self._state(value, f"{block}values")
        attended = ops.scaled_dot_product_attention(
            self._rotated(query), self._shared(keys), self._shared(values), self._mask
        )
        joined = ops.reshape(
            ops.transpose(attended, _ints(0, 2, 1, 3)),
            _ints(0, 0, shape.heads * shape.head_size),
            True,
        )
        return self._linear(joined, f"{block}attn_output")

    def _rotated(self, heads: Node) -> Node:
        half, end, one, axis = (_ints(n) for n in (self._shape.head_size // 2, _END, 1, 3))
        first, second = (
            ops.slice(heads, _ints(0), half, one, axis),
            ops.slice(heads, half, end, one, axis),
        )
        turned = ops.concat(
            [ops.multiply(second, np.full((1, 1, 1, 1), -1, np.float32)), first], -1
        )
        return ops.add(ops.multiply(heads, self._cos), ops.multiply(turned, self._sin))

    def _state(self, new: Node, name: str) -> Node:
        """Append to what was computed for the tokens before."""
        shape = self._shape
        info = VariableInfo()
        info.data_shape = ov.PartialShape([1, shape.kv_heads, -1, shape.head_size])
        info.data_type = ov.Type.f32
        info.variable_id = name
        variable = Variable(info)
        nothing = ops.constant(np.zeros((1, shape.kv_heads, 0, shape.head_size), np.float32))
        past = ops.read_value(nothing, variable)
        past = ops.gather(past, self._beam, np.int64(0))
        whole = ops.concat([past, new], 2)
        self._sinks.append(ops.assign(whole, variable))
        return whole

    def _shared(self, heads: Node) -> Node:
        """Repeat each head for the queries that share it."""
        shape = self._shape
        times = shape.heads // shape.kv_heads
        if times == 1:
            return heads
        more = ops.broadcast(
            ops.unsqueeze(heads, _ints(2)), _ints(1, 1, times, 1, 1), broadcast_spec="BIDIRECTIONAL"
        )
        return ops.reshape(more, _ints(0, shape.heads, -1, shape.head_size), True)

    def _feed_forward(self, hidden: Node, block: str) -> Node:
        both = self._linear(hidden, f"{block}ffn_gate", f"{block}ffn_up")
        gate, up = ops.split(both, np.int64(-1), 2).outputs()
        return self._linear(ops.multiply(ops.swish(gate), up), f"{block}ffn_down")


def _input(name: str, shape: list[int], kind: type = np.float32) -> Node:
    node = ops.parameter(shape, kind, name)
    node.output(0).set_names({name})
    return node


def _ints(*values: int) -> Node:
    return ops.constant(np.array(values, np.int64))
