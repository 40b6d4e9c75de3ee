"""At which ticks of the camera's clock a picture is worth drawing.

A picture costs milliseconds, and most of a day nobody speaks and nobody looks. While somebody looks
there is one whenever something would be seen to change; the driver shows the last one again in
between. While nobody does, there is one now and then, for whoever comes.

Where other programs leave too few processors, the face gives way before the sound and the answer
do: there is a picture when the lips have moved far enough, so that they stay in time, and the head
moves in coarser steps.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from daemon.expression import Pose
from daemon.face.shapes import VOICE
from daemon.media import Mouth
from daemon.stages import LipSync

# A browser takes a camera for broken after two seconds without a picture, where a driver does not
# show the last one again; and the seconds of a timer's card pass.
KEEP_S = 1.0
SETTLE_S = 2.0  # after a mouth: it closes, and the head calms down
# While processors are scarce: share of all that lips can do by which they may be wrong, which
# leaves half of the pictures of speech; and how long a picture may stay then.
COARSE = 0.3
COARSE_S = 0.12
STILL = 0.02  # likewise, of lips that begin to move: that is seen, and always drawn
CLOSING_S = 0.25  # after a mouth, each picture brings the lips nearer to rest


class Pacer:
    """Remembers what was drawn last; the event loop's thread."""

    def __init__(self) -> None:
        self._drawn: int | None = None  # ticks
        self._spoke = -(10**9)
        self._mouth: Mouth | None = None
        self._pose = Pose()  # that was drawn
        self._scene: object = None

    def due(
        self,
        face: LipSync,
        tick: int,
        mouth: Mouth | None,
        pose: Pose,
        watched: bool,
        scene: object,
        sparing: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Whether to draw ``pose`` at ``tick``, which is then counted as drawn.

        ``watched``: somebody may be looking. ``scene`` is all that a picture depends on beside
        the tick, the mouth and the pose; where it is another than before, there is a picture at
        once. ``sparing`` tells whether processors are scarce; it is asked only while it matters.
        """
        if mouth is not None:
            self._spoke = tick
        wanted: Final = (
            self._drawn is None
            or tick - self._drawn >= KEEP_S * face.fps
            or scene != self._scene
            or (watched and self._changed(face, tick, mouth, pose, sparing))
        )
        if wanted:
            self._drawn, self._mouth, self._pose, self._scene = tick, mouth, pose, scene
        return wanted

    def _changed(
        self,
        face: LipSync,
        tick: int,
        mouth: Mouth | None,
        pose: Pose,
        sparing: Callable[[], bool],
    ) -> bool:
        """Whether another picture than the one drawn last would be seen."""
        silent = tick - self._spoke
        if silent >= SETTLE_S * face.fps:
            return face.moves(self._pose, pose)
        since = tick - (self._drawn or 0)
        if since >= COARSE_S * face.fps or not sparing():
            return True
        if mouth is None:
            return silent < CLOSING_S * face.fps
        return _apart(mouth, self._mouth, since)


def _apart(mouth: Mouth, shown: Mouth | None, since: int) -> bool:
    """Whether lips are too far from those shown ``since`` ticks ago.

    Nobody knows how far apart painted ones are: there every other picture is left out.
    """
    if shown is None or not isinstance(mouth, np.ndarray):
        return shown is None or since > 1
    lips, before = mouth[:VOICE], shown[:VOICE]
    if np.abs(before).max() <= STILL < np.abs(lips).max():
        return True
    return bool(np.abs(lips - before).max() > COARSE)
