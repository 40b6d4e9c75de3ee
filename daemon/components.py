"""Makes the parts that the settings ask for, each on a thread of its own.

A part is imported when it is made: each brings a large library, and no command needs them all.
"""

import asyncio
import copy
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Self

from daemon.audio.echo_cancellation import EchoCanceller
from daemon.audio.ring_buffer import RingBuffer
from daemon.brain.history import History
from daemon.brain.style import load_style
from daemon.config import Settings
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.openers import Openers
from daemon.dialogue.parts import Parts
from daemon.dialogue.similarity import words_of
from daemon.dialogue.speaker_identification import SpeakerIdentification, VoiceJudge
from daemon.ears.endpointing import Endpointer
from daemon.ears.listen_mode import PushToTalk, WakeWord
from daemon.i18n import tr
from daemon.part_pool import PartPool
from daemon.people.person import Profile
from daemon.people.store import PeopleStore
from daemon.skills.book import SkillBook
from daemon.skills.skills import Skills
from daemon.skills.store import skills_path
from daemon.stages import Camera, ChatModel, LipSync, Recognizer, Synthesizer, VoiceConverter
from daemon.store.model_store import ModelStore, open_store
from daemon.weights import require_weights
from daemon.worker import Worker

log = logging.getLogger(__name__)


class Components(PartPool):
    """Makes the parts that ``settings`` ask for; what uses them knows only their protocols."""

    def __init__(
        self, settings: Settings, progress: Callable[[str], None] = lambda _text: None
    ) -> None:
        """``progress`` is told what is being loaded, or waited for."""
        super().__init__(progress)
        self.settings = settings
        self.store = open_store(settings.models.directory)
        self.people = PeopleStore()
        """Those who are known by voice."""

    def with_settings(self, settings: Settings) -> Self:
        """Return what makes the parts that other settings ask for; this one closes them."""
        other = copy.copy(self)
        other.settings = settings
        return other

    async def parts(
        self, face: LipSync | None, drawing: Worker, wait_for_voice: bool = True
    ) -> Parts:
        """Load what a reply needs, all at once; nothing if a weight is missing or damaged.

        A converted voice may go on loading behind: it takes as long as all the rest.
        """
        hearing, thinking, speaking = map(self.worker, ("whisper", "brain", "voice"))
        # the first time this reads every byte of them
        await hearing.run(lambda _: require_weights(self.settings, self.store))
        await thinking.run(lambda _: _import_brain(self.settings, self.store))
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(self.make(hearing, self.recognizer))
            brain = group.create_task(self.make(thinking, self.brain))
            voice = group.create_task(self.make(speaking, self.voice))
            skills = group.create_task(_skills(self))
        conversion = await self.conversion(voice.result(), speaking, wait_for_voice)
        history = History(
            self.settings.brain.persona, brain.result(), self.settings.brain.max_reply_tokens
        )
        history.style = load_style(self.settings.brain.style)
        history.languages = self.settings.ears.languages
        return Parts(
            recognizer=ears.result(),
            chat_model=brain.result(),
            synthesizer=voice.result(),
            conversion=conversion,
            lip_sync=face,
            hearing=hearing,
            thinking=thinking,
            speaking=speaking,
            drawing=drawing,
            history=history,
            skills=skills.result(),
            openers=Openers(self.settings),
        )

    def recognizer(self) -> Recognizer:
        """Make the speech recogniser."""
        from daemon.ears.choice import model_folder
        from daemon.ears.whisper import Whisper

        ears = self.settings.ears
        folder = model_folder(ears, self.store)
        local = Whisper(folder, ears.languages, ears.threads, ears.engine)
        if ears.kind == "local":
            return local
        from daemon.ears.server_choice import ears_on_server

        return ears_on_server(self.settings, local)

    def endpointer(self) -> Endpointer:
        """Make what finds turns in sound."""
        from daemon.ears.speech_detection import Silero, WebRtcVad
        from daemon.ears.turn_detection import SmartTurn

        ears = self.settings.ears
        return Endpointer(
            ears,
            WebRtcVad(ears.gate),
            Silero(self.store.path("silero-vad") / "silero_vad.onnx"),
            SmartTurn(self.store.path("smart-turn") / "smart-turn.onnx"),
        )

    def echo(self, played: RingBuffer) -> EchoCanceller | None:
        """Make what is between the microphone and the ears, if anything is to be."""
        ears = self.settings.ears
        if ears.echo == "off" and not (ears.noise_suppression or ears.gain_control):
            return None
        return EchoCanceller(ears.echo, played, ears.noise_suppression, ears.gain_control)

    def listen_mode(self) -> PushToTalk | WakeWord | None:
        """Make what opens the ears; ``None`` if they are always open."""
        ears = self.settings.ears
        if ears.listen == "wake-word":
            from daemon.ears.wake_word import MicroWakeWords

            stay_s = self.settings.dialogue.follow_up_s
            return WakeWord(MicroWakeWords(ears.wake_word), stay_s)
        return PushToTalk() if ears.listen == "push-to-talk" else None

    def brain(self) -> ChatModel:
        """Make the language model."""
        from daemon.brain.choice import make_brain

        return make_brain(self.settings, self.store)

    def voice(self) -> Synthesizer:
        """Make what speaks every language that there is a voice for."""
        from daemon.voice.plain_factory import PlainFactory

        local = PlainFactory(self.settings, self.store).every_language()
        if self.settings.voice.kind == "local":
            return local
        from daemon.voice.server_choice import voice_on_server

        return voice_on_server(self.settings, local)

    async def conversion(
        self, voice: Synthesizer, speaking: Worker, wait: bool = True
    ) -> Conversion | None:
        """Load the converted voice that is set, if any; ``voice`` on ``speaking`` is the plain one.

        One that cannot be used leaves the plain voice, and the log says so.
        """
        if not self.settings.voice.name:
            return None
        conversion = Conversion(self.settings.voice.name, self.shared_worker("conversion"))
        make = partial(self._converter, voice, speaking)
        if wait:
            await conversion.load(make)
        else:
            conversion.load_in_background(make)
            self.on_close_async(conversion.stop)
        return conversion

    async def other_conversion(self, voice: Synthesizer, speaking: Worker) -> Conversion | None:
        """Load the converted voice that is set by now; raises what is wrong with it."""
        if not self.settings.voice.name:
            return None
        conversion = Conversion(self.settings.voice.name, self.shared_worker("conversion"))
        conversion.use(await self._converter(voice, speaking))
        return conversion

    async def _converter(self, voice: Synthesizer, speaking: Worker) -> VoiceConverter:
        from daemon.voice.catalogue import find_voice
        from daemon.voice.converters import examples, make_converter

        chosen = find_voice(self.settings.voice.name)
        known = await speaking.run(examples, voice)  # of the voices that it will be given
        return await self.make(
            self.shared_worker("conversion"), lambda: make_converter(chosen, known, self.settings)
        )

    def face(self) -> LipSync:
        """Make the face that is set; where it has gone or is damaged, the drawn one."""
        from daemon.face.own_face_factory import face_or_drawn

        return face_or_drawn(self.settings.face, self.store)

    def other_face(self) -> LipSync:
        """Make the face that is set by now; raises what is wrong with it."""
        from daemon.face.own_face_factory import make_face

        return make_face(self.settings.face, self.store)

    def camera(self) -> Camera:
        """Open the virtual camera; ``DeviceError`` where there is none."""
        from daemon.face.camera import VirtualCamera

        face = self.settings.face
        return VirtualCamera(self.settings.camera.device, (face.width, face.height), face.fps)


def make_speakers(components: Components) -> SpeakerIdentification:
    """Make what tells known voices apart; while nobody is known it loads nothing."""

    def profiles() -> Sequence[Profile]:
        from daemon.ears.speaker_id import WEIGHT

        return components.people.profiles(WEIGHT)

    def judge() -> VoiceJudge:
        from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder
        from daemon.people.voices import KnownVoices

        return KnownVoices(SpeakerEncoder(components.store.path(WEIGHT) / FILE))

    worker = components.shared_worker("speaker")
    return SpeakerIdentification(worker, partial(components.make, worker, judge), profiles)


def _import_brain(settings: Settings, store: ModelStore) -> None:
    """Import what the brain computes with, before the other parts import theirs.

    It takes longest to load, but most of that is no Python, which only one thread can run at a
    time. Whoever makes it meets again whatever is wrong, and tells it.
    """
    from daemon.brain.choice import import_libraries

    with suppress(Exception):
        import_libraries(settings, store)


async def _skills(components: Components) -> Skills:
    """Make what needs no model."""
    worker = components.worker("skills")
    skills = Skills(SkillBook(worker, skills_path()))
    components.on_close_async(skills.close)
    await worker.run(lambda _: words_of("你好"))  # loads what knows how characters sound
    await skills.book.refresh()
    return skills


def part_name(loading: str) -> str:
    """Say what is being loaded, of which the components give the name of the thread."""
    known = {
        "whisper": tr("speech recognition"),
        "brain": tr("language model"),
        "voice": tr("voice"),
        "conversion": tr("voice"),
        "speaker": tr("known voices"),
        "lips": tr("face"),
        "camera": tr("face"),
    }
    return known.get(loading, loading)
