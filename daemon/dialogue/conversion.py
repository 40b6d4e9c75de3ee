"""The chosen voice in a conversation: there when it has loaded, and never in the way before."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from daemon.media import SPEAK_RATE, Audio
from daemon.stages import VoiceConverter
from daemon.voice.chunked_conversion import fit
from daemon.worker import CancelToken, Worker

log = logging.getLogger(__name__)


class Conversion:
    """A converter that loads while the plain voice already speaks.

    All methods belong to the event loop's thread.
    """

    def __init__(self, name: str, worker: Worker) -> None:
        """``worker``'s thread is the converter's alone."""
        self.name = name
        self.worker = worker
        self._loading: asyncio.Task[None] | None = None
        self._converter: VoiceConverter | None = None
        self._said_so = False
        self.failed = False

    async def load(self, make: Callable[[], Awaitable[VoiceConverter]]) -> None:
        """Await ``make``; where it fails the plain voice stays, and the log says why."""
        try:
            self.use(await make())
        except Exception as error:  # whatever is wrong with it, it is only a voice
            fix = f" ({fix})" if (fix := getattr(error, "fix", "")) else ""
            log.warning(
                "The voice %s cannot be used: %s%s The plain voice speaks.", self.name, error, fix
            )
            self.failed = self._said_so = True

    def load_in_background(self, make: Callable[[], Awaitable[VoiceConverter]]) -> None:
        """Begin to ``load``; ``stop`` ends that."""
        self._loading = asyncio.create_task(self.load(make), name="conversion")

    async def wait_loaded(self) -> None:
        """Wait until it has loaded, or failed to."""
        if self._loading is not None:
            await asyncio.wait([self._loading])

    async def stop(self) -> None:
        """Load no further."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    @property
    def statement(self) -> str:
        """What a file must say of the voice it speaks in; nothing of the plain one."""
        from daemon.voice.catalogue import find_voice

        return find_voice(self.name).statement if self.loaded else ""

    @property
    def converter(self) -> VoiceConverter | None:
        """What converts, once it has loaded."""
        return self._converter

    @property
    def loaded(self) -> bool:
        """Whether it converts."""
        return self._converter is not None

    def use(self, converter: VoiceConverter) -> None:
        """Convert from now on."""
        self._converter = converter

    async def convert(
        self,
        audio: Audio,
        timed: Callable[[Callable[..., Audio]], Callable[..., Audio]] = lambda convert: convert,
    ) -> Audio:
        """Return ``audio`` in the voice, as long as it is, at ``SPEAK_RATE``; plain until loaded.

        ``timed`` wraps the call on the converter's thread. Raises what the converter raises.
        """
        converter = self._converter
        if converter is None:
            if not self._said_so:
                log.info("The voice %s is still loading; the plain one speaks.", self.name)
                self._said_so = True
            return audio.at_rate(SPEAK_RATE)
        plain = audio.at_rate(SPEAK_RATE)

        def convert(audio: Audio, cancel: CancelToken) -> Audio:
            made = converter.convert(audio, cancel).at_rate(SPEAK_RATE)
            return plain.shaped(fit(made.samples, len(plain.samples)))

        return await self.worker.run(timed(convert), audio)
