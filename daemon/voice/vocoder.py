"""A vocoder's network run piece by piece, so that its first sound is there before its last.

HiFi-GAN (Kong et al., 2020, arXiv:2010.05646), the decoder of VITS (Kim et al., 2021,
arXiv:2106.06103), and MB-MelGAN (Yang et al., 2021) are convolutions: a sample depends on a few
frames around it, the receptive field, and on nothing else. A piece that is given so many frames
more at both ends therefore is the same sound, but for rounding. Sonata and other programs around
Piper stream its voices in this way.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from daemon.media import Samples
from daemon.voice.onnx_graph import Graph, Node

_POINTWISE = {
    "Add", "Cast", "Div", "Identity", "LeakyRelu", "Mul", "Relu", "Squeeze", "Sub", "Tanh",
    "Unsqueeze",
}  # fmt: skip


class PiecePlan(Protocol):
    """Says how long the pieces are to be."""

    def frames(self, left: int) -> int:
        """Return of how many frames the next piece is to be made, of so many that are left."""

    def made(self, seconds: float, frames: int) -> None:
        """Hear how long so many frames took."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a vocoder sees of its frames."""

    hop: int
    """Samples per frame."""
    context: int
    """How many frames decide over a sample beside its own, at either side."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """Where in a network frames become sound."""

    latent: str
    """The value that holds the frames: float32, shape (1, channels, frames)."""
    output: str
    """The sound: float32, in [-1, 1], the last axis is time."""
    window: Window
    lengths: str = ""
    """The value that holds how many frames each symbol lasts: float32; empty where none does."""


def find_decoder(graph: Graph) -> Decoder | None:
    """Find HiFi-GAN at the end of a network; ``None`` where something else is there."""
    output = next(iter(graph.outputs))
    maker = graph.maker()
    upsampling = next((node for node in graph.nodes if node.operator == "ConvTranspose"), None)
    first = upsampling and _convolution_before(upsampling, maker)
    if first is None:
        return None
    latent = first.inputs[0]
    needs = {output: 0}
    hop = 1
    for node in reversed(graph.depending(latent)):
        wanted = [needs[name] for name in node.outputs if name in needs]
        if not wanted:
            continue  # it makes something else than the sound
        reached = _reached(node, max(wanted))
        if reached is None:
            return None
        for name in node.inputs:
            needs[name] = max(needs.get(name, 0), reached)
        if node.operator == "ConvTranspose":
            hop *= node.integers["strides"][0]
    _, fed = graph.needed([output], [latent])
    # Frames that came in by another way could not be cut; a speaker's number holds for all.
    if latent not in maker or not fed <= {"sid"}:
        return None
    return Decoder(latent, output, Window(hop, needs[latent]), _lengths(graph, latent))


def _lengths(graph: Graph, latent: str) -> str:
    """Find what VITS rounds up to whole frames; nothing else in it is rounded."""
    before, _ = graph.needed([latent], ())
    rounded = [node.outputs[0] for node in before if node.operator == "Ceil"]
    return rounded[0] if len(rounded) == 1 else ""


def _convolution_before(node: Node, maker: Mapping[str, Node]) -> Node | None:
    """Go back to the convolution that takes the frames; a speaker's, added to it, is narrower."""
    if node.operator == "Conv":
        return node
    if node.operator not in ("ConvTranspose", "LeakyRelu", "Add"):
        return None
    names = node.inputs if node.operator == "Add" else node.inputs[:1]
    found = [_convolution_before(maker[name], maker) for name in names if name in maker]
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: one.integers.get("kernel_shape", (0,))[0], default=None)


def _reached(node: Node, need: int) -> int | None:
    """Return how far to either side a node looks in what it is given.

    ``need`` counts the samples around a sample of what it makes. ``None``: that is not known.
    """
    if node.operator in _POINTWISE:
        return need
    told = node.integers
    kernel, stride = told.get("kernel_shape", ()), told.get("strides", (1,))
    dilation, pads = told.get("dilations", (1,)), told.get("pads", (0, 0))
    if len(kernel) != 1 or len(pads) != 2:
        return None
    width = dilation[0] * (kernel[0] - 1)
    if node.operator == "Conv":
        same = stride[0] == 1 and sum(pads) == width
        return need + max(pads) if same else None
    if node.operator != "ConvTranspose" or "output_padding" in told or dilation[0] != 1:
        return None
    if kernel[0] - stride[0] != sum(pads):
        return None
    before, after = (width - pads[0]) // stride[0], (stride[0] - 1 + pads[0]) // stride[0]
    return -(-need // stride[0]) + max(before, after)


def in_pieces(
    frames: int, window: Window, plan: PiecePlan, decode: Callable[[int, int], Samples]
) -> Iterator[Samples]:
    """Yield the sound of ``frames`` frames, piece by piece.

    ``decode(begin, end)`` makes the sound of these frames alone.
    """
    hop, context = window.hop, window.context
    begin = 0
    while begin < frames:
        end = begin + min(frames - begin, max(1, plan.frames(frames - begin)))
        first, last = max(0, begin - context), min(frames, end + context)
        started = time.perf_counter()
        sound = decode(first, last)
        plan.made(time.perf_counter() - started, last - first)
        yield sound[(begin - first) * hop : (end - first) * hop]
        begin = end
