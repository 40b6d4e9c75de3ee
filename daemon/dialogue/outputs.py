"""What a conversation is heard and seen through. Neither may end it by failing."""

import logging
from collections.abc import Callable

from daemon.audio.player import Player
from daemon.dialogue.mouths import FrameSink

log = logging.getLogger(__name__)


class Outputs:
    """The player and, where there is one, the screen. Belongs to the event loop's thread."""

    def __init__(
        self, player: Player, frames: FrameSink | None, failed: Callable[[Exception], None]
    ) -> None:
        """``failed`` is called when the player cannot do what the reply needs to go on."""
        self.player = player
        self.frames = frames
        self._failed = failed

    def pause(self) -> None:
        """Fall silent with a closed mouth, and keep the rest."""
        self._best_effort(self.player.pause)
        self._with_screen(lambda frames: frames.hold(True))

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._with_screen(lambda frames: frames.hold(False))
        self._best_effort(self.player.resume)

    def silence(self) -> int:
        """Fall silent, close the mouth, drop the rest; return the sample that was heard last."""
        heard = self._sample(self.player.flush, self.player.audible)
        self._with_screen(lambda frames: frames.clear())
        return heard

    def position(self) -> int:
        """Return the sample that is heard now."""
        return self._sample(self.player.audible, self.player.flush)

    def _sample(self, *ways: Callable[[], int]) -> int:
        """Return what the first way that works tells; 0 of a player that cannot tell."""
        for tell in ways:
            try:
                return tell()
            except Exception as error:
                log.warning("the player failed: %s", error)
        return 0

    def _best_effort(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            self._failed(error)

    def _with_screen(self, action: Callable[[FrameSink], object]) -> None:
        if self.frames is None:
            return
        try:
            action(self.frames)
        except Exception as error:  # a reply without a mouth is still a reply
            log.warning("the screen failed: %s", error)
