from itertools import pairwise
from typing import Any, cast

import numpy as np

from daemon.expression import Attitude, Pose
from daemon.face.clip import Clip
from daemon.face.footage import FADE_S, STAY_S, Footage, alignment, takes_of


class FakeClip:
    """Its picture n is grey n; the head moves to the right by ``step`` pixels a picture."""

    size = (64, 64)

    def __init__(self, count: int, step: float = 0.1, fps: float = 25) -> None:
        self.fps, self.runs = fps, [(0, count)]
        x = 20 + step * np.arange(count)[:, None] + np.linspace(0, 9, 468)
        self.points = np.stack([x, np.broadcast_to(np.linspace(0, 9, 468), x.shape)], 2)

    def __len__(self) -> int:
        return len(self.points)

    def picture(self, number: int) -> np.ndarray:
        return np.full((64, 64, 3), number, np.uint8)


IDLE, SPEAKING = Pose(attitude=Attitude.IDLE), Pose(attitude=Attitude.SPEAKING)
FADE = round(FADE_S * 25)


def footage(*clips: tuple[FakeClip, Attitude], fps: int = 25) -> Footage:
    return Footage(takes_of([(cast(Clip, clip), use) for clip, use in clips]), fps)


def test_a_clip_runs_forwards_and_backwards_without_a_jump() -> None:
    shown = footage((FakeClip(5), Attitude.SPEAKING))
    numbers = [shown.view(tick, SPEAKING).number for tick in range(18)]
    assert numbers == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 1]


def test_what_is_told_before_is_what_is_shown() -> None:
    shown = footage((FakeClip(9), Attitude.SPEAKING))
    for tick in range(40):
        assert shown.source(tick)[1] == shown.view(tick, IDLE).number


def test_a_camera_of_another_rate_keeps_the_clip_s_pace() -> None:
    shown = footage((FakeClip(100), Attitude.SPEAKING), fps=50)
    assert shown.view(50, SPEAKING).number == 25


def test_a_single_picture_stands_still() -> None:
    shown = footage((FakeClip(1), Attitude.SPEAKING))
    assert {shown.view(tick, SPEAKING).number for tick in range(9)} == {0}


def test_idle_clips_are_for_silence() -> None:
    idle, talking = FakeClip(50), FakeClip(80)
    shown = footage((talking, Attitude.SPEAKING), (idle, Attitude.IDLE))
    assert shown.view(0, IDLE).clip is cast(Any, idle)
    assert shown.view(FADE, SPEAKING).clip is cast(Any, talking)
    assert shown.view(3 * FADE, IDLE).clip is cast(Any, idle)


def test_each_state_has_its_clip_or_the_nearest() -> None:
    listening, talking, thinking = FakeClip(50), FakeClip(80), FakeClip(60)
    shown = footage(
        (talking, Attitude.SPEAKING),
        (listening, Attitude.LISTENING),
        (thinking, Attitude.THINKING),
    )
    wanted = {
        Attitude.IDLE: listening,
        Attitude.THINKING: thinking,
        Attitude.MUTED: listening,
        Attitude.SPEAKING: talking,
        Attitude.LISTENING: listening,
        Attitude.ASLEEP: listening,
    }
    for number, (attitude, clip) in enumerate(wanted.items()):
        view = shown.view(number * 2 * FADE, Pose(attitude=attitude))
        assert view.clip is cast(Any, clip), attitude


def test_from_clip_to_clip_where_the_heads_are_alike_through_a_fade() -> None:
    idle, talking = FakeClip(50), FakeClip(80)
    shown = footage((talking, Attitude.SPEAKING), (idle, Attitude.IDLE))
    shown.view(29, IDLE)
    changed = [int(shown.view(30 + i, SPEAKING).image[0, 0, 0]) for i in range(FADE + 1)]
    assert shown.view(30 + FADE, SPEAKING).number == 30 + FADE
    assert all(abs(b - a) <= 2 for a, b in pairwise(changed))


def test_clips_of_one_kind_take_turns() -> None:
    first, second = FakeClip(50), FakeClip(50)
    shown = footage((first, Attitude.SPEAKING), (second, Attitude.SPEAKING))
    seen = {id(shown.view(tick, SPEAKING).clip) for tick in range(0, round(STAY_S * 25) + 30, 5)}
    assert seen == {id(first), id(second)}


def mouth(clip: FakeClip, first: int, last: int) -> FakeClip:
    """Open the clip's mouth in these pictures."""
    clip.points[first:last, 14, 1] += 1
    return clip


def test_who_speaks_in_the_clip_rests_where_the_mouth_is_closed() -> None:
    shown = footage((mouth(mouth(FakeClip(200), 20, 60), 130, 200), Attitude.SPEAKING))
    resting = {shown.view(tick, IDLE).number for tick in range(FADE, 300)}
    assert (min(resting), max(resting)) == (60, 129)
    speaking = {shown.view(tick, SPEAKING).number for tick in range(300, 900)}
    assert (min(speaking), max(speaking)) == (0, 199)


def test_who_never_closes_the_mouth_shows_all() -> None:
    shown = footage((mouth(FakeClip(100), 0, 100), Attitude.SPEAKING))
    assert len({shown.view(tick, IDLE).number for tick in range(120)}) == 100


def test_an_idle_clip_comes_before_a_calm_stretch() -> None:
    idle = FakeClip(50)
    shown = footage((mouth(FakeClip(200), 0, 60), Attitude.SPEAKING), (idle, Attitude.IDLE))
    assert shown.view(0, IDLE).clip is cast(Any, idle)


def test_heads_are_laid_on_each_other() -> None:
    points = np.random.default_rng(1).uniform(0, 100, (468, 2)).astype(np.float32)
    turn = np.array([[0.9, -0.2, 12], [0.2, 0.9, -7]], np.float32)
    moved = points @ turn[:, :2].T + turn[:, 2]
    np.testing.assert_allclose(alignment(points, moved), turn, atol=1e-3)
