"""One reply, from the end of the question to its last heard sample.

Four tasks in one group, joined by queues that belong to the reply and die with it. Each task
closes its own in a ``finally``, so that none waits for one that has failed::

    _write    history → sentences (thinking.py, which also calls tools)
    _voice    sentence → text to speech → conversion → Speech (speaking.py)
    _mouths   Speech → mouths (mouths.py)
    _play     Speech → player

Cancelling ``run`` cancels all four; each lets go of its model at once (see ``worker.py``).

A reply may be prepared while nobody knows yet whether the person has finished. Sentences, speech
and mouths are made then, as far as the queues have room; none of it is heard, shown or reported
until the ``TurnGate`` opens.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from daemon.audio.player import Player, wait_until_heard
from daemon.brain.history import heard_text
from daemon.brain.sentences import sentences_of
from daemon.dialogue.introductions import IntroductionStep
from daemon.dialogue.mouths import FaceAnimation, FrameSink
from daemon.dialogue.openers import OpenerHold
from daemon.dialogue.parts import Parts
from daemon.dialogue.speaking import Speaking
from daemon.dialogue.state import (
    FirstAudible,
    ReplyEmpty,
    ReplyEvent,
    ReplyFailed,
    ReplyFinished,
)
from daemon.dialogue.streams import Channel, stage, uncancelled
from daemon.dialogue.thinking import Thinking
from daemon.dialogue.turn import Apology, Recitation, SpokenTurn, Turn
from daemon.errors import first_failure
from daemon.languages.guess import language_of
from daemon.media import (
    SPEAK_RATE,
    Audio,
    CalledTool,
    Sentence,
    Speech,
    Transcript,
)
from daemon.people.person import Speaker, person_of
from daemon.skills.skills import Plan

log = logging.getLogger(__name__)

QUEUE_SIZE = 2  # sentences, and pieces of speech, that may wait for the next stage


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
        self.error: Exception | None = None
        """What ended it before its time."""
        self._task: asyncio.Task[None] | None = None
        self._parts = parts
        self._player = player
        self._sentences: Channel[Sentence] = Channel(QUEUE_SIZE)
        self._speech: Channel[Speech] = Channel(QUEUE_SIZE)
        self._mouths = FaceAnimation(turn, parts.lip_sync, parts.drawing, frames)
        self._plan: Plan | IntroductionStep | None = None
        self.introduces = False
        """Whether it is about whose voice is whose, which no memory keeps."""
        self._thinking = Thinking(turn, parts)
        self._speaking = Speaking(turn, parts)
        self._opener = OpenerHold(parts.openers, turn.timings)

    @property
    def degraded(self) -> set[str]:
        """What failed without ending the reply: ``conversion``, ``lips``."""
        failed = {"conversion": self._speaking.failed, "lips": self._mouths.failed}
        return {name for name in failed if failed[name]}

    @property
    def called(self) -> list[CalledTool]:
        """The tools that were called for it so far."""
        return self._thinking.called

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run it in a task of its own."""
        self._task = group.create_task(self.run(), name=f"reply {self.turn.number}")
        self._task.add_done_callback(lambda _: self.events.close())  # it may end before it begins

    def cancel(self, take_back: bool = False) -> None:
        """End it, if it has not ended; it tells nothing any more.

        ``take_back``: undo what it did, too, because the person had only paused.
        """
        if self._task is not None:
            self._task.cancel()
        if take_back and self._plan is not None:
            self._plan.take_back()

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
            case Recitation(text):
                sentences = _recited(text)
            case _:
                transcript = await self.turn.transcript()
                self.timings.mark("transcript")
                if not transcript.text:
                    return
                self._plan = _introduction(self._parts, self.turn, transcript)
                self.introduces = self._plan is not None
                speaker = self.turn.speaker
                if self._plan is None:
                    if (carry_out := self._parts.voice_command(transcript, speaker)) is not None:
                        await self.turn.gate.wait_endpoint()
                        return carry_out()
                    if self._parts.skills:
                        self._plan = self._parts.skills.plan(transcript, _number(speaker))
                if self._plan is not None:
                    sentences = _carried_out(self.turn, self._plan)
                else:
                    sentences = self._thinking.sentences(transcript.text)
        try:
            async with asyncio.TaskGroup() as group:
                written = self._write(sentences)
                for task in (written, self._voice(), self._mouths.run(), self._play()):
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
        await wait_until_heard(self._player, len(apology.sound))

    async def _write(self, sentences: AsyncGenerator[Sentence, None]) -> None:
        try:
            async with aclosing(sentences):
                async for sentence in sentences:
                    self.timings.mark("first_sentence")
                    self._opener.note_sentence(sentence)
                    await self._sentences.put(sentence)
        finally:
            self._sentences.close()

    async def _voice(self) -> None:
        try:
            async with aclosing(self._speaking.speech(self._sentences)) as pieces:
                async for speech in pieces:
                    self._opener.note_sound(speech)
                    await self._mouths.speech.put(speech)
                    await self._speech.put(speech)
        finally:
            self._sentences.drop()
            self._mouths.speech.close()
            self._speech.close()

    async def _play(self) -> None:
        total = 0
        try:
            async with asyncio.TaskGroup() as group:
                async for speech in self._speech:
                    if not self.spoken:
                        self.timings.mark("first_audio")
                        await self._opener.wait(speech, self._speech)
                        await self._begin()
                        group.create_task(self._announce())
                    self.spoken.append(speech)
                    total = speech.start + len(speech.audio.samples)
                    await self._player.play(speech.audio.samples)
        finally:
            self._speech.drop()
        await wait_until_heard(self._player, total)
        self.timings.mark("reply_end")

    async def _begin(self) -> None:
        """Start the reply's clock once it may be heard."""
        await self.turn.finished()
        await self._player.begin()
        await self._mouths.begin()

    async def _announce(self) -> None:
        await wait_until_heard(self._player, 1)
        self.timings.mark("first_audible")
        await self.events.put(FirstAudible(self.turn.number))


def _number(speaker: Speaker | None) -> int | None:
    """Return who that is; ``None`` for nobody who is known."""
    person = person_of(speaker)
    return person.number if person is not None else None


def _introduction(parts: Parts, turn: Turn, said: Transcript) -> IntroductionStep | None:
    """Return what follows from it, if it has to do with who is known by voice."""
    if parts.introductions is None or not isinstance(turn, SpokenTurn):
        return None
    return parts.introductions.plan(said, turn.utterance, turn.speaker)


async def _recited(text: str) -> AsyncGenerator[Sentence, None]:
    """Yield the sentences of a text that is only to be said."""
    for sentence in sentences_of(text, language_of(text)):
        yield sentence


async def _carried_out(turn: Turn, plan: Plan | IntroductionStep) -> AsyncGenerator[Sentence, None]:
    """Do what was asked for, once the person has finished, and yield what is said of it."""
    turn.gate.set_semantic_end(1.0 if plan.is_whole else 0.0)
    await turn.finished()
    with stage("skills"):
        text = await plan.carry_out()
    for sentence in sentences_of(text):
        yield sentence
