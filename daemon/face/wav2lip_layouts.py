"""The layouts in which Wav2Lip's generator is trained, and which of them a checkpoint is of.

All are the network of Prajwal et al., 2020, arXiv:2008.10010, grown: that of its authors, for faces
of 96 pixels; one with a stage more, for 256 (``wav2lip256.pth``); and one twice as wide, with
spatial attention where both halves join (Woo et al., 2018, arXiv:1807.06521), for 384
(``wav2lip384.pth``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Row: TypeAlias = tuple[int, int, int, int | tuple[int, int], int]
"""Of a convolution: inputs, outputs, kernel, stride, padding."""
Rows: TypeAlias = tuple[tuple[Row, int], ...]
"""Of stages: the first convolution, and how many residual blocks follow it."""
Growing: TypeAlias = tuple[tuple[tuple[int, int, int, int, int], int], ...]


@dataclass(frozen=True, slots=True)
class GeneratorLayout:
    """Of what a generator is built."""

    side: int
    """Pixels of its faces."""
    face: Rows
    sound: Rows
    growing: Growing
    flat: int = 1
    """Convolutions of 1×1 after the last stage of the face."""
    attends: bool = False
    """Whether spatial attention weighs the growing face before it joins the given one."""

    @property
    def example(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of its inputs: what is heard, and faces."""
        return (1, 1, 80, 16), (1, 6, self.side, self.side)


_SOUND: Rows = (
    ((1, 32, 3, (1, 1), 1), 2),
    ((32, 64, 3, (3, 1), 1), 2),
    ((64, 128, 3, (3, 3), 1), 2),
    ((128, 256, 3, (3, 2), 1), 1),
    ((256, 512, 3, (1, 1), 0), 0),
    ((512, 512, 1, (1, 1), 0), 0),
)
_TO_512: Rows = (
    ((6, 16, 7, 1, 3), 0),
    ((16, 32, 3, 2, 1), 2),
    ((32, 64, 3, 2, 1), 3),
    ((64, 128, 3, 2, 1), 2),
    ((128, 256, 3, 2, 1), 2),
    ((256, 512, 3, 2, 1), 1),
)
_FROM_512: Growing = (
    ((1024, 512, 3, 2, 1), 2),
    ((768, 384, 3, 2, 1), 2),
    ((512, 256, 3, 2, 1), 2),
    ((320, 128, 3, 2, 1), 2),
    ((160, 64, 3, 2, 1), 2),
)
_WIDE = (16, 32, 64, 128, 256, 512, 1024)

LAYOUTS = (
    GeneratorLayout(
        96,
        (*_TO_512, ((512, 512, 3, 1, 0), 0)),
        _SOUND,
        (((1024, 512, 3, 1, 0), 1), *_FROM_512),
    ),
    GeneratorLayout(
        256,
        (*_TO_512, ((512, 512, 3, 2, 1), 1), ((512, 512, 4, 1, 0), 0)),
        _SOUND,
        (((1024, 512, 4, 1, 0), 1), ((1024, 512, 3, 2, 1), 1), *_FROM_512),
    ),
    GeneratorLayout(
        384,
        (
            ((6, 16, 7, 1, 3), 3),
            *(((less, more, 3, 2, 1), 3) for less, more in pairwise(_WIDE)),
            ((1024, 1024, 3, 1, 0), 0),
        ),
        (
            *_SOUND[:3],
            ((128, 256, 3, (3, 2), 1), 2),
            ((256, 512, 3, (1, 1), 1), 2),
            ((512, 1024, 3, (1, 1), 0), 0),
            ((1024, 1024, 1, (1, 1), 0), 0),
        ),
        (
            ((2048, 1024, 3, 1, 0), 1),
            ((2048, 1024, 3, 2, 1), 2),
            ((1536, 768, 3, 2, 1), 2),
            ((1024, 512, 3, 2, 1), 2),
            ((640, 256, 3, 2, 1), 2),
            *_FROM_512[-2:],
        ),
        flat=2,
        attends=True,
    ),
)
UNUSED = ("audio_refine.",)  # in checkpoints of 384 pixels: only their training used it

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]


def face_stages(shapes: Shapes) -> str:
    """Name the first convolution of each stage that a face passes through; "" if there is none."""
    found = list[str]()
    while shape := shapes.get(f"face_encoder_blocks.{len(found)}.0.conv_block.0.weight"):
        found.append("×".join(map(str, shape)))
    return ", ".join(found)


def layout_of(shapes: Shapes) -> GeneratorLayout | None:
    """Return the layout that tensors of these names and shapes are of, if it is a known one."""
    attends = "sam.sa.conv1.weight" in shapes
    stages = face_stages(shapes)
    for layout in LAYOUTS:
        own = (f"{out}×{less}×{size}×{size}" for (less, out, size, _, _), _ in layout.face)
        if layout.attends == attends and ", ".join(own) == stages:
            return layout
    return None
