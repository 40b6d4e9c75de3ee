"""Whisper (Radford et al., 2022, arXiv:2212.04356) as two graphs of OpenVINO's operators.

The encoder takes ``features`` float32 (1, mels, frames), an even number of frames, and returns for
each layer of the decoder what that attends to: ``keys_N`` (1, heads, head size, frames / 2), lying
as the multiplication wants it, and ``values_N`` (1, heads, frames / 2, head size).

The decoder takes ``embeddings`` float32 (1, n, width) of n new tokens with their positions,
``mask`` (1, 1, n, past + n) which is added to the scores of attention, ``beam`` int32 (1,): 0, and
the encoder's results. It returns ``logits`` (1, n, vocabulary). What it has read stays in its
state; the gather by ``beam`` is there because OpenVINO fuses attention with its state only where
beams may be reordered.

Matrices are in 8 bits: that is the quickest to read, and half as far from float32 as CTranslate2's
8 bits, because what they are multiplied with has a scale for every 32 numbers.
"""

import numpy as np
import openvino as ov
from openvino import Node
from openvino import opset13 as ops
from openvino.op.util import Variable, VariableInfo

from daemon.ears.openvino.model_file import ModelFile

EPSILON = 1e-5  # of the layer norms
ROWS = 1024  # of a matrix that are packed at a time: they stay in the processor's cache


def encoder(file: ModelFile) -> ov.Model:
    """Return the encoder."""
    net = _Network(file, "encoder")
    mels = file.mapped("encoder/conv1/weight").shape[1]
    features = _input("features", [1, mels, -1])
    hidden = net.convolution(net.convolution(features, "conv1", 1), "conv2", 2)
    hidden = ops.transpose(hidden, _ints(0, 2, 1))
    places = ops.constant(file["encoder/position_encodings/encodings"][None])
    length = ops.gather(ops.shape_of(hidden), _ints(1), _ints(0))
    hidden = ops.add(hidden, ops.slice(places, _ints(0), length, _ints(1), _ints(1)))
    for layer in range(file.layers("encoder")):
        block = f"layer_{layer}"
        query, key, value = net.queries_keys_values(hidden, f"{block}/self_attention")
        attended = net.joined(ops.scaled_dot_product_attention(query, key, value))
        hidden = ops.add(hidden, net.linear(attended, f"{block}/self_attention/linear_1"))
        hidden = net.feed_forward(hidden, f"{block}/ffn")
    hidden = net.norm(hidden, "layer_norm")
    results = []
    decoder_net = _Network(file, "decoder")
    for layer in range(file.layers("decoder")):
        both = decoder_net.linear(hidden, f"layer_{layer}/attention/linear_1")
        keys, values = ops.split(both, np.int64(-1), 2).outputs()
        results += [
            _output(decoder_net.heads(keys, (0, 2, 3, 1)), f"keys_{layer}"),
            _output(decoder_net.heads(values), f"values_{layer}"),
        ]
    return ov.Model(results, [features], "encoder")


def decoder(file: ModelFile) -> ov.Model:
    """Return the decoder, likewise."""
    net = _Network(file, "decoder")
    embeddings = _input("embeddings", [1, -1, net.width])
    mask, beam = _input("mask", [1, 1, -1, -1]), _input("beam", [1], np.int32)
    inputs, sinks = [embeddings, mask, beam], []
    scale = np.float32(net.head_size**-0.5)
    hidden: Node = embeddings
    for layer in range(file.layers("decoder")):
        block = f"layer_{layer}"
        query, key, value = net.queries_keys_values(hidden, f"{block}/self_attention")
        for new, name in ((key, f"past_keys_{layer}"), (value, f"past_values_{layer}")):
            sinks.append(net.state(new, name, beam))
        own = ops.scaled_dot_product_attention(query, *map(_stored, sinks[-2:]), mask)
        hidden = ops.add(hidden, net.linear(net.joined(own), f"{block}/self_attention/linear_1"))
        keys = _input(f"keys_{layer}", [1, net.number, net.head_size, -1])
        values = _input(f"values_{layer}", [1, net.number, -1, net.head_size])
        inputs += [keys, values]
        normed = net.norm(hidden, f"{block}/attention/layer_norm")
        query = net.heads(net.linear(normed, f"{block}/attention/linear_0"))
        # Not fused on purpose: that would turn the keys round again for every token.
        weights = ops.softmax(ops.matmul(ops.multiply(query, scale), keys, False, False), -1)
        attended = net.joined(ops.matmul(weights, values, False, False))
        hidden = ops.add(hidden, net.linear(attended, f"{block}/attention/linear_2"))
        hidden = net.feed_forward(hidden, f"{block}/ffn")
    words = int8(file.mapped("decoder/embeddings/weight"))
    logits = ops.matmul(net.norm(hidden, "layer_norm"), words, False, True)
    return ov.Model([_output(logits, "logits")], sinks, inputs, "decoder")


class _Network:
    """The pieces that encoder and decoder have in common; names are the file's."""

    def __init__(self, file: ModelFile, part: str) -> None:
        self._file, self._part = file, part
        self.number = file.integer(f"{part}/num_heads")
        self.width = int(file.mapped(f"{part}/layer_norm/gamma").shape[0])
        self.head_size = self.width // self.number

    def linear(self, hidden: Node, name: str) -> Node:
        weights = int8(self._file.mapped(f"{self._part}/{name}/weight"))
        product = ops.matmul(hidden, weights, False, True)
        return ops.add(product, self._row(f"{name}/bias"))

    def norm(self, hidden: Node, name: str) -> Node:
        normed = ops.mvn(hidden, _ints(-1), True, EPSILON, "INSIDE_SQRT")
        scaled = ops.multiply(normed, self._row(f"{name}/gamma"))
        return ops.add(scaled, self._row(f"{name}/beta"))

    def convolution(self, hidden: Node, name: str, stride: int) -> Node:
        kernel = ops.constant(self._weight(f"{name}/weight"))
        product = ops.convolution(hidden, kernel, [stride], [1], [1], [1])
        bias = self._weight(f"{name}/bias").reshape(1, -1, 1)
        return ops.gelu(ops.add(product, ops.constant(bias)), "erf")

    def feed_forward(self, hidden: Node, block: str) -> Node:
        normed = self.norm(hidden, f"{block}/layer_norm")
        wide = ops.gelu(self.linear(normed, f"{block}/linear_0"), "erf")
        return ops.add(hidden, self.linear(wide, f"{block}/linear_1"))

    def queries_keys_values(self, hidden: Node, block: str) -> list[Node]:
        normed = self.norm(hidden, f"{block}/layer_norm")
        joined = self.linear(normed, f"{block}/linear_0")
        return [self.heads(part) for part in ops.split(joined, np.int64(-1), 3).outputs()]

    def heads(self, hidden: Node, order: tuple[int, ...] = (0, 2, 1, 3)) -> Node:
        """Part (1, n, width) into (1, n, heads, head size), and put that into ``order``."""
        parted = ops.reshape(hidden, _ints(0, -1, self.number, self.head_size), True)
        return ops.transpose(parted, _ints(*order))

    def joined(self, attended: Node) -> Node:
        """Turn (1, heads, n, head size) into (1, n, width)."""
        return ops.reshape(
            ops.transpose(attended, _ints(0, 2, 1, 3)), _ints(0, 0, self.width), True
        )

    def state(self, new: Node, name: str, beam: Node) -> Node:
        """Append to what was computed for the tokens before; return the node that keeps it all."""
        info = VariableInfo()
        info.data_shape = ov.PartialShape([1, self.number, -1, self.head_size])
        info.data_type = ov.Type.f32
        info.variable_id = name
        variable = Variable(info)
        nothing = ops.constant(np.zeros((1, self.number, 0, self.head_size), np.float32))
        past = ops.gather(ops.read_value(nothing, variable), beam, np.int64(0))
        return ops.assign(ops.concat([past, new], 2), variable)

    def _weight(self, name: str) -> np.ndarray:
        return self._file[f"{self._part}/{name}"]

    def _row(self, name: str) -> Node:
        return ops.constant(self._weight(name).reshape(1, 1, -1))


def int8(matrix: np.ndarray) -> Node:
    """Return a matrix (out, in) in 8 bits with one scale a row, unpacked as it is multiplied."""
    packed = np.empty(matrix.shape, np.int8)
    scales = np.empty((len(matrix), 1), np.float16)
    for start in range(0, len(matrix), ROWS):
        rows = slice(start, start + ROWS)
        part = matrix[rows].astype(np.float32)
        scale = np.abs(part).max(1, keepdims=True) / np.float32(127)
        scale[scale == 0] = 1
        scales[rows] = scale
        part /= scales[rows]  # as it will be unpacked
        packed[rows] = np.rint(part).clip(-127, 127)
    weights = ops.convert(ops.constant(packed), np.float16)
    return ops.convert(ops.multiply(weights, ops.constant(scales)), np.float32)


def _stored(assign: Node) -> Node:
    return assign.input_value(0)


def _input(name: str, shape: list[int], kind: type = np.float32) -> Node:
    node = ops.parameter(shape, kind, name)
    node.output(0).set_names({name})
    return node


def _output(node: Node, name: str) -> Node:
    result = ops.result(node)
    result.output(0).set_names({name})
    return result


def _ints(*values: int) -> Node:
    return ops.constant(np.array(values, np.int64))
