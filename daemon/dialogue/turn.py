"""One turn: what a person said or typed, its words, whether they have finished, and when.

Words are looked for while nobody knows yet whether the person has finished: from the first tenth of
a second of silence on. Whoever wants them, to answer, to tell a "yeah" from an interruption or to
show them, asks the turn.
"""

import asyncio
import logging
from dataclasses import dataclass

from daemon.brain.end_of_utterance import UNFINISHED, WHOLE
from daemon.dialogue.filters import DialogueContext, addressed_words, attributed, is_answered
from daemon.dialogue.parts import Parts
from daemon.dialogue.pending import PendingRequest
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.streams import stage
from daemon.dialogue.timing import Timings
from daemon.dialogue.utterances import is_same, join_utterances
from daemon.media import Samples, Transcript, Utterance
from daemon.people.person import Speaker

# People stop for up to a second in the middle of a sentence; who goes on is noticed 0.4 s later.
MAX_UNFINISHED_WAIT_S = 1.6

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recitation:
    """A text to be said as it is; there is no question."""

    text: str
    answers: Transcript | None = None
    """What it answers after all, and is remembered with; ``None``: nothing is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Apology:
    """What is said after a failure; its sound (``SPEAK_RATE``) was made at start.

    It is a reply like others, so that it can be interrupted like others.
    """

    text: str
    sound: Samples


def is_complete(sure: bool, whole: float | None) -> bool:
    """Whether somebody has finished for whom the ears are ``sure``, or not, that they have.

    ``whole`` is how likely the words make a sentence, 0 to 1; ``None``: nobody can tell.
    """
    if whole is None:
        return sure
    return whole >= (UNFINISHED if sure else WHOLE)


class TurnGate:
    """Ears and brain have to agree that somebody has finished before an answer may be heard.

    The ears hear that somebody has finished; what they said may yet ask to go on. In the middle of
    a sentence they are given until ``MAX_UNFINISHED_WAIT_S`` after their last sound. Where the ears
    are not sure, only words that are plainly whole need no such wait.
    """

    def __init__(self, speech_end: float, *, ended: bool, spoken: bool) -> None:
        """``speech_end`` is the event loop's time; ``ended``: the ears are sure already.

        What was not ``spoken`` is complete.
        """
        self._deadline = speech_end + MAX_UNFINISHED_WAIT_S
        self._ended = asyncio.Event()
        self._known = asyncio.Event()
        self._sure = True
        self._whole: float | None = None
        if ended:
            self._ended.set()
        if not spoken:
            self._known.set()

    @property
    def knows_semantic_end(self) -> bool:
        """Whether it is known if the words make a whole sentence."""
        return self._known.is_set()

    def set_endpoint(self, sure: bool = True) -> None:
        """Note that the ears have heard the end, or, not ``sure``, only a long silence."""
        self._sure = sure
        self._ended.set()

    def set_semantic_end(self, whole: float | None) -> None:
        """Note how likely the words make a whole sentence, 0 to 1; ``None``: nobody can tell."""
        self._whole = whole
        self._known.set()

    async def wait_endpoint(self) -> None:
        """Wait until the ears have heard the end."""
        await self._ended.wait()

    async def wait(self) -> None:
        """Wait until the answer may be heard, and tools may be called for it."""
        await self._ended.wait()
        await self._known.wait()
        if not is_complete(self._sure, self._whole):
            await asyncio.sleep(self._deadline - asyncio.get_running_loop().time())


class Turn:
    """One thing a person typed, or a text to be said, until it is answered or dropped.

    What a person says is a ``SpokenTurn``. Turns belong to the event loop's thread.
    """

    def __init__(
        self,
        number: int,
        question: str | Recitation | Apology | Utterance,
        request: PendingRequest | None = None,
        speech_end: float | None = None,
    ) -> None:
        """``request``: whoever waits for the answer; ``speech_end``: the loop's time, or now."""
        self.number = number
        self.question = question
        self.request = request
        self.words = question.answers if isinstance(question, Recitation) else None
        """Of the question; ``None`` until they are known."""
        self.speaker: Speaker | None = None
        """Who said it, once the words are known; ``None``: it was typed, or nobody is known."""
        self.sounds_finished = True
        """Whether the ears are sure that it has ended, once it has."""
        self._speech_end = asyncio.get_running_loop().time() if speech_end is None else speech_end
        self.begin_again()

    def begin_again(self) -> None:
        """Forget the timings: what was to answer it has been cancelled."""
        spoken = isinstance(self.question, Utterance)
        self.timings = Timings(asyncio.get_running_loop().time, self._speech_end)
        self.gate = TurnGate(self._speech_end, ended=not spoken, spoken=spoken)

    async def transcript(self) -> Transcript:
        """Return the words; those of what is typed are there."""
        if self.words is None:
            self.words = Transcript(self.question if isinstance(self.question, str) else "", "")
        return self.words

    async def finished(self) -> None:
        """Wait until ears and brain agree that the person has finished."""
        await self.gate.wait()

    def answered(self, text: str, whole: bool) -> None:
        """Tell whoever waits for it what was heard of the answer, and whether to its end."""
        if self.request is not None:
            self.request.end(text, whole)

    def failed(self, error: Exception) -> None:
        """Tell whoever waits for it that a part failed."""
        if self.request is not None:
            self.request.fail(error)


class SpokenTurn(Turn):
    """One thing a person said."""

    def __init__(
        self,
        utterance: Utterance,
        speech_end: float,
        parts: Parts,
        context: DialogueContext,
        earlier: Utterance | None = None,
    ) -> None:
        """``earlier`` waits unanswered, and belongs to it: the person had only paused."""
        self._earlier = earlier
        self._parts, self._context = parts, context
        self._reading: asyncio.Task[None] | None = None
        self.heard: Transcript | None = None
        """All words that were understood, whether they want an answer or not."""
        self.newest: Transcript | None = None
        """The words that were understood last; the person may have gone on since."""
        self.utterance = join_utterances(earlier, utterance)
        super().__init__(utterance.turn, self.utterance, None, speech_end)

    @property
    def ignored(self) -> bool:
        """Whether it is not answered because of who said it."""
        return self.speaker is not None and not is_answered(self.speaker, self._context)

    def grow(self, utterance: Utterance, speech_end: float) -> bool:
        """Take what was said so far; return whether that is more than was known."""
        so_far = join_utterances(self._earlier, utterance)
        if is_same(so_far, self.utterance):
            return False
        self.stop_reading()
        self.question = self.utterance = so_far
        self.number, self.words, self._speech_end = utterance.turn, None, speech_end
        self.heard = self.speaker = None
        self.begin_again()
        return True

    def read_ahead(self, group: asyncio.TaskGroup) -> None:
        """Begin to look for the words, though it may not be all yet."""
        self.stop_reading()
        self._reading = group.create_task(self._try_to_read(), name="reading ahead")

    def stop_reading(self) -> None:
        """Look for no words: nobody wants them any more."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def transcript(self) -> Transcript:
        """Return the words that want an answer, read ahead or now.

        Raises what the recogniser raises.
        """
        while self.words is None and self._reading is not None and not self._reading.done():
            await asyncio.wait([self._reading])  # which others may wait for, too
        return self.words or await self._read()

    async def _try_to_read(self) -> None:
        try:
            await self._read()
        except Exception as error:  # whoever wants the words tries again, and meets the error there
            log.debug("turn %d: reading ahead: %s", self.number, error)

    async def _read(self) -> Transcript:
        utterance = self.utterance
        began = self._speech_end - utterance.audio.seconds
        transcribe = self.timings.timed("whisper", self._parts.recognizer.transcribe)
        identifying = self._identify(utterance)
        try:
            with stage("whisper"):
                heard = await self._parts.hearing.run(transcribe, utterance.audio)
            speaker = await identifying if identifying else None
        finally:
            if identifying:
                identifying.cancel()
        if speaker is not None:
            seconds = (utterance.end - utterance.start) / utterance.audio.rate
            speaker = attributed(speaker, began, seconds, self._context)
            self._context.heard_voice(speaker, began + utterance.audio.seconds)
        words = addressed_words(heard, began, self._context, speaker)
        if words.text:
            self._context.wake()
        if utterance is self.utterance:
            self.words = self.newest = words
            self.heard, self.speaker = heard, speaker
        return words

    def _identify(self, utterance: Utterance) -> "asyncio.Task[Speaker] | None":
        """Begin to find out whose voice it is, beside the words; ``None`` if nobody is known."""
        speakers = self._parts.speakers
        if speakers is None or not speakers.active:
            return None
        return asyncio.ensure_future(self._speaker_of(utterance, speakers))

    async def _speaker_of(self, utterance: Utterance, speakers: SpeakerIdentification) -> Speaker:
        if (known := speakers.known_ahead(utterance)) is not None:
            return known
        return await speakers.identify(utterance.audio)
