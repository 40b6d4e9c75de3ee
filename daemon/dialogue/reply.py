"""One reply, from the end of the question to its last heard sample.

Four tasks in one group, joined by queues that belong to the reply and die with it. Each task
closes its own in a ``finally``, so that none waits for one that has failed::

    _think    history → sentences (thinking.py, which also calls tools)
    _voice    sentence → text to speech → conversion → Speech
    _animate  Speech → mouths
    _play     Speech → player

Cancelling ``run`` cancels all four; each lets go of its model at once (see ``worker.py``).

A reply may be prepared while nobody knows yet whether the person has finished. All of it but sound
and mouths is made then; these, and whatever is reported, wait for the ``TurnGate``.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import aclosing

from daemon.audio.player import Player, heard
from daemon.brain.history import heard_text
from daemon.brain.sentences import sentences_of
from daemon.dialogue.mouths import FrameSink, Mouths
from daemon.dialogue.parts import Parts
from daemon.dialogue.state import (
    FirstAudible,
    ReplyEmpty,
    ReplyEvent,
    ReplyFailed,
    ReplyFinished,
)
from daemon.dialogue.streams import Channel, from_stage, uncancelled
from daemon.dialogue.thinking import Thinking
from daemon.dialogue.turn import Apology, Script, Turn
from daemon.errors import first_failure
from daemon.media import (
    SPEAK_RATE,
    Audio,
    CalledTool,
    Sentence,
    Speech,
)
from daemon.worker import CancelToken

log = logging.getLogger(__name__)

QUEUE = 2  # sentences, and pieces of speech, that may wait for the next stage


class Reply:
    """The answer to one turn: to what was said or typed, or a text that is only said."""

    def __init__(self, turn: Turn, parts: Parts, player: Player, frames: FrameSink | None) -> None:
        """Prepare. While the turn goes on it is neither heard nor seen, and reports nothing."""
        self.turn = turn
        self.timings = turn.timings
        self.events: Channel[ReplyEvent] = Channel()
        """What becomes of it, as it happens; closed at its end."""
        self.spoken: list[Speech] = []
        """Everything handed to the player so far, in order."""
        self.degraded: set[str] = set()
        """What failed without ending the reply: ``conversion``, ``lips``."""
        self.error: Exception | None = None
        """What ended it before its time."""
        self._task: asyncio.Task[None] | None = None
        self._parts = parts
        self._player = player
        self._sentences: Channel[Sentence] = Channel(QUEUE)
        self._speech: Channel[Speech] = Channel(QUEUE)
        self._mouths = Mouths(turn, parts.lip_sync, parts.drawing, frames)
        self._thinking = Thinking(turn, parts)

    @property
    def called(self) -> list[CalledTool]:
        """The tools that were called for it so far."""
        return self._thinking.called

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run it in a task of its own."""
        self._task = group.create_task(self.run(), name=f"reply {self.turn.number}")
        self._task.add_done_callback(lambda _: self.events.close())  # it may end before it begins

    def cancel(self) -> None:
        """End it, if it has not ended; it tells nothing any more."""
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Answer. ``events`` tell how it goes; raises only ``CancelledError``, if cancelled."""
        try:
            try:
                await uncancelled(self._answer())
                number = self.turn.number
                outcome: ReplyEvent = ReplyFinished(number) if self.spoken else ReplyEmpty(number)
            except Exception as error:
                outcome = self._failed(error)
            await self.turn.gate.wait_endpoint()
            await self.events.put(outcome)
        finally:
            self.events.close()

    def _failed(self, error: Exception) -> ReplyEvent:
        self.error = error
        if isinstance(self.turn.question, Apology):  # there is nothing left to be said
            log.warning("turn %d: the apology failed: %s", self.turn.number, error)
            return ReplyFinished(self.turn.number)
        return ReplyFailed(self.turn.number, error)

    async def _answer(self) -> None:
        match self.turn.question:
            case Apology() as apology:
                return await self._apologise(apology)
            case Script(text):
                words = self._recite(text)
            case _:
                transcript = await self.turn.transcript()
                self.timings.mark("transcript")
                if not transcript.text:
                    return
                if (carry_out := self._parts.voice_command(transcript)) is not None:
                    await self.turn.gate.wait_endpoint()
                    return carry_out()
                words = self._think(transcript.text)
        try:
            async with asyncio.TaskGroup() as group:
                for task in (words, self._voice(), self._animate(), self._play()):
                    group.create_task(uncancelled(task))
        except* Exception as failures:
            raise first_failure(failures) from None

    def heard(self, samples: int) -> str:
        """Return the words in the first ``samples`` of the reply's sound."""
        lengths: dict[Sentence, int] = {}
        for speech in self.spoken:
            lengths[speech.sentence] = lengths.get(speech.sentence, 0) + len(speech.audio.samples)
        return heard_text([(sentence.text, n) for sentence, n in lengths.items()], samples)

    async def _apologise(self, apology: Apology) -> None:
        await self._player.begin()
        sound = Audio(apology.sound, SPEAK_RATE)
        self.spoken.append(Speech(self.turn.number, Sentence(0, apology.text), 0, sound))
        await self._player.play(apology.sound)
        await heard(self._player, len(apology.sound))

    async def _think(self, question: str) -> None:
        try:
            await self._thinking.find_semantic_end(question)
            async with aclosing(self._thinking.sentences(question)) as sentences:
                async for sentence in sentences:
                    await self._say([sentence])
        finally:
            self._sentences.close()

    async def _recite(self, text: str) -> None:
        try:
            await self._say(sentences_of(text))
        finally:
            self._sentences.close()

    async def _say(self, sentences: list[Sentence]) -> None:
        for sentence in sentences:
            self.timings.mark("first_sentence")
            await self._sentences.put(sentence)

    async def _voice(self) -> None:
        start = 0
        speak = self.timings.timed_iterator("voice", self._synthesize)
        try:
            async for sentence in self._sentences:
                stream = self._parts.speaking.stream(speak, sentence.text)
                async with aclosing(stream) as pieces:
                    async for plain in from_stage("voice", pieces):
                        audio = await self._convert(plain)
                        if not len(audio.samples):  # its first sample would be waited for
                            continue
                        speech = Speech(self.turn.number, sentence, start, audio)
                        start += len(audio.samples)
                        await self._mouths.speech.put(speech)
                        await self._speech.put(speech)
        finally:
            self._sentences.drop()
            self._mouths.speech.close()
            self._speech.close()

    def _synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        for audio in self._parts.synthesizer.synthesize(text, cancel):
            yield audio.at_rate(SPEAK_RATE)

    async def _convert(self, audio: Audio) -> Audio:
        conversion = self._parts.conversion
        if conversion is None or "conversion" in self.degraded:
            return audio
        try:
            return await conversion.convert(audio, self._timed_conversion)
        except Exception as error:  # any failure of the conversion leaves the plain voice
            log.warning("turn %d: voice conversion failed: %s", self.turn.number, error)
            self.degraded.add("conversion")
            return audio

    def _timed_conversion(self, convert: Callable[..., Audio]) -> Callable[..., Audio]:
        return self.timings.timed("conversion", convert)

    async def _animate(self) -> None:
        await self._mouths.run()
        if self._mouths.failed:
            self.degraded.add("lips")

    async def _play(self) -> None:
        total = 0
        try:
            async with asyncio.TaskGroup() as group:
                async for speech in self._speech:
                    if not self.spoken:
                        await self._begin()
                        group.create_task(self._announce())
                    self.spoken.append(speech)
                    total = speech.start + len(speech.audio.samples)
                    await self._player.play(speech.audio.samples)
        finally:
            self._speech.drop()
        await heard(self._player, total)
        self.timings.mark("reply_end")

    async def _begin(self) -> None:
        """Start the reply's clock once it may be heard."""
        self.timings.mark("first_audio")
        await self.turn.finished()
        await self._player.begin()
        await self._mouths.begin()

    async def _announce(self) -> None:
        await heard(self._player, 1)
        self.timings.mark("first_audible")
        await self.events.put(FirstAudible(self.turn.number))
