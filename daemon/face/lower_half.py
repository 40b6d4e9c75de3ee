"""Wav2Lip's generator without the rows of the face that nobody gets to see.

Only the lower face is put into pictures, and only from row 48 on is anything painted that was not
given. Rows above ``FIRST`` are therefore left out wherever the network grows a face back; what is
below them comes out as it would have. That saves a quarter of the time.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from openvino import Model, Node

Floats = NDArray[np.float32]

SIDE = 96  # pixels of a face
FIRST = 40  # the first row that is painted
GIVEN = 48  # rows above this one are given to the generator
# The first row kept of a growing face, by its height: so that of the rows below ``FIRST`` none is
# reached by a convolution that looked beyond the cut.
STARTS = {12: 3, 24: 8, 48: 18}
JOINS = 7  # of the growing face with what the given one looked like at that size


def leave_out(model: "Model") -> bool:
    """Cut the rows out of OpenVINO's ``model``; whether that was possible.

    Where a model is built otherwise than the authors' own, it is left as it is.
    """
    from openvino import opset13 as ops

    joins = [
        node
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Concat" and len(node.output(0).partial_shape) == 4
    ]
    if len(joins) != JOINS or any(len(node.inputs()) != 2 for node in joins):
        return False
    above = 0  # the row at which the growing face now begins, before this join
    for join in joins:
        start = STARTS.get(_row_height(join), above)
        for given, rows in zip(join.inputs(), (start - above, start), strict=True):
            if rows:
                whole = given.get_source_output()
                cut = ops.slice(whole, [rows], [SIDE], [1], [2])
                given.replace_source_output(cut.output(0))
        above = 2 * start
    model.validate_nodes_and_infer_types()
    return True


def _row_height(join: "Node") -> int:
    height = join.output(0).partial_shape[2]
    return int(height.get_length()) if height.is_static else 0


def completed(made: Floats, faces: Floats) -> Floats:
    """Return whole faces (B, 3, 96, 96) of the lower rows that were made (B, 3, rows, 96).

    ``faces`` (B, 6, 96, 96) is what the generator was given. What it does to the light of the rows
    that it was given is done to those above, too, so that no edge is seen.
    """
    whole = np.array(faces[:, 3:], np.float32)
    made = made[:, :, made.shape[2] - (SIDE - FIRST) :]
    both = GIVEN - FIRST
    cast = (made[:, :, :both] - whole[:, :, FIRST:GIVEN]).mean(axis=(2, 3), keepdims=True)
    whole[:, :, :GIVEN] += cast
    share = np.linspace(0, 1, both + 2, dtype=np.float32)[1:-1, None]
    made[:, :, :both] = whole[:, :, FIRST:GIVEN] * (1 - share) + made[:, :, :both] * share
    whole[:, :, FIRST:] = made
    return np.clip(whole, 0, 1)
