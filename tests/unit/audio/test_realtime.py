"""Who gives threads of sound their priority, and who takes it back; the kernel is a stand-in."""

import asyncio
import os
import resource
import signal
import threading
from collections.abc import Callable

import pytest

from daemon.audio import realtime
from daemon.audio.realtime import HARD_US, SOFT_US, RealtimePriority

MICROPHONE, LOUDSPEAKER, SERVER = 11, 12, 21


class Kernel:
    """Notes the policy of each thread, and who was asked for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.policies: dict[int, int] = {}
        self.asked: list[int] = []
        self.limits: list[tuple[int, int]] = []
        self.allowed = self.rtkit = True
        monkeypatch.setattr(realtime, "set_policy", self.set_policy)
        monkeypatch.setattr(realtime, "ask_rtkit", self.ask_rtkit)
        monkeypatch.setattr(realtime, "server_threads", lambda: iter((SERVER,)))
        monkeypatch.setattr(
            resource, "setrlimit", lambda _which, limits: self.limits.append(limits)
        )

    def set_policy(self, thread: int, policy: int, _priority: int) -> None:
        if policy != os.SCHED_OTHER and not self.allowed:
            raise PermissionError
        self.policies[thread] = policy

    def ask_rtkit(self, thread: int) -> None:
        if not self.rtkit:
            raise FileNotFoundError("no bus")
        assert self.limits, "rtkit refuses who has no limit"
        self.asked.append(thread)
        self.policies[thread] = os.SCHED_RR


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def guarded(do: Callable[[RealtimePriority], None]) -> None:
    async def main() -> None:
        priority = RealtimePriority()
        with priority.guarded():
            do(priority)

    asyncio.run(main())


def test_threads_of_sound_and_of_the_server_run_first_and_within_a_limit(kernel: Kernel) -> None:
    def do(priority: RealtimePriority) -> None:
        assert not priority.wanted((0, 0)), "no device is open"
        assert priority.wanted((MICROPHONE, 0))
        priority.give((MICROPHONE, 0))
        assert not priority.wanted((MICROPHONE, 0))
        assert priority.wanted((MICROPHONE, LOUDSPEAKER)), "opened since"
        priority.give((MICROPHONE, LOUDSPEAKER))

        assert kernel.policies == dict.fromkeys((MICROPHONE, LOUDSPEAKER, SERVER), os.SCHED_RR)

    guarded(do)
    ordinary = dict.fromkeys((MICROPHONE, LOUDSPEAKER, SERVER), os.SCHED_OTHER)
    assert kernel.policies == ordinary, "nothing would take it back any more"
    assert set(kernel.limits) == {(SOFT_US, HARD_US)}
    assert not kernel.asked


def test_who_may_not_asks_rtkit(kernel: Kernel) -> None:
    kernel.allowed = False
    guarded(lambda priority: priority.give((MICROPHONE, LOUDSPEAKER)))
    assert sorted(kernel.asked) == [MICROPHONE, LOUDSPEAKER, SERVER]


def test_without_rtkit_nobody_is_asked_again(kernel: Kernel) -> None:
    kernel.allowed = kernel.rtkit = False

    def do(priority: RealtimePriority) -> None:
        priority.give((MICROPHONE,))
        assert not priority.wanted((MICROPHONE, LOUDSPEAKER))

    guarded(do)
    assert os.SCHED_RR not in kernel.policies.values()


def test_a_thread_that_runs_wild_loses_it_and_nobody_gets_it_again(kernel: Kernel) -> None:
    async def main() -> None:
        priority = RealtimePriority()
        with priority.guarded():
            priority.give((MICROPHONE, LOUDSPEAKER))
            os.kill(os.getpid(), signal.SIGXCPU)
            while priority.wanted((99,)):  # noqa: ASYNC110 (the loop takes the signal when it can)
                await asyncio.sleep(0)

    asyncio.run(main())
    assert kernel.policies == dict.fromkeys((MICROPHONE, LOUDSPEAKER, SERVER), os.SCHED_OTHER)


def test_the_main_thread_computes_for_long_and_never_has_it(kernel: Kernel) -> None:
    def do(priority: RealtimePriority) -> None:
        assert not priority.wanted((threading.get_native_id(), 0))
        priority.give((threading.get_native_id(), MICROPHONE))

    guarded(do)
    assert set(kernel.policies) == {MICROPHONE, SERVER}


def test_it_is_not_wanted_where_nothing_would_take_it_back(kernel: Kernel) -> None:
    assert not RealtimePriority().wanted((MICROPHONE,))
