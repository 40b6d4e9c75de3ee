"""The microphone "Digital Life" that video calls can choose, on PulseAudio and on PipeWire.

PortAudio knows nothing of a sound server's sinks and sources. So the streams are opened on the way
to the server, recognised by the number of this process, and moved to where they belong
(``routing.py`` says where), now and whenever anything changes.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daemon.audio.devices import list_devices
from daemon.audio.pulse import (
    NoServer,
    answer,
    connected,
    move_stream,
    read_server_state,
    startup_wait_s,
    sync_modules,
)
from daemon.audio.routing import VOICE, RoutingPlan, make_plan
from daemon.config import EarsSettings, VoiceSettings
from daemon.errors import DeviceError
from daemon.i18n import tr
from daemon.system_packages import PULSE_PLUGIN, install_line
from daemon.worker import Worker

if TYPE_CHECKING:
    from pulsectl import PulseObject
    from pulsectl_asyncio import PulseAsync

WATCHED = ("module", "sink", "source", "server", "sink_input", "source_output")
# Changes come in bunches; this is also how long a new stream is where it should not.
SETTLE_S = 0.03
LATE_RETRY_S = 1.0  # between attempts to reach one that is late
FIRST_RETRY_S, LAST_RETRY_S = 0.25, 4.0  # between attempts to reach a server that has gone
# Devices come one by one after a restart: what is missing longer is told.
MISSING_DEVICE_GRACE_S = 3.0
SILENT_S = 20.0  # by then the voice's stream must have been seen
PULSE_DEVICES = ("pulse", "pipewire", "default")  # PortAudio's names for the way to a sound server

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Devices:
    """The names of what PortAudio is to open."""

    microphone: str
    loudspeaker: str


@asynccontextmanager
async def virtual_microphone(
    voice: VoiceSettings, ears: EarsSettings, tell: Callable[[str], None] = lambda _what: None
) -> AsyncIterator[Devices]:
    """Have the virtual microphone, and the ears in the call, as the settings ask.

    Yields the devices to open. Raises ``DeviceError`` or ``SetupError`` when what the settings
    insist on cannot be had; without a sound server ``output = "both"`` is the loudspeaker only. A
    server that is late is waited for (``startup_wait_s``), and ``tell`` is called with that.
    """
    plain = Devices(ears.microphone, local_loudspeaker(voice))
    if voice.output == "loudspeaker":
        yield plain
        return
    router = AudioRouter(voice, ears)
    try:
        await _begin(router, tell)
    except NoServer as error:
        if voice.output == "virtual-microphone" or ears.listen_to != "microphone":
            raise
        log.warning("%s %s", error, tr("Going on with the loudspeaker only."))
        yield plain
        return
    log.info(tr('Video calls find the microphone "Digital Life".'))
    keeping = asyncio.create_task(router.keep(), name="virtual microphone")
    try:
        with _stream_properties(f"{voice.output} {ears.listen_to}"):
            device = await _pulse_device()
            yield Devices(ears.microphone if ears.listen_to == "microphone" else device, device)
    finally:
        router.stop()
        await asyncio.wait([keeping])
        await router.remove()


def local_loudspeaker(voice: VoiceSettings) -> str:
    """Return the name PortAudio has for the loudspeaker, for whoever needs no virtual microphone.

    Where there is to be one, ``voice.loudspeaker`` is a name of the sound server's, and PortAudio
    has only its default.
    """
    return voice.loudspeaker if voice.output == "loudspeaker" else ""


class AudioRouter:
    """Keeps a sound server as the plan says. All methods belong to the event loop's thread.

    Nothing here is cancelled while the server works on it; see ``pulse.py``.
    """

    def __init__(self, voice: VoiceSettings, ears: EarsSettings, process: int = 0) -> None:
        """``process``: whose streams are moved; 0 is this one."""
        self._voice: Final = voice
        self._ears: Final = ears
        self._process: Final = str(process or os.getpid())
        self._stopped = asyncio.Event()
        self._changed = asyncio.Event()
        self._warnings: dict[str, asyncio.TimerHandle] = {}
        self._voice_arrived = False

    async def begin(self) -> None:
        """Arrange everything for the first time; raise whatever is in the way."""
        try:
            async with connected() as pulse:
                plan: RoutingPlan = await answer(pulse, self._apply_plan(pulse))
        except DeviceError:
            raise
        except Exception as error:  # pulsectl's own, which have no class in common
            raise DeviceError(
                tr("The sound server cannot make a virtual microphone: {reason}").format(
                    reason=error or type(error).__name__
                )
            ) from error
        if plan.problems:
            await self.remove()
            raise plan.problems[0]

    def stop(self) -> None:
        """End ``keep``."""
        for complaint in self._warnings.values():
            complaint.cancel()
        self._stopped.set()
        self._changed.set()

    async def keep(self) -> None:
        """Arrange it again after every change, and when the server is back, until ``stop``."""
        retry_s, begin = FIRST_RETRY_S, asyncio.get_running_loop().time()
        while not self._stopped.is_set():
            try:
                async with connected() as pulse, self._watching(pulse):
                    while pulse.connected and not self._stopped.is_set():
                        self._changed.clear()
                        self._warn_of_problems(await answer(pulse, self._apply_plan(pulse)))
                        retry_s = FIRST_RETRY_S
                        await self._change(begin + SILENT_S)
            except NoServer:
                log.debug("no sound server answers")
            except Exception as error:  # whatever the server does, the conversation goes on
                log.warning("sound server: %s", error or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(retry_s):
                    await self._stopped.wait()
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def remove(self) -> None:
        """Take away all that was made, by this process or by one that crashed."""
        try:
            async with connected() as pulse:
                await answer(pulse, sync_modules(pulse, ()))
        except Exception as error:  # a server that has gone has nothing left of ours
            log.debug("nothing was removed from the sound server: %s", error)

    @asynccontextmanager
    async def _watching(self, pulse: "PulseAsync") -> AsyncIterator[None]:
        async def watch() -> None:
            try:
                async with aclosing(pulse.subscribe_events(*WATCHED)) as events:
                    async for _ in events:
                        self._changed.set()
            finally:
                self._changed.set()

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            pulse.disconnect()  # which ends the subscription
            await asyncio.wait([watching])
            watching.exception()

    async def _change(self, silent_at: float) -> None:
        """Wait for the next bunch of changes; on the way, notice that the voice does not come."""
        wait_s = silent_at - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(wait_s if wait_s > 0 and not self._voice_arrived else None):
                await self._changed.wait()
        except TimeoutError:
            log.warning(
                "%s %s",
                tr("The virtual microphone is silent: the voice does not reach the sound server."),
                install_line(PULSE_PLUGIN),
            )
            await self._changed.wait()
        await asyncio.sleep(SETTLE_S)

    async def _apply_plan(self, pulse: "PulseAsync") -> RoutingPlan:
        """Make the server as it should be; does nothing where it is already."""
        sound = await read_server_state(pulse)
        plan = make_plan(self._voice, self._ears, sound)
        await sync_modules(pulse, plan.modules)
        sinks, sources = await pulse.sink_list(), await pulse.source_list()
        for stream in self._ours(await pulse.sink_input_list()):
            self._voice_arrived = True
            await move_stream(pulse.sink_input_move, stream.index, stream.sink, sinks, VOICE)
        if plan.ears is None:
            return plan
        for stream in self._ours(await pulse.source_output_list()):
            await move_stream(
                pulse.source_output_move, stream.index, stream.source, sources, plan.ears
            )
        return plan

    def _ours(self, streams: list["PulseObject"]) -> Iterator["PulseObject"]:
        for stream in streams:
            if stream.proplist.get("application.process.id") == self._process:
                yield stream

    def _warn_of_problems(self, plan: RoutingPlan) -> None:
        """Log what is left out, once, when it stays away."""
        problems = {str(problem): problem.fix for problem in plan.problems}
        for text in self._warnings.keys() - problems.keys():
            self._warnings.pop(text).cancel()
        later = asyncio.get_running_loop().call_later
        for text in problems.keys() - self._warnings.keys():
            self._warnings[text] = later(
                MISSING_DEVICE_GRACE_S, log.warning, "%s %s", text, problems[text]
            )


async def _begin(router: AudioRouter, tell: Callable[[str], None]) -> None:
    """Begin as soon as a server answers; ``NoServer`` if none does for ``startup_wait_s``."""
    clock = asyncio.get_running_loop().time
    until = clock() + startup_wait_s()
    while True:
        try:
            return await router.begin()
        except NoServer:
            if clock() >= until:
                raise
        tell("waiting for the sound server")
        await asyncio.sleep(LATE_RETRY_S)


async def _pulse_device() -> str:
    """Return PortAudio's name for the way to the sound server; empty is its default.

    Off the event loop: PortAudio looks at every device when it is loaded.
    """
    worker = Worker("devices")
    try:
        devices = await worker.run(lambda _: list_devices())
    finally:
        await worker.close()
    names = [device.name for device in devices if device.outputs]
    return next((device for device in PULSE_DEVICES if device in names), "")


@contextmanager
def _stream_properties(mode: str) -> Iterator[None]:
    """Have the streams that are opened meanwhile tell the server whose they are.

    Both libraries on the way to a server read that in the environment. PipeWire's own
    (pipewire-alsa) does not tell the process by itself. A server keeps where a stream was moved for
    the next time, by application; without a name of our own every Python program that plays
    through ALSA would find itself in the virtual microphone.
    """
    name = f"digital-life {mode}"
    ours = {
        "PULSE_PROP": f'application.id="{name}"',
        "PIPEWIRE_ALSA": f'application.id="{name}" application.process.id="{os.getpid()}"',
    }
    before = {key: os.environ.get(key) for key in ours}
    for key, value in ours.items():
        os.environ[key] = _joined(key, before[key], value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                del os.environ[key]
            else:
                os.environ[key] = old


def _joined(key: str, before: str | None, ours: str) -> str:
    """Add our properties to what somebody has set already; of two the later counts."""
    before = (before or "").strip()
    if key == "PIPEWIRE_ALSA":  # an object, whose braces may be there
        before = before.removeprefix("{").removesuffix("}").strip()
        return "{ " + f"{before} {ours}".strip() + " }"
    return f"{before} {ours}".strip()
