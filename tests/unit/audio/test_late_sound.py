"""Sound that is late at start is waited for; standing still oneself proves nothing of a device."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.audio import device_monitor, virtual_microphone
from daemon.audio.device_monitor import AudioDevices
from daemon.audio.pulse import NoServer, startup_wait_s
from daemon.errors import DeviceError
from daemon.worker import Worker


class Devices:
    """A microphone and a loudspeaker that can be opened at the third attempt."""

    def __init__(self, missing: int) -> None:
        self.missing = missing
        self.opened = 0
        self.called = 0.0

    def open(self) -> None:
        self.opened += 1
        if self.opened <= self.missing:
            raise DeviceError("No loudspeaker was found.")

    def stop_device(self) -> None:
        pass

    def close(self) -> None:
        pass


def with_sound(devices: Any, work: Callable[[AudioDevices], Any]) -> None:
    async def main() -> None:
        worker = Worker("sound")
        try:
            await work(AudioDevices(Devices(0), devices, worker))  # type: ignore[arg-type]
        finally:
            await worker.close()

    asyncio.run(main())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_monitor, "RETRY_S", 0.001)
    monkeypatch.setattr(device_monitor, "rescan", lambda: None)
    monkeypatch.setattr(virtual_microphone, "LATE_RETRY_S", 0.001)


def test_devices_that_come_late_are_waited_for() -> None:
    devices, told = Devices(missing=2), []

    async def work(made: AudioDevices) -> None:
        await made.open(600, lambda: told.append(devices.opened))

    with_sound(devices, work)
    assert devices.opened == 3 and told == [1, 2]


def test_in_a_terminal_what_is_missing_is_told_at_once() -> None:
    devices = Devices(missing=2)

    async def work(made: AudioDevices) -> None:
        with pytest.raises(DeviceError):
            await made.open(0)

    with_sound(devices, work)
    assert devices.opened == 1


def test_only_a_service_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert startup_wait_s() == 0
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    assert startup_wait_s() > 60


@pytest.mark.parametrize(("missing", "patience", "there"), [(3, 600.0, True), (3, 0.0, False)])
def test_a_sound_server_that_is_late(
    monkeypatch: pytest.MonkeyPatch, missing: int, patience: float, there: bool
) -> None:
    attempts: list[int] = []
    told: list[str] = []

    async def begin() -> None:
        attempts.append(1)
        if len(attempts) <= missing:
            raise NoServer

    monkeypatch.setattr(virtual_microphone, "startup_wait_s", lambda: patience)
    router: Any = SimpleNamespace(begin=begin)

    async def main() -> bool:
        try:
            await virtual_microphone._begin(router, told.append)
        except NoServer:
            return False
        return True

    assert asyncio.run(main()) is there
    assert len(told) == (missing if there else 0)


def test_a_process_that_stood_still_has_not_lost_its_devices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look comes a minute late, and the devices call in between: nothing has gone."""
    devices, now, looks = Devices(0), [100.0], 0
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(device_monitor, "time", clock)

    async def late(seconds: float) -> None:
        nonlocal looks
        looks += 1
        now[0] += 60
        if looks < 50:
            devices.called = now[0] - 59.9  # right after the look before, then everything stood
        if looks > 200:
            raise TimeoutError

    monkeypatch.setattr("daemon.audio.device_monitor.asyncio.sleep", late)

    async def work(made: AudioDevices) -> None:
        made.microphone = devices  # type: ignore[assignment]
        await made._stall(device_monitor.STALLED_S)

    with_sound(devices, work)
    assert 50 <= looks < 60, "but a device that never calls again has gone"
