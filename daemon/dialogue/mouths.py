"""The mouths of one reply: drawn from its speech and handed to whoever shows them."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from daemon.dialogue.streams import Channel
from daemon.dialogue.turn import Turn
from daemon.expression import Cue
from daemon.face.cues import CueTrack
from daemon.media import SPEAK_RATE, FaceFrame, Mouth, Speech
from daemon.stages import LipSync
from daemon.worker import Worker

FRAMES_AHEAD = 25  # mouths made before they are wanted: a second at 25 frames a second
FIRST_FRAME_S = 0.1  # the sound of a reply waits this long for its first mouth, then goes alone
UNSEEN_S = 10.0  # a mouth that waits longer to be shown has nobody who shows it

log = logging.getLogger(__name__)


class FrameSink(Protocol):
    """Where mouths go: the camera's screen, or a film."""

    @property
    def wanted(self) -> bool:
        """Whether a reply that begins now is to have a mouth."""

    async def put(self, frame: FaceFrame) -> None:
        """Take a frame; waits while enough of them are ahead of the sound."""

    def hold(self, held: bool) -> None:
        """Close the mouth while the sound is held; what waits goes on waiting."""

    def clear(self) -> None:
        """Drop what has not been shown and close the mouth."""


class FaceAnimation:
    """Draws on the face's thread. A reply whose face fails goes on without a mouth."""

    def __init__(
        self,
        turn: Turn,
        lip_sync: LipSync | None,
        drawing: Worker,
        frames: FrameSink | None,
    ) -> None:
        self.speech: Channel[Speech] = Channel()
        """What is to be drawn; nobody waits for room in it, because sound never waits."""
        self.failed = False
        self._turn = turn
        self._lip_sync = lip_sync
        self._drawing = drawing
        self._frames = frames
        self._timings = turn.timings
        self._begun = asyncio.Event()
        self._first = asyncio.Event()
        self._cues: CueTrack | None = None

    async def run(self) -> None:
        """Draw until ``speech`` is closed."""
        try:
            if self._lip_sync and self._frames and self._frames.wanted:
                await self._draw(self._lip_sync, self._frames)
        except Exception as error:
            log.warning("turn %d: lip-sync failed: %s", self._turn.number, error)
            self.failed = True
        finally:
            self._first.set()
            self.speech.drop()

    async def begin(self) -> None:
        """Let them be shown, for the sound begins; give the first a moment to be there."""
        self._begun.set()
        try:
            async with asyncio.timeout(FIRST_FRAME_S):
                await self._first.wait()
        except TimeoutError:
            return  # video is dropped, sound never waits

    async def _draw(self, lip_sync: LipSync, frames: FrameSink) -> None:
        await self._drawing.run(lambda _: lip_sync.begin())
        render = self._timings.timed_iterator("lips", lip_sync.render)
        finish = self._timings.timed_iterator("lips", lip_sync.finish)
        number, speaks = 0, False
        self._cues = cues = CueTrack(lip_sync.fps)
        async for speech in self.speech:
            await self._drawing.run(lambda _, piece=speech: cues.feed(piece))
            mouths = self._drawing.stream(render, speech.audio, depth=FRAMES_AHEAD)
            number, speaks = await self._show(frames, mouths, number, lip_sync.fps), True
        if speaks:
            mouths = self._drawing.stream(finish, depth=FRAMES_AHEAD)
            await self._show(frames, mouths, number, lip_sync.fps)

    async def _show(
        self, frames: FrameSink, mouths: AsyncGenerator[Mouth, None], number: int, fps: int
    ) -> int:
        """Hand the mouths over, from ``number`` on; return the number of the next."""
        async with aclosing(mouths):
            async for mouth in mouths:
                self._timings.mark("first_frame")
                await self._begun.wait()
                async with asyncio.timeout(UNSEEN_S):
                    at = number * SPEAK_RATE // fps
                    cue = self._cues.take(at) if self._cues is not None else Cue()
                    await frames.put(FaceFrame(self._turn.number, at, mouth, cue))
                self._first.set()
                number += 1
        return number
