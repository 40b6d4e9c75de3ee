"""Shows the face on the camera, in time with the sound.

The camera ticks at its own rate and never stops. At each tick the mouth is drawn that is nearest,
on the player's clock, to the moment at which the picture will be shown; without one, when the
newest is stale, and when the sound stands still, the face is at rest.
"""

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from daemon.expression import Cue, Pose
from daemon.face.behaviour import Behaviour
from daemon.face.camera_connection import CameraConnection
from daemon.face.card import camera_off
from daemon.face.overlay import PictureOverlay
from daemon.face.pacing import Pacer
from daemon.face.preview import Preview
from daemon.face.timer_card import TimerCard
from daemon.media import SPEAK_RATE, FaceFrame, Image, Mouth
from daemon.stages import Camera, LipSync
from daemon.worker import Worker

HOLD_S = 0.2  # a mouth is held this long when no newer one comes; then the face goes to rest
AHEAD = 25  # mouths that may wait here: a second at 25 frames a second
DRAWN = 25  # pictures by which it is known how long one takes
MAX_DRAWING_S = 0.1  # a face that takes longer is late: a mouth is not chosen further ahead


class FaceStreamer:
    """The camera's clock and the mouths that wait for their moment."""

    def __init__(
        self,
        face: LipSync,
        open_camera: Callable[[], Camera],
        worker: Worker,
        camera: Camera | None,
        audible: Callable[[float], int],
        muted: Callable[[], bool] = lambda: False,
        sparing: Callable[[], bool] = lambda: False,
    ) -> None:
        """``camera`` and ``open_camera`` are those of ``CameraConnection``.

        ``audible`` is the player's: the sample of the reply that will be heard in so many seconds.
        While ``muted`` a card is shown instead of the face; while ``sparing`` there are fewer
        pictures.
        """
        self.connection = CameraConnection(camera, open_camera, worker)
        self.face = face
        self.behaviour = Behaviour(face.fps)
        """How the face holds itself; told by the event loop's thread."""
        self.preview = Preview()
        """Shows the same on the panel, with a camera or without."""
        self.timer_card = TimerCard()
        """Lies over a corner of the face while there is something to show."""
        self.overlay = PictureOverlay()
        """Lays subtitles and signs over it, where the settings ask for them."""
        self.ticked = 0.0
        """The ``time.monotonic()`` at which the camera's thread last finished what it was given."""
        self._worker = worker
        self._audible = audible
        self._muted = muted
        self._sparing = sparing
        self._pacer = Pacer()
        self._card: Image | None = None
        self._waiting: deque[FaceFrame] = deque()
        self._shown: deque[FaceFrame] = deque(maxlen=AHEAD)
        self._turn: int | None = None  # whose mouths these are
        self._over: int | None = None  # whose mouths were dropped last
        self._now = 0  # where the sound is half a frame after the last picture was shown
        self._took: deque[float] = deque(maxlen=DRAWN)  # seconds from a choice to the picture shown
        self._cue: Cue | None = None  # of the mouths that came with the last tick
        self._held = False
        self._space = asyncio.Event()
        self._space.set()

    @property
    def wanted(self) -> bool:
        """Whether mouths would be seen."""
        return self.connection.camera is not None or self.preview.watched

    @property
    def camera(self) -> Camera | None:
        """What is shown on; ``None`` while that has failed."""
        return self.connection.camera

    def use(self, face: LipSync) -> None:
        """Show another face of the same size and rate, from the next picture on; see ``drawn``."""
        self.clear()
        self.face = face

    async def drawn(self) -> None:
        """Wait until the picture under way is drawn: the last one of a face before."""
        await self._worker.run(lambda _: None)

    async def put(self, frame: FaceFrame) -> None:
        """Take a mouth; waits while ``AHEAD`` of them are ahead of the sound."""
        while len(self._waiting) >= AHEAD and frame.turn == self._turn:
            self._space.clear()
            await self._space.wait()
        if frame.turn == self._over:
            return
        if frame.turn != self._turn:
            self.clear()
            self._turn = frame.turn
        self._waiting.append(frame)

    def hold(self, held: bool) -> None:
        """Close the mouth with the next tick, or let it go on; what waits goes on waiting.

        The sound that the device has got already is heard a little longer, but a mouth takes its
        time to close.
        """
        self._held = held

    def clear(self) -> None:
        """Drop what waits and close the mouth with the next tick.

        A reply that was cancelled may hand over a second of mouths before it notices: none of that
        turn is taken any more.
        """
        self._over, self._held = self._turn, False
        self._waiting.clear()
        self._shown.clear()
        self._space.set()

    def mouth(self) -> Mouth | None:
        """Choose the mouth for the next picture; none while the sound stands still.

        It is the one nearest to the moment at which the picture will be shown, by what pictures
        have taken: where a processor is shared, they take longer.
        """
        drawing_s = min(statistics.median(self._took), MAX_DRAWING_S) if self._took else 0.0
        before, self._now = self._now, self._audible(drawing_s + 0.5 / self.face.fps)
        while self._shown and self._shown[-1].at > self._now:  # a held reply goes on from earlier
            self._waiting.appendleft(self._shown.pop())
        cue: Cue | None = None
        while self._waiting and self._waiting[0].at <= self._now:
            self._shown.append(frame := self._waiting.popleft())
            cue = frame.cue.after(cue) if cue is not None else frame.cue
        if len(self._waiting) < AHEAD:
            self._space.set()
        # a reply that begins stands still at 0, wherever the one before has ended
        if not self._shown or self._held or self._now in (0, before):
            self._cue = None
            return None
        shown = self._shown[-1]
        audible = self._now - shown.at <= HOLD_S * SPEAK_RATE
        self._cue = (cue or Cue(shown.cue.energy)) if audible else None
        return shown.mouth if audible else None

    async def run(self) -> None:
        """Tick until cancelled. A tick that comes late is dropped, never made up for."""
        loop = asyncio.get_running_loop()
        start, tick = loop.time(), 0
        self.connection.retry_later()
        while True:
            await self._show(tick)
            self.ticked = time.monotonic()
            tick = max(tick + 1, int((loop.time() - start) * self.face.fps) + 1)
            await asyncio.sleep(max(0.0, start + tick / self.face.fps - loop.time()))

    async def _show(self, tick: int) -> None:
        clock, camera = asyncio.get_running_loop().time, self.connection.camera
        try:
            await self.connection.look()
            chosen, mouth = clock(), self.mouth()
            pose = self.behaviour.step(tick, self._cue)
            watched = self.connection.watched or self.preview.watched
            scene = (
                *(camera, watched, self.preview.watched, self.preview.tap),
                *(self.face, self._muted(), self.timer_card.entries),
                self.overlay.scene(),
            )
            wanted = camera is not None or self.preview.watched
            due = wanted and self._pacer.due(
                self.face, tick, mouth, pose, watched, scene, self._sparing
            )
            if due:
                shown = await self._worker.run(
                    lambda _: self._show_on(camera, tick, mouth, pose, clock)
                )
                self._took.append(shown - chosen)
            if camera is None:
                await self._find_camera()
        except Exception as error:  # whatever a camera does, the conversation goes on
            await self.connection.lose(error)

    async def _find_camera(self) -> None:
        """Open the camera if it is time to; without it, wait until somebody wants a picture."""
        if not self.preview.watched:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.connection.retry_at):
                    await self.preview.asked.wait()
        await self.connection.try_again()

    def _show_on(
        self,
        camera: Camera | None,
        tick: int,
        mouth: Mouth | None,
        pose: Pose,
        clock: Callable[[], float],
    ) -> float:
        """Show a picture where one is wanted; return when it was shown. The camera's thread."""
        tap = self.preview.tap
        if camera is None and tap is None and not self.preview.due:
            return clock()
        face, muted = self.face, self._muted()
        if muted:
            picture = self._card_shown()
        else:
            drawn = self.overlay.mirrored(face.picture(tick, mouth, pose))
            picture = self.overlay.over(self.timer_card.over(drawn, time.time()))
        self.preview.offer(picture, "" if muted else face.statement)
        if camera is not None:
            camera.show(picture)
        shown = clock()
        if tap is not None:
            tap(picture, shown)
        return shown

    def _card_shown(self) -> Image:
        if self._card is None:
            self._card = camera_off(self.face.size)
        return self._card

    async def close(self) -> None:
        """Free the camera."""
        self.preview.close()
        await self.connection.close()
