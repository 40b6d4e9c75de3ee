"""The daemon: startup, main loop, shutdown, and a restart with other settings.

``Daemon`` is the process; ``serve`` is one run of it with one set of settings. ``components.py``
makes the parts; here one can read how a question gets from one to the next.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.apply import Applied
from daemon.audio.device_monitor import AudioDevices
from daemon.audio.player import Player
from daemon.audio.virtual_microphone import virtual_microphone
from daemon.changes import SettingsChanger
from daemon.components import Components, part_name
from daemon.config import Settings, load
from daemon.config.state import SettingsState
from daemon.dialogue.announcements import Announcements, let_ring
from daemon.dialogue.chat import Chat
from daemon.dialogue.mute import Mute
from daemon.dialogue.personas import find_persona, with_persona
from daemon.dialogue.ready_openers import prepare_speech
from daemon.dialogue.session import Session
from daemon.ears.events import EarEvent
from daemon.ears.listen_mode import PushToTalk, WakeWord
from daemon.errors import BusyError, DeviceError, DigitalLifeError, first_failure, named
from daemon.events import (
    Bus,
    Listening,
    Loading,
    Ready,
    Reloaded,
    Reloading,
    RestartFailed,
    StateChanged,
)
from daemon.face.streamer import FaceStreamer
from daemon.i18n import tr
from daemon.listening import OpenEars, listen, open_ears, open_sound, underway
from daemon.memory.conversation_memory import ConversationMemory
from daemon.memory.file import memory_path
from daemon.native import give_memory_back
from daemon.persona_switcher import PersonaSwitcher
from daemon.quicker_engine import use_quicker_engine
from daemon.running import Running
from daemon.running_assistant import RunningAssistant
from daemon.shown_timers import show_timers
from daemon.tools.toolbox import Toolbox
from daemon.weights import require_weights

# Ear events that may wait, one for each 32 ms of speech: the microphone must never wait for the
# conversation, nor what is asked at the start for the models, at least not for 16 s.
EVENTS_AHEAD = 512

log = logging.getLogger(__name__)


class Daemon:
    """The process that listens and answers. Belongs to the event loop's thread."""

    def __init__(
        self,
        settings: Settings,
        config: Path | None = None,
        with_options: Callable[[Settings], Settings] = lambda settings: settings,
        mute: Mute | None = None,
        bus: Bus | None = None,
    ) -> None:
        """``config`` is the file that ``reload`` reads; ``None`` is the user's own.

        ``with_options`` puts into its settings what the command line asked for.
        """
        self.bus: Final = bus or Bus()
        self.mute: Final = mute or Mute(self.bus)
        self.settings: Final = SettingsState(settings)
        self.changes: Final = SettingsChanger(self.settings, self.require_running, self.bus)
        self.personas: Final = PersonaSwitcher(self.settings, self.changes.choose, self.bus)
        self.config: Final = config
        self.running: Running | None = None
        """There while it listens."""
        self.loading = ""
        """What is being loaded, while it does not listen."""
        self._with_options = with_options
        self._listened = False
        self._restart = asyncio.Event()
        self._started = time.monotonic()

    async def run_with_restarts(self) -> None:
        """Serve until cancelled, anew with what is wanted each time that a restart is asked for.

        Settings that cannot be loaded leave those before in force. Other failures are raised.
        """
        settings, before = self.settings.wanted, None
        while True:
            self.running, self._listened = None, False
            give_memory_back()
            self._restart.clear()
            self.settings.begin(settings)
            try:
                await self._run_until_restart(self.serve(settings))
            except (DigitalLifeError, BaseExceptionGroup) as error:
                failure = first_failure(error) if isinstance(error, BaseExceptionGroup) else error
                if before is None or self._listened:
                    raise
                log.error("%s The settings before are in force again.", named(failure))
                self.bus.publish(RestartFailed(named(failure)))
                settings, before = before, None
            else:
                settings, before = self.settings.wanted, self.settings.in_force
                self.bus.publish(Reloading())

    async def _run_until_restart(self, serving: Coroutine[None, None, None]) -> None:
        """Return when a restart is asked for and all has ended; raise what ended it by itself."""
        run = asyncio.ensure_future(serving)
        restart = asyncio.ensure_future(self._restart.wait())
        try:
            await asyncio.wait((run, restart), return_when=asyncio.FIRST_COMPLETED)
            if not run.done():
                self.running = None  # it answers nobody any more: they wait for the next
        finally:
            restart.cancel()
            await self.changes.stop()  # they work with what the run has made
            run.cancel()
            await asyncio.wait((run, restart))
        if not run.cancelled():
            run.result()

    async def serve(self, settings: Settings) -> None:
        """Run once, as the persona that ``settings`` name."""
        persona = find_persona(settings.persona.name, settings)
        components = Components(with_persona(settings, persona), self._note_loading)
        await serve(components, self.listens, self.mute, self.bus)

    def _note_loading(self, what: str) -> None:
        self.loading = what
        self.bus.publish(Loading(what, live=self.running is not None))

    def listens(self, running: Running) -> None:
        """Everything is loaded: answer whatever is asked from now on."""
        self.running, self._listened = running, True
        self.personas.obey(running)
        running.skills.assistant = RunningAssistant(
            running, self.settings, self.changes.choose, self.personas
        )
        self.bus.publish(Ready())

    def require_running(self) -> Running:
        """Return the parts; raises what to tell who asks for something while it loads."""
        if self.running is None:
            told = tr("Digital Life is still loading: {what}.").format(what=part_name(self.loading))
            raise BusyError(told, "digital-life events")
        return self.running

    async def restart(self) -> None:
        """Load everything anew once all changes are made; refused if that cannot be loaded."""

        async def restart() -> None:
            require_weights(self.settings.wanted, self.require_running().components.store)
            self._restart.set()

        await self.changes.one_at_a_time(restart)

    async def reload(self) -> Applied:
        """Read the settings again; name those ``changed`` and those that need a restart."""
        running = self.require_running()
        self.bus.publish(Reloading())
        try:
            changed = await self.changes.take_file(self._with_options(load(self.config).settings))
            running.tools.try_again()
        finally:
            self.bus.publish(Reloaded())
        return changed

    def unhealthy_component(self) -> str:
        """Name what shows no sign of life; empty while all is well."""
        # While it loads, that the event loop runs is all there is to see.
        return self.running.unhealthy_component() if self.running else ""

    @property
    def uptime_s(self) -> float:
        """Seconds since the start, restarts included."""
        return time.monotonic() - self._started


async def serve(
    components: Components,
    ready: Callable[[Running], None],
    mute: Mute | None = None,
    bus: Bus | None = None,
) -> None:
    """Run until cancelled; ``ready`` is called when everything is loaded.

    What is asked before is answered then. Whoever gave ``mute`` switches it; ``bus`` is told all.

    Raises ``SetupError`` for a missing weight, ``DeviceError`` when there is no microphone or
    loudspeaker, or when one goes away and does not come back.
    """
    bus = bus or Bus()
    mute = mute or Mute(bus)
    settings = components.settings
    calls = virtual_microphone(settings.voice, settings.ears, components.tell)
    async with calls as devices, components:  # which end in the reverse order: the shutdown
        ears = components.worker("ears")
        components.tell("weights")
        await ears.run(lambda _: require_weights(settings, components.store))
        sound = await open_sound(components, ears, devices)
        opened = await open_ears(components, ears, bus)
        sources = sound.microphone, opened.gate, mute, lambda: sound.loudspeaker.rest.active
        listening = ears.stream(listen, *sources, depth=EVENTS_AHEAD)
        async with underway(listening) as heard:
            bus.publish(Listening())
            async with _showing(components, sound.loudspeaker, mute) as screen:
                running = await _load(components, opened, sound, screen, mute, bus)
                ready(running)
                await _main_loop(running, heard)


@asynccontextmanager
async def _showing(
    components: Components, player: Player, mute: Mute
) -> AsyncIterator[FaceStreamer | None]:
    """Show the face at rest at once, while the models load, and from then on.

    A camera that is not there yet is waited for, unless the settings insist on it.
    """
    wanted = components.settings.camera.output
    if wanted == "none":
        yield None
        return
    worker = components.worker("camera")
    camera = None
    try:
        camera = await worker.run(lambda _: components.camera())
    except DeviceError as error:
        if wanted == "virtual":
            raise
        log.warning("%s %s", error, tr("Going on with sound only."))
    face = await components.make(worker, components.face)
    screen = FaceStreamer(
        face, components.camera, worker, camera, player.audible, lambda: mute.camera
    )
    components.on_close_async(screen.close)
    showing = asyncio.create_task(screen.run(), name="camera")
    try:
        yield screen
    finally:
        showing.cancel()
        await asyncio.wait([showing])


async def _load(
    components: Components,
    ears: OpenEars,
    sound: AudioDevices,
    screen: FaceStreamer | None,
    mute: Mute,
    bus: Bus,
) -> Running:
    """Load what understands, thinks and speaks, and make a session of it."""
    settings = components.settings
    loaded = await components.parts(
        screen.face if screen else None, components.worker("lips"), wait_for_voice=False
    )
    skills = loaded.skills
    assert skills is not None, "components make them"
    gate, mode = ears
    memory = ConversationMemory(components.worker("memory"), memory_path(), settings.memory)
    chat = Chat(settings, loaded, memory)
    components.on_close_async(chat.close)
    components.on_close(bus.subscribe(StateChanged, chat.follow))
    await chat.begin(settings.persona.name)
    tools = Toolbox(settings.tools.servers, chat.offer, bus.publish)
    if screen is not None:
        components.on_close(show_timers(skills.book, screen.timer_card, bus))
    parts = replace(loaded, tools=tools)
    session = Session(parts, sound.loudspeaker, screen, {}, settings.dialogue.barge_in_s, bus)
    session.context.apply_settings(settings.dialogue, settings.ears.languages)
    session.context.wake_phrase = mode.detector.phrase if isinstance(mode, WakeWord) else ""
    session.language = settings.ears.languages[0]
    components.on_close(bus.subscribe(StateChanged, lambda _: sound.loudspeaker.rest.wake()))
    voice = Announcements(
        session, sound.loudspeaker.overlay, lambda: components.settings.voice.volume
    )
    scheduler = let_ring(skills, voice, session, gate, bus, components.on_close)
    return Running(
        components=components,
        session=session,
        chat=chat,
        parts=parts,
        microphone=sound.microphone,
        loudspeaker=sound.loudspeaker,
        sound=sound,
        screen=screen,
        mute=mute,
        bus=bus,
        tools=tools,
        skills=skills,
        scheduler=scheduler,
        listen_gate=gate,
        push_to_talk=mode if isinstance(mode, PushToTalk) else None,
    )


async def _main_loop(running: Running, heard: AsyncGenerator[EarEvent, None]) -> None:
    """Talk, until cancelled or a part ends that nothing can go on without."""
    async with asyncio.TaskGroup() as group:
        group.create_task(running.sound.watch(running.session.sound_lost), name="sound")
        group.create_task(running.sound.rest_while_unused(), name="rest")
        group.create_task(running.tools.run(), name="tools")
        group.create_task(running.chat.watch(), name="memory")
        group.create_task(running.scheduler.run(), name="timers")
        group.create_task(running.session.run(heard), name="conversation")
        group.create_task(prepare_speech(running.session), name="speech")
        group.create_task(use_quicker_engine(running), name="engine")
