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
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from daemon.audio.player import Player, heard
from daemon.brain.history import History, heard_text
from daemon.brain.sentences import sentences_of
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.mouths import FrameSink, Mouths
from daemon.dialogue.state import (
    FirstAudible,
    ReplyEmpty,
    ReplyEvent,
    ReplyFailed,
    ReplyFinished,
)
from daemon.dialogue.streams import Channel, from_stage, stage, uncancelled
from daemon.dialogue.thinking import Thinking
from daemon.dialogue.timing import Timings
from daemon.dialogue.turn import TurnGate
from daemon.dialogue.voice_commands import VoiceCommand
from daemon.errors import first_failure
from daemon.media import (
    SPEAK_RATE,
    Audio,
    CalledTool,
    Samples,
    Sentence,
    Speech,
    Transcript,
    Utterance,
)
from daemon.stages import ChatModel, LipSync, Recognizer, Synthesizer, Tools
from daemon.worker import CancelToken, Worker

log = logging.getLogger(__name__)

QUEUE = 2  # sentences, and pieces of speech, that may wait for the next stage


@dataclass(frozen=True, slots=True)
class Parts:
    """The models, and the thread of each."""

    recognizer: Recognizer
    chat_model: ChatModel
    synthesizer: Synthesizer
    conversion: Conversion | None
    lip_sync: LipSync | None
    hearing: Worker
    thinking: Worker
    speaking: Worker
    drawing: Worker
    tools: Tools | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A text to be said as it is; there is no question, and nothing to remember."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Apology:
    """What is said after a failure; its sound (``SPEAK_RATE``) was made at start.

    It is a reply like others, so that it can be interrupted like others.
    """

    text: str
    sound: Samples


class Reply:
    """The answer to one utterance, or to a typed question, or a text that is only said."""

    def __init__(
        self,
        turn: int,
        question: Utterance | str | Script | Apology,
        parts: Parts,
        history: History,
        player: Player,
        frames: FrameSink | None,
        timings: Timings,
        report: Callable[[ReplyEvent], None],
        words: Callable[[Utterance, Timings], Awaitable[Transcript]] | None = None,
        confirmed: bool = True,
        order: VoiceCommand = lambda said: None,
    ) -> None:
        """Prepare; ``words`` finds the question's words where the recogniser is not to be asked.

        What is not ``confirmed`` yet is neither heard nor seen, and reports nothing.
        """
        self.turn = turn
        self.question = question
        self.timings = timings
        self.transcript: Transcript | None = None
        """What the question's words are; ``None`` until they are known."""
        self.spoken: list[Speech] = []
        """Everything handed to the player so far, in order."""
        self.degraded: set[str] = set()
        """What failed without ending the reply: ``conversion``, ``lips``."""
        self.error: Exception | None = None
        """What ended it before its time."""
        self._parts = parts
        self._player = player
        self._report = report
        self._words = words
        self._order = order
        spoken = isinstance(question, Utterance)
        self._gate = TurnGate(timings.speech_end, ended=confirmed, spoken=spoken)
        self._sentences: Channel[Sentence] = Channel(QUEUE)
        self._speech: Channel[Speech] = Channel(QUEUE)
        self._mouths = Mouths(turn, parts.lip_sync, parts.drawing, frames, timings)
        self._thinking = Thinking(
            parts.chat_model, parts.thinking, parts.tools, history, timings, self._gate
        )

    @property
    def called(self) -> list[CalledTool]:
        """The tools that were called for it so far."""
        return self._thinking.called

    def confirm(self) -> None:
        """Let it be heard: to the ears the person has finished."""
        self._gate.set_endpoint()

    async def run(self) -> None:
        """Answer. Reports how it went; raises only ``CancelledError``, when it is cancelled."""
        try:
            await uncancelled(self._answer())
            outcome: ReplyEvent = ReplyFinished(self.turn) if self.spoken else ReplyEmpty(self.turn)
        except Exception as error:
            outcome = self._failed(error)
        await self._gate.wait_endpoint()
        self._report(outcome)

    def _failed(self, error: Exception) -> ReplyEvent:
        self.error = error
        if isinstance(self.question, Apology):  # there is nothing left to be said
            log.warning("turn %d: the apology failed: %s", self.turn, error)
            return ReplyFinished(self.turn)
        return ReplyFailed(self.turn, error)

    async def _answer(self) -> None:
        if isinstance(self.question, Apology):
            return await self._apologise(self.question)
        if isinstance(self.question, Script):
            words = self._recite(self.question.text)
        else:
            self.transcript = await self._hear(self.question)
            if not self.transcript.text:
                return
            if (carry_out := self._order(self.transcript)) is not None:
                await self._gate.wait_endpoint()
                return carry_out()
            words = self._think(self.transcript.text)
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

    async def _hear(self, question: Utterance | str) -> Transcript:
        if isinstance(question, str):
            return Transcript(question, "")
        transcribe = self.timings.timed("whisper", self._parts.recognizer.transcribe)
        with stage("whisper"):
            if self._words is not None:
                transcript = await self._words(question, self.timings)
            else:
                transcript = await self._parts.hearing.run(transcribe, question.audio)
        self.timings.mark("transcript")
        return transcript

    async def _apologise(self, apology: Apology) -> None:
        await self._player.begin()
        sound = Audio(apology.sound, SPEAK_RATE)
        self.spoken.append(Speech(self.turn, Sentence(0, apology.text), 0, sound))
        await self._player.play(apology.sound)
        await heard(self._player, len(apology.sound))

    async def _think(self, question: str) -> None:
        try:
            await self._thinking.weigh(question)
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
                        speech = Speech(self.turn, sentence, start, audio)
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
            log.warning("turn %d: voice conversion failed: %s", self.turn, error)
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
        await self._gate.wait()
        await self._player.begin()
        await self._mouths.begin()

    async def _announce(self) -> None:
        await heard(self._player, 1)
        self.timings.mark("first_audible")
        self._report(FirstAudible(self.turn))
