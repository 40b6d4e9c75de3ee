"""The mouths of a whole reply, for a film of it."""

from collections.abc import Iterator

from daemon.expression import Attitude
from daemon.face.behaviour import Behaviour
from daemon.media import FaceFrame, Image
from daemon.stages import LipSync


class Film:
    """Keeps every mouth of a reply, for a film made after the sound is known."""

    def __init__(self, expressiveness: float = 0.5) -> None:
        """``expressiveness`` is the setting ``face.expressiveness``."""
        self.expressiveness = expressiveness
        self.frames: list[FaceFrame] = []
        self.wanted = True

    async def put(self, frame: FaceFrame) -> None:
        """Keep it."""
        self.frames.append(frame)

    def hold(self, held: bool) -> None:
        """Nobody speaks over a film."""

    def clear(self) -> None:
        """Forget all."""
        self.frames.clear()

    def pictures(self, face: LipSync, lead: int, tail: int, thinking: int = 0) -> Iterator[Image]:
        """Draw the film: ``lead`` frames that listen, the reply, ``tail`` frames that listen.

        For ``thinking`` frames before the reply it thinks.
        """
        behaviour = Behaviour(face.fps, self.expressiveness)
        behaviour.attend(Attitude.LISTENING)
        speaks = lead + thinking
        frames = [None] * speaks + list[FaceFrame | None](self.frames) + [None] * tail
        for tick, frame in enumerate(frames):
            if tick == lead and thinking:
                behaviour.attend(Attitude.THINKING)
            if tick == speaks + len(self.frames):
                behaviour.attend(Attitude.IDLE)
            pose = behaviour.step(tick, frame.cue if frame else None)
            yield face.picture(tick, frame.mouth if frame else None, pose)
