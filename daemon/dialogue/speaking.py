"""The speech of one answer: each sentence by text to speech, then in the chosen voice."""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing
from functools import partial

from daemon.dialogue.openers import voice_settled
from daemon.dialogue.parts import Parts
from daemon.dialogue.streams import from_stage
from daemon.dialogue.turn import Turn
from daemon.media import SPEAK_RATE, Audio, Sentence, Speech
from daemon.stages import MultilingualVoice
from daemon.voice.pacing import streaming
from daemon.worker import CancelToken

log = logging.getLogger(__name__)


class Speaking:
    """Speaks the sentences of one answer."""

    def __init__(self, turn: Turn, parts: Parts) -> None:
        self.failed = False
        """Whether the conversion failed, which leaves the plain voice."""
        self._turn, self._timings = turn, turn.timings
        self._synthesizer, self._worker = parts.synthesizer, parts.speaking
        self._conversion = parts.conversion
        self._kept = parts.openers.sounds if parts.openers is not None else None

    async def speech(self, sentences: AsyncIterable[Sentence]) -> AsyncGenerator[Speech, None]:
        """Yield the speech of ``sentences`` piece by piece, each where the one before has ended."""
        start = 0
        async for sentence in sentences:
            async with aclosing(self._sound(sentence)) as pieces:
                async for audio in pieces:
                    yield Speech(self._turn.number, sentence, start, audio)
                    start += len(audio.samples)

    async def _sound(self, sentence: Sentence) -> AsyncGenerator[Audio, None]:
        """Yield the sound of one sentence; that of an opener is kept for the next time."""
        kept = self._kept if sentence.opener else None
        if kept is not None and (sound := kept.get(sentence.text)) is not None:
            yield sound
            return
        settled, made = voice_settled(self._conversion), list[Audio]()
        speak = self._timings.timed_iterator("voice", self._synthesize)
        async with aclosing(self._worker.stream(speak, sentence)) as pieces:
            async for plain in from_stage("voice", pieces):
                audio = await self._convert(plain)
                if len(audio.samples):  # the first sample of none would be waited for
                    yield audio
                    made.append(audio)
        if kept is not None and settled and not self.failed:
            kept.keep(sentence.text, made)

    def _synthesize(self, sentence: Sentence, cancel: CancelToken) -> Iterator[Audio]:
        if isinstance(self._synthesizer, MultilingualVoice):
            words = self._turn.words
            self._synthesizer.expect(words.language if words is not None else "")
        # A converter knows the voice and its melody better from a whole sentence; an opener is
        # heard once the rest is there, which its own second piece would be taken for.
        whole = sentence.opener or (self._conversion is not None and not self.failed)
        speak = self._synthesizer.synthesize if whole else streaming(self._synthesizer)
        for audio in speak(sentence.text, cancel):
            yield audio.at_rate(SPEAK_RATE)

    async def _convert(self, audio: Audio) -> Audio:
        if self._conversion is None or self.failed:
            return audio
        try:
            return await self._conversion.convert(audio, partial(self._timings.timed, "conversion"))
        except Exception as error:  # any failure of the conversion leaves the plain voice
            log.warning("turn %d: voice conversion failed: %s", self._turn.number, error)
            self.failed = True
            return audio
