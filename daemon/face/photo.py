"""A photograph that lives: head, lids, brows, cheeks and the mouth's corners move as a pose says.

The picture is bent by one smooth field, the sum of what each part of the face moves; the points of
Face Mesh follow it, so that whatever is done to the mouth afterwards finds it where it is. Only the
gaze stays, for what is behind an iris nobody has seen: the head turns where the eyes would.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.expression import Pose
from daemon.face.background import Backdrop
from daemon.face.clip import Clip
from daemon.face.footage import View
from daemon.face.matte import cut_out, laid
from daemon.face.motion import CORNER_PX, seen_to_move
from daemon.face.pixels import smooth
from daemon.media import Image

Floats = NDArray[np.float32]

GRID = 4  # the bending is worked out at every fourth pixel and filled in between
DRAWN_HEAD = (
    342.0  # the height of the drawn face from hairline to chin, for which ``motion`` is made
)
REACH = 2.1  # radii of the face at which its sway has died away
FOREHEAD, CHIN, TEMPLES = 10, 152, (234, 454)
# The upper and the lower lid of each eye, from one corner to the other.
LIDS = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
LEFT_BROW, RIGHT_BROW = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)  # as seen
INNER = (107, 336)  # their ends above the nose
CORNERS = (61, 291)  # of the mouth
CHEEKS = (50, 280)
LOWER_LIDS = (145, 374)
NOSE_TIP = 4
STRENGTH = 0.8  # of the drawn face's movements: a real face that moves as far looks put on
CHEEK_PX, LOWER_LID_PX, CORNER_OUT = 3.0, 4.0, 0.55
LID_SKIN = 0.75  # halves of an eye's width: the skin above it that comes down with the lid
LOWER_LID = 0.94  # of the way down to the lower lid that the upper one goes


class Photo:
    """The one picture of a clip, moved; does what ``Footage`` does for films."""

    def __init__(
        self,
        clip: Clip,
        fps: int,
        backdrop: Backdrop | None = None,
        matte_of: Callable[[Image], Image] | None = None,
    ) -> None:
        """``backdrop`` replaces what is behind the person, who is where ``matte_of`` says."""
        self._clip, self._fps = clip, fps
        person = self._image = clip.picture(0)
        self._behind: Image | None = None
        if backdrop is not None and matte_of is not None:
            self._behind, matte = backdrop.behind(self._image, matte_of(self._image))
            person = cut_out(self._image, matte)
            self._image = laid(person, self._behind)
        self._points = clip.points[0]
        height = float(np.linalg.norm(self._points[CHIN] - self._points[FOREHEAD]))
        width = float(np.linalg.norm(np.subtract(*self._points[list(TEMPLES)])))
        self._scale = height / DRAWN_HEAD
        self._middle = (self._points[CHIN] + self._points[FOREHEAD]) / 2
        self._radii = np.array([0.62 * width, 0.72 * height], np.float32)
        self._pivot = self._points[CHIN] + [0, 0.25 * height]
        rows, columns = self._image.shape[:2]
        reach = self._radii * REACH
        left, top = np.maximum(0, np.floor(self._middle - reach)).astype(int) // GRID * GRID
        right, bottom = np.ceil(self._middle + reach).astype(int)
        left, top = int(left), int(top)
        self._part = left, top, min(columns, int(right)), min(rows, int(bottom))
        part = person[top : self._part[3], left : self._part[2]]
        # Twice as large, so that bending by parts of a pixel does not soften and sharpen by turns.
        self._source = cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
        x = np.arange(left - GRID, self._part[2] + GRID, GRID, dtype=np.float32) + (GRID - 1) / 2
        y = np.arange(top - GRID, self._part[3] + GRID, GRID, dtype=np.float32) + (GRID - 1) / 2
        self._x, self._y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        away = np.hypot(
            (self._x - self._middle[0]) / self._radii[0],
            (self._y - self._middle[1]) / self._radii[1],
        )
        self._head = (1 - smooth((away - 1.05) / (REACH - 1.1))).astype(np.float32)
        self._reach = self._weights(self._x, self._y)
        self._reach_of_points = self._weights(*self._points.T)

    def _weights(self, x: Floats, y: Floats) -> dict[str, Floats]:
        """Return how much of each movement of the face reaches places of the picture."""
        points, size = self._points, np.float32(self._scale)

        def about(place: Floats, across: float, along: float) -> Floats:
            away = np.square((x - place[0]) / (across * size))
            away += np.square((y - place[1]) / (along * size))
            return np.asarray(np.exp(-away), np.float32)

        def middle(numbers: tuple[int, ...]) -> Floats:
            return np.asarray(points[list(numbers)].mean(0), np.float32)

        return {
            "turn": about(points[NOSE_TIP], 105, 150),
            "brow_left": about(middle(LEFT_BROW), 50, 17),
            "brow_right": about(middle(RIGHT_BROW), 50, 17),
            "inner": about(points[INNER[0]], 18, 18) + about(points[INNER[1]], 18, 18),
            "left": about(points[CORNERS[0]], 30, 26),
            "right": about(points[CORNERS[1]], 30, 26),
            "cheeks": about(points[CHEEKS[0]], 42, 36) + about(points[CHEEKS[1]], 42, 36),
            "lids": about(points[LOWER_LIDS[0]], 22, 8) + about(points[LOWER_LIDS[1]], 22, 8),
        }

    def source(self, tick: int) -> tuple[Clip, int]:
        """Return the clip and the number of its only picture."""
        return self._clip, 0

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether anything has moved enough to be seen."""
        return seen_to_move(before, now)

    def view(self, tick: int, pose: Pose) -> View:
        """Return the photograph in this pose."""
        image = self._image.copy()
        left, top, right, bottom = self._part
        dx, dy = self._shift(self._x, self._y, pose, self._reach)
        maps = []
        for places, shift, start in ((self._x, dx, left), (self._y, dy, top)):
            full = cv2.resize(
                (places - self._head * shift - start) * 2 + 0.5,
                ((places.shape[1]) * GRID, places.shape[0] * GRID),
                interpolation=cv2.INTER_LINEAR,
            )
            maps.append(full[GRID : GRID + bottom - top, GRID : GRID + right - left])
        bent = cv2.remap(
            self._source, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        place = slice(top, bottom), slice(left, right)
        moved = np.asarray(bent, np.uint8)
        image[place] = moved if self._behind is None else laid(moved, self._behind[place])
        x, y = self._points.T
        shift = np.stack(self._shift(x, y, pose, self._reach_of_points), 1)
        points = np.asarray(self._points + shift, np.float32)
        if pose.lids > 0.02:
            for upper, lower in LIDS:
                shut(image, points[list(upper)], points[list(lower)], pose.lids)
        return View(image, points, self._clip, 0)

    def _shift(
        self, x: Floats, y: Floats, pose: Pose, reach: dict[str, Floats]
    ) -> tuple[Floats, Floats]:
        """Return how far places of the head have moved, in pixels; ``reach`` is ``_weights``'."""
        scale = np.float32(self._scale)
        px, py = self._pivot.astype(np.float32)
        roll, forward = np.float32(pose.roll), np.float32(pose.forward)
        smile, worry = STRENGTH * pose.smile, STRENGTH * pose.worry
        dx = pose.yaw * reach["turn"]
        dx += CORNER_OUT * CORNER_PX * smile * (reach["right"] - reach["left"])
        dy = pose.pitch * reach["turn"] - worry * reach["inner"]
        dy -= STRENGTH * pose.brow_left * reach["brow_left"]
        dy -= STRENGTH * pose.brow_right * reach["brow_right"]
        dy -= CORNER_PX * smile * (reach["left"] + reach["right"])
        dy -= CHEEK_PX * max(smile, 0) * reach["cheeks"]
        dy -= LOWER_LID_PX * STRENGTH * pose.squint * reach["lids"]
        dx = scale * (dx + pose.x) - roll * (y - py) + forward * (x - px)
        dy = scale * (dy + pose.y) + roll * (x - px) + forward * (y - py)
        return np.asarray(dx, np.float32), np.asarray(dy, np.float32)


def shut(image: Image, upper: Floats, lower: Floats, lids: float) -> None:
    """Draw the upper lid down over an eye, whose lids' edges are given from corner to corner.

    The skin above the lid stretches; ``lids`` is 0 for open and 1 for shut.
    """
    middle = (upper[0] + upper[-1]) / 2
    along = (upper[-1] - upper[0]) / 2
    half = float(np.hypot(*along))
    if half < 2:
        return
    rows, columns = image.shape[:2]
    reach = int(half * 1.3) + 2
    left, top = (max(0, int(value) - reach) for value in middle)
    right, bottom = min(columns, int(middle[0]) + reach), min(rows, int(middle[1]) + reach)
    x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(middle[0])
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(middle[1])
    ax, ay = (np.float32(value / half**2) for value in along)
    u, v = x * ax + y * ay, y * ax - x * ay
    edges = []
    for edge in (upper, lower):
        away = (edge - middle) / half**2
        along_u, across = away @ along, away @ np.array([-along[1], along[0]])
        edges.append(np.interp(u.ravel(), along_u, across).reshape(u.shape).astype(np.float32))
    above, below = edges
    now = above + np.maximum(below - above, 0) * np.float32(lids * LOWER_LID)
    start = above - np.float32(LID_SKIN)
    stretched = start + (v - start) * (np.float32(LID_SKIN) / (np.float32(LID_SKIN) + now - above))
    from_v = np.where((v > start) & (v < now) & (np.abs(u) < 1), stretched, v)
    bx, by = (np.float32(value) for value in along)
    image[top:bottom, left:right] = cv2.remap(
        image,
        u * bx - from_v * by + np.float32(middle[0]),
        u * by + from_v * bx + np.float32(middle[1]),
        cv2.INTER_LINEAR,
    )
