"""A drawn portrait that talks: a folder of layers made into a living head.

The skin, hair, clothes and room are one picture whose head and jaw are bent by a smooth field;
before another background only the person is. Eyes and mouth are drawn anew on top, so that they
stay sharp. Only the part around the head is worked on in each frame.
"""

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from daemon.errors import SetupError
from daemon.expression import Pose
from daemon.face import eyes, lips
from daemon.face.background import Background
from daemon.face.canvas import Canvas, Frame, Layout
from daemon.face.catalogue import NoFace
from daemon.face.matte import blurred_behind, cut_out, laid
from daemon.face.motion import idle_pose, seen_to_move
from daemon.face.pixels import Floats
from daemon.face.shapes import OPEN, PARAMETERS, VOICE, MouthShapes
from daemon.face.spoken import SpokenShapes
from daemon.face.visemes import VisemeNetwork
from daemon.i18n import tr
from daemon.media import Audio, Image, Mouth
from daemon.worker import CancelToken

CHIN_SHARE = 0.8  # of the jaw's fall that is seen at the chin
CLOSING, CALMING = 0.6, 0.92  # kept per frame of a mouth, and of its liveliness, after speech
REST_S = 0.1  # of silence that brings the last mouths of a reply
LAYERS = ("portrait", "iris", "lips", "teeth", "tongue")


class MouthReader:
    """Reads mouth vectors from the sound of one reply after another (see ``shapes.py``)."""

    def __init__(self, fps: int) -> None:
        self._fps = fps
        self._network = VisemeNetwork()
        self._shapes: MouthShapes | None = None
        self._spoken = SpokenShapes(fps)
        self._samples = 0
        self._wanted = 0.0  # mouths in the sound so far

    def begin(self) -> None:
        """Forget the sound of the reply before."""
        self._shapes, self._spoken = None, SpokenShapes(self._fps)
        self._samples, self._wanted = 0, 0.0

    def read(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the vectors of ``audio`` less its last 58 ms, which depend on what follows."""
        if self._shapes is None:
            self._shapes = MouthShapes(audio.rate, self._fps, self._network, self._spoken)
        rate = self._shapes.rate
        self._spoken.add(audio.phones, audio.rate, self._samples / rate)
        samples = audio.at_rate(rate).samples
        self._samples += len(samples)
        for start in range(0, len(samples), rate):
            cancel.check()
            piece = samples[start : start + rate]
            self._wanted += len(piece) / rate * self._fps
            for mouth in self._shapes.feed(piece):
                self._wanted -= 1
                yield mouth

    def finish(self) -> Iterator[Mouth]:
        """Yield the last ones, as if silence followed."""
        if self._shapes is not None:
            rest = self._shapes.feed(np.zeros(round(REST_S * self._shapes.rate), np.float32))
            yield from rest[: max(0, math.ceil(self._wanted - 1e-6))]


class Portrait:
    """A face from a folder as ``faces/draw_default.py`` writes it; a ``LipSync``."""

    def __init__(
        self,
        directory: Path,
        fps: int = 25,
        size: tuple[int, int] = (1280, 720),
        background: Background | None = None,
    ) -> None:
        """``background`` replaces the room; raises ``SetupError``."""
        cv2.setNumThreads(1)  # one core is the budget; more threads only take from the models
        self._fps, self._size = fps, size
        self._layout = _layout(directory / "face.toml")
        layers = {name: layer(directory / f"{name}.png") for name in LAYERS}
        self._canvas, self._frame = self._staged(directory, layers["portrait"], background)
        self._eyes = eyes.Eyes(layers["iris"])
        self._lips = lips.Lips(layers["lips"], layers["teeth"], layers["tongue"])
        self._reader = MouthReader(fps)
        self._shown = np.zeros(PARAMETERS, np.float32)

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
        """Nothing: it is drawn."""
        return ""

    def warm_up(self) -> None:
        """Draw once, with the mouth open, so that every piece of code has run."""
        mouth = self._shown.copy()
        mouth[OPEN] = 1
        self.picture(0, mouth)
        self.picture(0, None)
        self._shown[:] = 0

    def close(self) -> None:
        """Nothing is held but memory."""

    def begin(self) -> None:
        """Forget the sound of the reply before."""
        self._reader.begin()

    def render(self, audio: Audio, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield the mouths that are ready: those of ``audio`` less its last 58 ms."""
        return self._reader.read(audio, cancel)

    def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
        """Yield those of the reply's last 58 ms."""
        return self._reader.finish()

    def picture(self, tick: int, mouth: Mouth | None, pose: Pose | None = None) -> Image:
        """Draw frame ``tick`` of the camera's clock; without a mouth the last one closes softly."""
        if mouth is not None:
            self._shown[:] = mouth
        else:
            self._shown[:VOICE] *= CLOSING
            self._shown[VOICE] *= CALMING
        shown = self._shown
        if pose is None:
            pose = idle_pose(tick / self._fps, float(shown[VOICE]))
        out = self._canvas.draw(pose, CHIN_SHARE * lips.JAW_DROP * float(shown[OPEN]))
        for centre, outward in zip(self._layout.eyes, (-1, 1), strict=True):
            part, skin, x, y = self._around(out, centre, eyes.REACH, pose)
            self._eyes.draw(skin, x, y, outward, pose.lids, pose.gaze, pose.squint)
            _put_back(part, skin)
        edge = lips.contours(shown, pose.smile)
        part, skin, x, y = self._around(out, self._layout.mouth, edge.reach, pose)
        self._lips.draw(skin, x, y, edge, shown)
        _put_back(part, skin)
        return self._frame.fit(out)

    def moves(self, before: Pose, now: Pose) -> bool:
        """Whether the head, the eyes or the breath have moved enough to be seen."""
        return seen_to_move(before, now)

    def _staged(
        self, directory: Path, picture: Image, background: Background | None
    ) -> tuple[Canvas, Frame]:
        """Put the person before what is wanted instead of the room, if anything is."""
        if background is None:
            return Canvas(picture, self._layout), Frame(picture, self._size)
        path = directory / "matte.png"
        if not path.is_file():
            raise NoFace(
                tr("The background of this face cannot be changed: there is no {path}.").format(
                    path=path
                ),
                'background = "own"',
            )
        matte = np.ascontiguousarray(layer(path)[..., 0])
        person = cut_out(picture, matte)
        if background.picture is None:
            behind = blurred_behind(picture, matte)
            frame = Frame(laid(person, behind), self._size)
        else:
            frame = Frame(picture, self._size, backdrop=background.picture)
            behind = frame.behind()
        return Canvas(person, self._layout, behind), frame

    def _around(
        self, out: Image, centre: tuple[float, float], reach: tuple[int, int, int, int], pose: Pose
    ) -> tuple[Image, Floats, Floats, Floats]:
        """Cut out the part around a feature, with each pixel's place relative to its middle."""
        px, py = self._layout.pivot
        from_x, from_y = centre[0] - px, centre[1] - py
        at = (
            round(centre[0] + pose.x - pose.roll * from_y + pose.forward * from_x + pose.yaw),
            round(centre[1] + pose.y + pose.roll * from_x + pose.forward * from_y + pose.pitch),
        )
        left, top = at[0] + reach[0], at[1] + reach[1]
        right, bottom = at[0] + reach[2], at[1] + reach[3]
        at_x = np.arange(left, right, dtype=np.float32)[None, :]
        at_y = np.arange(top, bottom, dtype=np.float32)[:, None]
        roll, forward = np.float32(pose.roll), np.float32(pose.forward)
        across, along = at_x - np.float32(px), at_y - np.float32(py)
        x = at_x + roll * along - forward * across
        y = at_y - roll * across - forward * along
        part = out[top:bottom, left:right]
        skin = np.stack([channel.astype(np.float32) for channel in cv2.split(part)])
        return (
            part,
            skin,
            x - np.float32(pose.x + pose.yaw + centre[0]),
            y - np.float32(pose.y + pose.pitch + centre[1]),
        )


def _put_back(part: Image, skin: Floats) -> None:
    """Write what was drawn back into the picture."""
    np.clip(skin + np.float32(0.5), 0, 255, out=skin)
    part[:] = cv2.merge(list(skin.astype(np.uint8)))


def _layout(path: Path) -> Layout:
    try:
        with path.open("rb") as file:
            return Layout(**tomllib.load(file)["layout"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SetupError(
            tr("The face's description {path} cannot be used: {error}").format(
                path=path, error=error
            )
        ) from error


def layer(path: Path) -> Image:
    """Read one picture of a drawn face, with its alpha where it has one; ``SetupError``."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise SetupError(tr("The face's picture {path} cannot be read.").format(path=path))
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)
