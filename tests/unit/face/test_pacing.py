"""How many pictures are drawn: all while it speaks, few at rest, next to none for nobody."""

from collections.abc import Callable

import numpy as np
import pytest

from daemon.expression import Pose
from daemon.face.behaviour import Behaviour
from daemon.face.motion import idle_pose, seen_to_move
from daemon.face.pacing import COARSE, KEEP_S, SETTLE_S, Pacer
from daemon.face.shapes import PARAMETERS
from daemon.media import Mouth
from tests.fakes import FakeFace

MOUTH = np.ones(1, np.float32)


class Head(FakeFace):
    """Is seen to move after so many ticks."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every

    def moves(self, before: Pose, now: Pose) -> bool:
        return now.x - before.x >= self.every


def drawn(
    face: FakeFace,
    ticks: int,
    watched: bool = True,
    mouth: Callable[[int], Mouth | None] = lambda _: None,
    scene: Callable[[int], object] = lambda _: None,
    sparing: bool = False,
) -> list[int]:
    pacer, spare = Pacer(), lambda: sparing
    return [
        t for t in range(ticks) if pacer.due(face, t, mouth(t), Pose(x=t), watched, scene(t), spare)
    ]


def test_at_rest_there_is_a_picture_whenever_something_moves() -> None:
    assert drawn(Head(4), 13) == [0, 4, 8, 12]


def test_what_stands_still_is_shown_once_a_second() -> None:
    assert drawn(Head(10**6), 60) == [0, round(KEEP_S * 25), 2 * round(KEEP_S * 25)]


def test_while_it_speaks_and_until_the_mouth_has_closed_each_picture_is_drawn() -> None:
    ticks = drawn(Head(10**6), 120, mouth=lambda t: MOUTH if 30 <= t < 40 else None)
    settled = 40 + round(SETTLE_S * 25) - 1
    assert ticks == [0, 25, *range(30, settled), settled + 24]


def test_while_nobody_looks_a_picture_a_second_is_enough_even_when_it_speaks() -> None:
    assert drawn(Head(1), 60, watched=False, mouth=lambda _: MOUTH) == [0, 25, 50]


def test_whoever_comes_sees_a_picture_at_once() -> None:
    assert drawn(Head(10**6), 20, scene=lambda t: t >= 7) == [0, 7]


def lips(opened: float) -> Mouth:
    return np.array([opened, *[0] * (PARAMETERS - 1)], np.float32)


def test_where_processors_are_scarce_lips_are_drawn_when_they_have_moved_far() -> None:
    """Slow lips in every third tick, quick ones at once, none far from where they are."""
    opened = np.array([*np.linspace(0.05, 1, 40), *[0.5, 0.9] * 20])
    ticks = drawn(Head(10**6), 80, mouth=lambda t: lips(opened[t]), sparing=True)
    assert ticks[:8] == [0, 3, 6, 9, 12, 15, 18, 21]
    assert ticks[-40:] == list(range(40, 80))
    shown = [opened[max(t for t in ticks if t <= tick)] for tick in range(80)]
    assert np.abs(shown - opened).max() <= COARSE


@pytest.mark.parametrize("onset", range(30, 36))
def test_lips_that_begin_to_move_are_drawn_at_once_however_scarce_processors_are(
    onset: int,
) -> None:
    ticks = drawn(Head(10**6), 40, mouth=lambda t: lips(0.1 * (t >= onset)), sparing=True)
    assert onset in ticks


def test_a_mouth_closes_as_softly_where_processors_are_scarce() -> None:
    ticks = drawn(Head(10**6), 60, mouth=lambda t: lips(1) if t < 20 else None, sparing=True)
    assert [t for t in ticks if t >= 20][:6] == list(range(20, 26))


def test_painted_mouths_come_every_other_tick_where_processors_are_scarce() -> None:
    ticks = drawn(Head(10**6), 20, mouth=lambda t: ("painted", t), sparing=True)
    assert ticks == list(range(0, 20, 2))


def test_a_head_at_rest_moves_by_less_than_half_a_pixel_in_most_ticks() -> None:
    behaviour = Behaviour(25)
    poses = [behaviour.step(tick) for tick in range(25 * 60)]
    shown, pictures = poses[0], 0
    for pose in poses:
        if seen_to_move(shown, pose):
            shown, pictures = pose, pictures + 1
    assert 0 < pictures < 0.4 * len(poses), "blinks and glances are seen, swaying by itself is not"


@pytest.mark.parametrize("voice", [0.0, 1.0])
def test_no_picture_left_out_is_far_from_the_one_that_is_shown(voice: float) -> None:
    """Whatever has moved since the last picture, the crown and the shoulders among it."""
    shown = idle_pose(0, voice)
    for tick in range(1, 25 * 60):
        now = idle_pose(tick / 25, voice)
        if seen_to_move(shown, now):
            shown = now
        crown = now.x - shown.x + 496 * (now.roll - shown.roll)
        assert abs(crown) < 0.5
        assert abs(now.y - shown.y) < 0.5
        assert abs(now.lids - shown.lids) < 0.02
