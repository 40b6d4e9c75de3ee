"""Piper voices of tiny random networks, written as ONNX files by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHANNELS, FRAMES_PER_PHONEME, HOP = 4, 8, 8
SYMBOLS = " .,!?abdefhijklmnopstuvwz\u00e6\u0259\u025b\u026a\u0283\u028a\u028c\u0251\u0254\u02c8"
RATE = 800  # samples per second: 100 frames a second
CONTEXT = 6  # frames that decide over a sample, at either side of its own

Value = int | str | bytes | Sequence[int]
Field = tuple[int, Value]


def message(*fields: Field) -> bytes:
    """Write a message of protocol buffers: integers, or what has a length."""
    written = b""
    for number, value in fields:
        if isinstance(value, int):
            written += varint(number << 3) + varint(value)
            continue
        content = value.encode() if isinstance(value, str) else bytes(value)
        written += varint(number << 3 | 2) + varint(len(content)) + content
    return written


def varint(value: int) -> bytes:
    """Write a number of variable length."""
    low, high = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def node(operator: str, inputs: str, output: str, **integers: int | list[int]) -> Field:
    """Return an operation; ``inputs`` are names with spaces between."""
    attributes = []
    for name, value in integers.items():
        many = isinstance(value, list)
        held = [(8, one) for one in value] if isinstance(value, list) else [(3, value)]
        attributes.append((5, message((1, name), *held, (20, 7 if many else 2))))
    names = [(1, name) for name in inputs.split()]
    return 1, message(*names, (2, output), (4, operator), *attributes)


def tensor(name: str, array: NDArray[np.generic]) -> Field:
    """Return numbers that the file holds: float32 or int64."""
    kind = 1 if array.dtype == np.float32 else 7
    dims = [(1, size) for size in array.shape]
    return 5, message(*dims, (2, kind), (8, name), (9, array.tobytes()))


def value(field: int, name: str, kind: int, dims: int) -> Field:
    """Return an input or output of so many dimensions, each of any size."""
    shape = message(*((1, message((2, f"{name}_{axis}"))) for axis in range(dims)))
    return field, message((1, name), (2, message((1, message((1, kind), (2, shape))))))


def network(speakers: int = 1, decoder: Sequence[Field] = (), seed: int = 0) -> bytes:
    """Return a voice like VITS; ``decoder`` is put before its last operation, from x to y."""
    random = np.random.default_rng(seed)

    def weights(name: str, *shape: int) -> Field:
        return tensor(name, (random.standard_normal(shape) * 0.4).astype(np.float32))

    convolved = "conv_pre_x" if speakers > 1 else "pre_x"
    nodes = [
        node("Gather", "emb input", "embedded"),
        node("Transpose", "embedded", "turned", perm=[0, 2, 1]),
        node("Cast", "repeats", "lengths", to=1),
        node("Ceil", "lengths", "whole_lengths"),
        node("Cast", "whole_lengths", "times", to=7),
        node("Tile", "turned times", "repeated"),
        node("Gather", "scales one", "scale"),
        node("Mul", "repeated scale", "z"),
        node("Conv", "z pre", convolved, kernel_shape=[7], pads=[3, 3]),
        node("LeakyRelu", "pre_x", "a"),
        node("ConvTranspose", "a up1", "b", kernel_shape=[8], pads=[2, 2], strides=[4]),
        node("LeakyRelu", "b", "c"),
        node("Conv", "c res", "d", kernel_shape=[3], dilations=[2], pads=[2, 2]),
        node("Add", "d b", "e"),
        node("ConvTranspose", "e up2", "x", kernel_shape=[4], pads=[1, 1], strides=[2]),
        *(decoder or [node("LeakyRelu", "x", "y")]),
        node("Conv", "y post", "f", kernel_shape=[7], pads=[3, 3]),
        node("Tanh", "f", "g"),
        node("Unsqueeze", "g one", "output"),
    ]
    inputs = [("input", 7, 2), ("input_lengths", 7, 1), ("scales", 1, 1)]
    held = [
        weights("emb", len(SYMBOLS) + 3, CHANNELS),
        weights("pre", CHANNELS, CHANNELS, 7),
        weights("up1", CHANNELS, CHANNELS, 8),
        weights("res", CHANNELS, CHANNELS, 3),
        weights("up2", CHANNELS, CHANNELS, 4),
        weights("post", 1, CHANNELS, 7),
        tensor("repeats", np.array([1, 1, FRAMES_PER_PHONEME])),
        tensor("one", np.array([1])),
        tensor("last", np.array([2])),
    ]
    if speakers > 1:
        inputs.append(("sid", 7, 1))
        held += [weights("people", speakers, CHANNELS), weights("cond", CHANNELS, CHANNELS, 1)]
        speaker = [
            node("Gather", "people sid", "who"),
            node("Unsqueeze", "who last", "person"),
            node("Conv", "person cond", "tone", kernel_shape=[1], pads=[0, 0]),
            node("Add", "conv_pre_x tone", "pre_x"),
        ]
        nodes[9:9] = speaker
    given = [value(11, name, kind, dims) for name, kind, dims in inputs]
    graph = message(*nodes, (2, "tiny"), *held, *given, value(12, "output", 1, 4))
    return message((1, 8), (7, graph), (8, message((2, 15))))


def write_voice(folder: Path, content: bytes = b"", speakers: int = 1) -> Path:
    """Write ``voice.onnx`` and what belongs to it; return its path."""
    path = folder / "voice.onnx"
    path.write_bytes(content or network(speakers))
    known = {char: [number + 3] for number, char in enumerate(SYMBOLS)}
    told = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "hop_length": HOP,
        "num_symbols": len(SYMBOLS) + 3,
        "num_speakers": speakers,
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2]} | known,
    }
    path.with_name("voice.onnx.json").write_text(json.dumps(told), encoding="utf-8")
    return path
