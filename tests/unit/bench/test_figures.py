from itertools import pairwise

import numpy as np
import pytest

from daemon.bench.answers import STAGES, Answer, stages
from daemon.bench.av import Measured, captured, compare
from daemon.bench.av import rows as av_rows
from daemon.bench.figures import drift, spread
from daemon.bench.results import Interruption, Results, as_json, rows


def test_percentiles_lie_between_the_measurements() -> None:
    found = spread([float(n) for n in range(101)])
    assert found is not None
    assert (found.n, found.median, found.p90, found.p95, found.most) == (101, 50, 90, 95, 100)
    two = spread([1.0, 2.0])
    assert two is not None
    assert two.median == 1.5
    assert two.p95 == pytest.approx(1.95)
    assert spread([]) is None


def test_a_drift_is_found_under_jitter_and_late_frames() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(0, 60, 0.6)
    values = 0.02 + 1e-4 * times + rng.normal(0, 0.001, len(times))
    values[::10] += 0.04
    found = drift(list(times), list(values))
    assert found is not None
    slope, doubt = found
    assert abs(slope - 1e-4) < doubt < 1e-4


def test_two_points_make_no_drift() -> None:
    assert drift([0.0, 1.0], [0.0, 1.0]) is None


def test_each_stage_is_what_it_adds() -> None:
    marks = {stage: 0.1 * (n + 1) for n, stage in enumerate(STAGES)}
    added = stages([Answer("en", 0.75, marks, False), Answer("zh", None, {}, False)])
    assert list(added) == [*STAGES, "sound"]
    assert [seconds for (seconds,) in added.values()] == pytest.approx([0.1] * 6 + [0.15])


def figures(results: Results) -> dict[str, tuple[str, bool | None]]:
    return {row.name.strip(): (row.value, row.met) for row in rows(results, 25)}


def test_the_figures_are_held_against_the_goals() -> None:
    marks = dict.fromkeys(STAGES, 0.5)
    results = Results(
        idle_share=0.06,
        answers=[Answer("en", 0.4, marks, False), Answer("zh", 0.6, marks, False)],
        barge_ins=[Interruption(True, True, 0.3, 0.05), Interruption(False, False)],
        backchannels=[Interruption(False, True)] * 9 + [Interruption(True, True)],
        echo_speech_s=120.0,
        self_interruptions=1,
        over_echo=[Interruption(True, True, 0.5)] * 8 + [Interruption(False, False)] * 2,
    )
    found = figures(results)
    assert found["end of speech → first sound"][1] is True
    assert found["English"][0].startswith("median 0.40")
    assert found["speaking over it: noticed"][0] == "1 / 2"
    assert found["speaking over it: onset → silence"][1] is True
    assert found["speaking over it: silence → mouth closed"] == (
        "median 1.2, p95 1.2 frames",
        True,
    )
    assert found["“yeah” and coughs: stopped by"] == ("1 / 10", True)
    assert found["“yeah” and coughs: silent for a moment"][0] == "9 / 10"
    assert found["interrupted by its own echo"] == (
        "1 in 2.0 min of its voice: 30 an hour",
        False,
    )
    assert found["speakers noticed in its echo"] == ("8 / 10", False)
    assert found["listening while nobody speaks"] == ("6.0 % of a core", False)
    assert as_json(results)["summary"]["latency_s"]["median"] == pytest.approx(0.5)


def test_what_went_wrong_is_told() -> None:
    results = Results(answers=[Answer("en", None, {}, False), Answer("en", None, {}, True)], lost=1)
    found = figures(results)
    assert found["questions without an answer"][0] == "1 / 2"
    assert found["answered before they had finished"] == ("1 / 2", False)
    assert found["recordings torn, the machine was too busy"][0] == "1"


def test_what_a_daemon_takes_and_how_its_mouth_follows_is_told() -> None:
    seen = [Answer("en", 0.8, {}, False, moved) for moved in (0.02, 0.04, 0.2)]
    found = figures(
        Results(
            answers=[Answer("en", 0.8, {}, False)],
            answers_with_face=seen,
            idle_share_with_face=0.08,
            listen_s=1.2,
            start_s=6.2,
            memory_bytes=1_200_000_000,
        )
    )
    assert found["answered before they had finished"] == ("0 / 1", True)
    mouth = "median 40 ms, 95 % within ±184 ms (n = 3)"
    assert found["first sound → the mouth moves"] == (mouth, False)
    assert found["the same, with the face on a camera"] == ("8.0 % of a core", True)
    assert found["start → listening"] == ("1.2 s", True)
    assert found["start → all models warm"] == ("6.2 s", False)
    assert found["memory"] == ("1.2 GB", True)


def test_a_mouth_that_moves_before_the_sound_is_as_wrong_as_one_after_it() -> None:
    seen = [Answer("en", 0.8, {}, False, -0.3)]
    found = figures(Results(answers_with_face=seen))["first sound → the mouth moves"]
    assert found == ("median -300 ms, 95 % within ±300 ms (n = 1)", False)


def test_nothing_measured_is_nothing_told() -> None:
    assert rows(Results(), 25) == []
    assert as_json(Results())["summary"]["latency_s"] is None


def test_each_click_has_its_flash() -> None:
    clicks = [10.0, 10.6, 12.0, 20.0, 20.6, 21.2]
    flashes = [10.02, 10.61, 19.99, 20.59, 21.19, 25.0]
    measured = compare(clicks, flashes, 15.0, "")
    assert measured.missed == 1
    assert [at for at, _ in measured.offsets] == pytest.approx([0.0, 0.6])
    assert [late for _, late in measured.offsets] == pytest.approx([0.02, 0.01])
    assert [late for _, late in measured.long_offsets] == pytest.approx([-0.01] * 3)


def test_sound_and_picture_are_held_against_the_goals() -> None:
    offsets = [(n * 0.6, 0.02 + 0.0002 * (n % 2)) for n in range(100)]
    rows = {row.name: row for row in av_rows(Measured("/dev/video10", offsets, offsets, 2))}
    assert rows["the camera was"].value == "/dev/video10"
    assert rows["picture behind sound"].met is True
    assert rows["drift in ten minutes"].met is True
    assert rows["clicks without a flash"].value == "2"


def test_a_drift_that_cannot_be_told_is_not_praised() -> None:
    offsets = [(n * 0.6, 0.02 + 0.02 * (n % 2)) for n in range(5)]
    rows = {row.name: row for row in av_rows(Measured("", offsets, offsets, 0))}
    assert rows["drift in ten minutes"].met is None


def test_the_drivers_time_counts_where_it_is_on_our_clock() -> None:
    assert captured(99.98, 100.0) == 99.98
    assert captured(1_700_000_000.0, 100.0) == 100.0
    assert captured(0.0, 100.0) == 100.0


def test_times_are_in_order() -> None:
    measured = compare([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], float("inf"), "")
    assert all(a < b for (a, _), (b, _) in pairwise(measured.offsets))
