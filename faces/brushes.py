"""Painting tools for ``draw_default.py``: smooth curves, soft masks, light on a relief, hair.

Everything is drawn ``SCALE`` times larger than it is kept, so that edges are smooth. Coordinates
are pixels of the finished picture; colours are sRGB in [0, 1]. Nothing here is random except
through a generator that the caller seeds.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Point = tuple[float, float]

SCALE = 2
WIDTH, HEIGHT = 1280, 720


def colour(text: str) -> Floats:
    """Return ``#rrggbb`` as three floats."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def grid() -> tuple[Floats, Floats]:
    """Return the x and y of every enlarged pixel's centre."""
    x = (np.arange(WIDTH * SCALE, dtype=np.float32) + 0.5) / SCALE
    y = (np.arange(HEIGHT * SCALE, dtype=np.float32) + 0.5) / SCALE
    return np.meshgrid(x, y)  # type: ignore[return-value]


def smoothstep(low: float, high: float, value: ArrayLike) -> Floats:
    """Go from 0 at ``low`` to 1 at ``high`` without corners; ``low`` may be the greater."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blob(x: Floats, y: Floats, centre: Point, sigma: Point, below: float = 0) -> Floats:
    """Return a Gaussian hill of height 1; ``below`` is the vertical sigma of its lower half."""
    down = y - centre[1]
    sigma_y = np.where(down > 0, below, sigma[1]) if below else sigma[1]
    hill = np.exp(-0.5 * (((x - centre[0]) / sigma[0]) ** 2 + (down / sigma_y) ** 2))
    return np.asarray(hill, np.float32)


def curve(points: Sequence[Point], closed: bool = False, steps: int = 16) -> Floats:
    """Return a Catmull-Rom spline through ``points`` as a polyline, shape (n, 2)."""
    p = np.array(points, np.float32)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(
            b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        )
    if not closed:
        pieces.append(p[-2:-1])
    return np.concatenate(pieces)


def mirrored(half: Sequence[Point], axis: float) -> list[Point]:
    """Turn points (offset, y) of the right half, top to bottom, into a symmetric closed outline."""
    right = [(axis + x, y) for x, y in half]
    left = [(axis - x, y) for x, y in reversed(half) if x > 0]
    return right + left


def _fixed(points: ArrayLike) -> NDArray[np.int32]:
    return np.round((np.asarray(points, np.float32) * SCALE - 0.5) * 16).astype(np.int32)


def filled(outline: ArrayLike) -> Floats:
    """Return the mask of a polygon, 1 inside."""
    mask = np.zeros((HEIGHT * SCALE, WIDTH * SCALE), np.uint8)
    cv2.fillPoly(mask, [_fixed(outline)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def band(line: Floats, first: float, last: float) -> Floats:
    """Return the mask between a line moved down by ``first`` and by ``last`` pixels."""
    down = np.array([0, 1], np.float32)
    return filled(np.concatenate([line + first * down, (line + last * down)[::-1]]))


def ribbon(line: Floats, widths: ArrayLike) -> Floats:
    """Return the polygon of a stroke along ``line`` that is ``widths`` wide at each point."""
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    half = across * (np.asarray(widths, np.float32)[:, None] / 2)
    return np.concatenate([line + half, (line - half)[::-1]])


def tapered(count: int, width: float, start: float = 0.0, power: float = 1.0) -> Floats:
    """Return widths that swell to ``width`` and come to a point at the end."""
    t = np.linspace(0, 1, count, dtype=np.float32)
    return np.asarray(
        width * np.maximum(start * (1 - t), np.maximum(np.sin(np.pi * t**power), 0) ** 0.8),
        np.float32,
    )


def blurred(picture: Floats, sigma: float) -> Floats:
    """Blur by ``sigma`` picture pixels; wide blurs are done small, where nobody sees it."""
    shrink = max(1, int(sigma * SCALE / 6))
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma * SCALE / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def moved(mask: Floats, dx: float, dy: float) -> Floats:
    """Shift a mask."""
    matrix = np.array([[1, 0, dx * SCALE], [0, 1, dy * SCALE]], np.float32)
    return np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1]), np.float32)


def paint(picture: Floats, ink: Floats, mask: Floats, strength: float = 1.0) -> None:
    """Lay ``ink`` (one colour, or a picture) over ``picture`` where ``mask`` is."""
    alpha = (np.clip(mask, 0, 1) * strength)[..., None]
    picture += (ink - picture) * alpha


def shade(picture: Floats, tint: Floats, mask: Floats, strength: float = 1.0) -> None:
    """Multiply: a shadow of colour ``tint``."""
    picture *= 1 + (tint - 1) * (np.clip(mask, 0, 1) * strength)[..., None]


def glow(picture: Floats, tint: Floats, mask: Floats, strength: float = 1.0) -> None:
    """Screen: light of colour ``tint``."""
    light = tint * (np.clip(mask, 0, 1) * strength)[..., None]
    picture += light * (1 - picture)


def ramp(value: Floats, stops: Sequence[tuple[float, Floats]]) -> Floats:
    """Colour a field of numbers by interpolating between ``stops``."""
    at = [stop for stop, _ in stops]
    channels = [np.interp(value, at, [ink[i] for _, ink in stops]) for i in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def normals(relief: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the unit normal of a height map whose heights are in picture pixels."""
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=SCALE / 8)
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=SCALE / 8)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    return -slope_x / length, -slope_y / length, 1 / length


def paint_small(picture: Floats, ink: Floats, outline: Floats, strength: float) -> None:
    """Paint a small polygon without touching the rest of the picture."""
    low = np.floor(outline.min(0) * SCALE).astype(int) - 2
    high = np.ceil(outline.max(0) * SCALE).astype(int) + 3
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    points = np.round((outline * SCALE - 0.5 - low) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    alpha = (mask.astype(np.float32) / 255 * strength)[..., None]
    part = picture[low[1] : high[1], low[0] : high[0]]
    part += (ink - part) * alpha


class Strands:
    """Hair: thousands of thin strokes, each lit along its own direction.

    The light on a strand follows Kajiya and Kay, "Rendering Fur with Three Dimensional Textures"
    (1989): it depends on the angle between the light and the strand, not on a surface.
    """

    def __init__(self, base: Floats, light: Sequence[float]) -> None:
        shape = (HEIGHT * SCALE, WIDTH * SCALE)
        self.ink = np.empty((*shape, 3), np.uint8)
        self.ink[:] = np.round(base * 255)
        self.mask = np.zeros(shape, np.uint8)
        self._light = np.array(light, np.float32) / np.linalg.norm(light)

    def draw(
        self, line: Floats, widths: Floats, tone: Callable[[Floats, Floats], Floats], depth: Floats
    ) -> None:
        """Draw one strand. ``depth`` is its height towards the viewer at each point.

        ``tone(diffuse, shine)`` gives the colour of each segment, shape (n, 3).
        """
        tangent = np.diff(np.column_stack([line, depth]), axis=0)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
        along = tangent @ self._light
        half = self._light + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        diffuse = np.sqrt(np.maximum(1 - along**2, 0))
        shine = np.maximum(1 - (tangent @ half) ** 2, 0) ** 30
        inks = np.clip(tone(diffuse, shine) * 255, 0, 255)
        points = _fixed(line)
        for i, ink in enumerate(inks.tolist()):
            thick = max(1, round(float(widths[i]) * SCALE))
            ends = (points[i].tolist(), points[i + 1].tolist())
            cv2.line(self.ink, *ends, ink, thick, cv2.LINE_AA, 4)
            cv2.line(self.mask, *ends, 255, thick, cv2.LINE_AA, 4)


def finished(picture: Floats) -> NDArray[np.uint8]:
    """Return the picture at its final size as uint8 RGB."""
    small = cv2.resize(np.clip(picture, 0, 1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.round(small * 255).astype(np.uint8)
