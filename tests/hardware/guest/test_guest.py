"""The proofs of ``inside.py``, each in a guest of its own.

A guest has one processor and loads its models in about a minute, twice where it reboots. The
shortest proof takes up to five minutes and all of them more than an hour: run when asked for.
"""

import os

import pytest

from tests.hardware.guest import bench

LONG = bool(os.environ.get("DIGITAL_LIFE_SLOW_TESTS"))
SOAK_S = float(os.environ.get("DIGITAL_LIFE_SOAK_S", "1800"))

pytestmark = [
    pytest.mark.skipif(bool(bench.missing()), reason=bench.missing()),
    pytest.mark.skipif(not LONG, reason="more than an hour in guests: DIGITAL_LIFE_SLOW_TESTS=1"),
    pytest.mark.timeout(0),  # the bench gives up a guest that proves nothing any more
]


def passed(printed: str) -> int:
    """Count what was proved; nothing may have failed."""
    lines = printed.splitlines()
    assert not [line for line in lines if line.startswith("FAIL")]
    return sum(line.startswith("PASS") for line in lines)


def test_installed_it_is_there_for_its_user_alone_and_uninstalled_it_is_gone() -> None:
    assert passed(bench.run("once", "others", "space", "removal")) > 25


def test_what_the_doctor_finds_it_mends() -> None:
    assert passed(bench.run("once", "mending")) > 20


def test_a_machine_ten_times_too_slow_is_not_a_dead_one() -> None:
    assert passed(bench.run("once", "slowness")) > 25


def test_the_sessions_service_after_a_reboot() -> None:
    assert passed(bench.run("user", "conversation", "protection", "removal")) > 30


def test_what_goes_wrong_ends_in_recovery() -> None:
    assert passed(bench.run("user", "recoveries", "stall", "camera")) > 30


def test_the_machines_service_after_a_reboot_and_a_browser_that_watches_it() -> None:
    assert passed(bench.run("system", "viewer", "removal")) > 15


def test_a_conversation_that_goes_on() -> None:
    assert passed(bench.run("user", "soak", soak_s=SOAK_S)) > 15
