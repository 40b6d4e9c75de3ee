import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import SetupError
from daemon.expression import Pose
from daemon.face.background import Background
from daemon.face.catalogue import NoFace, find_face, list_faces
from daemon.face.lips import contours
from daemon.face.motion import BLINK_S, idle_pose, lids_at
from daemon.face.portrait import Portrait
from daemon.face.shapes import PARAMETERS, SHAPES
from daemon.media import Audio, Image, Mouth
from daemon.stages import LipSync
from daemon.worker import Cancelled, CancelToken

MOUTH = (slice(390, 500), slice(570, 710))
SHIRT = (slice(560, 720), slice(100, 400))


@pytest.fixture(scope="module")
def face() -> Portrait:
    return Portrait(find_face("default").directory)


def shape(name: str) -> Mouth:
    return np.array([*SHAPES[name], 0.0], np.float32)


def rest(face: Portrait, tick: int) -> Image:
    """The face long after it has spoken."""
    face.picture(tick, np.zeros(PARAMETERS, np.float32))
    return face.picture(tick, None)


def changed(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_it_is_a_lip_sync_with_pictures_of_the_agreed_size(face: Portrait) -> None:
    part: LipSync = face
    picture = part.picture(0, None)
    assert (part.fps, part.size) == (25, (1280, 720))
    assert picture.shape == (720, 1280, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("size", [(640, 360), (640, 480), (720, 1280), (1280, 480), (1920, 1080)])
def test_other_sizes(size: tuple[int, int]) -> None:
    face = Portrait(find_face("default").directory, 30, size)
    assert face.picture(3, None).shape == (size[1], size[0], 3)


GREEN = (0, 177, 64)


def one_colour(size: tuple[int, int]) -> Background:
    picture = np.empty((size[1], size[0], 3), np.uint8)
    picture[:] = GREEN
    return Background(picture)


@pytest.mark.parametrize("size", [(854, 480), (640, 480), (720, 1280), (1920, 1080)])
def test_one_colour_behind_it_is_exactly_that(size: tuple[int, int]) -> None:
    folder = find_face("default").directory
    plain = Portrait(folder, 25, size, one_colour(size))
    for tick in (3, 40):
        picture = plain.picture(tick, None)
        top = picture[: size[1] // 20]
        assert (top == GREEN).all(), "above the head"
        assert (picture[: size[1] // 2, : size[0] // 12] == GREEN).all(), "beside it"
        assert (picture[-4:, size[0] // 2] != GREEN).any(axis=-1).all(), "the body ends below"


def test_before_any_background_the_person_is_the_same_but_for_a_soft_edge(face: Portrait) -> None:
    folder, pose = find_face("default").directory, Pose(x=4, roll=0.02)
    other_ink = np.array((64, 0, 177))
    keyed = Portrait(folder, background=one_colour(face.size)).picture(40, None, pose)
    purple = Background(np.full((720, 1280, 3), other_ink, np.uint8))
    other = Portrait(folder, background=purple).picture(40, None, pose)
    # What differs is the share of what is behind; without it both are the person's own light.
    share = (keyed[..., 1].astype(int) - other[..., 1]) / 177
    one = keyed - share[..., None] * GREEN
    assert np.abs(one - (other - share[..., None] * other_ink)).max() <= 4
    assert (share[:20] > 0.99).all() and (share[250:400, 580:700] < 0.01).all()
    edge = (share > 0.02) & (share < 0.98)
    assert 0.001 < edge.mean() < 0.02


def test_the_person_is_the_same_before_any_background(face: Portrait) -> None:
    keyed = Portrait(find_face("default").directory, background=one_colour(face.size))
    one, other = rest(face, 40), rest(keyed, 40)
    inside = slice(250, 400), slice(580, 700)
    assert np.abs(one[inside].astype(int) - other[inside]).max() <= 1


def test_the_room_is_blurred(face: Portrait) -> None:
    blurred = Portrait(find_face("default").directory, background=Background(None))
    one, other = rest(face, 40), rest(blurred, 40)
    shelf = slice(100, 500), slice(950, 1250)

    def edges(picture: Image) -> float:
        return float(np.abs(np.diff(picture[shelf].astype(int), axis=1)).mean())

    assert edges(other) < 0.7 * edges(one)
    assert changed(one[shelf].mean((0, 1)), other[shelf].mean((0, 1))) < 3


def test_a_face_without_a_matte_keeps_its_background(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(find_face("default").directory, folder)
    (folder / "matte.png").unlink()
    assert Portrait(folder).picture(0, None).shape == (720, 1280, 3)
    with pytest.raises(NoFace, match=r"matte\.png"):
        Portrait(folder, background=Background(None))


def test_the_same_moment_looks_the_same(face: Portrait) -> None:
    first = rest(face, 40)
    rest(face, 90)
    assert np.array_equal(first, rest(face, 40))
    assert not np.array_equal(first, rest(face, 45))


def test_every_shape_looks_different_and_moves_only_the_mouth(face: Portrait) -> None:
    pictures = {name: face.picture(10, shape(name)) for name in SHAPES}
    names = list(SHAPES)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            difference = changed(pictures[one][MOUTH], pictures[other][MOUTH])
            assert difference > 0.4, (one, other)
            assert changed(pictures[one][SHIRT], pictures[other][SHIRT]) == 0


def test_in_betweens_are_smooth(face: Portrait) -> None:
    ends = shape("rest"), shape("a")
    steps = [ends[0] + (ends[1] - ends[0]) * np.float32(t) for t in np.linspace(0, 1, 9)]
    pictures = [face.picture(10, step)[MOUTH] for step in steps]
    whole = changed(pictures[0], pictures[-1])
    for one, other in pairwise(pictures):
        assert 0 < changed(one, other) < 0.4 * whole


def test_outlines_never_cross() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        edge = contours(random.uniform(0, 1, PARAMETERS).astype(np.float32))
        assert (edge.upper <= edge.upper_inner + 1e-4).all()
        assert (edge.upper_inner <= edge.lower_inner + 1e-4).all()
        assert (edge.lower_inner <= edge.lower + 1e-4).all()
        assert 20 < edge.half_width < 60


def test_contours_follow_the_vector() -> None:
    def gap(name: str) -> float:
        edge = contours(shape(name))
        return float((edge.lower_inner - edge.upper_inner).max())

    assert gap("rest") < 0.1
    assert gap("m b p") < 0.5
    assert gap("a") > gap("e") > gap("i") > 2
    assert contours(shape("i")).half_width > contours(shape("rest")).half_width
    assert contours(shape("u w")).half_width < 0.7 * contours(shape("rest")).half_width


def test_speech_ends_without_a_jump(face: Portrait) -> None:
    spoken = shape("a")
    spoken[-1] = 1.0
    last = face.picture(100, spoken)
    after = [face.picture(100 + i, None) for i in range(1, 26)]
    steps = [changed(a[MOUTH], b[MOUTH]) for a, b in pairwise([last, *after])]
    assert max(steps) < 0.6 * changed(last[MOUTH], after[-1][MOUTH])
    assert changed(after[-1][MOUTH], rest(face, 125)[MOUTH]) < 1.0


def test_blinks_are_irregular_and_natural() -> None:
    times = np.arange(0, 120, 0.01)
    shut = np.array([lids_at(float(t), 1) for t in times]) > 0.02
    edges = np.flatnonzero(np.diff(shut.astype(int)))
    starts, ends = times[edges[::2]], times[edges[1::2]]
    gaps = np.diff(starts)
    assert gaps.min() >= 2
    assert gaps.max() <= 6
    assert gaps.std() > 0.4
    assert (ends - starts).max() <= BLINK_S[1]
    assert max(lids_at(float(t), 1) for t in times) > 0.98


def test_idle_motion_is_small_and_never_still() -> None:
    poses = [idle_pose(tick / 25, 0.0) for tick in range(2000)]
    x, y = np.array([p.x for p in poses]), np.array([p.y for p in poses])
    assert np.abs(np.diff(x)).max() < 0.4
    assert np.abs(np.diff(y)).max() < 0.4
    assert np.ptp(x) > 2
    assert len({p.gaze for p in poses}) > 20


def test_render_continues_across_pieces(face: Portrait) -> None:
    random = np.random.default_rng(5)
    sound = (0.1 * random.standard_normal(48_000)).astype(np.float32)

    def render(*cuts: int) -> list[Mouth]:
        face.begin()
        pieces = np.split(sound, cuts)
        return [m for p in pieces for m in face.render(Audio(p, 48_000), CancelToken())]

    whole, cut = render(), render(7_001, 30_000)
    assert len(whole) == len(cut) == 24
    assert np.allclose(np.array(whole), np.array(cut), atol=1e-4)


def test_a_piece_at_another_rate_is_taken(face: Portrait) -> None:
    face.begin()
    token = CancelToken()
    first = list(face.render(Audio(np.zeros(24_000, np.float32), 24_000), token))
    second = list(face.render(Audio(np.zeros(48_000, np.float32), 48_000), token))
    assert len(first) + len(second) == 49


def test_rendering_can_be_cancelled(face: Portrait) -> None:
    token = CancelToken()
    token.cancel()
    face.begin()
    with pytest.raises(Cancelled):
        list(face.render(Audio(np.zeros(48_000, np.float32), 48_000), token))


def test_a_spoilt_face_says_which_file(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"face\.toml"):
        Portrait(tmp_path)
    good = find_face("default").directory
    (tmp_path / "face.toml").write_bytes((good / "face.toml").read_bytes())
    with pytest.raises(SetupError, match=r"portrait\.png"):
        Portrait(tmp_path)


def test_the_catalogue() -> None:
    names = [face.name for face in list_faces()]
    assert "default" in names
    assert all(face.description for face in list_faces())
    with pytest.raises(SetupError, match="defualt") as raised:
        find_face("defualt")
    assert "default" in raised.value.fix
