"""A live conversation: what the ears hear goes in as events, and what follows from it is done.

``state.py`` decides; here its actions are carried out. What is being said becomes a ``SpokenTurn``,
which a ``Reply`` answers.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from daemon.audio.player import Player
from daemon.bus import Bus
from daemon.dialogue.apologies import apology_in
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.mouths import FrameSink
from daemon.dialogue.outputs import Outputs
from daemon.dialogue.overlap import OverlapClassifier
from daemon.dialogue.parts import Parts
from daemon.dialogue.pending import PendingRequest
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import (
    Action,
    ConversationEvent,
    Phase,
    ReplyFailed,
    SoundLost,
    State,
    StopSpeaking,
    Typed,
    step,
)
from daemon.dialogue.streams import hand_on
from daemon.dialogue.turn import Recitation, SpokenTurn, Turn
from daemon.dialogue.utterances import loop_time
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.errors import DigitalLifeError
from daemon.events import PersonPaused, StateChanged
from daemon.i18n import tr
from daemon.media import SPEAK_RATE, Samples, Transcript
from daemon.people.person import Speaker, person_of

MAX_WAITING = 64  # events of the ears; each reply has a few more to tell
DELAY_MARGIN = SPEAK_RATE  # samples: devices tell their delays only roughly

log = logging.getLogger(__name__)


class Session:
    """Owns the state, the turn being said and the reply; runs until cancelled."""

    def __init__(
        self,
        parts: Parts,
        player: Player,
        frames: FrameSink | None,
        apologies: dict[str, Samples],
        barge_in_s: float,
        bus: Bus | None = None,
    ) -> None:
        """``apologies``: spoken ones (``SPEAK_RATE``) by language; ``bus`` is told each step."""
        self.state = State()
        self.parts = parts
        """The parts that the next reply is made with."""
        self.apologies = apologies
        """Spoken by the voice that is set; may be changed at any time."""
        self.barge_in_s = barge_in_s
        """Seconds of speech over a reply that silence it; may be changed at any time."""
        self.context = DialogueContext()
        """Whom it answers may be changed at any time."""
        self._bus = bus or Bus()
        self._events: asyncio.Queue[ConversationEvent] = asyncio.Queue()
        self._outputs = Outputs(
            player,
            frames,
            lambda error: self._events.put_nowait(ReplyFailed(self.state.turn, error)),
        )
        self._free_slots = asyncio.Semaphore(MAX_WAITING)
        self._turn: SpokenTurn | None = None  # being said
        self._waiting: Turn | None = None  # has been said or typed, and waits for its answer
        self._reply: Reply | None = None  # in HEARING one that is only prepared
        self._overlap = OverlapClassifier(self.context, self._said_so_far, self._events.put_nowait)
        self._pauses = False  # whether who speaks has just fallen silent
        self._typed = itertools.count(-1, -1)  # turns that are not the ears'
        self._group: asyncio.TaskGroup | None = None
        self.language = "en"
        """The language that was spoken last."""

    async def run(self, hear: AsyncIterator[EarEvent]) -> None:
        """Converse. ``hear`` yields what the ears notice; its failure ends the session."""

        async def take_in() -> None:
            async for event in hear:
                await self._free_slots.acquire()
                self._events.put_nowait(event)

        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                try:
                    group.create_task(take_in())
                    while True:
                        self._take(event := await self._events.get(), group)
                        if isinstance(event, EarEvent):
                            self._free_slots.release()
                finally:
                    self._group = None  # nothing is asked of it any more, while its tasks end
        finally:
            for turn in (self._waiting, self._reply.turn if self._reply else None):
                if turn is not None:
                    turn.failed(
                        DigitalLifeError(tr("It ended, or was restarted, before it had answered."))
                    )

    def sound_lost(self) -> None:
        """Note that microphone and loudspeaker have gone; they come back later."""
        self._events.put_nowait(SoundLost())

    def ask(
        self, question: str | Recitation, speaker: Speaker | None = None
    ) -> PendingRequest | None:
        """Answer (``speaker``) or say at once; ``None`` while somebody speaks, or it is over."""
        if self._group is None or self.state.phase.hears:
            return None
        request = PendingRequest()
        self._waiting = turn = Turn(next(self._typed), question, request)
        turn.speaker = speaker
        self._take(Typed(turn.number), self._group)
        return request

    def stop_speaking(self) -> None:
        """Fall silent, if it speaks or is about to."""
        if self._group is not None:
            self._take(StopSpeaking(), self._group)

    @property
    def heard_ahead(self) -> Transcript | None:
        """The words that were understood last, of a person who may be going on."""
        turn = self._turn or self._waiting
        return turn.newest if isinstance(turn, SpokenTurn) else None

    def forget(self) -> None:
        """Begin a new conversation: fall silent and remember nothing of this one."""
        self.stop_speaking()
        self.parts.history.clear()

    def use(self, **parts: Any) -> None:
        """Answer with these parts, named as in ``Parts``, from the next reply on."""
        self.parts = replace(self.parts, **parts)

    def _take(self, event: ConversationEvent, group: asyncio.TaskGroup) -> None:
        """Follow one event: the next state, and what is to be done for it.

        In this order: what was said is a waiting turn before an action answers it, and nobody is
        told before all is done.
        """
        before, now = self.state, asyncio.get_running_loop().time()
        self.state, actions = step(before, event, self.barge_in_s)
        if before.phase is not self.state.phase:
            log.info("turn %d: %s", self.state.turn, self.state.phase.value)
        if isinstance(event, SpeechStarted):
            self.context.speech_began(now)
        if before.phase.hears:
            self._hear(event, before, group)
        if isinstance(event, ReplyFailed):
            log.error("turn %d failed: %s", event.turn, event.error)
            log.debug("turn %d failed", event.turn, exc_info=event.error)
            if event.turn == before.turn and self._reply is not None:
                self._reply.turn.failed(event.error)
        if self.state.phase is not Phase.CLASSIFYING:
            self._overlap.cancel()
        for action in actions:
            self._perform(action, event, group)
        audible = self.state.phase is Phase.SPEAKING or self.state.phase.overlaps
        self.context.is_speaking(audible, now)
        if self.state.phase is Phase.LISTENING:
            for turn in (self._waiting, self._reply.turn if self._reply else None):
                if turn is not None:
                    turn.answered("", whole=True)
            self._reply = None
        if self.state.phase in (Phase.LISTENING, Phase.SPEAKING):
            self._turn = self._waiting = None  # answered, or not worth an answer
        self._bus.publish(ConversationStep.of(self.state, self._reply))
        if self.state.phase is not before.phase:
            self._bus.publish(StateChanged(self.state.phase.value, self.state.turn))

    def _hear(self, event: ConversationEvent, before: State, group: asyncio.TaskGroup) -> None:
        """Follow what is being said; its answer is prepared before it is known to be all."""
        outdated = isinstance(event, SpeechStarted | SpeechContinued)  # what was prepared so far
        match event:
            case SpeechFaded() | SpeechEnded() | SpeechPaused():
                if isinstance(event, SpeechPaused) and before.phase is not Phase.PAUSED:
                    return
                outdated = self._grow(event)
            case SpeechTooShort() if self._turn is not None:
                self._turn.stop_reading()
                self._turn, outdated = None, True
        if outdated and before.phase is Phase.HEARING and self._reply is not None:
            self._reply.cancel()
            self._reply = None
        if isinstance(event, SpeechFaded) or (self._pauses and isinstance(event, SpeechContinued)):
            self._pauses = isinstance(event, SpeechFaded)
            self._bus.publish(PersonPaused(self._pauses))
        if isinstance(event, SpeechFaded) and self._turn is not None:
            if outdated:
                self._turn.read_ahead(group)
            if self.state.phase is Phase.HEARING:
                self._answer(self._turn, group)
        if isinstance(event, SpeechEnded):
            if self._waiting is not None:
                self._waiting.answered("", whole=False)  # it gives way to what was said since
            if self._turn is not None:
                self._turn.sounds_finished = event.sure
            self._waiting, self._turn = self._turn, None

    def _grow(self, event: SpeechFaded | SpeechPaused | SpeechEnded) -> bool:
        """Take what was said so far; return whether that is more than was known."""
        end = loop_time(event.at, event.utterance)
        if self._turn is not None:
            return self._turn.grow(event.utterance, end)
        earlier = None
        if isinstance(self._waiting, SpokenTurn):  # they had only paused
            self._waiting.stop_reading()
            earlier = self._waiting.utterance
        self._turn = SpokenTurn(event.utterance, end, self.parts, self.context, earlier)
        return True

    def _perform(self, action: Action, event: ConversationEvent, group: asyncio.TaskGroup) -> None:
        match action:
            case Action.START_REPLY:
                assert self._waiting is not None, "a reply starts only after a question"
                self._waiting.number = self.state.turn
                self._answer(self._waiting, group)
                self._waiting.gate.set_endpoint(self._waiting.sounds_finished)
                self._waiting.timings.mark("turn_end")
            case Action.CANCEL_REPLY:
                self._outputs.silence()
                if self._reply is not None:
                    self._reply.cancel(take_back=True)
                    self._reply.turn.begin_again()
                    self._reply = None
            case Action.PAUSE:
                self._outputs.pause()
            case Action.RESUME:
                self._outputs.resume()
            case Action.CLASSIFY:
                turn = self._turn or self._waiting
                assert turn is not None, "only words are classified"
                voiced_s = event.voiced_s if isinstance(event, SpeechPaused) else 0.0
                self._overlap.begin(turn, voiced_s, self.parts.skills, group)
            case Action.INTERRUPT:
                self._commit(self._outputs.silence(), whole=False)
            case Action.COMMIT:
                self._commit(self._outputs.position(), whole=True)
            case Action.APOLOGISE:
                self._outputs.silence()
                apology = apology_in(self.language, self.apologies)
                self._answer(Turn(self.state.turn, apology), group)

    def _answer(self, turn: Turn, group: asyncio.TaskGroup) -> None:
        """Answer a turn, unless what was prepared does."""
        if self._reply is not None and self._reply.turn is turn:
            return
        self._reply = Reply(turn, self.parts, self._outputs.player, self._outputs.frames)
        self._reply.start(group)
        group.create_task(hand_on(self._reply.events, self._events.put_nowait))

    def _said_so_far(self) -> str:
        """Return the words of the reply that may be in the microphone by now."""
        return self._reply.heard(self._outputs.position() + DELAY_MARGIN) if self._reply else ""

    def _commit(self, heard: int, whole: bool) -> None:
        """End the reply, and put into the history what the person heard, to the word."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        reply.cancel()
        text, words = reply.heard(heard), reply.turn.words
        self.context.has_said(text, asyncio.get_running_loop().time(), whole)
        log.debug("turn %d: %s was answered with %r", reply.turn.number, words, text)
        if words is not None:
            person = person_of(reply.turn.speaker)
            self.parts.history.commit(words.text, text, person, kept=not reply.introduces)
            self.language = words.language or self.language
        reply.turn.answered(text, whole)
