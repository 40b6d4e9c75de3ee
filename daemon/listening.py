"""The sound devices and the ears: there first, and listening while the rest is loaded."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

from daemon.audio.device_monitor import AudioDevices
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.audio.pulse import startup_wait_s
from daemon.audio.source import AudioSource
from daemon.audio.virtual_microphone import Devices
from daemon.bus import Bus
from daemon.components import Components
from daemon.dialogue.mute import Mute
from daemon.ears.events import EarEvent
from daemon.ears.listen_mode import Listener, ListenGate, PushToTalk, WakeWord
from daemon.events import StateChanged
from daemon.processor_load import PROCESSORS
from daemon.worker import CancelToken, Worker


async def open_sound(components: Components, ears: Worker, devices: Devices) -> AudioDevices:
    """Open microphone and loudspeaker, with what takes the one's sound out of the other's."""
    loudspeaker = Loudspeaker(devices.loudspeaker)
    echo = await ears.run(lambda _: components.echo(loudspeaker.played))
    microphone = Microphone(devices.microphone, echo)
    sound = AudioDevices(microphone, loudspeaker, components.worker("sound"))
    # A stream that begins is moved into the virtual microphone a moment later: its first sound
    # would be heard in the room, and not in the call.
    sound.may_rest = components.settings.voice.output == "loudspeaker"
    components.on_close_async(sound.close)
    await sound.open(startup_wait_s(), lambda: components.tell("waiting for the sound devices"))
    return sound


class OpenEars(NamedTuple):
    """What listens, and when."""

    gate: ListenGate
    mode: PushToTalk | WakeWord | None


async def open_ears(components: Components, ears: Worker, bus: Bus) -> OpenEars:
    """Make what listens, on the ears' own thread."""
    mode = await ears.run(lambda _: components.listen_mode())
    if isinstance(mode, WakeWord):
        components.on_close(bus.subscribe(StateChanged, mode.follow))
    endpointer = await ears.run(lambda _: components.endpointer())
    return OpenEars(ListenGate(endpointer, mode, bus.for_threads()), mode)


def listen(
    source: AudioSource,
    ears: Listener,
    mute: Mute,
    silent: Callable[[], bool],
    cancel: CancelToken,
) -> Iterator[EarEvent]:
    """Yield what is noticed in the source; the ears' whole job, on one thread.

    ``silent`` tells that nothing is played that somebody could speak over.
    """
    for samples in source.chunks(cancel, lambda: ears.idle and silent()):
        PROCESSORS.look()
        yield from (ears.skip if mute.microphone else ears.feed)(samples)


@asynccontextmanager
async def underway(
    heard: AsyncGenerator[EarEvent, None],
) -> AsyncIterator[AsyncGenerator[EarEvent, None]]:
    """Begin to listen at once; what is noticed waits, in order, until somebody iterates.

    A stream begins with its first step. The ears are there long before the brain: what is asked
    meanwhile is answered as soon as everything else is there.
    """
    first = asyncio.create_task(_next(heard), name="ears")
    async with aclosing(heard):
        try:
            async with aclosing(_continued(first, heard)) as events:
                yield events
        finally:
            first.cancel()
            await asyncio.wait([first])
            if not first.cancelled():
                first.exception()  # what ended the start before it was asked for is told already


async def _next(heard: AsyncGenerator[EarEvent, None]) -> EarEvent | None:
    return await anext(heard, None)


async def _continued(
    first: asyncio.Task[EarEvent | None], heard: AsyncGenerator[EarEvent, None]
) -> AsyncGenerator[EarEvent, None]:
    if (event := await asyncio.shield(first)) is not None:
        yield event
        async for event in heard:
            yield event
