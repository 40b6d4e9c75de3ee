"""The proofs of ``inside.py``, each in a guest of its own."""

import os

import pytest

from tests.hardware.guest import bench

LONG = bool(os.environ.get("DIGITAL_LIFE_SLOW_TESTS"))
SOAK_S = 1800 if LONG else 60

pytestmark = [
    pytest.mark.skipif(bool(bench.missing()), reason=bench.missing()),
    pytest.mark.timeout(3600),
]


def passed(printed: str) -> int:
    """Count what was proved; nothing may have failed."""
    lines = printed.splitlines()
    assert not [line for line in lines if line.startswith("FAIL")]
    return sum(line.startswith("PASS") for line in lines)


def test_the_sessions_service_after_a_reboot() -> None:
    parts = ("conversation", "protection", "recoveries", "removal", "camera")
    assert passed(bench.run("user", *parts, seconds=420)) > 50


def test_the_machines_service_after_a_reboot_and_a_browser_that_watches_it() -> None:
    assert passed(bench.run("system", "viewer", "removal", seconds=300)) > 15


def test_a_conversation_that_goes_on() -> None:
    parts = ("soak", "stall") if LONG else ("soak",)
    assert passed(bench.run("user", *parts, seconds=SOAK_S + 600, soak_s=SOAK_S)) > 10
