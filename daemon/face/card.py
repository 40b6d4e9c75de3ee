"""The still picture that is shown instead of the face while the camera is off."""

import cv2
import numpy as np

from daemon.i18n import tr
from daemon.media import Image

TOP, BOTTOM = (72, 84, 110), (38, 44, 62)  # the background fades from one to the other
PERSON, DISC, INK = (196, 206, 226), (98, 112, 144), (240, 243, 250)
FINE = 2  # drawn this much larger, so that edges are smooth after shrinking


def camera_off(size: tuple[int, int]) -> Image:
    """Draw the card: a person in outline, a camera struck through, and what it means."""
    width, height = size[0] * FINE, size[1] * FINE
    fade = np.linspace(np.array(TOP), np.array(BOTTOM), height)
    picture = np.ascontiguousarray(np.repeat(fade[:, None], width, axis=1).astype(np.uint8))
    radius = min(width, height) // 4
    middle = width // 2, int(height * 0.42)
    _person(picture, middle, radius)
    _struck_camera(
        picture, (middle[0] + radius * 7 // 10, middle[1] + radius * 7 // 10), radius // 3
    )
    _caption(picture, tr("The camera is off"), middle[1] + radius * 17 // 10, radius // 3)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _person(picture: Image, middle: tuple[int, int], radius: int) -> None:
    """Draw head and shoulders within a disc."""
    disc = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(disc, middle, radius, 255, cv2.FILLED, cv2.LINE_AA)
    inside = np.full_like(picture, DISC)
    x, y = middle
    cv2.circle(inside, (x, y - radius // 5), radius * 38 // 100, PERSON, cv2.FILLED, cv2.LINE_AA)
    shoulders = (radius * 72 // 100, radius * 72 // 100)
    cv2.ellipse(
        inside,
        (x, y + radius * 104 // 100),
        shoulders,
        0,
        180,
        360,
        PERSON,
        cv2.FILLED,
        cv2.LINE_AA,
    )
    share = (disc / np.float32(255))[..., None]
    picture[:] = (picture * (1 - share) + inside * share + np.float32(0.5)).astype(np.uint8)


def _struck_camera(picture: Image, middle: tuple[int, int], radius: int) -> None:
    """Draw a small video camera with a line through it."""
    x, y = middle
    line = max(2, radius // 8)
    cv2.circle(picture, middle, radius, BOTTOM, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, middle, radius, INK, line // 2 or 1, cv2.LINE_AA)
    w, h = radius // 2, radius // 3
    cv2.rectangle(picture, (x - w, y - h), (x + w // 3, y + h), INK, cv2.FILLED, cv2.LINE_AA)
    lens = np.array([(x + w // 2, y), (x + w, y - h * 3 // 4), (x + w, y + h * 3 // 4)], np.int32)
    cv2.fillPoly(picture, [lens], INK, cv2.LINE_AA)
    ends = (x - w * 5 // 4, y - w * 5 // 4), (x + w * 5 // 4, y + w * 5 // 4)
    cv2.line(picture, *ends, BOTTOM, 3 * line, cv2.LINE_AA)
    cv2.line(picture, *ends, INK, line, cv2.LINE_AA)


def _caption(picture: Image, text: str, baseline: int, height: int) -> None:
    """Write ``text`` in the middle, with OpenCV's own font that has Chinese."""
    font = cv2.FontFace("uni")
    width = picture.shape[1]
    wide = cv2.getTextSize((width, baseline), text, (0, 0), font, height, 500)[2]
    cv2.putText(picture, text, ((width - wide) // 2, baseline), INK, font, height, 500)
