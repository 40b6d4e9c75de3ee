"""Clocks that a test sets."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from daemon.skills.clock import Moment


class TestClock:
    """Both clocks of a computer that a test starts, suspends and sets."""

    __test__ = False

    def __init__(self, wall: str | float = "2026-12-01T12:00:00") -> None:
        """``wall``: seconds since 1970, or the local time."""
        begin = datetime.fromisoformat(wall).timestamp() if isinstance(wall, str) else wall
        self.wall = begin
        self.boot = 1000.0
        self.boot_id = "first"

    def __call__(self) -> Moment:
        return Moment(self.wall, self.boot, self.boot_id)

    def passes(self, seconds: float) -> None:
        """Let time pass, the computer's sleep included."""
        self.wall += seconds
        self.boot += seconds

    def is_set(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self.wall += seconds

    def reboots(self, seconds: float) -> None:
        """Be off for so long."""
        self.wall += seconds
        self.boot, self.boot_id = 5.0, self.boot_id + "+"


@contextmanager
def zone(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Be in a time zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield
    time.tzset()


def at(local: str) -> float:
    """Return when the clock on the wall shows this, in seconds since 1970."""
    return datetime.fromisoformat(local).timestamp()
