"""Persons without what was behind them, and laid over something else.

A matte (height, width) tells how much of each pixel is the person, 0 to 255. Where both meet, in
the hair above all, a pixel has colour of both: the person's own is estimated there, or a rim of the
old background would stay around the head.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.media import Image

Floats = NDArray[np.float32]

GUIDE_PX = 256  # the longer side at which a matte is fitted to a picture's edges
GUIDE_REACH = 0.012  # of that side: how far the edges that it is fitted to may be from its own
GUIDE_NOISE = 1e-4  # squared contrast (of 1) below which an edge is taken for grain
SURE = 0.2, 0.85  # below and above, a probability means background and person
COLOURS_PX = 160  # the longer side at which colours on both sides of an edge are estimated
COLOURS_REACH = 0.08  # of that side
FLAT = 6, 249  # levels of a matte beyond which JPEG's ripples are nothing and everything
BLUR_ROWS = 90  # the height at which a background is blurred
CLEAR = 8.0  # what is a person to one part in so many counts for nothing of the background
BLUR = 3.6  # the Gaussian's width, in pixels of that height
# Where the person is, nothing of the background is seen: wider Gaussians fill it in, each counting
# only where the narrower ones find nothing.
FILL = ((1.0, 1.0), (3.0, 1e-3), (12.0, 1e-6))

_CLEAN = np.array([0 if i < FLAT[0] else 255 if i > FLAT[1] else i for i in range(256)], np.uint8)


def fitted(probability: Floats, image: Image) -> Image:
    """Return the matte of ``image``, by a coarse probability (h, w) that a pixel is a person.

    Its edge is drawn to those of the picture: He and Sun, "Fast Guided Filter" (2015,
    arXiv:1505.00996), with the picture's colours as the guide.
    """
    height, width = image.shape[:2]
    scale = min(1.0, GUIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    guide = _floats(cv2.resize(image, size, interpolation=cv2.INTER_AREA)) * np.float32(1 / 255)
    wanted = _floats(cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR))
    reach = 2 * max(2, round(GUIDE_REACH * max(size))) + 1

    def mean(field: Floats) -> Floats:
        return _floats(cv2.blur(field, (reach, reach)))

    middle, mean_wanted = mean(guide), mean(wanted)
    with_wanted = mean(guide * wanted[..., None]) - middle * mean_wanted[..., None]
    alike = np.empty((*guide.shape, 3), np.float32)
    for i in range(3):
        alike[..., i] = mean(guide * guide[..., i : i + 1]) - middle * middle[..., i : i + 1]
    alike += np.eye(3, dtype=np.float32) * np.float32(GUIDE_NOISE)
    slope = np.linalg.solve(alike, with_wanted[..., None])[..., 0].astype(np.float32)
    start = mean_wanted - (slope * middle).sum(axis=2)
    full = width, height
    along = _floats(cv2.resize(mean(slope), full)) * (image.astype(np.float32) / 255)
    found = along.sum(axis=2) + _floats(cv2.resize(mean(_floats(start)), full))
    share = np.clip((found - SURE[0]) / (SURE[1] - SURE[0]), 0, 1)
    return np.asarray(share * 255 + np.float32(0.5), np.uint8)


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float32)


def cleaned(matte: Image) -> Image:
    """Return a matte that was kept as JPEG without what that has added to it."""
    return np.asarray(cv2.LUT(matte, _CLEAN), np.uint8)


def _with_alpha(colours: Image, matte: Image) -> Image:
    whole = cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA)
    return np.asarray(cv2.insertChannel(matte, whole, 3), np.uint8)


def cut_out(image: Image, matte: Image) -> Image:
    """Return the person alone, RGBA as ``laid`` wants it.

    Forte, "Approximate Fast Foreground Colour Estimation" (2021, ICIP): colours of both sides are
    means around, and what a pixel differs from their mixture is the person's.
    """
    height, width = image.shape[:2]
    out = _with_alpha(np.asarray(cv2.bitwise_and(image, image, mask=matte), np.uint8), matte)
    at = np.flatnonzero(cv2.inRange(matte, (1,), (254,)))
    if not len(at):
        return out
    scale = min(1.0, COLOURS_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize(matte, size, interpolation=cv2.INTER_AREA)[..., None].astype(np.float32)
    share /= 255
    reach = 2 * max(1, round(COLOURS_REACH * max(size) / 2)) + 1
    sides = []
    for part in (share, 1 - share):
        colours = cv2.blur(small * part, (reach, reach))
        weight = cv2.blur(part, (reach, reach))[..., None]
        mean = np.clip(colours / np.maximum(weight, 1e-4), 0, 255).astype(np.uint8)
        sides.append(cv2.resize(mean, (width, height)).reshape(-1, 3)[at].astype(np.float32))
    person, behind = sides
    alpha = matte.reshape(-1)[at, None].astype(np.float32) / 255
    seen = image.reshape(-1, 3)[at].astype(np.float32)
    own = np.clip(person + alpha * (seen - alpha * person - (1 - alpha) * behind), 0, 255)
    out.reshape(-1, 4)[at, :3] = (own * alpha + np.float32(0.5)).astype(np.uint8)
    return out


def laid(person: Image, behind: Image) -> Image:
    """Lay a person, as ``cut_out`` returns it, over a picture (RGB)."""
    gap = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(person, 3)), cv2.COLOR_GRAY2RGB)
    out = cv2.multiply(behind, gap, scale=1 / 255)
    cv2.add(out, cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), dst=out)
    return np.asarray(out, np.uint8)


def blurred_behind(image: Image, matte: Image) -> Image:
    """Return what is behind the person, blurred; nothing of the person is in it."""
    height, width = image.shape[:2]
    size = max(1, round(width * BLUR_ROWS / height)), BLUR_ROWS
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize(matte, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    free = np.maximum(1 - CLEAR * share, np.float32(1e-9))[..., None]
    colours, weights = np.zeros_like(small), np.zeros(small.shape[:2], np.float32)
    for times, counts in FILL:
        width_px = BLUR * times
        colours += np.float32(counts) * _floats(cv2.GaussianBlur(small * free, (0, 0), width_px))
        weights += np.float32(counts) * _floats(cv2.GaussianBlur(free, (0, 0), width_px))
    found = np.clip(colours / weights[..., None], 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
