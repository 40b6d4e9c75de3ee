"""Dialogues laid into one row, so that what they begin with alike is read once.

Each dialogue brings the persona and often the tools along, which are half of its tokens, and many
bring the same. In the row, a token sees those before it in its own dialogue and no others; so
every dialogue is read exactly as it would be alone, and nothing is filled up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from daemon.training.examples import Example


@dataclass(frozen=True, slots=True)
class Packed:
    """Some dialogues as one row of ``length`` tokens."""

    ids: Tensor
    """int64 (1, length)."""
    positions: Tensor
    """Each token's place in its dialogue, int64 (1, length)."""
    mask: Tensor
    """Which tokens (columns) a token (row) sees, bool (1, 1, length, length)."""
    before: list[int]
    """From where in the row the tokens to learn are foretold."""
    expected: list[int]
    """The tokens to learn."""


def pack(batch: Sequence[Example]) -> Packed:
    """Lay dialogues into a row; each continues the one before it with which it shares most."""
    ids: list[int] = []
    positions: list[int] = []
    seen: list[list[int]] = []  # for each token of the row, its dialogue up to and with itself
    before: list[int] = []
    expected: list[int] = []
    paths: list[tuple[Example, list[int]]] = []
    for example in batch:
        path: list[int] = []
        for other, known in paths:
            # Not into an answer: where it is foretold is looked up in the example's own tokens.
            alike = _common(example.ids[: _first(example)], other.ids)
            if alike > len(path):
                path = known[:alike]
        path = list(path)
        for position in range(len(path), len(example.ids)):
            path.append(len(ids))
            ids.append(example.ids[position])
            positions.append(position)
            seen.append(path[: position + 1])
        for place in example.learned:
            before.append(path[place - 1])
            expected.append(example.ids[place])
        paths.append((example, path))
    mask = torch.zeros(len(ids), len(ids), dtype=torch.bool)
    for row, columns in enumerate(seen):
        mask[row, columns] = True
    return Packed(
        torch.tensor([ids]), torch.tensor([positions]), mask[None, None], before, expected
    )


def _first(example: Example) -> int:
    return example.earlier[0].start if example.earlier else example.start


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many elements both begin with."""
    for count, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return count
    return min(len(left), len(right))
