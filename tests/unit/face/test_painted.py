from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest

from daemon.expression import Pose
from daemon.face.clip import Clip
from daemon.face.footage import View
from daemon.face.painted import FADE, PaintedMouths, Patch
from daemon.face.wav2lip import Wav2Lip
from daemon.media import Audio
from daemon.worker import Cancelled, CancelToken
from tests.faces import POINTS, skin

RATE = 24_000
Floats = np.ndarray


class FakeClip:
    boxes = np.tile(np.array([60, 50, 260, 270], np.float32), (100, 1))
    points = np.tile(POINTS, (100, 1, 1))

    def face(self, number: int, side: int = 96) -> np.ndarray:
        return np.full((side, side, 3), number, np.uint8)


class FakePictures:
    """The picture of tick n is n."""

    clip = cast(Clip, FakeClip())

    def source(self, tick: int) -> tuple[Clip, int]:
        return self.clip, tick % 100

    def view(self, tick: int, pose: Pose) -> View:
        return View(skin(), POINTS, self.clip, tick % 100)

    def moves(self, before: Pose, now: Pose) -> bool:
        return True


class Generator:
    """Paints in the grey of the face it was given; counts, and has a clock of its own."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.each_s, self.now = 0.0, 0.0

    def __call__(self, mel: Floats, faces: Floats) -> Floats:
        assert mel.shape[1:] == (1, 80, 16)
        self.sizes.append(len(mel))
        self.now += self.each_s * len(mel)
        return faces[:, 3:]


@pytest.fixture
def generator() -> Generator:
    return Generator()


@pytest.fixture
def mouths(generator: Generator) -> PaintedMouths:
    return PaintedMouths(Wav2Lip(generator, "f32"), FakePictures(), 25, lambda: generator.now)


def speech(*parts: tuple[float, float]) -> np.ndarray:
    """Noise; each part is so many seconds of so loud."""
    rng = np.random.default_rng(5)
    pieces = [loud * rng.normal(0, 1, round(s * RATE)) for s, loud in parts]
    return np.concatenate(pieces).astype(np.float32)


def render(mouths: PaintedMouths, sound: np.ndarray, *cuts: int) -> list[Patch]:
    mouths.begin(0)
    made: list[Patch] = []
    for piece in np.split(sound, cuts):
        made += mouths.render(Audio(piece, RATE), CancelToken())
    return [*made, *mouths.finish(CancelToken())]


def test_a_mouth_for_every_picture_of_the_sound(mouths: PaintedMouths) -> None:
    made = render(mouths, speech((2.0, 0.1)))
    assert [patch.number for patch in made] == list(range(50))


def test_where_the_sound_is_cut_does_not_matter(mouths: PaintedMouths) -> None:
    sound = speech((0.5, 0), (1.0, 0.1), (0.5, 0))
    whole, cut = render(mouths, sound), render(mouths, sound, 7_001, 30_000)
    assert [patch.weight for patch in whole] == [patch.weight for patch in cut]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one.face, other.face)


def test_the_first_comes_alone_and_the_others_in_batches(
    mouths: PaintedMouths, generator: Generator
) -> None:
    mouths.begin(0)
    made = mouths.render(Audio(speech((1.0, 0.1)), RATE), CancelToken())
    next(made)
    assert generator.sizes == [1]
    list(made)
    assert generator.sizes[:4] == [1, 2, 4, 4]


def test_a_photograph_is_prepared_once(generator: Generator) -> None:
    """Larger faces than those of a clip's folder are decoded and cut out of the whole picture."""
    cut: list[int] = []

    class Counted(FakeClip):
        def face(self, number: int, side: int = 96) -> np.ndarray:
            cut.append(number)
            return super().face(number, side)

    class Photograph(FakePictures):
        clip = cast(Clip, Counted())

        def source(self, tick: int) -> tuple[Clip, int]:
            return self.clip, 0

    painter = PaintedMouths(
        Wav2Lip(generator, "f32", side=256), Photograph(), 25, lambda: generator.now
    )
    made = render(painter, speech((2.0, 0.1)))
    painted = [patch.weight > 0 for patch in made]
    assert sum(painted) > 40
    assert len(cut) <= 1 + painted.count(False)


def test_silence_is_not_painted(mouths: PaintedMouths, generator: Generator) -> None:
    made = render(mouths, speech((1.0, 0), (1.0, 0.1), (1.5, 0)))
    weights = np.array([patch.weight for patch in made])
    assert (weights[:18] == 0).all()
    assert (weights[28:48] == 1).all()
    assert (weights[-20:] == 0).all()
    assert np.abs(np.diff(weights)).max() <= 1 / FADE + 1e-6
    assert sum(generator.sizes) < len(made)


def test_a_slow_computer_paints_every_other_face(
    mouths: PaintedMouths, generator: Generator
) -> None:
    generator.each_s = 0.05
    mouths.warm_up()
    generator.sizes.clear()
    made = render(mouths, speech((2.0, 0.1)), 9_000)
    assert [patch.number for patch in made] == list(range(50))
    greys = [int(patch.face.mean()) for patch in made[4:40]]
    assert np.abs(np.diff(greys)).max() <= 1, "the others lie between"
    assert sum(generator.sizes) <= 29, "none of them twice"


def test_a_computer_that_was_busy_only_while_it_started_paints_all(
    mouths: PaintedMouths, generator: Generator
) -> None:
    generator.each_s = 0.15
    mouths.warm_up()
    generator.each_s = 0.01
    painted = []
    for _ in range(4):
        generator.sizes.clear()
        render(mouths, speech((3.0, 0.2)))
        painted.append(sum(generator.sizes))
    assert painted[0] < 30
    assert painted[-1] > 70


def test_rendering_can_be_cancelled(mouths: PaintedMouths) -> None:
    token = CancelToken()
    mouths.begin(0)
    made: Iterator[Patch] = mouths.render(Audio(speech((1.0, 0.1)), RATE), token)
    next(made)
    token.cancel()
    with pytest.raises(Cancelled):
        list(made)


def test_a_new_reply_forgets_the_last(mouths: PaintedMouths) -> None:
    first = render(mouths, speech((1.0, 0.1)))
    mouths.begin(0)
    list(mouths.render(Audio(speech((0.7, 0.3)), RATE), CancelToken()))
    again = render(mouths, speech((1.0, 0.1)))
    assert [patch.weight for patch in first] == [patch.weight for patch in again]


def test_the_camera_tells_which_pictures_will_be_shown(mouths: PaintedMouths) -> None:
    made = render(mouths, speech((1.0, 0.1)))
    mouths.paint(FakePictures().view(40, Pose()), 40, made[5])
    mouths.begin(40)
    mouths.paint(FakePictures().view(43, Pose()), 43, made[0])
    sound = Audio(speech((1.0, 0.1)), RATE)
    patch = next(iter(mouths.render(sound, CancelToken())))
    assert int(patch.face.mean()) == 43


def test_mouths_whose_moment_has_passed_are_not_painted(
    mouths: PaintedMouths, generator: Generator
) -> None:
    mouths.begin(0)
    made = mouths.render(Audio(speech((2.0, 0.1)), RATE), CancelToken())
    first = next(made)
    mouths.paint(FakePictures().view(3, Pose()), 3, first)
    for tick in range(4, 23):  # nothing else came in time
        mouths.paint(FakePictures().view(tick, Pose()), tick, None)
    generator.sizes.clear()
    others = list(made)
    assert [patch.number for patch in others[:20]] == list(range(1, 21)), "none is missing"
    assert sum(generator.sizes) == len(others) - 24, "the 18 that were late, and 6 to catch up"


def test_a_sound_that_waited_makes_nothing_late(
    mouths: PaintedMouths, generator: Generator
) -> None:
    mouths.begin(0)
    made = list(mouths.render(Audio(speech((1.0, 0.1)), RATE), CancelToken()))
    mouths.paint(FakePictures().view(3, Pose()), 3, made[0])
    mouths.paint(FakePictures().view(90, Pose()), 90, None)
    generator.sizes.clear()
    more = list(mouths.render(Audio(speech((1.0, 0.1)), RATE), CancelToken()))
    assert sum(generator.sizes) == len(more)


def test_without_a_mouth_the_last_fades_away(mouths: PaintedMouths) -> None:
    made = render(mouths, speech((1.0, 0.1)))
    pictures, changes = FakePictures(), []
    for tick, mouth in enumerate([made[10], *[None] * (FADE + 1)]):
        view = pictures.view(tick, Pose())
        mouths.paint(view, tick, mouth)
        changes.append(float(np.abs(view.image.astype(int) - skin()).mean()))
    assert changes[0] > 0
    assert changes[-1] == 0


def test_no_sound_no_mouth(mouths: PaintedMouths) -> None:
    mouths.begin(0)
    assert list(mouths.finish(CancelToken())) == []
