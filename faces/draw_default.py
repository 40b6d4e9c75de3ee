"""Draw the default face: ``python faces/draw_default.py`` writes ``faces/default``.

The portrait is this project's own: a relief of a head, lit from a window on the left, with hair
of single strands. What moves and is not skin (eyes, lips, teeth, tongue) is kept apart, for
``daemon/face/portrait.py`` draws it anew in every frame.
"""

from pathlib import Path

import cv2
import features
import numpy as np
from brushes import (
    HEIGHT,
    SCALE,
    WIDTH,
    Floats,
    blob,
    blurred,
    colour,
    curve,
    filled,
    finished,
    glow,
    grid,
    mirrored,
    moved,
    normals,
    paint,
    ramp,
    ribbon,
    shade,
    smoothstep,
    tapered,
)
from hair import draw_brows, draw_hair
from scene import AXIS, at, room, shoulders

SKIN = [
    (0.00, colour("#57271d")),
    (0.22, colour("#8f4f3a")),
    (0.42, colour("#c07f5f")),
    (0.62, colour("#dda482")),
    (0.80, colour("#efc3a2")),
    (1.00, colour("#fbe3cb")),
]
FACE = [
    (0, 112), (70, 124), (110, 166), (127, 228), (129, 290), (126, 346), (119, 394), (104, 439),
    (77, 477), (43, 500), (0, 508),
]  # fmt: skip
EYE_Y, EYE_DX = 300.0, 58.0


def face_relief(x: Floats, y: Floats) -> Floats:
    """Return the height of the face towards the viewer, in picture pixels."""
    outline = curve([(dx, dy) for dx, dy in FACE if dy < 470] + [(86.0, 490.0), (78.0, 540.0)])
    half = np.interp(y, outline[:, 1], outline[:, 0]) + 7
    side = np.clip(abs(x - AXIS) / half, 0, 0.99)
    up = np.maximum((320 - y) / 240, (y - 320) / 200)
    z = 112 * np.sqrt(np.maximum(1 - side**2.7 - 0.85 * np.maximum(up, 0) ** 3.2, 0.004))
    pairs = [  # offset, y, height, sigma x, sigma y, sigma y below
        (50, 266, 6, 36, 12, 0),  # brow ridge
        (58, 300, -11, 34, 20, 0),  # socket
        (58, 301, 6, 20, 12, 0),  # eyeball under the lids
        (26, 296, -5, 13, 18, 0),  # beside the bridge
        (80, 352, 10, 32, 26, 0),  # cheek
        (18, 374, 8, 8, 9, 6),  # wing of the nose
        (6, 404, 0.9, 4.5, 10, 0),  # beside the philtrum
        (100, 280, -5, 16, 30, 0),  # temple
    ]
    for dx, cy, height, sx, sy, below in pairs:
        for sign in (-1, 1):
            z = z + height * blob(x, y, (AXIS + sign * dx, cy), (sx, sy), below)
    for cy, height, sx, sy, below in [
        (262, 3.5, 22, 15, 0),  # between the brows
        (205, 4, 90, 50, 0),  # forehead
        (318, 6, 22, 34, 30),  # root of the nose
        (338, 11, 9.5, 34, 26),  # bridge
        (367, 15, 13, 14, 9),  # tip
        (404, -0.7, 4, 10, 0),  # philtrum
        (424, 8, 44, 28, 0),  # over the teeth
        (457, -6, 24, 7, 0),  # below the lip
        (484, 10, 27, 15, 0),  # chin
    ]:
        z = z + height * blob(x, y, (AXIS, cy), (sx, sy), below)
    return blurred(z.astype(np.float32), 1.6)


def skin_light(nx: Floats, ny: Floats, nz: Floats) -> Floats:
    """Return how bright skin is that faces this way, lit from a window and by the room."""
    window = -0.55 * nx - 0.42 * ny + 0.72 * nz
    return np.asarray(0.72 * (0.35 + 0.65 * window) + 0.14 * nz + 0.04, np.float32)


def draw_face(picture: Floats) -> Floats:
    """Paint the skin of the head and return its mask."""
    x, y = grid()
    mask = filled(curve(mirrored(FACE, AXIS), True))
    for sign in (-1, 1):
        _ear(picture, sign)
    nx, ny, nz = normals(face_relief(x, y))
    light = skin_light(nx, ny, nz)
    flesh = ramp(light, SKIN)
    half = np.array([-0.3, -0.42, 0.86], np.float32)
    shine = np.maximum(half[0] * nx + half[1] * ny + half[2] * nz, 0) ** 26
    for sign in (-1, 1):
        blush = blob(x, y, (AXIS + sign * 82, 366), (34, 26))
        shade(flesh, colour("#f0917c"), blush, 0.3)
        shade(flesh, colour("#b77a6c"), blob(x, y, (AXIS + sign * 58, 322), (26, 7)), 0.16)
        shade(flesh, colour("#a8604e"), blob(x, y, (AXIS + sign * 56, 284), (30, 9)), 0.3)
    shade(flesh, colour("#ec8f78"), blob(x, y, (AXIS, 369), (22, 14)), 0.32)
    shade(flesh, colour("#e9967e"), blob(x, y, (AXIS, 486), (26, 14)), 0.18)
    glow(flesh, colour("#ffe9d2"), shine * smoothstep(0.3, 0.8, light), 0.3)
    _nose(flesh, x, y)
    warm = np.clip(nx, 0, 1) ** 2.2
    glow(flesh, colour("#ff9d5c"), blurred(warm, 1.5), 0.4)
    paint(picture, flesh, mask)
    return mask


def _ear(picture: Floats, sign: int) -> None:
    x, y = grid()
    edge = [(118, 286), (130, 274), (144, 277), (150, 296), (146, 322), (139, 346), (129, 360)]
    ear = filled(curve(at(sign, [*edge, (120, 352)]), True))
    light = 0.62 if sign < 0 else 0.44
    flesh = ramp(
        light + 0.1 * smoothstep(370, 270, y) - 0.1 * smoothstep(126, 118, abs(x - AXIS)), SKIN
    )
    shade(flesh, colour("#e27f68"), np.ones_like(x), 0.3)
    inner = curve(
        at(sign, [(124, 296), (134, 287), (141, 298), (138, 322), (130, 340), (125, 330)]),
        True,
    )
    hollow = blurred(filled(inner), 2)
    shade(flesh, colour("#9c4f3e"), hollow, 0.6)
    ridge = blob(x, y, (AXIS + sign * 131, 318), (3.5, 12))
    glow(flesh, colour("#ffcfae"), ridge, 0.3)
    paint(picture, flesh, ear)


def _nose(flesh: Floats, x: Floats, y: Floats) -> None:
    dark, red = colour("#6e2f22"), colour("#a5583f")
    shade(flesh, red, blob(x, y, (AXIS + 8, 390), (24, 5), 7), 0.5)
    for sign in (-1, 1):
        hole = curve(
            at(sign, [(5.5, 383), (10, 380.4), (15, 381), (16.5, 383.6), (11, 385.4)]),
            True,
        )
        shade(flesh, dark, blurred(filled(hole), 0.9), 0.85)
        wing = curve(at(sign, [(23, 366), (26.5, 374), (25, 382), (19, 386)]))
        line = filled(ribbon(wing, np.full(len(wing), 1.4)))
        shade(flesh, red, blurred(line, 1.3), 0.5 if sign < 0 else 0.75)
    shade(flesh, red, blob(x, y, (AXIS + 20, 354), (8, 20)), 0.26)
    glow(flesh, colour("#fff0e0"), blob(x, y, (AXIS - 3.5, 362), (5, 6)), 0.42)
    glow(flesh, colour("#ffeedd"), blob(x, y, (AXIS - 2.5, 334), (4.5, 20)), 0.13)


def draw_folds(picture: Floats) -> None:
    """Paint the faint folds from the nose to the corners of the mouth."""
    for sign in (-1, 1):
        fold = curve(at(sign, [(27, 381), (40, 396), (54, 415), (58, 432)]))
        mask = blurred(filled(ribbon(fold, tapered(len(fold), 5))), 3)
        shade(picture, colour("#a55a45"), mask, 0.13 if sign < 0 else 0.22)
        glow(picture, colour("#ffe2c8"), moved(mask, sign * 6, -4), 0.08)


def draw_lids(picture: Floats) -> None:
    """Paint what stays of the eyes when they are shut: the folds and the soft edges."""
    for sign in (-1, 1):
        fold = curve(at(sign, [(28, 295), (40, 285), (57, 280), (75, 282.5), (90, 291), (96, 296)]))
        widths = tapered(len(fold), 2.4)
        shade(picture, colour("#8a4a3a"), blurred(filled(ribbon(fold, widths)), 0.8), 0.75)
        bag = curve(at(sign, [(35, 316), (50, 322), (66, 322), (82, 315)]))
        shade(
            picture, colour("#a8654f"), blurred(filled(ribbon(bag, tapered(len(bag), 2))), 1.6), 0.3
        )


DESCRIPTION = """\
name = "Default"
description = "A drawn portrait in a quiet room, lit from a window"

# Where things are in portrait.png, in pixels.
[layout]
eyes = [[{left:.0f}, {eyes:.0f}], [{right:.0f}, {eyes:.0f}]]  # their middles
mouth = [{axis:.0f}, 428]  # the middle of the closed lips' line
chin = 508
pivot = [{axis:.0f}, 540]  # what the head turns about
head = [488, 44, 792, 512]  # the box around hair and chin: left, top, right, bottom
"""


def person_before(wall: float) -> Floats:
    """Paint the person before a wall of one grey, 0 to 1."""
    picture = np.full((HEIGHT * SCALE, WIDTH * SCALE, 3), wall, np.float32)
    shoulders(picture, SKIN, filled(curve(mirrored(FACE, AXIS), True)))
    face = draw_face(picture)
    draw_folds(picture)
    draw_lids(picture)
    draw_brows(picture)
    draw_hair(picture, face)
    return picture


def main() -> None:
    """Draw everything."""
    folder = Path(__file__).parent / "default"
    folder.mkdir(exist_ok=True)
    # Every stroke lets through a share of what is behind it and adds light of its own, so before
    # black only the light is seen, and what white adds to it is the share.
    light = person_before(0.0)
    through = person_before(1.0) - light
    layers = {
        "portrait": finished(light + through * room()),
        "matte": finished(1 - through.mean(axis=2)),
        "iris": features.iris(),
        "lips": features.lips(),
        "teeth": features.teeth(),
        "tongue": features.tongue(),
    }
    for name, layer in layers.items():
        best = [cv2.IMWRITE_PNG_COMPRESSION, 9]
        if layer.ndim == 3:
            order = cv2.COLOR_RGBA2BGRA if layer.shape[2] == 4 else cv2.COLOR_RGB2BGR
            layer = cv2.cvtColor(layer, order)
        cv2.imwrite(str(folder / f"{name}.png"), layer, best)
    places = {"left": AXIS - EYE_DX, "right": AXIS + EYE_DX, "eyes": EYE_Y, "axis": AXIS}
    (folder / "face.toml").write_text(DESCRIPTION.format(**places), encoding="utf-8")


if __name__ == "__main__":
    main()
