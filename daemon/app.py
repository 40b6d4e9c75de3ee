"""The daemon: wires sound, ears, conversation and face together, serves, and stops.

``loading.py`` makes the parts; here one can read how a question travels through them.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from daemon.audio.device_monitor import AudioDevices
from daemon.audio.files import Source
from daemon.audio.microphone import Microphone
from daemon.audio.player import Loudspeaker, Player
from daemon.audio.pulse import patience_s
from daemon.audio.virtual_microphone import Devices, virtual_microphone
from daemon.config import Settings
from daemon.dialogue.apologies import make_apologies
from daemon.dialogue.chat import Chat
from daemon.dialogue.mute import Mute
from daemon.dialogue.parts import Parts
from daemon.dialogue.session import Session
from daemon.ears.doorway import Doorway, Hearing, Key, Waking
from daemon.ears.events import EarEvent
from daemon.errors import DeviceError
from daemon.events import Bus, StateChanged
from daemon.face.screen import Screen
from daemon.i18n import tr
from daemon.loading import Loader
from daemon.memory.file import memory_path
from daemon.memory.keeper import Keeper
from daemon.stages import Recognizer
from daemon.tools.toolbox import Toolbox
from daemon.weights import require_weights
from daemon.worker import CancelToken, Worker

INTERRUPTED = 130  # what a shell reports after Ctrl+C
EVENTS_AHEAD = 64  # ear events that may wait; the microphone must never wait for the conversation

T = TypeVar("T")

log = logging.getLogger(__name__)


def listen(source: Source, ears: Hearing, mute: Mute, cancel: CancelToken) -> Iterator[EarEvent]:
    """Yield what is noticed in the source; the ears' whole job, on one thread."""
    for samples in source.chunks(cancel):
        yield from (ears.skip if mute.microphone else ears.feed)(samples)


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that listens: what control, reload and watchdog look at."""

    loader: Loader
    session: Session
    chat: Chat
    recognizer: Recognizer
    parts: Parts
    microphone: Microphone
    loudspeaker: Loudspeaker
    sound: AudioDevices
    screen: Screen | None
    mute: Mute
    tools: Toolbox
    doorway: Doorway
    key: Key | None
    """There while it listens only when that is held."""

    def degraded(self) -> list[str]:
        """Name what does not work at the moment, while the rest goes on."""
        conversion = self.session.parts.conversion
        found = {
            "sound": self.sound.lost,
            "memory": self.chat.keeper.failed,
            "camera": self.screen is not None and self.screen.degraded,
            "voice": conversion is not None and conversion.failed,
            "tools": self.tools.failed or self.chat.cannot_call,
        }
        return [name for name, failed in found.items() if failed]


async def serve(
    settings: Settings,
    ready: Callable[[Running], None],
    make_loader: Callable[[Settings], Loader] = Loader,
    mute: Mute | None = None,
    bus: Bus | None = None,
) -> None:
    """Run the daemon until cancelled; ``ready`` is called when it begins to listen.

    ``make_loader`` makes what makes the parts; measuring watches some of them. ``mute`` is switched
    by whoever gave it. ``bus`` is told what happens.

    Raises ``SetupError`` for a missing weight, ``DeviceError`` when there is no microphone or
    loudspeaker, or when one goes away and does not come back.
    """
    bus = bus or Bus()
    mute = mute or Mute(bus)
    loader = make_loader(settings)
    calls = virtual_microphone(settings.voice, settings.ears, loader.tell)
    async with calls as devices, loader:
        ears = loader.worker("ears")
        loader.tell("weights")
        await ears.run(lambda _: require_weights(settings, loader.store))
        sound = await _open_sound(loader, ears, devices)
        async with _showing(loader, sound.loudspeaker, mute) as screen:
            running = await _load(loader, ears, sound, screen, mute, bus)
            ready(running)
            heard = ears.stream(
                listen, running.microphone, running.doorway, mute, depth=EVENTS_AHEAD
            )
            async with aclosing(heard), asyncio.TaskGroup() as group:
                group.create_task(sound.watch(running.session.sound_lost), name="sound")
                group.create_task(running.tools.run(), name="tools")
                group.create_task(running.chat.watch(), name="memory")
                group.create_task(running.session.run(heard), name="conversation")


async def _open_sound(loader: Loader, ears: Worker, devices: Devices) -> AudioDevices:
    """Open microphone and loudspeaker, with what takes the one's sound out of the other's."""
    loudspeaker = Loudspeaker(devices.loudspeaker)
    echo = await ears.run(lambda _: loader.echo(loudspeaker.played))
    sound = AudioDevices(Microphone(devices.microphone, echo), loudspeaker, loader.worker("sound"))
    loader.own(sound.close)
    await sound.open(patience_s(), lambda: loader.tell("waiting for the sound devices"))
    return sound


async def _load(
    loader: Loader,
    ears: Worker,
    sound: AudioDevices,
    screen: Screen | None,
    mute: Mute,
    bus: Bus,
) -> Running:
    """Load what listens, thinks and speaks, and make a session of it."""
    settings = loader.settings
    loaded = await loader.parts(
        screen.face if screen else None, loader.worker("lips"), wait_for_voice=False
    )
    apologies = await make_apologies(loaded.synthesizer, loaded.speaking)
    gate = await ears.run(lambda _: loader.gate())
    if isinstance(gate, Waking):
        loader.at_end(bus.subscribe(StateChanged, gate.follow))
    endpointer = await ears.run(lambda _: loader.endpointer())
    keeper = Keeper(loader.worker("memory"), memory_path(), settings.memory)
    chat = Chat(settings, loaded, keeper)
    loader.own(chat.close)
    await chat.begin(settings.persona.name)
    tools = Toolbox(settings.tools.servers, chat.offer, bus.publish)
    parts = replace(loaded, tools=tools)
    barge_in_s = settings.dialogue.barge_in_s
    session = Session(parts, sound.loudspeaker, screen, apologies, barge_in_s, bus)
    session.lately.attend(settings.dialogue)
    session.lately.wake_phrase = gate.word.phrase if isinstance(gate, Waking) else ""
    return Running(
        loader=loader,
        session=session,
        chat=chat,
        recognizer=loaded.recognizer,
        parts=parts,
        microphone=sound.microphone,
        loudspeaker=sound.loudspeaker,
        sound=sound,
        screen=screen,
        mute=mute,
        tools=tools,
        doorway=Doorway(endpointer, gate, bus.for_threads()),
        key=gate if isinstance(gate, Key) else None,
    )


@asynccontextmanager
async def _showing(loader: Loader, player: Player, mute: Mute) -> AsyncIterator[Screen | None]:
    """Show the face at rest at once, while the models load, and from then on.

    A camera that is not there yet is waited for, unless the settings insist on it.
    """
    wanted = loader.settings.camera.output
    if wanted == "none":
        yield None
        return
    worker = loader.worker("camera")
    camera = None
    try:
        camera = await worker.run(lambda _: loader.camera())
    except DeviceError as error:
        if wanted == "virtual":
            raise
        log.warning("%s %s", error, tr("Going on with sound only."))
    face = await loader.make(worker, loader.face)
    screen = Screen(face, loader.camera, worker, camera, player.audible, lambda: mute.camera)
    loader.own(screen.close)
    showing = asyncio.create_task(screen.run(), name="camera")
    try:
        yield screen
    finally:
        showing.cancel()
        await asyncio.wait([showing])


def run_until_signal(main: Coroutine[None, None, T]) -> T:
    """Run ``main`` to its end.

    SIGINT or SIGTERM cancels it, and ``KeyboardInterrupt`` is raised once it has cleaned up; a
    second signal ends the process.
    """
    signals = 0

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)

        def stop() -> None:
            nonlocal signals
            signals += 1
            if signals > 1:
                os._exit(INTERRUPTED)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
