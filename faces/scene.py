"""The room behind the default face, and its shoulders and clothes."""

from collections.abc import Sequence

import numpy as np
from brushes import (
    HEIGHT,
    WIDTH,
    Floats,
    Point,
    band,
    blob,
    blurred,
    colour,
    curve,
    filled,
    glow,
    grid,
    mirrored,
    moved,
    normals,
    paint,
    ramp,
    shade,
    smoothstep,
)

AXIS = 640.0


def at(sign: int, points: Sequence[Point]) -> list[Point]:
    """Place points given as (offset from the middle, y) on the right (1) or mirrored (-1)."""
    return [(AXIS + sign * dx, y) for dx, y in points]


def box(left: float, top: float, right: float, bottom: float) -> Floats:
    """Return the mask of a rectangle."""
    return filled([(left, top), (right, top), (right, bottom), (left, bottom)])


def room() -> Floats:
    """Paint a quiet room, out of focus: a window on the left, a shelf and a lamp on the right."""
    x, y = grid()
    random = np.random.default_rng(7)
    picture = ramp(
        x / WIDTH + 0.12 * y / HEIGHT,
        [
            (0.0, colour("#d9d0bd")),
            (0.45, colour("#b9b09b")),
            (0.75, colour("#93897a")),
            (1.1, colour("#6d6258")),
        ],
    )
    _window(picture, random)
    _shelf(picture, random)
    far = blurred(picture, 10)
    _plant(far, random)
    near = blurred(far, 6)
    glow(near, colour("#ffc987"), blob(x, y, (1118, 236), (150, 140)), 0.55)
    glow(near, colour("#fff3da"), blob(x, y, (150, 170), (260, 260)), 0.42)
    shade(near, colour("#6b5a55"), smoothstep(380, 760, y + 0.12 * abs(x - AXIS)), 0.55)
    shade(near, colour("#a39a94"), blob(x, y, (AXIS + 60, 330), (250, 260)), 0.4)
    return near


def _window(picture: Floats, random: np.random.Generator) -> None:
    paint(picture, colour("#8c8373"), box(-40, -40, 352, 470))
    x, y = grid()
    sky = ramp(y, [(0, colour("#fdf8ea")), (250, colour("#eef2e4")), (450, colour("#c9d5bb"))])
    panes = box(-40, -40, 148, 452) + box(164, -40, 336, 452)
    paint(picture, sky, panes)
    for _ in range(46):
        centre = (random.uniform(-20, 340), random.uniform(210, 460))
        leaf = blob(x, y, centre, (random.uniform(14, 34), random.uniform(12, 28)))
        green = (colour("#7d9a6a"), colour("#a8bd84"), colour("#5d8060"))[random.integers(3)]
        paint(picture, green, leaf * panes, 0.55)
    paint(picture, colour("#efe8d8"), box(-40, 452, 380, 474))
    folds = 0.5 + 0.5 * np.sin((x - 340) * 0.26 + 0.004 * y)
    paint(
        picture,
        ramp(folds, [(0, colour("#b3a58d")), (1, colour("#efe6d2"))]),
        box(336, -40, 424, 740),
    )


def _shelf(picture: Floats, random: np.random.Generator) -> None:
    wood, back = colour("#7a5336"), colour("#5d4a3f")
    paint(picture, back, box(905, -40, 1320, 620))
    inks = ["#8d4a3a", "#c9a45c", "#2f5560", "#d8cbb2", "#56705f", "#a5673f", "#3c3b4d", "#b98c76"]
    for top in (80, 268, 462):
        left = 926.0
        while left < 1270:
            width, tall = random.uniform(13, 30), random.uniform(84, 134)
            if random.random() < 0.15 or (1040 < left < 1180 and top == 268):
                left += 40
                continue
            book = colour(inks[random.integers(len(inks))]) * random.uniform(0.75, 1.05)
            paint(picture, book, box(left, top + 150 - tall, left + width, top + 150))
            left += width + random.uniform(1, 4)
        paint(picture, wood, box(900, top + 150, 1320, top + 164))
    paint(picture, wood * 0.8, box(900, -40, 916, 620))
    paint(picture, colour("#fff0cf"), filled([(1082, 210), (1150, 210), (1172, 286), (1060, 286)]))
    paint(picture, colour("#8a6a48"), box(1108, 286, 1124, 420))


def _plant(picture: Floats, random: np.random.Generator) -> None:
    for _ in range(26):
        angle = random.uniform(-2.7, -0.4)
        length = random.uniform(90, 210)
        root = np.array([236 + random.uniform(-16, 16), 560])
        tip = root + length * np.array([np.cos(angle) * 0.9, np.sin(angle)])
        side = np.array([-(tip - root)[1], (tip - root)[0]]) * random.uniform(0.1, 0.2)
        middle = (root + tip) / 2
        leaf = curve([tuple(root), tuple(middle + side), tuple(tip), tuple(middle - side)], True)
        green = (colour("#3f6048"), colour("#5b7f56"), colour("#2f4a3b"))[random.integers(3)]
        paint(picture, green * random.uniform(0.85, 1.15), filled(leaf), 0.9)
    paint(picture, colour("#b9805a"), filled([(186, 556), (286, 556), (270, 730), (200, 730)]))


NECK = [(50, 400), (62, 470), (66, 510), (78, 546), (112, 572), (118, 640), (0, 660)]
JUMPER = [
    (0, 612), (40, 606), (78, 586), (98, 555), (138, 566), (200, 584), (262, 608), (310, 642),
    (340, 690), (356, 760), (0, 770),
]  # fmt: skip


def shoulders(picture: Floats, skin: list[tuple[float, Floats]], face: Floats) -> None:
    """Paint the neck, in the shadow of ``face``, and a jumper over a shirt."""
    x, y = grid()
    side = (x - AXIS) / 74
    neck = filled(curve(mirrored(NECK, AXIS), True))
    relief = 64 * np.sqrt(np.maximum(1 - 0.7 * side**2, 0.03))
    for sign in (-1, 1):
        relief = relief + 2 * blob(x, y, (AXIS + sign * 24, 566), (16, 40))
    relief -= 2.5 * blob(x, y, (AXIS, 590), (16, 16))
    nx, ny, nz = normals(blurred(relief.astype(np.float32), 4))
    light = 0.6 * (-0.5 * nx - 0.35 * ny + 0.75 * nz) + 0.2
    flesh = ramp(light, skin)
    cast = blurred(moved(face, 10, 30), 8)
    close = blurred(moved(face, 3, 7), 3)
    shade(flesh, colour("#a05a45"), cast, 0.72)
    shade(flesh, colour("#8f4f3e"), close, 0.5)
    shade(flesh, colour("#b98672"), smoothstep(0, 80, x - AXIS), 0.35)
    paint(picture, flesh, neck)

    collar = curve(
        at(
            1,
            [
                (-103, 556),
                (-86, 577),
                (-48, 600),
                (0, 608),
                (48, 600),
                (86, 577),
                (103, 556),
            ],
        )
    )
    body = filled(curve(mirrored(JUMPER, AXIS), True, 10))
    shade(picture, colour("#5b3a30"), blurred(moved(body, 0, -6), 7) * neck, 0.55)
    _shirt(picture, collar)
    _jumper(picture, body)


def _shirt(picture: Floats, collar: Floats) -> None:
    x, _ = grid()
    hem = band(collar, -6, 22)
    cream = ramp(x, [(540, colour("#f4ecdd")), (690, colour("#e2d5c0")), (740, colour("#b9a68f"))])
    paint(picture, cream, hem)
    inner = band(collar, -6, -2)
    shade(picture, colour("#9a8672"), blurred(inner, 1.0), 0.5)


def _jumper(picture: Floats, body: Floats) -> None:
    x, y = grid()
    dx = abs(x - AXIS)
    round_body = 120 * np.sqrt(np.maximum(1 - (dx / 380) ** 2, 0.01))
    slope = -0.0022 * np.maximum(y - 600, 0) ** 2 * 0.4
    folds = np.zeros_like(x)
    for foot, top, width, height in [
        ((420, 760), (470, 640), 15, 9), ((462, 760), (520, 668), 13, 7),
        ((520, 770), (560, 690), 16, 5), ((860, 760), (812, 640), 15, 9),
        ((815, 760), (765, 672), 13, 7), ((760, 770), (722, 696), 16, 5),
        ((640, 780), (646, 690), 26, 4),
    ]:  # fmt: skip
        t = (y - top[1]) / (foot[1] - top[1])
        along = x - (top[0] + t * (foot[0] - top[0]))
        folds += height * np.exp(-0.5 * (along / width) ** 2) * smoothstep(0, 0.7, t)
    relief = (round_body + slope + folds).astype(np.float32)
    nx, ny, nz = normals(blurred(relief, 3))
    light = 0.75 * (-0.5 * nx - 0.55 * ny + 0.68 * nz) + 0.12
    rows = np.sin((y + 0.06 * dx + 0.0012 * dx**2) * 1.55)
    knit = np.sin((x - AXIS) * 1.5 / (1 + dx / 900)) * (0.5 + 0.5 * rows)
    wool = ramp(
        light + 0.014 * knit,
        [
            (0.1, colour("#0d242d")),
            (0.35, colour("#1c414c")),
            (0.6, colour("#2f6470")),
            (0.85, colour("#4b8590")),
            (1.0, colour("#79aab0")),
        ],
    )
    shade(wool, colour("#7b8f98"), smoothstep(40, 320, x - AXIS), 0.45)
    paint(picture, wool, body)
    rim = np.clip(body - moved(body, -3, 2.5), 0, 1) * smoothstep(130, 250, x - AXIS)
    glow(picture, colour("#ffc58c"), blurred(rim, 3.5), 0.5)
    neckline = curve(
        at(
            1,
            [
                (-104, 551),
                (-84, 584),
                (-44, 608),
                (0, 616),
                (44, 608),
                (84, 584),
                (104, 551),
            ],
        )
    )
    rib = band(neckline, -3, 19)
    angle = np.arctan2(x - AXIS, np.maximum(y - 524, 1))
    ribs = 0.5 + 0.5 * np.sin(angle * 150)
    knitted = ramp(
        0.55 * ribs + smoothstep(110, -110, x - AXIS) * 0.45,
        [(0, colour("#17363f")), (0.5, colour("#2c5c68")), (1, colour("#4e8791"))],
    )
    shade(picture, colour("#1a2a30"), blurred(moved(rib, 0, 5), 4) * body, 0.6)
    paint(picture, knitted, rib)
    edge = band(neckline, -3, -0.6)
    glow(picture, colour("#8fc0c4"), edge, 0.35)
