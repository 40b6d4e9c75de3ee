"""Makes the parts that the settings ask for, each on a thread of its own.

A part is imported when it is made: each brings a large library, and no command needs them all.
"""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from itertools import count
from typing import Self, TypeVar

from daemon.audio.echo_cancellation import Echo
from daemon.audio.ring_buffer import Ring
from daemon.brain.history import History
from daemon.config import Settings
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.parts import Parts
from daemon.ears.doorway import Key, Waking
from daemon.ears.endpointing import Endpointer
from daemon.errors import SetupError
from daemon.extras import is_unloadable, unloadable
from daemon.i18n import tr
from daemon.stages import (
    Camera,
    ChatModel,
    LipSync,
    Part,
    Recognizer,
    Synthesizer,
    VoiceConverter,
)
from daemon.store.model_store import open_store
from daemon.weights import file_or_weight, is_path, require_weights
from daemon.worker import STOP_S, CancelToken, Worker

P = TypeVar("P", bound=Part)

log = logging.getLogger(__name__)


class Loader:
    """Makes the parts, each on its own worker, and closes all it made in the reverse order."""

    def __init__(
        self, settings: Settings, progress: Callable[[str], None] = lambda text: None
    ) -> None:
        """``progress`` is told what is being loaded, or waited for."""
        self.settings = settings
        self.tell = progress
        self._open: dict[int, Part] = {}  # the parts in use, by the order in which they were made
        self._numbers = count()
        self.store = open_store(settings.models.directory)
        self._stack = AsyncExitStack()
        self._workers: list[Worker] = []

    async def __aenter__(self) -> "Loader":
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close the parts, then all threads at once: together they take no longer than one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._stack.aclose()
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def asking_for(self, settings: Settings) -> Self:
        """Return a loader that makes what other settings ask for; this one closes it in the end."""
        other = copy.copy(self)
        other.settings = settings
        return other

    def worker(self, name: str) -> Worker:
        """Start a thread that ends with the loader."""
        worker = Worker(name)
        self._workers.append(worker)
        return worker

    def own(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await ``close`` when the loader ends, before what was made earlier."""
        self._stack.push_async_callback(close)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the loader ends, before what was made earlier."""
        self._stack.callback(callback)

    async def make(self, worker: Worker, factory: Callable[[], P]) -> P:
        """Make a part on its thread and warm it up there."""

        def load(cancel: CancelToken) -> P:
            try:
                part = factory()
            except (ImportError, OSError) as error:
                if is_unloadable(error):
                    raise unloadable(error) from error
                raise
            try:
                part.warm_up()
            except BaseException:
                part.close()
                raise
            return part

        self.tell(worker.name)
        part = await worker.run(load)
        number = next(self._numbers)
        self._open[number] = part
        self._stack.push_async_callback(self._close, worker, number)
        return part

    async def release(self, worker: Worker, part: Part) -> None:
        """Close a part that nobody uses any more, behind whatever its thread is at."""
        for number, open_part in list(self._open.items()):
            if open_part is part:
                await self._close(worker, number)

    async def _close(self, worker: Worker, number: int) -> None:
        part = self._open.pop(number, None)
        if part is None:  # released long ago; nothing here may keep it in memory until the end
            return
        with suppress(TimeoutError):  # but never wait for ever
            async with asyncio.timeout(STOP_S):
                await worker.run(lambda _: part.close())

    async def parts(
        self, face: LipSync | None, drawing: Worker, wait_for_voice: bool = True
    ) -> Parts:
        """Load what a reply needs, all at once; nothing if a weight is missing or damaged.

        A converted voice may go on loading behind: it takes as long as all the rest.
        """
        hearing, thinking, speaking = map(self.worker, ("whisper", "brain", "voice"))
        # the first time this reads every byte of them
        await hearing.run(lambda _: require_weights(self.settings, self.store))
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(self.make(hearing, self.recognizer))
            brain = group.create_task(self.make(thinking, self.brain))
            voice = group.create_task(self.make(speaking, self.voice))
        conversion = await self.conversion(voice.result(), speaking, wait_for_voice)
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
            history=History(
                self.settings.brain.persona,
                brain.result(),
                self.settings.brain.max_reply_tokens,
            ),
        )

    def recognizer(self) -> Recognizer:
        """Make the speech recogniser."""
        from daemon.ears.whisper import Whisper

        ears = self.settings.ears
        return Whisper(self.store.path(ears.model), ears.languages, ears.threads)

    def endpointer(self) -> Endpointer:
        """Make what finds turns in sound."""
        from daemon.ears.speech_detection import Gate, Silero
        from daemon.ears.turn_detection import SmartTurn

        ears = self.settings.ears
        return Endpointer(
            ears,
            Gate(ears.gate),
            Silero(self.store.path("silero-vad") / "silero_vad.onnx"),
            SmartTurn(self.store.path("smart-turn") / "smart-turn.onnx"),
        )

    def echo(self, played: Ring) -> Echo | None:
        """Make what is between the microphone and the ears, if anything is to be."""
        ears = self.settings.ears
        if ears.echo == "off" and not (ears.noise_suppression or ears.gain_control):
            return None
        return Echo(ears.echo, played, ears.noise_suppression, ears.gain_control)

    def gate(self) -> Key | Waking | None:
        """Make what opens the ears; ``None`` if they are always open."""
        ears = self.settings.ears
        if ears.listen == "wake-word":
            from daemon.ears.wake_word import MicroWakeWords

            stay_s = self.settings.dialogue.follow_up_s
            return Waking(MicroWakeWords(ears.wake_word), stay_s)
        return Key() if ears.listen == "push-to-talk" else None

    def brain(self) -> ChatModel:
        """Make the language model."""
        from daemon.brain.choice import make_brain

        return make_brain(self.settings, self.store)

    def voice(self) -> Synthesizer:
        """Make the voice that speaks both languages."""
        from daemon.voice.bilingual import Bilingual

        voice = self.settings.voice
        return Bilingual(self._english(), self._mandarin(), voice.volume)

    async def conversion(
        self, voice: Synthesizer, speaking: Worker, wait: bool = True
    ) -> Conversion | None:
        """Load the converted voice that is set, if any; ``voice`` on ``speaking`` is the plain one.

        One that cannot be used leaves the plain voice, and the log says so.
        """
        if not self.settings.voice.name:
            return None
        conversion = Conversion(self.settings.voice.name, self._converting())
        make = partial(self._converter, voice, speaking)
        if wait:
            await conversion.load(make)
        else:
            conversion.load_behind(make)
            self.own(conversion.stop)
        return conversion

    async def other_conversion(self, voice: Synthesizer, speaking: Worker) -> Conversion | None:
        """Load the converted voice that is set by now; raises what is wrong with it."""
        if not self.settings.voice.name:
            return None
        conversion = Conversion(self.settings.voice.name, self._converting())
        conversion.use(await self._converter(voice, speaking))
        return conversion

    def _converting(self) -> Worker:
        """Return the one thread for all converters."""
        usual = (worker for worker in self._workers if worker.name == "conversion")
        return next(usual, None) or self.worker("conversion")

    async def _converter(self, voice: Synthesizer, speaking: Worker) -> VoiceConverter:
        from daemon.voice.catalogue import find_voice
        from daemon.voice.converters import examples, make_converter

        chosen = find_voice(self.settings.voice.name)
        known = await speaking.run(examples, voice)  # of the voices that it will be given
        return await self.make(
            self._converting(), lambda: make_converter(chosen, known, self.settings)
        )

    def _english(self) -> Synthesizer:
        from daemon.voice.piper import Piper

        voice = self.settings.voice
        return Piper(file_or_weight(voice.english, self.store), voice.speed)

    def _mandarin(self) -> Synthesizer | None:
        """Make what speaks Chinese; ``None`` if nothing can, and it is not to be understood."""
        from daemon.voice.espeak import Espeak

        voice = self.settings.voice
        if voice.mandarin != "espeak":
            try:
                return self._neural_mandarin()
            except SetupError as error:
                log.warning("%s", error)
        try:
            return Espeak(voice.speed)
        except SetupError as error:
            if "zh" in self.settings.ears.languages:
                raise
            log.warning("%s %s", error, tr("Chinese words are left out."))
            return None

    def _neural_mandarin(self) -> Synthesizer:
        from daemon.voice.mandarin import Mandarin
        from daemon.voice.piper import Piper

        voice = self.settings.voice
        place = file_or_weight(voice.mandarin, self.store)
        piper = is_path(voice.mandarin) or (place / "voice.onnx").exists()
        return Piper(place, voice.speed) if piper else Mandarin(place, voice.speed)

    def face(self) -> LipSync:
        """Make the face that is set; where it has gone or is damaged, the drawn one."""
        from daemon.face.studio import face_or_drawn

        return face_or_drawn(self.settings.face, self.store)

    def other_face(self) -> LipSync:
        """Make the face that is set by now; raises what is wrong with it."""
        from daemon.face.studio import make_face

        return make_face(self.settings.face, self.store)

    def camera(self) -> Camera:
        """Open the virtual camera; ``DeviceError`` where there is none."""
        from daemon.face.camera import VirtualCamera

        face = self.settings.face
        return VirtualCamera(self.settings.camera.device, (face.width, face.height), face.fps)
