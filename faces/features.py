"""The default face's parts that are drawn anew in every frame: iris, lips, teeth, tongue."""

import numpy as np
from brushes import Floats, colour, ramp, smoothstep
from numpy.typing import NDArray

Layer = NDArray[np.uint8]


def _layer(ink: Floats, alpha: Floats | None = None) -> Layer:
    parts = ink if alpha is None else np.dstack([ink, alpha])
    return np.round(np.clip(parts, 0, 1) * 255).astype(np.uint8)


def _halved(ink: Floats) -> Floats:
    """Average squares of four: the antialiasing of these small layers."""
    height, width = ink.shape[:2]
    shape = (height // 2, 2, width // 2, 2, *ink.shape[2:])
    return np.asarray(ink.reshape(shape).mean(axis=(1, 3)), np.float32)


def iris() -> Layer:
    """Paint an iris, two texels a pixel."""
    size, radius = 160, 64.0
    random = np.random.default_rng(5)
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2).astype(np.float32)
    r, angle = np.hypot(x, y) / radius, np.arctan2(y, x)
    fibres = np.zeros_like(r)
    for count in (11, 19, 31, 47, 71):
        fibres += np.sin(angle * count + random.uniform(0, 6.3) + 2.5 * r * random.normal()) / 5
    ink = ramp(
        r + 0.07 * fibres * smoothstep(0.3, 0.6, r),
        [
            (0.38, colour("#2c160b")),
            (0.48, colour("#6a4023")),
            (0.66, colour("#87582f")),
            (0.82, colour("#5c3a21")),
            (0.95, colour("#24130c")),
            (1.05, colour("#1f110c")),
        ],
    )
    lit = np.exp(-(((x - 8) / 34) ** 2) - ((y - 32) / 20) ** 2)
    ink += (lit * smoothstep(0.45, 0.6, r) * (1 - smoothstep(0.8, 0.98, r)))[..., None] * (
        colour("#8a6034") * 0.8
    )
    ink *= (1 - 0.96 * (1 - smoothstep(0.38, 0.46, r)))[..., None]
    alpha = 1 - smoothstep(0.93, 1.03, r)
    return _layer(_halved(ink), _halved(alpha))


def lips() -> Layer:
    """Paint both lips unrolled, the upper above the lower."""
    width, height = 256, 48
    random = np.random.default_rng(9)
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    v = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    creases = np.zeros((1, width), np.float32)
    for count in (17, 29, 43, 61):
        creases += np.sin(u * count + random.uniform(0, 6.3)) / 4
    window = 1 - 0.10 * smoothstep(-0.6, 0.9, u)
    tone = [
        (0.0, colour("#7d3a36")),
        (0.35, colour("#ae5f55")),
        (0.6, colour("#c87b6c")),
        (0.8, colour("#de9988")),
        (1.0, colour("#f6c8b6")),
    ]
    upper = 0.62 - 0.30 * v + 0.05 * np.exp(-((u / 0.16) ** 2)) * v
    upper = upper * window + 0.035 * creases * v
    upper = upper + 0.10 * np.exp(-((v / 0.16) ** 2))
    curve = np.sin(np.pi * np.clip(v, 0, 1) ** 0.8)
    lower = 0.40 + 0.28 * curve * (1 - 0.45 * u**2) - 0.10 * smoothstep(0.6, 1, v)
    shine = np.exp(-(((v - 0.42) / 0.15) ** 2)) * np.exp(-(((u + 0.18) / 0.34) ** 2))
    lower = lower * window + 0.17 * shine + 0.04 * creases * (1 - 0.5 * v)
    return _layer(ramp(np.concatenate([upper, lower]).astype(np.float32), tone))


def teeth() -> Layer:
    """Paint both rows of teeth, two texels a pixel; the origin is where the rows meet."""
    rows = [
        _row([17, 14.5, 14, 13, 12, 11, 10], 2 * 15.0, 1.0, up=True),
        _row([11, 11, 12, 12, 12, 12, 11], 2 * 12.0, 0.9, up=False),
    ]
    return np.concatenate(rows)


def _row(widths: list[float], tall: float, bright: float, up: bool) -> Layer:
    """Paint one row: half ``widths`` in texels from the middle outwards."""
    scale, half_width, half_height = 2, 100, 40
    y, x = np.mgrid[: 2 * half_height * scale, : 2 * half_width * scale].astype(np.float32)
    x, y = (x + 0.5) / scale - half_width, (y + 0.5) / scale - half_height
    y = -y if up else y  # from the biting edge into the gum
    ink = np.empty((*x.shape, 3), np.float32)
    ink[:] = colour("#a8524d")
    alpha = (smoothstep(-1, 1, y) * 0).astype(np.float32)
    left = 0.0
    for i, width in enumerate(widths):
        centre = left + width / 2
        for sign in (-1, 1):
            dx = (sign * x - centre) / (width / 2 - 0.35)
            edge = 1.4 * abs(dx) ** 4 + (0.9 if i == 1 else 0.35 * i)
            end = tall * (0.95 - 0.05 * i) - 5 * dx**2
            shape = smoothstep(-1.3, 0.6, (1 - abs(dx)) * width / 2)
            shape *= smoothstep(-0.7, 0.7, y - edge) * smoothstep(1, -1, y - end)
            tone = bright * (1 - 0.05 * i) - 0.07 * dx**2 - 0.09 * smoothstep(0.4, 1, y / tall)
            enamel = colour("#fffaf0") * tone[..., None]
            ink += (enamel - ink) * shape[..., None]
            gum = (abs(dx) <= 1.3) * smoothstep(0.5, 4, y - edge - 2)
            alpha = np.maximum(alpha, np.maximum(shape, gum))
        left += width
    return _layer(_halved(ink), _halved(alpha))


def tongue() -> Layer:
    """Paint the tongue seen from the front, two texels a pixel."""
    scale, half_width, half_height = 2, 72, 60
    y, x = np.mgrid[: 2 * half_height * scale, : 2 * half_width * scale].astype(np.float32)
    x, y = (x + 0.5) / scale - half_width, (y + 0.5) / scale - half_height
    top = -14 + 20 * (abs(x) / 56) ** 2.4
    depth = (y - top) / 44
    ink = ramp(
        depth + 0.14 * np.exp(-((x / 7) ** 2)) * smoothstep(0.0, 0.4, depth),
        [
            (0, colour("#8c3f3e")),
            (0.14, colour("#b9605c")),
            (0.35, colour("#c97270")),
            (1, colour("#8a3d3d")),
        ],
    )
    shape = smoothstep(-1.5, 1.5, y - top) * smoothstep(58, 52, abs(x))
    return _layer(_halved(ink), _halved(shape))
