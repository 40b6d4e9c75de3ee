"""Between any two states nothing jumps, and each state looks like itself."""

from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.expression import Attitude, Cue, Feeling, Felt, Pose
from daemon.face.behaviour import ATTENTIVE_S, ATTITUDES, SLEEP_S, Behaviour
from daemon.face.motion import landmarks

FPS = 25
LOUD = Cue(energy=0.8)


def speech(tick: int) -> Cue:
    """Steady speech: an accent twice a second, a phrase that ends every other second."""
    return Cue(
        energy=0.8,
        accent=(0.3, 0.9, 0.5)[tick // 12 % 3] if tick % 12 == 0 else 0.0,
        phrase_end=tick % 50 == 49,
    )


def go(behaviour: Behaviour, start: int, seconds: float, speaks: bool = False) -> list[Pose]:
    ticks = range(start, start + round(seconds * FPS))
    return [behaviour.step(tick, speech(tick) if speaks else None) for tick in ticks]


def steps(poses: list[Pose]) -> NDArray[np.float32]:
    """The largest step of each landmark, shape (20,), in pixels."""
    places = np.stack([landmarks(pose) for pose in poses])
    return np.asarray(np.linalg.norm(np.diff(places, axis=0), axis=2).max(0))


@pytest.fixture(scope="module")
def steady() -> NDArray[np.float32]:
    behaviour = Behaviour(FPS)
    behaviour.attend(Attitude.SPEAKING)
    return steps(go(behaviour, 0, 60, speaks=True))


@pytest.mark.parametrize(("before", "after"), list(product(Attitude, Attitude)))
def test_no_landmark_jumps_from_state_to_state(
    before: Attitude, after: Attitude, steady: NDArray[np.float32]
) -> None:
    for moment in (0, 37):
        behaviour = Behaviour(FPS)
        behaviour.attend(before)
        last = go(behaviour, 0, 4 + moment / FPS, before is Attitude.SPEAKING)
        behaviour.attend(after)
        poses = go(behaviour, len(last), 2.5, after is Attitude.SPEAKING)
        assert (steps([last[-1], *poses]) <= 1.5 * steady).all(), moment


@pytest.mark.parametrize("feeling", Feeling)
def test_a_feeling_comes_without_a_jump_and_goes(
    feeling: Feeling, steady: NDArray[np.float32]
) -> None:
    behaviour = Behaviour(FPS)
    behaviour.attend(Attitude.SPEAKING)
    before = go(behaviour, 0, 4, speaks=True)
    felt = behaviour.step(len(before), Cue(0.8, felt=Felt(feeling, 0.0)))
    poses = [before[-1], felt, *go(behaviour, len(before) + 1, 6, speaks=True)]
    assert (steps(poses) <= 1.5 * steady).all()
    calm = Behaviour(FPS)
    calm.attend(Attitude.SPEAKING)
    without = go(calm, 0, len(before) / FPS + 6, speaks=True)
    away = abs(poses[25].smile - without[len(before) + 24].smile)
    away += abs(poses[25].brow_left - without[len(before) + 24].brow_left)
    assert away > 0.2
    assert abs(poses[-1].smile - without[-1].smile) < 0.02


def test_feelings_are_as_large_as_the_face_is_expressive() -> None:
    def smile(expressiveness: float) -> float:
        behaviour = Behaviour(FPS, expressiveness)
        behaviour.step(0)
        behaviour.feel(Feeling.SMILE)
        return max(pose.smile for pose in go(behaviour, 1, 2))

    assert smile(0.0) == pytest.approx(ATTITUDES[Attitude.IDLE]["smile"], abs=1e-6)
    assert smile(0.0) < smile(0.3) < smile(0.5) < smile(1.0)


def test_the_same_ticks_give_the_same_poses() -> None:
    one, other = Behaviour(FPS), Behaviour(FPS)
    for behaviour in (one, other):
        behaviour.attend(Attitude.SPEAKING)
    assert go(one, 0, 5, speaks=True) == go(other, 0, 5, speaks=True)


def test_ticks_that_are_left_out_change_nothing_but_their_pictures() -> None:
    dense, sparse = Behaviour(FPS), Behaviour(FPS)
    for behaviour in (dense, sparse):
        behaviour.step(0)
        behaviour.attend(Attitude.ASLEEP)
    last = [dense.step(tick) for tick in range(1, 101)][-1]
    for tick in range(4, 101, 4):
        pose = sparse.step(tick)
    np.testing.assert_allclose(landmarks(pose), landmarks(last), atol=0.2)


def test_who_listens_looks_at_the_speaker_leans_forward_and_nods_at_pauses() -> None:
    behaviour = Behaviour(FPS)
    behaviour.attend(Attitude.LISTENING)
    poses = go(behaviour, 0, 6)
    assert np.mean([abs(pose.gaze[0]) < 2.5 for pose in poses]) > 0.85
    assert poses[-1].forward > 0.01
    calm = max(pose.pitch for pose in poses[50:])
    behaviour.person_paused(True)
    nodding = go(behaviour, len(poses), 1)
    assert max(pose.pitch for pose in nodding) > calm + 1.5
    behaviour.person_paused(True)
    again = go(behaviour, len(poses) + len(nodding), 1)
    assert max(pose.pitch for pose in again) < calm + 1.5, "not at each pause"
    go(behaviour, 200, 2)
    behaviour.person_paused(True)
    go(behaviour, 250, 0.12)
    behaviour.person_paused(False)
    assert max(pose.pitch for pose in go(behaviour, 253, 1)) < calm + 1.5, "a plosive is no pause"


def test_a_question_raises_the_brows() -> None:
    behaviour = Behaviour(FPS)
    behaviour.attend(Attitude.THINKING)
    before = go(behaviour, 0, 3)[-1]
    behaviour.is_asked = lambda: True  # the words are known a while after they were said
    assert max(pose.brow_left for pose in go(behaviour, 75, 1)) > before.brow_left + 1.5
    after = go(behaviour, 100, 2)
    assert max(pose.brow_left for pose in after[25:]) < before.brow_left + 1, "once"


def test_who_thinks_looks_away_and_back_and_breathes_in() -> None:
    behaviour = Behaviour(FPS)
    behaviour.step(0)
    behaviour.attend(Attitude.THINKING)
    poses = go(behaviour, 1, 8)
    away = [abs(pose.gaze[0]) > 3 for pose in poses]
    assert sum(b and not a for a, b in pairwise(away)) >= 2, "it comes back in between"
    assert 0.4 < np.mean(away) < 0.9
    assert max(abs(pose.gaze[0]) for pose in poses) < 7.5, "not into the corner of the eye"
    still = Behaviour(FPS)
    breath = [pose.breath for pose in go(still, 0, 2)]
    assert np.mean([pose.breath for pose in poses[:50]]) > np.mean(breath) + 0.1


def test_the_head_turns_with_a_thought() -> None:
    behaviour = Behaviour(FPS)
    behaviour.step(0)
    behaviour.attend(Attitude.THINKING)
    poses = go(behaviour, 1, 60)
    left, right = (
        np.mean([pose.yaw for pose in poses if side * pose.gaze[0] > 3]) for side in (-1, 1)
    )
    assert right - left > 6


def test_no_two_thoughts_look_the_same() -> None:
    looks = []
    for start in range(100, 900, 100):
        behaviour = Behaviour(FPS)
        behaviour.step(start)
        behaviour.attend(Attitude.LISTENING)
        heard = go(behaviour, start + 1, 0.8)
        behaviour.attend(Attitude.THINKING)
        looks.append(go(behaviour, start + 1 + len(heard), 0.8)[-1].gaze)
    across, down = np.array(looks).T
    assert across.min() < -3
    assert across.max() > 3
    assert np.ptp(down) > 2


def test_who_is_about_to_end_looks_at_the_listener() -> None:
    for lasts in range(120, 400, 7):
        behaviour = Behaviour(FPS)
        behaviour.attend(Attitude.SPEAKING)
        for tick in range(lasts):
            pose = behaviour.step(tick, Cue(0.8, ends=tick > lasts - FPS))
            if tick > lasts - FPS + 8:
                assert abs(pose.gaze[0]) < 2.5


def test_who_speaks_nods_on_stress_and_looks_mostly_at_the_listener() -> None:
    behaviour = Behaviour(FPS)
    behaviour.attend(Attitude.SPEAKING)
    poses = go(behaviour, 0, 60, speaks=True)
    flat = Behaviour(FPS)
    flat.attend(Attitude.SPEAKING)
    without = [flat.step(tick, LOUD) for tick in range(60 * FPS)]
    assert np.std([p.pitch for p in poses]) > 1.3 * np.std([p.pitch for p in without])
    assert np.mean([abs(pose.gaze[0]) < 3 for pose in poses]) > 0.6
    assert any(abs(pose.gaze[0]) > 3 for pose in poses)


def test_after_a_while_without_anybody_it_falls_asleep_and_wakes_at_a_word() -> None:
    behaviour = Behaviour(FPS)
    behaviour.step(0)
    behaviour.attend(Attitude.LISTENING)
    behaviour.attend(Attitude.IDLE)
    assert behaviour.step(1).attitude is Attitude.LISTENING, "the person may answer"
    assert behaviour.step(round((ATTENTIVE_S + 1) * FPS)).attitude is Attitude.IDLE
    tick = round((ATTENTIVE_S + SLEEP_S + 2) * FPS)
    behaviour.step(tick)
    asleep = go(behaviour, tick, 4)[-1]
    assert asleep.attitude is Attitude.ASLEEP
    assert asleep.lids > 0.9
    behaviour.attend(Attitude.LISTENING)
    assert min(pose.lids for pose in go(behaviour, tick + 100, 2)) < 0.05


def test_a_film_needs_nobody_to_tell_that_it_speaks() -> None:
    behaviour = Behaviour(FPS)
    assert behaviour.step(0, LOUD).attitude is Attitude.SPEAKING


def test_cues_of_pictures_left_out_are_not_lost() -> None:
    doubt = Felt(Feeling.DOUBT, 0.5)
    assert Cue(0.4).after(Cue(0.9, 0.7, True, doubt)) == Cue(0.4, 0.7, True, doubt)
