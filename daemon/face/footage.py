"""Which picture of which clip is shown when.

A clip runs forwards and backwards, so that its end is no jump. From one clip to another it goes at
the moment where the heads are most alike, through a fade of a fifth of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from daemon.expression import Attitude, Pose
from daemon.face.background import Backdrop
from daemon.face.clip import Clip
from daemon.face.matte import cut_out, laid
from daemon.media import Image

Floats = NDArray[np.float32]

FADE_S = 0.2  # from one clip to another
STAY_S = 20.0  # before another clip of the same kind has its turn
CLOSED = 0.02  # heights of the face between the lips of a closed mouth, at most
CALM_S = 2.0  # with the mouth closed are enough to rest in
SPEAKING = 0.05  # of the pictures with the mouth open: somebody speaks in the clip
LIPS, FOREHEAD, CHIN = (13, 14), 10, 152
ALIKE_EVERY = 3  # pictures between those among which the most alike head is looked for
# Face Mesh's points that a jaw does not move: corners of the eyes, bridge of the nose, forehead,
# temples.
FIRM = (33, 133, 362, 263, 168, 6, 197, 195, 10, 151, 9, 108, 337, 127, 356, 234, 454)


@dataclass(frozen=True, slots=True)
class View:
    """A picture to be shown, before the mouth is put in."""

    image: Image
    """Its own copy: it may be painted on."""
    points: Floats
    """Where the face is, (468, 2), in its pixels."""
    clip: Clip
    number: int
    """The clip's picture that it shows."""


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of a clip."""

    clip: Clip
    first: int
    length: int
    use: Attitude
    """What it is meant for."""


@dataclass(frozen=True, slots=True)
class _Playhead:
    """A take that began to run at a tick of the camera's clock, at a place in its round."""

    take: Take
    tick: int
    place: float
    rate: float
    """Pictures of the take per tick."""

    def number(self, tick: int) -> int:
        """Return the clip's picture at ``tick``."""
        if self.take.length < 2:
            return self.take.first
        last = self.take.length - 1
        place = round(self.place + (tick - self.tick) * self.rate) % (2 * last)
        return self.take.first + min(place, 2 * last - place)


# What is shown of a film for an attitude that it has no clip for, the nearest first.
INSTEAD = {
    Attitude.IDLE: (Attitude.LISTENING, Attitude.THINKING, Attitude.SPEAKING),
    Attitude.LISTENING: (Attitude.IDLE, Attitude.THINKING, Attitude.SPEAKING),
    Attitude.THINKING: (Attitude.IDLE, Attitude.LISTENING, Attitude.SPEAKING),
    Attitude.SPEAKING: (Attitude.LISTENING, Attitude.IDLE, Attitude.THINKING),
}


def takes_of(clips: Sequence[tuple[Clip, Attitude]]) -> list[Take]:
    """Return all usable stretches of clips; the second of each pair says what it is for.

    Where no clip is meant for silence and somebody speaks in them, the longest stretch with the
    mouth closed is.
    """
    takes = [Take(clip, first, end - first, use) for clip, use in clips for first, end in clip.runs]
    if any(take.use is not Attitude.SPEAKING for take in takes):
        return takes
    calm = [stretch for take in takes if (stretch := _closed(take)) is not None]
    if all(stretch in takes for stretch in calm):
        return takes
    return [*takes, replace(max(calm, key=lambda stretch: stretch.length), use=Attitude.IDLE)]


def _closed(take: Take) -> Take | None:
    """Return the longest stretch of a take with the mouth closed, if it is long enough."""
    points = take.clip.points[take.first : take.first + take.length]
    gap = np.linalg.norm(points[:, LIPS[0]] - points[:, LIPS[1]], axis=1)
    height = np.linalg.norm(points[:, FOREHEAD] - points[:, CHIN], axis=1)
    opened = [-1, *np.flatnonzero(gap > CLOSED * height).tolist(), take.length]
    if len(opened) - 2 < SPEAKING * take.length:
        return take
    length, before = max((b - a - 1, a) for a, b in pairwise(opened))
    if length < CALM_S * take.clip.fps:
        return None
    return Take(take.clip, take.first + before + 1, length, take.use)


class Footage:
    """The clips of one face; ``view`` belongs to the camera's thread."""

    def __init__(self, takes: Sequence[Take], fps: int, backdrop: Backdrop | None = None) -> None:
        """``backdrop`` replaces what is behind the person, where the clips tell who that is."""
        self._takes, self._fps, self._backdrop = takes, fps, backdrop
        self._fade = round(FADE_S * fps)
        self._now = self._start(self._takes_for(Attitude.IDLE)[0], 0, 0.0)
        self._before: _Playhead | None = None

    def source(self, tick: int) -> tuple[Clip, int]:
        """Return the picture that will be shown at ``tick`` if nothing changes; for any thread."""
        now = self._now
        return now.take.clip, now.number(tick)

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether there is another picture: a film never stands still."""
        return True

    def view(self, tick: int, pose: Pose) -> View:
        """Return the picture of this tick, from a clip that is meant for the pose's attitude."""
        self._choose(tick, pose.attitude)
        now = self._now
        number = now.number(tick)
        image = self._picture(now.take.clip, number)
        gone = tick - now.tick
        if self._before is not None and 0 <= gone < self._fade:
            old = self._picture(self._before.take.clip, self._before.number(tick))
            if old.shape != image.shape:
                old = np.asarray(cv2.resize(old, image.shape[1::-1]), np.uint8)
            share = (gone + 1) / (self._fade + 1)
            cv2.addWeighted(image, share, old, 1 - share, 0, image)
        return View(image, now.take.clip.points[number], now.take.clip, number)

    def _picture(self, clip: Clip, number: int) -> Image:
        image = clip.picture(number)
        if self._backdrop is None or clip.mattes is None:
            return image
        behind, matte = self._backdrop.behind(image, clip.mattes.matte(number))
        return laid(cut_out(image, matte), behind)

    def _takes_for(self, attitude: Attitude) -> Sequence[Take]:
        """Return the takes for it, or for what is nearest to it."""
        known = attitude if attitude in INSTEAD else Attitude.IDLE  # nobody films himself asleep
        for use in (known, *INSTEAD[known]):
            if found := [take for take in self._takes if take.use is use]:
                return found
        return self._takes

    def _choose(self, tick: int, attitude: Attitude) -> None:
        now = self._now
        kind = self._takes_for(attitude)
        stayed = tick - now.tick
        if now.take in kind and (stayed < STAY_S * self._fps or len(kind) == 1):
            return
        if self._before is not None and 0 <= stayed < self._fade:
            return
        others = [take for take in kind if take is not now.take]
        place, take = self._most_alike(now, tick, others)
        self._before, self._now = now, self._start(take, tick, place)

    def _start(self, take: Take, tick: int, place: float) -> _Playhead:
        return _Playhead(take, tick, place, take.clip.fps / self._fps)

    def _most_alike(self, now: _Playhead, tick: int, others: Sequence[Take]) -> tuple[float, Take]:
        """Return where in which of the takes the head is nearest to that which is shown."""
        size = np.array(now.take.clip.size, np.float32)
        head = now.take.clip.points[now.number(tick)][list(FIRM)] / size
        best: tuple[float, float, Take] | None = None
        for take in others:
            rows = slice(take.first, take.first + take.length, ALIKE_EVERY)
            heads = take.clip.points[rows][:, list(FIRM)] / np.array(take.clip.size, np.float32)
            away = np.abs(heads - head).mean(axis=(1, 2))
            nearest = int(away.argmin())
            if best is None or away[nearest] < best[0]:
                best = float(away[nearest]), float(nearest * ALIKE_EVERY), take
        assert best is not None
        return best[1], best[2]


def alignment(source: Floats, target: Floats) -> Floats:
    """Return the (2, 3) turn, scale and shift that lay a head's points on another's.

    Both (468, 2); least squares over the points that a jaw does not move (Umeyama, 1991).
    """
    a, b = source[list(FIRM)].astype(np.float64), target[list(FIRM)].astype(np.float64)
    ma, mb = a.mean(0), b.mean(0)
    a, b = a - ma, b - mb
    scale = float((a * a).sum())
    cos = float((a * b).sum()) / scale
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / scale
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([turn, (mb - turn @ ma)[:, None]], axis=1).astype(np.float32)
