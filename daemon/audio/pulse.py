"""Talks with the user's sound server, PulseAudio or PipeWire, through libpulse.

Nothing may be cancelled while the server works on it: libpulse would call back into what is no
longer there. So every piece of work goes through ``answer``.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from daemon.audio.routing import Module, Port, ServerState
from daemon.errors import DeviceError
from daemon.extras import unloadable
from daemon.i18n import tr
from daemon.system_packages import PULSE, install_line

if TYPE_CHECKING:
    from pulsectl import PulseObject
    from pulsectl_asyncio import PulseAsync

CLIENT = "Digital Life"
ANSWER_S = 5.0  # a server that takes longer to answer is treated as gone
LATE_S = 120.0  # a service starts beside the sound server, which may take long on a slow computer


T = TypeVar("T")


class NoServer(DeviceError):
    """No sound server answers."""

    def __init__(self) -> None:
        super().__init__(
            tr("There is no virtual microphone: no sound server answers."),
            tr("Start PipeWire (with pipewire-pulse) or PulseAudio."),
        )


def startup_wait_s() -> float:
    """Return how long sound that is not there at start is waited for, in seconds.

    In a terminal there is somebody who reads at once what is missing.
    """
    return LATE_S if os.environ.get("NOTIFY_SOCKET") else 0.0


@asynccontextmanager
async def connected() -> AsyncIterator["PulseAsync"]:
    """Connect to the user's server; ``NoServer`` if there is none."""
    try:
        from pulsectl_asyncio import PulseAsync
    except OSError as error:  # libpulse is not installed
        raise DeviceError(str(unloadable(error)), install_line(PULSE)) from None
    from pulsectl import PulseDisconnected, PulseError

    class Pulse(PulseAsync):  # type: ignore[misc]
        waiting_futures: set[asyncio.Future[None]]

        def _pulse_state_cb(self, *state: object) -> None:
            """When the server goes, let fail what waits, but not what it has just answered.

            pulsectl-asyncio 1.3 lets both fail; an answer under way then fails once more, loudly.
            """
            waiting, self.waiting_futures = self.waiting_futures, set()
            super()._pulse_state_cb(*state)
            self.waiting_futures = waiting
            if not self.connected:
                asyncio.get_running_loop().call_soon(self._fail)

        def _fail(self) -> None:
            for future in self.waiting_futures:
                if not future.done():
                    future.set_exception(PulseDisconnected())

    pulse = Pulse(CLIENT)
    try:
        try:
            await pulse.connect(timeout=ANSWER_S)
        except (PulseError, TimeoutError):
            raise NoServer from None
        yield pulse
    finally:
        pulse.close()


async def answer(pulse: "PulseAsync", work: Coroutine[None, None, T]) -> T:
    """Await ``work`` on the server to its end, but not for ever; ``NoServer`` if it goes away."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task], timeout=ANSWER_S)
    finally:
        if not task.done():
            task.add_done_callback(lambda task: task.exception())
            pulse.disconnect()  # which makes it fail
    try:
        return await task
    except Exception as error:
        if pulse.connected:
            raise
        raise NoServer from error


async def read_server_state(pulse: "PulseAsync") -> ServerState:
    """Return what the server has."""
    server = await pulse.server_info()
    sinks, sources = await pulse.sink_list(), await pulse.source_list()
    return ServerState(
        tuple(Port(sink.name, sink.description) for sink in sinks),
        tuple(Port(source.name, source.description) for source in sources),
        server.default_sink_name or "",
        server.default_source_name or "",
    )


async def sync_modules(pulse: "PulseAsync", wanted: tuple[Module, ...]) -> None:
    """Load what is missing, and unload what is ours and not wanted, or there twice."""
    missing = list(wanted)
    for loaded in reversed(await pulse.module_list()):
        module = Module(loaded.name, loaded.argument or "")
        if module in missing:
            missing.remove(module)
        elif module.ours:
            await pulse.module_unload(loaded.index)
    for module in missing:
        await pulse.module_load(module.name, module.arguments)


async def move_stream(
    move_stream: Callable[[int, int], Awaitable[None]],
    stream: int,
    at: int,
    ports: Sequence["PulseObject"],
    name: str,
) -> None:
    """Move a stream that is at the port number ``at`` to the one called ``name``."""
    from pulsectl import PulseOperationFailed

    for port in ports:
        if port.name == name and port.index != at:
            with contextlib.suppress(PulseOperationFailed):  # the stream has just ended
                await move_stream(stream, port.index)
