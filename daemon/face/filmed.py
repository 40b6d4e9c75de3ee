"""A real face that talks: the pictures of a clip or photograph, with a mouth put in.

The pictures run on the camera's clock, whether it speaks or not, so that nothing jumps where a
reply begins or ends; only the mouth follows the sound.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from daemon.expression import Attitude, Pose
from daemon.face.background import Backdrop, Background
from daemon.face.canvas import Frame
from daemon.face.clip import Clip
from daemon.face.footage import Footage, View, takes_of
from daemon.face.kept_pictures import DamagedPicture
from daemon.face.lips import Lips
from daemon.face.motion import idle_pose
from daemon.face.photo import Photo
from daemon.face.portrait import CALMING, CLOSING, MouthReader, layer
from daemon.face.shapes import PARAMETERS, VOICE
from daemon.face.warp import Warp
from daemon.graphics import device_of
from daemon.media import Audio, Image, Mouth
from daemon.worker import CancelToken

AFTER_S = 1.0  # after the last mouth until an idle clip has its turn

log = logging.getLogger(__name__)


class MouthRenderer(Protocol):
    """Makes mouths from sound, and puts them into pictures."""

    def warm_up(self) -> None:
        """Do the slow first run."""

    def begin(self, tick: int) -> None:
        """Start a reply; ``tick`` of the camera's clock was the last to be drawn."""

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield mouths, as ``LipSync.render``."""

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield those held back, as ``LipSync.finish``."""

    def paint(self, view: View, tick: int, mouth: Mouth | None) -> None:
        """Put a mouth into a picture; without one it comes to rest. In the camera's thread."""


class PictureSource(Protocol):
    """Where the pictures come from: ``Footage`` or ``Photo``."""

    def source(self, tick: int) -> tuple[Clip, int]:
        """Return the clip and the picture that will be shown at ``tick``; for any thread."""

    def view(self, tick: int, pose: Pose) -> View:
        """Return the picture of ``tick``."""

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether the picture is seen to change between two poses; for any thread."""


class FilmedFace:
    """A ``LipSync`` of clips or a photograph."""

    def __init__(
        self,
        pictures: PictureSource,
        mouths: MouthRenderer,
        fps: int = 25,
        size: tuple[int, int] = (1280, 720),
        statement: str = "",
        background: Background | None = None,
    ) -> None:
        """``statement`` is what pictures and films of it say of it.

        ``background`` is also shown around pictures of another shape.
        """
        cv2.setNumThreads(1)  # one core is the budget; more threads only take from the models
        self._pictures, self._mouths = pictures, mouths
        self._fps, self._size = fps, size
        self._statement = statement
        self._backdrop = background.picture if background is not None else None
        self._shown: Image | None = None
        self._told = False
        self._frames: dict[tuple[int, ...], Frame] = {}
        self._quiet = self._after = round(AFTER_S * fps)  # ticks without a mouth
        self._tick = 0

    @property
    def fps(self) -> int:
        """Frames per second."""
        return self._fps

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a picture in pixels."""
        return self._size

    @property
    def statement(self) -> str:
        """What pictures and films of it say of it."""
        return self._statement

    @property
    def device(self) -> str:
        """Where mouths are made; pictures are drawn by the processor."""
        return device_of(self._mouths)

    def warm_up(self) -> None:
        """Make and draw once, so that every piece of code has run."""
        self._mouths.warm_up()
        self.picture(0, None)

    def close(self) -> None:
        """Nothing is held but memory."""

    def begin(self) -> None:
        """Forget the sound of the reply before, and get ready to speak."""
        self._quiet = 0
        self._mouths.begin(self._tick)

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths that are ready."""
        return self._mouths.render(audio, cancel)

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths of the reply's end."""
        return self._mouths.finish(cancel)

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        """Draw frame ``tick`` of the camera's clock; one that is damaged shows the last again."""
        if pose is None:
            pose = idle_pose(tick / self._fps, 0.0)
        try:
            self._shown = self._drawn(tick, mouth, pose)
        except DamagedPicture as error:
            if self._shown is None:
                raise
            if not self._told:
                log.warning("A picture of the face cannot be read: %s", error)
            self._told = True
        return self._shown

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether the film goes on, or the photograph has moved."""
        return self._pictures.moves(before, now)

    def _drawn(self, tick: int, mouth: Mouth | None, pose: Pose) -> Image:
        self._tick = tick
        self._quiet = 0 if mouth is not None else self._quiet + 1
        if self._quiet < self._after and pose.attitude is not Attitude.SPEAKING:
            pose = replace(pose, attitude=Attitude.SPEAKING)  # a pause within speech
        view = self._pictures.view(tick, pose)
        self._mouths.paint(view, tick, mouth)
        frame = self._frames.get(view.image.shape)
        if frame is None:
            frame = Frame(view.image, self._size, whole=True, backdrop=self._backdrop)
            self._frames[view.image.shape] = frame
        return frame.fit(view.image)


class WarpedMouths:
    """Mouths of the picture's own lips, for when there are no weights of Wav2Lip."""

    def __init__(self, default_face: Path, fps: int) -> None:
        """``default_face`` is the drawn face's folder: the inside of its mouth is used."""
        layers = (layer(default_face / f"{name}.png") for name in ("lips", "teeth", "tongue"))
        self._warp = Warp(Lips(*layers))
        self._reader = MouthReader(fps)
        self._shown = np.zeros(PARAMETERS, np.float32)

    def warm_up(self) -> None:
        """Nothing is slow the first time."""

    def begin(self, tick: int) -> None:
        """Forget the sound of the reply before."""
        self._reader.begin()

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths that are ready."""
        return self._reader.read(audio, cancel)

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the last ones."""
        return self._reader.finish()

    def paint(self, view: View, tick: int, mouth: Mouth | None) -> None:
        """Bend the mouth; without one the last shape closes softly."""
        if mouth is not None:
            self._shown[:] = mouth
        else:
            self._shown[:VOICE] *= CLOSING
            self._shown[VOICE] *= CALMING
        self._warp.paint(view, self._shown)


def picture_source(
    clips: list[tuple[Clip, Attitude]],
    fps: int,
    backdrop: Backdrop | None = None,
    matte_of: Callable[[Image], Image] | None = None,
) -> PictureSource:
    """Return what shows a face's clips (and what each is for), or its photograph.

    ``backdrop`` is shown behind the person, who is in a photograph where ``matte_of`` says.
    """
    if is_photograph(clips):
        return Photo(clips[0][0], fps, backdrop, matte_of)
    return Footage(takes_of(clips), fps, backdrop)


def is_photograph(clips: list[tuple[Clip, Attitude]]) -> bool:
    """Whether a face's clips are one picture."""
    return len(clips) == 1 and len(clips[0][0]) == 1
