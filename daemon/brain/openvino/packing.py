"""Weights in 8 bits, as OpenVINO unpacks them within a multiplication."""

import numpy as np
from openvino import Node
from openvino import opset13 as ops


def int8(matrix: np.ndarray, name: str) -> Node:
    """Return a matrix (out, in) with one scale a row."""
    scale = np.abs(matrix).max(1, keepdims=True) / np.float32(127)
    scale[scale == 0] = 1
    scale = scale.astype(np.float16)
    packed = np.clip(np.rint(matrix / scale.astype(np.float32)), -127, 127).astype(np.int8)
    weights = ops.convert(ops.constant(packed, name=name), np.float16)
    return ops.convert(ops.multiply(weights, ops.constant(scale)), np.float32)
