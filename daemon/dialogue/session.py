"""A live conversation: turns what the ears hear into events, and the steps' actions into deeds."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from daemon.audio.player import Player
from daemon.brain.history import History
from daemon.dialogue.apologies import apology_in
from daemon.dialogue.backchannel import is_backchannel
from daemon.dialogue.mouths import FrameSink
from daemon.dialogue.observer import Observer, harmless
from daemon.dialogue.outputs import Outputs
from daemon.dialogue.own_voice import OwnVoice, is_own
from daemon.dialogue.pending import PendingRequest, abandon
from daemon.dialogue.reading import ReadingAhead
from daemon.dialogue.reply import Apology, Parts, Reply, Script
from daemon.dialogue.state import (
    Action,
    Classified,
    Event,
    Phase,
    ReplyFailed,
    SoundLost,
    State,
    StopSpeaking,
    Typed,
    step,
)
from daemon.dialogue.timing import Timings
from daemon.dialogue.utterances import joined, loop_time, same
from daemon.dialogue.voice_commands import VoiceCommand
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
)
from daemon.media import SPEAK_RATE, Samples, Transcript, Utterance

EVENTS = 64  # of the ears that may wait; each reply has a few more to tell
LISTENED_TO = (Phase.HEARING, Phase.PAUSED, Phase.CLASSIFYING)  # what ends in these may be answered
GOES_ON = SpeechStarted | SpeechContinued
AHEAD = SPEAK_RATE  # samples: devices tell their delays only roughly

log = logging.getLogger(__name__)


class Session:
    """Owns the state, the current reply and the history; runs until cancelled."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        player: Player,
        frames: FrameSink | None,
        apologies: dict[str, Samples],
        barge_in_s: float,
        observe: Observer = lambda state, reply: None,
    ) -> None:
        """``apologies``: spoken ones (``SPEAK_RATE``) by language; ``observe`` sees each step."""
        self.state = State()
        self._parts = parts
        self._history = history
        self._outputs = Outputs(player, frames, self._player_failed)
        self.apologies = apologies
        """Spoken by the voice that is set; may be changed at any time."""
        self.barge_in_s = barge_in_s
        """Seconds of speech over a reply that silence it; may be changed at any time."""
        self.order: VoiceCommand = lambda said: None
        self._observe = harmless(observe)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._room = asyncio.Semaphore(EVENTS)
        self._ahead = ReadingAhead(parts.recognizer, parts.hearing)
        self._utterance: Utterance | None = None
        self._speech_end = 0.0
        self._reply: Reply | None = None
        self._prepared: tuple[Reply, asyncio.Task[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._classifying: asyncio.Task[None] | None = None
        self._typed = itertools.count(-1, -1)  # turns that are not the ears'
        self._next: PendingRequest | None = None  # to be answered with the step under way
        self._asked: PendingRequest | None = None  # being answered
        self._group: asyncio.TaskGroup | None = None
        self._language = "en"
        self._own = OwnVoice()

    async def run(self, hear: AsyncIterator[EarEvent]) -> None:
        """Converse. ``hear`` yields what the ears notice; its failure ends the session."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._listen(hear))
                while True:
                    self._take(event := await self._events.get(), group)
                    if isinstance(event, EarEvent):
                        self._room.release()
        finally:
            self._group = None  # nothing is asked of it any more
            abandon(self._asked, self._next)

    async def _listen(self, hear: AsyncIterator[EarEvent]) -> None:
        async for event in hear:
            await self._room.acquire()
            self._events.put_nowait(event)

    def sound_lost(self) -> None:
        """Note that microphone and loudspeaker have gone; they come back later."""
        self._events.put_nowait(SoundLost())

    def ask(self, question: str | Script) -> PendingRequest | None:
        """Answer or say at once; ``None`` while somebody speaks, or the session does not run."""
        if self._group is None or self.state.phase in LISTENED_TO:
            return None
        self._next = asked = PendingRequest(question)
        self._take(Typed(next(self._typed)), self._group)
        return asked

    def stop_speaking(self) -> None:
        """Fall silent, if it speaks or is about to."""
        if self._group is not None:
            self._take(StopSpeaking(), self._group)

    @property
    def heard_ahead(self) -> Transcript | None:
        """The words that were understood last, of a person who may be going on."""
        return self._ahead.newest

    def forget(self) -> None:
        """Begin a new conversation: fall silent and remember nothing of this one."""
        self.stop_speaking()
        self._history.clear()

    @property
    def parts(self) -> Parts:
        """The parts that the next reply is made with."""
        return self._parts

    def use(self, **parts: Any) -> None:
        """Answer with these parts, named as in ``Parts``, from the next reply on."""
        self._parts = replace(self._parts, **parts)

    def _take(self, event: Event, group: asyncio.TaskGroup) -> None:
        before = self.state
        self.state, actions = step(self.state, event, self.barge_in_s)
        if isinstance(event, SpeechStarted):
            self._own.turn_began(asyncio.get_running_loop().time())
        if isinstance(event, SpeechEnded) and before.phase in LISTENED_TO:
            self._join(event)
        if isinstance(event, SpeechFaded) and before.phase in LISTENED_TO:
            self._read_ahead(event, group)
        if isinstance(event, ReplyFailed):
            log.error("turn %d failed: %s", event.turn, event.error)
            log.debug("turn %d failed", event.turn, exc_info=event.error)
            if event.turn == before.turn and self._asked is not None:
                self._asked.fail(event.error)
        if before.phase is not self.state.phase:
            log.info("turn %d: %s", self.state.turn, self.state.phase.value)
        if self._classifying is not None and self.state.phase is not Phase.CLASSIFYING:
            self._classifying.cancel()
            self._classifying = None
        for action in actions:
            self._perform(action, group)
        if Action.CLASSIFY in actions and isinstance(event, SpeechPaused | SpeechEnded):
            self._classifying = group.create_task(self._classify(event))
        if self.state.phase is not Phase.HEARING or isinstance(event, GOES_ON):
            self._forget_prepared()
        if self.state.phase in (Phase.LISTENING, Phase.SPEAKING):
            self._utterance = None  # answered, or not worth an answer: nothing to join
        if self.state.phase is Phase.LISTENING:
            self._reply = None
            self._settle("", whole=True)
        self._observe(self.state, self._reply)

    def _player_failed(self, error: Exception) -> None:
        self._events.put_nowait(ReplyFailed(self.state.turn, error))

    def _perform(self, action: Action, group: asyncio.TaskGroup) -> None:
        match action:
            case Action.START_REPLY:
                self._start(group)
            case Action.CANCEL_REPLY:
                self._cancel()
                self._reply = None
            case Action.PAUSE:
                self._outputs.pause()
            case Action.RESUME:
                self._outputs.resume()
            case Action.INTERRUPT:
                self._commit(self._cancel(), whole=False)
            case Action.COMMIT:
                self._commit(self._outputs.position(), whole=True)
            case Action.APOLOGISE:
                self._cancel()
                self._reply = self._make(
                    apology_in(self._language, self.apologies), self._speech_end, confirmed=True
                )
                self._task = group.create_task(self._reply.run(), name="apology")

    async def _classify(self, event: SpeechPaused | SpeechEnded) -> None:
        """Find out what was said over the reply; what cannot be understood ends it."""
        utterance, backchannel = event.utterance, False
        try:
            heard = await self._ahead.words(utterance)
            said = self._reply.heard(self._outputs.position() + AHEAD) if self._reply else ""
            backchannel = is_backchannel(heard.text) or is_own(heard.text, said)
        except Exception as error:  # the reply that follows will meet it again, and say so
            log.warning("turn %d: what was said over it: %s", utterance.turn, error)
        voiced_s = event.voiced_s if isinstance(event, SpeechPaused) else 0.0
        self._events.put_nowait(Classified(utterance.turn, voiced_s, backchannel))

    def _read_ahead(self, event: SpeechFaded, group: asyncio.TaskGroup) -> None:
        """Begin with what was said so far; it may have been all.

        Over a reply only the words are wanted. Else an answer is prepared, too, in the time in
        which the endpointer makes up its mind.
        """
        utterance = joined(self._utterance, event.utterance)
        self._ahead.begin(utterance, group)
        if self.state.phase is Phase.HEARING:
            self._forget_prepared()
            reply = self._make(utterance, loop_time(event.at, utterance), confirmed=False)
            task = group.create_task(reply.run(), name=f"reply {utterance.turn}, prepared")
            self._prepared = reply, task

    def _forget_prepared(self) -> None:
        if self._prepared is not None:
            self._prepared[1].cancel()
            self._prepared = None

    def _join(self, event: SpeechEnded) -> None:
        """Keep what was said, and when it ended."""
        self._utterance = joined(self._utterance, event.utterance)
        self._speech_end = loop_time(event.at, self._utterance)

    def _start(self, group: asyncio.TaskGroup) -> None:
        """Answer what was typed or said; confirm what was prepared for it."""
        if self._next is not None:
            self._asked, self._next, self._utterance = self._next, None, None
            self._speech_end = asyncio.get_running_loop().time()
        elif self._utterance is not None:
            self._settle("", whole=False)  # what was typed gives way to what was said since
        question = self._asked.question if self._asked is not None else self._utterance
        assert question is not None, "a reply starts only after a question"
        if self._prepared is not None and _answers(self._prepared[0], question):
            (self._reply, self._task), self._prepared = self._prepared, None
            self._reply.confirm()
        else:
            self._reply = self._make(question, self._speech_end, confirmed=True)
            self._task = group.create_task(self._reply.run(), name=f"reply {self.state.turn}")
        self._reply.timings.mark("turn_end")

    def _make(
        self, question: Utterance | str | Script | Apology, speech_end: float, confirmed: bool
    ) -> Reply:
        return Reply(
            self.state.turn,
            question,
            self._parts,
            self._history,
            self._outputs.player,
            self._outputs.frames,
            Timings(asyncio.get_running_loop().time, speech_end),
            self._events.put_nowait,
            self._words,
            confirmed,
            self.order,
        )

    async def _words(self, question: Utterance, timings: Timings) -> Transcript:
        """Return what was said; the echo of the reply before is nobody's words."""
        transcript = await self._ahead.words(question)
        timings.worked("whisper", *self._ahead.took)
        if self._own.echoes(transcript.text):
            return replace(transcript, text="")
        return transcript

    def _cancel(self) -> int:
        """Silence, mouth closed, reply cancelled, in this order; return the sample last heard."""
        heard = self._outputs.silence()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        return heard

    def _commit(self, heard: int, whole: bool) -> None:
        """Put into the history what the person heard, to the word."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        text = reply.heard(heard)
        self._own.spoke(text, asyncio.get_running_loop().time())
        log.debug("turn %d: %s was answered with %r", reply.turn, reply.transcript, text)
        if reply.transcript is not None:
            self._history.commit(reply.transcript.text, text)
            self._language = reply.transcript.language
        if self._asked is not None and reply.question is self._asked.question:
            self._settle(text, whole)

    def _settle(self, text: str, whole: bool) -> None:
        """Tell whoever typed what was heard of the answer."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.end(text, whole)


def _answers(reply: Reply, question: Utterance | str | Script) -> bool:
    return (
        isinstance(question, Utterance)
        and isinstance(reply.question, Utterance)
        and same(question, reply.question)
    )
