"""The still drawing made to move: it is bent by a smooth field, and fitted to the asked size."""

from dataclasses import dataclass

import cv2
import numpy as np

from daemon.expression import Pose
from daemon.face.matte import laid
from daemon.face.motion import CHEST_PX
from daemon.face.pixels import Floats, smooth
from daemon.media import Image

GRID = 4  # the bending field is worked out at every fourth pixel and filled in between
MARGIN = 56  # pixels around the head in which its movement fades
CHEEK_PX = 4.0  # that a broad smile raises the cheeks
KNIT = 1.0  # pixels that knit brows come nearer each other for each that they sink
BREATHS = 5  # pictures of the breathing body that are kept; between them it is faded


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the drawing, in its pixels (``face.toml``)."""

    eyes: tuple[tuple[float, float], tuple[float, float]]
    mouth: tuple[float, float]
    chin: float
    pivot: tuple[float, float]
    """What the head turns about: the nape."""
    head: tuple[float, float, float, float]
    """The box around hair and chin: left, top, right, bottom."""


def _smoothstep(low: float, high: float, value: Floats) -> Floats:
    return np.asarray(smooth((value - low) / (high - low)), np.float32)


class Canvas:
    """The bent picture: breathing body, swaying head, falling jaw."""

    def __init__(self, picture: Image, layout: Layout, behind: Image | None = None) -> None:
        """``picture`` is a whole one (RGB), or a person (RGBA) to be shown before ``behind``.

        The latter is of the same size, and does not move with the head.
        """
        self._layout, self._behind = layout, behind
        height, width = picture.shape[:2]
        left, top, right, _ = layout.head
        self.left = max(0, int(left) - MARGIN) // GRID * GRID
        self.top = max(0, int(top) - MARGIN) // GRID * GRID
        self.right = min(width, round(right) + MARGIN) // GRID * GRID
        self.bottom = min(height, int(layout.pivot[1]) + 100) // GRID * GRID
        # Twice as large, so that bending by parts of a pixel does not soften and sharpen by turns.
        part = picture[self.top : self.bottom, self.left : self.right]
        larger = cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
        # Pixels of four bytes are bent in half the time that three take.
        self._source = larger if behind is not None else cv2.cvtColor(larger, cv2.COLOR_RGB2RGBA)
        self._fields()
        self._shoulders(picture)

    def _fields(self) -> None:
        """Work out how much each grid point follows the head, the jaw, the turn and the breath."""
        layout = self._layout
        x = np.arange(self.left - GRID, self.right + GRID, GRID, dtype=np.float32) + (GRID - 1) / 2
        y = np.arange(self.top - GRID, self.bottom + GRID, GRID, dtype=np.float32) + (GRID - 1) / 2
        self._x, self._y = np.meshgrid(x, y)
        left, top, right, bottom = layout.head
        cx, cy = (left + right) / 2, (top + bottom) / 2
        away = np.hypot((self._x - cx) / (right - left), (self._y - cy) / (bottom - top)) * 2
        inside = 1 - _smoothstep(1.02, 1.3, away)
        neck = 1 - _smoothstep(bottom - 10, layout.pivot[1] + 40, self._y)
        near = 1 - _smoothstep(0.30, 0.62, abs(self._x - cx) / (right - left))
        below = self._y > cy
        self._head = np.where(below, np.maximum(inside, near) * neck, inside).astype(np.float32)
        mx, my = layout.mouth
        self._jaw = (
            _smoothstep(my - 6, my + 44, self._y)
            * (1 - _smoothstep(layout.chin - 6, layout.chin + 84, self._y))
            * (1 - _smoothstep(52, 132, abs(self._x - mx)))
        )
        self._turn = np.exp(
            -(((self._x - cx) / 84) ** 4) - ((self._y - (layout.eyes[0][1] + my) / 2) / 150) ** 4
        ).astype(np.float32)
        self._brows = [
            np.exp(-(((self._x - ex) / 52) ** 4) - ((self._y - ey + 40) / 19) ** 2).astype(
                np.float32
            )
            for ex, ey in layout.eyes
        ]
        inward = np.sign(cx - np.array([ex for ex, _ in layout.eyes]))
        self._inner = [
            np.exp(
                -(((self._x - ex - 34 * side) / 20) ** 2) - ((self._y - ey + 40) / 20) ** 2
            ).astype(np.float32)
            for (ex, ey), side in zip(layout.eyes, inward, strict=True)
        ]
        self._inward = inward
        self._cheeks = sum(
            np.exp(
                -(((self._x - mx - 66 * side) / 34) ** 2) - ((self._y - my + 50) / 40) ** 2
            ).astype(np.float32)
            for side in (-1, 1)
        )
        self._breath = _smoothstep(layout.chin + 10, layout.chin + 110, self._y)

    def _shoulders(self, picture: Image) -> None:
        """Keep the body at ``BREATHS`` points of a breath."""
        self._low = int(self._layout.chin)
        height, width = picture.shape[:2]
        x, y = np.meshgrid(
            np.arange(width, dtype=np.float32), np.arange(self._low, height, dtype=np.float32)
        )
        weight = _smoothstep(self._layout.chin + 10, self._layout.chin + 110, y)
        self._bodies = [
            np.asarray(
                cv2.remap(
                    picture, x, y + weight * (CHEST_PX * i / (BREATHS - 1)), cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.uint8,
            )
            for i in range(BREATHS)
        ]  # fmt: skip
        self._still = picture
        if self._behind is not None:
            self._still = laid(picture, self._behind)
            self._bodies = [laid(body, self._behind[self._low :]) for body in self._bodies]

    def draw(self, pose: Pose, jaw: float) -> Image:
        """Return the picture without eyes and mouth."""
        out = np.empty_like(self._still)
        out[: self._low] = self._still[: self._low]
        phase = pose.breath * (BREATHS - 1)
        i = min(int(phase), BREATHS - 2)
        cv2.addWeighted(
            self._bodies[i], 1 - (phase - i), self._bodies[i + 1], phase - i, 0, out[self._low :]
        )
        px, py = self._layout.pivot
        across, along = self._x - px, self._y - py
        dx = pose.x - pose.roll * along + pose.forward * across
        dy = pose.y + pose.roll * across + pose.forward * along
        from_x = self._x - self._head * (dx + pose.yaw * self._turn)
        from_y = self._y - self._head * (dy + pose.pitch * self._turn) - jaw * self._jaw
        from_y += CHEST_PX * pose.breath * self._breath
        from_y += CHEEK_PX * max(pose.smile, 0) * self._cheeks
        raised = pose.brow_left, pose.brow_right
        sides = zip(self._brows, self._inner, raised, self._inward, strict=True)
        for brow, inner, by, side in sides:
            from_y += by * brow + pose.worry * inner
            from_x -= side * KNIT * max(-pose.worry, 0) * inner
        width, height = self.right - self.left, self.bottom - self.top
        maps = []
        for field, start in ((from_x, self.left), (from_y, self.top)):
            full = cv2.resize(
                (field - start) * 2 + 0.5,
                (width + 2 * GRID, height + 2 * GRID),
                interpolation=cv2.INTER_LINEAR,
            )
            maps.append(full[GRID:-GRID, GRID:-GRID])
        bent = cv2.remap(
            self._source, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        place = slice(self.top, self.bottom), slice(self.left, self.right)
        if self._behind is None:
            cv2.cvtColor(bent, cv2.COLOR_RGBA2RGB, dst=out[place])
        else:
            out[place] = laid(np.asarray(bent, np.uint8), self._behind[place])
        return out


class Frame:
    """Fits the drawing into another size.

    The drawing's middle square, which holds the person, is always shown whole; what is beside it
    is shown as far as there is room, and where the drawing ends there is a blurred border.
    A picture that is to be seen ``whole`` never loses its sides. A person before a ``backdrop`` of
    that other size stands on its lower edge, and has it for a border.
    """

    def __init__(
        self,
        picture: Image,
        size: tuple[int, int],
        whole: bool = False,
        backdrop: Image | None = None,
    ) -> None:
        self._shape = height, width = picture.shape[:2]
        scale = min(size[0] / (width if whole else height), size[1] / height)
        self._same = size == (width, height)
        self._scaled = round(width * scale), round(height * scale)
        self._way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        self._seen = min(size[0], self._scaled[0])
        self._crop = (self._scaled[0] - self._seen) // 2
        x, y = (size[0] - self._seen) // 2, size[1] - self._scaled[1]
        self._at = x, (y if backdrop is not None else y // 2)
        self.beside = x > 0
        """Whether there is room beside the picture."""
        if backdrop is not None:
            self._border = backdrop
            return
        if whole:  # a border like the middle of the picture, not like all of it pulled wide
            wide = min(width, round(height * size[0] / size[1]))
            high = min(height, round(width * size[1] / size[0]))
            x, y = (width - wide) // 2, (height - high) // 2
            picture = picture[y : y + high, x : x + wide]
        small = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), 3)
        self._border = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def behind(self) -> Image:
        """Return the part of the border over which the picture will lie, at the picture's size."""
        x, y = self._at
        part = self._border[y : y + self._scaled[1], x : x + self._seen]
        rest = self._scaled[0] - self._seen - self._crop
        wide = cv2.copyMakeBorder(part, 0, 0, self._crop, rest, cv2.BORDER_REPLICATE)
        return np.asarray(
            cv2.resize(wide, self._shape[::-1], interpolation=cv2.INTER_AREA), np.uint8
        )

    def fit(self, picture: Image) -> Image:
        """Return ``picture`` at the agreed size."""
        if self._same:
            return picture
        scaled = cv2.resize(picture, self._scaled, interpolation=self._way)
        out = self._border.copy()
        x, y = self._at
        columns = slice(self._crop, self._crop + self._seen)
        out[y : y + self._scaled[1], x : x + self._seen] = scaled[:, columns]
        return out
