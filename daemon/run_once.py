"""One run of the daemon with one set of settings: sound devices, ears, face, models, main loop.

``components.py`` makes the parts; here one can read how a question gets from one to the next.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from daemon.audio.device_monitor import AudioDevices
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.virtual_microphone import virtual_microphone
from daemon.bus import Bus
from daemon.captions import Captions, show_captions
from daemon.components import Components, make_speakers
from daemon.dialogue.announcements import Announcements, let_ring
from daemon.dialogue.chat import Chat
from daemon.dialogue.mute import Mute
from daemon.dialogue.ready_openers import prepare_speech
from daemon.dialogue.recollecting import recollects
from daemon.dialogue.session import Session
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.transcript import SpokenTranscript
from daemon.dialogue.voice_gate import VoiceGate
from daemon.ears.events import EarEvent
from daemon.ears.listen_mode import ListenGate, PushToTalk, WakeWord
from daemon.errors import DeviceError, DigitalLifeError
from daemon.events import Listening, PeopleChanged, StateChanged
from daemon.face.streamer import FaceStreamer
from daemon.i18n import tr
from daemon.listening import OpenEars, listen, open_ears, open_sound, underway
from daemon.memory.conversation_memory import ConversationMemory
from daemon.memory.encoding import WEIGHT, SentenceEncoder
from daemon.memory.file import memory_path
from daemon.people.person import Person
from daemon.processor_load import PROCESSORS, physical_cores
from daemon.quicker_engine import use_quicker_engine
from daemon.running import Running
from daemon.shown_attitude import show_attitude
from daemon.shown_timers import show_timers
from daemon.skills.skills import warm_up
from daemon.tools.toolbox import Toolbox
from daemon.weights import require_weights

# Ear events that may wait, one for each 32 ms of speech: the microphone must never wait for the
# conversation, nor what is asked at the start for the models, at least not for 16 s.
EVENTS_AHEAD = 512

log = logging.getLogger(__name__)


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
    components: Components, player: Loudspeaker, mute: Mute
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
    face, cores = await components.make(worker, components.face), physical_cores()
    screen = FaceStreamer(
        face, components.camera, worker, camera, player.audible_in,
        muted=lambda: mute.camera, sparing=lambda: PROCESSORS.scarce(cores),
    )  # fmt: skip
    screen.behaviour.expressiveness = components.settings.face.expressiveness
    screen.overlay.look = lambda: components.settings.face
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
    memory = _make_memory(components)
    chat = Chat(settings, loaded, memory)
    components.on_close_async(chat.close)
    components.on_close(bus.subscribe(StateChanged, chat.follow))
    await chat.begin(settings.persona.name)
    tools = Toolbox(settings.tools.servers, chat.offer, bus.publish)
    speakers = make_speakers(components)
    parts = replace(
        loaded, tools=tools, speakers=speakers, recollect=recollects(chat.history, memory)
    )
    session = Session(parts, sound.loudspeaker, screen, {}, settings.dialogue.barge_in_s, bus)
    if screen is not None:
        components.on_close(show_timers(skills.book, screen.timer_card, bus))
        captions = Captions(sound.loudspeaker, mute, lambda: components.settings)
        _follow_conversation(components, screen, session, captions, bus)
    session.context.apply_settings(settings.dialogue, settings.ears.languages)
    session.context.wake_phrase = mode.detector.phrase if isinstance(mode, WakeWord) else ""
    session.language = settings.ears.languages[0]
    await _know_people(components, speakers, session, gate, bus)
    components.on_close(bus.subscribe(StateChanged, lambda _: sound.loudspeaker.rest.wake()))
    components.on_close(SpokenTranscript(bus).close)
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
        speakers=speakers,
        scheduler=scheduler,
        listen_gate=gate,
        push_to_talk=mode if isinstance(mode, PushToTalk) else None,
    )


def _follow_conversation(
    components: Components, screen: FaceStreamer, session: Session, captions: Captions, bus: Bus
) -> None:
    """Have the face show what the conversation is at, and its words where they are wanted."""
    components.on_close(show_captions(captions, bus))
    screen.overlay.now = captions.now
    components.on_close(show_attitude(screen.behaviour, bus, lambda: session.heard_ahead))


def _make_memory(components: Components) -> ConversationMemory:
    """Make what keeps conversations; what knows the meaning of words is loaded when it is asked."""
    return ConversationMemory(
        components.worker("memory"),
        memory_path(),
        components.settings.memory,
        encoder=lambda: SentenceEncoder(components.store.path(WEIGHT)).encode,
    )


async def _know_people(
    components: Components,
    speakers: SpeakerIdentification,
    session: Session,
    gate: ListenGate,
    bus: Bus,
) -> None:
    """Know the voices of those who were introduced, now and whenever that changes."""

    def known(people: Sequence[Person]) -> None:
        session.context.people = people
        gate.tell_so_far(bool(people))

    speakers.changed = known
    try:
        await speakers.refresh()
    except DigitalLifeError as error:  # it answers, and knows nobody
        log.error("%s %s", error.message, error.fix)
    components.on_close_async(speakers.close)
    components.on_close(bus.subscribe(PeopleChanged, lambda _: speakers.refresh_soon()))


async def _main_loop(running: Running, heard: AsyncGenerator[EarEvent, None]) -> None:
    """Talk, until cancelled or a part ends that nothing can go on without."""
    async with asyncio.TaskGroup() as group:
        group.create_task(running.sound.watch(running.session.sound_lost), name="sound")
        group.create_task(running.sound.rest_while_unused(), name="rest")
        group.create_task(running.tools.run(), name="tools")
        group.create_task(running.chat.watch(), name="memory")
        group.create_task(running.scheduler.run(), name="timers")
        told = VoiceGate(running.speakers, running.session.context).tell(heard)
        group.create_task(running.session.run(told), name="conversation")
        group.create_task(prepare_speech(running.session), name="speech")
        group.create_task(use_quicker_engine(running), name="engine")
        # What is said before that is understood, too: a sentence needs few of the patterns.
        group.create_task(asyncio.to_thread(warm_up), name="skills")
