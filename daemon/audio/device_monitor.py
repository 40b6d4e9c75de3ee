"""Owns the microphone and the loudspeaker: opens them, watches them, opens them again.

PortAudio learns of new devices, and of a sound server that has come back, only when it is started
anew, and that needs every stream closed. So one owner opens and closes both, on a thread of its
own: closing a device whose server hangs can take half a minute.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from daemon.audio.devices import Device, list_devices, rescan
from daemon.audio.loudspeaker import Loudspeaker, latency_s
from daemon.audio.microphone import Microphone
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.worker import STOP_S, Worker

POLL_INTERVAL_S = 0.25  # how often the devices are looked at
STALLED_S = 2.0  # a device that has not called for so long has gone
STARTING_S = 4.0  # a device that was just opened may take this long; a null sink takes 1.5 s
RETRY_S = 0.5  # before the second attempt to open; doubles
MAX_RETRY_S = 4.0
REST_S = 10.0  # of silence after which the loudspeaker's device is shut: the next question is near
PAUSE_S = 1.0  # of silence after which a device with too little latency is opened with more
GIVE_UP_S = 30.0  # after this the service manager has better means than we

log = logging.getLogger(__name__)


class AudioDevices:
    """Both devices; all methods belong to the event loop's thread."""

    def __init__(self, microphone: Microphone, loudspeaker: Loudspeaker, worker: Worker) -> None:
        """``worker``'s thread is for this alone."""
        self.lost = False
        """The devices have gone and are being opened again."""
        self.may_rest = True
        """Whether a stream of the loudspeaker may end and begin anew between answers."""
        self.microphone = microphone
        self.loudspeaker = loudspeaker
        self._worker = worker

    async def open(self, wait_s: float = 0.0, waiting: Callable[[], None] = lambda: None) -> None:
        """Open both; ``DeviceError`` when one is missing or cannot be opened for ``wait_s``.

        ``waiting`` is called before each further attempt.
        """
        until = time.monotonic() + wait_s
        attempt = self._open
        while True:
            try:
                return await self._worker.run(lambda _, attempt=attempt: attempt())
            except DeviceError as error:
                if time.monotonic() >= until:
                    raise
                log.debug("not yet: %s", error)
            waiting()
            await asyncio.sleep(RETRY_S)
            attempt = self._reopen

    async def devices(self) -> list[Device]:
        """List what there is; not while PortAudio is being started anew."""
        return await self._worker.run(lambda _: list_devices())

    async def watch(self, lost: Callable[[], None]) -> None:
        """Open both again whenever one has gone, and call ``lost`` first.

        Raises ``DeviceError`` when they do not come back within ``GIVE_UP_S``.
        """
        while True:
            await self._stall(STALLED_S)
            log.warning(tr("The sound devices have gone; trying to open them again."))
            self.lost = True
            lost()
            await self._restore()
            self.lost = False
            log.info(tr("The sound devices are back."))

    async def rest_while_unused(self) -> None:
        """Shut the loudspeaker's device whenever nothing has been heard for ``REST_S``.

        It is opened within milliseconds once it is needed, which is when somebody begins to speak.
        One that cannot be opened any more counts as lost, like any that has fallen silent. Where
        another program has begun to compute, the next silence is used to open it with more latency.
        """
        rest = self.loudspeaker.rest
        while self.may_rest:
            if rest.active:
                await rest.needed.wait()
                with contextlib.suppress(DeviceError):
                    await self._worker.run(lambda _: self._wake())
                continue
            if self.loudspeaker.busy or self.lost:
                rest.wake()
            elif rest.unused_s() >= REST_S:
                rest.needed.clear()
                await self._worker.run(lambda _: self._rest())
            elif rest.unused_s() >= PAUSE_S and self.loudspeaker.asked_s < latency_s():
                await self._worker.run(lambda _: self._rest())
                with contextlib.suppress(DeviceError):
                    await self._worker.run(lambda _: self._wake())
            await asyncio.sleep(POLL_INTERVAL_S)

    def _rest(self) -> None:
        self.loudspeaker.rest.active = True
        self.loudspeaker.stop_device()

    def _wake(self) -> None:
        if self.loudspeaker.rest.active:  # not opened again with the microphone meanwhile
            self.loudspeaker.rest.active = False
            self.loudspeaker.open()

    async def close(self) -> None:
        """Close both, but never wait long for a device that hangs."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._worker.run(lambda _: self._close())

    async def _stall(self, limit_s: float) -> None:
        """Wait until a device has not called for ``limit_s``.

        Time in which this process itself stood still, because others had the processor, tells
        nothing about a device.
        """
        silent_s, looked = 0.0, time.monotonic()
        while silent_s < limit_s:
            await asyncio.sleep(POLL_INTERVAL_S)  # PortAudio has nothing to wait on
            now = time.monotonic()
            silent_s = (
                silent_s + min(now - looked, 2 * POLL_INTERVAL_S)
                if self._called() < looked
                else 0.0
            )
            looked = now

    def _called(self) -> float:
        """When the device that has been silent longest last called."""
        return min(self.microphone.called, self.loudspeaker.called)

    async def _restore(self) -> None:
        reason = ""
        wait_s = RETRY_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_UP_S):
                while True:
                    try:
                        await self._worker.run(lambda _: self._reopen())
                        await self._first_calls()
                        return
                    except DeviceError as error:
                        log.debug("not yet: %s", error)
                        reason = str(error)
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, MAX_RETRY_S)
        text = tr("The sound devices have gone and did not come back within {seconds:.0f} s.")
        raise DeviceError(f"{text.format(seconds=GIVE_UP_S)} {reason}", "digital-life devices")

    async def _first_calls(self) -> None:
        """Wait until both devices work; opening alone proves little."""
        opened = time.monotonic()
        while time.monotonic() - opened < STARTING_S:
            if self._called() > opened:
                return
            await asyncio.sleep(POLL_INTERVAL_S)
        raise DeviceError(tr("They were opened but carry no sound."))

    def _open(self) -> None:
        self.loudspeaker.open()
        self.microphone.open()

    def _reopen(self) -> None:
        self._close()
        rescan()
        self._open()

    def _close(self) -> None:
        self.microphone.close()
        self.loudspeaker.stop_device()
