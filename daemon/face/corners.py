"""Takes the dark out of the corners of a smile, for a mouth that speaks."""

import cv2
import numpy as np

from daemon.face.pixels import Floats, smooth
from daemon.media import Image

REACH = 0.30  # halves of a mouth's width about its corners that are looked at
DARK = 0.24  # and how large what is dark there may be
INWARDS = 0.9  # of the way to where the lips' outer edges meet


def fade_corners(image: Image, middle: Floats, along: Floats, share: float) -> None:
    """Fill what is dark about a mouth's corners with the skin and lips around it.

    In a smile the cheeks leave a dark corner; a mouth that is narrower or closed has none, and
    bent with the lips it would be a hook at either end. ``middle`` and ``along`` are the mouth's
    middle and half of its width to the right, in pixels; ``share``, 0 to 1, is how much is filled.
    """
    half = float(np.hypot(*along))
    reach, size = round(2 * REACH * half), round(DARK * half) | 1
    if share <= 0 or size < 3:
        return
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    rows, columns = image.shape[:2]
    for side in (-INWARDS, INWARDS):
        x0, y0 = (float(value) for value in middle + side * along)
        left, top = max(0, round(x0) - reach), max(0, round(y0) - reach)
        right, bottom = min(columns, round(x0) + reach + 1), min(rows, round(y0) + reach + 1)
        if right <= left or bottom <= top:
            continue
        part = image[top:bottom, left:right]
        filled = cv2.morphologyEx(part, cv2.MORPH_CLOSE, kernel)
        filled = cv2.GaussianBlur(filled, (0, 0), size / 4)
        y, x = np.ogrid[top:bottom, left:right]
        away = np.hypot(x - x0, y - y0) / (REACH * half)
        alpha = (share * (1 - smooth(away - 0.6)))[..., None]
        part[:] = np.round(part + (filled.astype(np.float32) - part) * alpha)
