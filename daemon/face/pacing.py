"""At which ticks of the camera's clock a picture is worth drawing.

A picture costs milliseconds, and most of a day nobody speaks and nobody looks. While somebody looks
there is one whenever something would be seen to change; the driver shows the last one again in
between. While nobody does, there is one now and then, for whoever comes.
"""

from typing import Final

from daemon.media import Mouth
from daemon.stages import LipSync

# A browser takes a camera for broken after two seconds without a picture, where a driver does not
# show the last one again; and the seconds of a timer's card pass.
KEEP_S = 1.0
SETTLE_S = 2.0  # after a mouth: it closes, and the head calms down


class Pacer:
    """Remembers what was drawn last; the event loop's thread."""

    def __init__(self) -> None:
        self._drawn: int | None = None  # ticks
        self._mouth = -(10**9)
        self._scene: object = None

    def due(
        self, face: LipSync, tick: int, mouth: Mouth | None, watched: bool, scene: object
    ) -> bool:
        """Whether to draw at ``tick``, which is then counted as drawn.

        ``watched``: somebody may be looking. ``scene`` is all that a picture depends on beside
        the tick and the mouth; where it is another than before, there is a picture at once.
        """
        if mouth is not None:
            self._mouth = tick
        wanted: Final = (
            self._drawn is None
            or tick - self._drawn >= KEEP_S * face.fps
            or scene != self._scene
            or (
                watched
                and (tick - self._mouth < SETTLE_S * face.fps or face.moves(self._drawn, tick))
            )
        )
        if wanted:
            self._drawn, self._scene = tick, scene
        return wanted
