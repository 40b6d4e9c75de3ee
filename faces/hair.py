"""The default face's hair and eyebrows, strand by strand."""

from collections.abc import Sequence

import numpy as np
from brushes import (
    Floats,
    Point,
    Strands,
    blurred,
    colour,
    curve,
    filled,
    moved,
    paint,
    paint_small,
    ribbon,
    shade,
    smoothstep,
)
from scene import AXIS, at

DARK, BROWN, LIGHT = colour("#1f120d"), colour("#5e3823"), colour("#c9976a")
WINDOW = (-0.55, -0.62, 0.56)

Fan = tuple[list[Point], list[Point], int, float]
"""Two guide strands (offset from the axis, y; root to tip), locks between them, their width."""

SIDES: list[Fan] = [
    (
        [(24, 78), (-58, 60), (-124, 107), (-153, 182), (-154, 252), (-147, 330)],
        [(30, 96), (-30, 104), (-92, 146), (-121, 206), (-126, 250), (-119, 292)],
        20, 15.0,
    ),
    (
        [(40, 78), (98, 67), (138, 112), (154, 184), (155, 252), (147, 330)],
        [(46, 98), (80, 118), (110, 160), (123, 212), (127, 250), (119, 292)],
        17, 14.0,
    ),
]  # fmt: skip
FRINGE: list[Fan] = [
    (
        [(44, 76), (86, 67), (126, 102), (149, 160), (149, 224), (144, 286)],
        [(40, 92), (54, 126), (76, 168), (104, 196), (128, 226), (136, 268)],
        18, 14.0,
    ),
    (
        [(46, 76), (-8, 53), (-76, 74), (-126, 127), (-150, 194), (-150, 266)],
        [(42, 92), (16, 142), (-22, 184), (-72, 206), (-118, 222), (-146, 254)],
        30, 16.0,
    ),
    (
        [(41, 88), (-4, 138), (-52, 188), (-88, 220), (-110, 248)],
        [(42, 92), (24, 136), (2, 180), (-14, 212), (-22, 232)],
        4, 5.0,
    ),
]  # fmt: skip


def _depth(line: Floats) -> Floats:
    side, up = (line[:, 0] - AXIS) / 156, (line[:, 1] - 235) / 185
    return np.asarray(150 * np.sqrt(np.maximum(1 - side**2 - up**2, 0.01)), np.float32)


def _lock(
    hair: Strands,
    random: np.random.Generator,
    guide: Floats,
    width: float,
    shadow: float,
    loose: float,
    inward: float,
) -> None:
    """Draw one lock: strands that spread in the middle and come together at the tip.

    ``loose`` is how far it may stray, 0 to 1: the outermost locks keep to the head's outline, on
    the side of ``inward``.
    """
    count = len(guide)
    t = np.linspace(0, 1, count, dtype=np.float32)
    along = np.gradient(guide, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    spread = width * (0.3 + 0.7 * np.sin(np.pi * np.minimum(t * 0.9 + 0.1, 1))) * (1 - 0.93 * t**4)
    bend = loose * (random.normal(0, 4) * np.sin(np.pi * t) + random.normal(0, 7) * t**4)
    ripple = bend + random.uniform(1, 4) * t * np.sin(t * 8 + random.uniform(0, 6.3))
    tint = random.uniform(0.78, 1.2)
    for j in range(44):
        offset = random.normal(0, 0.42) if j > 12 else random.uniform(-1, 1)
        last = count - int(random.exponential(0.11) * count)
        stray = random.normal(0, 1.8 if j % 11 == 0 else 0.6) * t**2
        apart = inward * (offset * spread + ripple + stray)
        apart = inward * np.maximum(apart, -spread * loose)
        line = (guide + across * apart[:, None])[: max(last, 8)]
        drawn = len(line)
        edge = 1 - 0.55 * min(abs(offset), 1.2) ** 2
        place = 1 - 0.36 * smoothstep(-40, 160, line[:-1, 0] - AXIS)
        root = 0.45 + 0.55 * smoothstep(0.0, 0.24, t[: drawn - 1])
        lit = (place * root * edge * shadow).astype(np.float32)
        ink = BROWN * random.uniform(0.75, 1.25) * tint

        def tone(diffuse: Floats, shine: Floats, lit: Floats = lit, ink: Floats = ink) -> Floats:
            body = DARK + (ink - DARK) * (diffuse * lit)[:, None]
            return np.asarray(body + (LIGHT - body) * (0.5 * shine * lit)[:, None], np.float32)

        widths = random.uniform(0.6, 1.5) * np.minimum(1, (1.02 - t[:drawn] * count / drawn) * 4)
        hair.draw(line.astype(np.float32), widths.astype(np.float32), tone, _depth(line))


def _fans(hair: Strands, random: np.random.Generator, fans: Sequence[Fan], shadow: float) -> None:
    for outer, inner, locks, width in fans:
        first, second = (curve(at(1, side), steps=14) for side in (outer, inner))
        along, inner_side = np.gradient(first, axis=0), second - first
        inward = float(
            np.sign(np.sum(inner_side[:, 1] * along[:, 0] - inner_side[:, 0] * along[:, 1]))
        )
        for i, q in enumerate(np.linspace(1, 0, locks)):
            guide = first + (second - first) * np.float32(np.clip(q + random.normal(0, 0.02), 0, 1))
            reach = len(guide) - int(len(guide) * min(random.exponential(0.10), 0.3))
            dim = shadow * (0.84 if i % 2 else 1.0)
            loose = float(min(0.1 + 1.5 * q, 1.0))
            size = width * random.uniform(0.8, 1.25)
            _lock(hair, random, guide[:reach], size, dim, loose, inward)


def draw_hair(picture: Floats, face: Floats) -> None:
    """Paint the hair over the head, with the shadow it throws on the forehead."""
    random = np.random.default_rng(11)
    hair = Strands(DARK, WINDOW)
    _fans(hair, random, SIDES, 0.8)
    _fans(hair, random, FRINGE, 1.0)
    mask = hair.mask.astype(np.float32) / 255
    for sign in (-1, 1):  # what is seen between the strands over the ears is hair, not the room
        under = [(104, 150), (140, 186), (146, 250), (142, 292), (130, 282), (122, 240)]
        paint(picture, DARK, blurred(filled(curve(at(sign, under), True)), 1.5))
    shade(picture, colour("#8c4a38"), blurred(moved(mask, 5, 12), 7) * face, 0.75)
    shade(picture, colour("#7a3f30"), blurred(moved(mask, 2, 3), 2) * face, 0.5)
    paint(picture, hair.ink.astype(np.float32) / 255, mask)


def draw_brows(picture: Floats) -> None:
    """Paint the eyebrows."""
    random = np.random.default_rng(3)
    for sign in (-1, 1):
        arch = curve(
            at(sign, [(25, 264), (40, 257), (57, 252.5), (74, 253.5), (89, 260), (98, 267)])
        )
        t = np.linspace(0, 1, len(arch))
        body = np.interp(t, [0, 0.12, 0.5, 1], [3.5, 7.5, 7, 1.2])
        paint(picture, colour("#5a3826"), blurred(filled(ribbon(arch, body)), 2.0), 0.6)
        for _ in range(190):
            i = int(random.uniform(0, 0.96) * (len(arch) - 2))
            root = arch[i] + [0, random.uniform(-0.5, 0.5) * body[i] + 1]
            along = arch[min(i + 3, len(arch) - 1)] - arch[i]
            along /= max(float(np.linalg.norm(along)), 1e-6)
            lift = np.array([0, -1.0]) * np.interp(t[i], [0, 0.25, 1], [1.0, 0.4, -0.1])
            tip = root + (along + lift) * random.uniform(4, 8)
            stroke = np.stack([root, (root + tip) / 2 - [0, 0.4], tip]).astype(np.float32)
            ink = colour("#47291b") * random.uniform(0.85, 1.4)
            paint_small(picture, ink, ribbon(stroke, np.array([0.9, 0.7, 0.2])), 0.45)
