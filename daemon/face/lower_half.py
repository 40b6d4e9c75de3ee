"""Wav2Lip's generator without the rows of the face that nobody gets to see.

Only the lower face is put into pictures, and only in its lower half is anything painted that was
not given. Rows above ``first_row`` are therefore left out wherever the network grows a face back;
what is below them comes out as it would have. That saves a quarter of the time.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from openvino import Model, Node

Floats = NDArray[np.float32]

LEAST_JOINS = 7  # of the growing face with what the given one looked like at that size


def first_row(side: int) -> int:
    """Return the first row of a face of ``side`` pixels that is painted."""
    return 5 * side // 12


def given_rows(side: int) -> int:
    """Return how many rows of a face, from above, the generator is given."""
    return side // 2


def starts(side: int) -> dict[int, int]:
    """Return the first row kept of a growing face, by its height.

    So that no row from ``first_row`` on is reached by a convolution that looked beyond the cut: two
    of 3×3 follow each doubling, and a third the last one.
    """
    found, height, row = {}, side // 2, (first_row(side) - 3) // 2
    while row > 0:
        found[height] = row
        height, row = height // 2, (row - 2) // 2
    return found


def leave_out(model: "Model") -> bool:
    """Cut the rows out of OpenVINO's ``model``; whether that was possible.

    Where its halves join in another way, as with attention, it is left as it is.
    """
    from openvino import opset13 as ops

    joins = [
        node
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Concat" and len(node.output(0).partial_shape) == 4
    ]
    heights = [_row_height(join) for join in joins]
    doubled = all(more == 2 * less for less, more in pairwise(heights[1:]))
    two = all(len(join.inputs()) == 2 for join in joins)
    if len(joins) < LEAST_JOINS or not (doubled and two):
        return False
    side = heights[-1]
    rows, above = starts(side), 0  # the row at which the growing face begins, before a join
    for join, height in zip(joins, heights, strict=True):
        start = rows.get(height, above)
        for given, cut in zip(join.inputs(), (start - above, start), strict=True):
            if cut:
                whole = given.get_source_output()
                given.replace_source_output(ops.slice(whole, [cut], [side], [1], [2]).output(0))
        above = 2 * start
    model.validate_nodes_and_infer_types()
    return True


def _row_height(join: "Node") -> int:
    height = join.output(0).partial_shape[2]
    return int(height.get_length()) if height.is_static else 0


def completed(made: Floats, faces: Floats) -> Floats:
    """Return whole faces (B, 3, side, side) of the lower rows that were made (B, 3, rows, side).

    ``faces`` (B, 6, side, side) is what the generator was given. What it does to the light of the
    rows that it was given is done to those above, too, so that no edge is seen.
    """
    side = faces.shape[2]
    first, given = first_row(side), given_rows(side)
    whole = np.array(faces[:, 3:], np.float32)
    made = made[:, :, made.shape[2] - (side - first) :]
    both = given - first
    cast = (made[:, :, :both] - whole[:, :, first:given]).mean(axis=(2, 3), keepdims=True)
    whole[:, :, :given] += cast
    share = np.linspace(0, 1, both + 2, dtype=np.float32)[1:-1, None]
    made[:, :, :both] = whole[:, :, first:given] * (1 - share) + made[:, :, :both] * share
    whole[:, :, first:] = made
    return np.clip(whole, 0, 1)
