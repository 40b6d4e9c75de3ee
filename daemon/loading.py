"""Makes the parts that the settings ask for, each on a thread of its own.

A part is imported when it is made: each brings a large library, and no command needs them all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from daemon.config import Settings
from daemon.dialogue.reply import Parts
from daemon.ears.echo import Echo
from daemon.ears.endpointing import Endpointer
from daemon.ears.ring import Ring
from daemon.errors import SetupError
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Samples
from daemon.stages import Camera, ChatModel, LipSync, Part, Recognizer, Synthesizer
from daemon.store.model_store import ModelStore, open_store
from daemon.worker import STOP_S, CancelToken, Worker

APOLOGIES = {
    "en": "Sorry, something went wrong. Please say that again.",
    "zh": "对不起，出了点问题，请再说一遍。",
}

P = TypeVar("P", bound=Part)

log = logging.getLogger(__name__)


class Loader:
    """Makes the parts, each on its own worker, and closes all it made in the reverse order."""

    def __init__(
        self, settings: Settings, progress: Callable[[str], None] = lambda text: None
    ) -> None:
        """``progress`` is told what is being loaded."""
        self.settings = settings
        self._progress = progress
        self._open: set[int] = set()  # the parts that are in use
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

    def worker(self, name: str) -> Worker:
        """Start a thread that ends with the loader."""
        worker = Worker(name)
        self._workers.append(worker)
        return worker

    def own(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await ``close`` when the loader ends, before what was made earlier."""
        self._stack.push_async_callback(close)

    async def make(self, worker: Worker, factory: Callable[[], P]) -> P:
        """Make a part on its thread and warm it up there."""

        def load(cancel: CancelToken) -> P:
            part = factory()
            try:
                part.warm_up()
            except BaseException:
                part.close()
                raise
            return part

        self._progress(worker.name)
        part = await worker.run(load)
        self._open.add(id(part))
        self._stack.push_async_callback(self.release, worker, part)
        return part

    async def release(self, worker: Worker, part: Part) -> None:
        """Close a part that nobody uses any more, behind whatever its thread is at."""
        if id(part) not in self._open:
            return
        self._open.remove(id(part))
        with suppress(TimeoutError):  # but never wait for ever
            async with asyncio.timeout(STOP_S):
                await worker.run(lambda _: part.close())

    async def parts(self, face: LipSync | None, drawing: Worker) -> Parts:
        """Load what a reply needs, all at once; nothing if a weight is missing or damaged."""
        require_weights(self.settings, self.store)
        hearing, thinking, speaking = map(self.worker, ("whisper", "brain", "voice"))
        async with asyncio.TaskGroup() as group:
            ears = group.create_task(self.make(hearing, self.recognizer))
            brain = group.create_task(self.make(thinking, self.brain))
            voice = group.create_task(self.make(speaking, self.voice))
        return Parts(
            recognizer=ears.result(),
            chat_model=brain.result(),
            synthesizer=voice.result(),
            converter=None,
            lip_sync=face,
            hearing=hearing,
            thinking=thinking,
            speaking=speaking,
            drawing=drawing,
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

    def brain(self) -> ChatModel:
        """Make the language model."""
        from daemon.brain.llamacpp import LlamaCpp

        brain = self.settings.brain
        return LlamaCpp(
            _file_or_weight(brain.model, "model.gguf", self.store),
            context_tokens=brain.context_tokens,
            max_reply_tokens=brain.max_reply_tokens,
            temperature=brain.temperature,
            top_p=brain.top_p,
            gpu_layers=brain.gpu_layers,
            threads=brain.threads,
            system_prompt=brain.persona,
        )

    def voice(self) -> Synthesizer:
        """Make the voice that speaks both languages."""
        from daemon.voice.bilingual import Bilingual

        voice = self.settings.voice
        return Bilingual(self._english(), self._mandarin(), voice.volume)

    def _english(self) -> Synthesizer:
        from daemon.voice.piper import Piper

        voice = self.settings.voice
        return Piper(_file_or_weight(voice.english, "", self.store), voice.speed)

    def _mandarin(self) -> Synthesizer:
        from daemon.voice.espeak import Espeak
        from daemon.voice.mandarin import Mandarin
        from daemon.voice.piper import Piper

        voice = self.settings.voice
        if voice.mandarin == "espeak":
            return Espeak(voice.speed)
        try:
            place = _file_or_weight(voice.mandarin, "", self.store)
            piper = _is_path(voice.mandarin) or (place / "voice.onnx").exists()
            return Piper(place, voice.speed) if piper else Mandarin(place, voice.speed)
        except SetupError as error:
            log.warning("%s %s", error, tr("espeak-ng speaks Chinese instead."))
            return Espeak(voice.speed)

    def face(self) -> LipSync:
        """Make the face."""
        from daemon.face.catalogue import find_face
        from daemon.face.portrait import Portrait

        face = self.settings.face
        return Portrait(find_face(face.name).directory, face.fps, (face.width, face.height))

    def camera(self) -> Camera:
        """Open the virtual camera; ``DeviceError`` where there is none."""
        from daemon.face.camera import VirtualCamera

        face = self.settings.face
        return VirtualCamera(self.settings.camera.device, (face.width, face.height), face.fps)


def _is_path(name: str) -> bool:
    return name.endswith((".gguf", ".onnx"))


def _file_or_weight(name: str, file: str, store: ModelStore) -> Path:
    """Resolve a setting that is either the path of a file or the name of a weight."""
    return Path(name).expanduser() if _is_path(name) else store.path(name) / file


def needed_weights(settings: Settings) -> list[str]:
    """Name the weights without which the settings cannot be met.

    The Mandarin voice is not among them: espeak-ng stands in for it, and the log says so.
    """
    named = (settings.ears.model, settings.brain.model, settings.voice.english)
    return ["silero-vad", "smart-turn", *(name for name in named if not _is_path(name))]


def require_weights(settings: Settings, store: ModelStore) -> None:
    """Raise ``SetupError`` for the first weight that is missing or damaged; none is loaded yet."""
    for name in needed_weights(settings):
        store.path(name)


async def make_apologies(parts: Parts) -> dict[str, Samples]:
    """Speak the apologies once, so that they need no model when one has failed."""

    def speak(text: str, cancel: CancelToken) -> Samples:
        pieces = parts.synthesizer.synthesize(text, cancel)
        return np.concatenate([piece.at_rate(SPEAK_RATE).samples for piece in pieces])

    return {language: await parts.speaking.run(speak, text) for language, text in APOLOGIES.items()}
