"""From an endless stream of sound to utterances: when a person begins to speak, and has finished.

There is no wall clock here. Time is the count of samples fed, so the same sound always gives the
same events, however fast it arrives.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from daemon.config import EarsSettings
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.ears.speech_detection import CHUNK
from daemon.ears.speech_end import end_of_speech
from daemon.media import LISTEN_RATE, Audio, Samples, Utterance

# Silero's own reference keeps speech going until the probability is this far below the threshold.
HYSTERESIS = 0.15
# Silero stays awake this long after the gate last let something through: words are closer together.
GATE_HOLD_S = 0.6
# Without a word for so long, nobody is in the middle of a conversation.
IDLE_S = 10.0
# Sound kept after the last voiced sample. Whisper wants a little silence; more makes it invent.
TAIL_S = 0.3

# When a voice stops, Silero's probability falls below this some 25 ms before it counts as silence:
# too early for a pause, soon enough to begin reading, with hardly more needless readings.
FADING_SHARE = 0.8
FADE_S = 0.05  # of silence; a longer closure of a stop consonant costs a needless reading
# Smart Turn wavers, and the first time that it is sure counts: each question is 20 ms of one core.
TURN_CHECK_INTERVAL_S = 0.1
# Less than a second of a voice is hardly anybody's; each look at one is some 20 ms of a core.
FIRST_LOOK_S, LOOK_INTERVAL_S = 1.1, 0.5


class GateDetector(Protocol):
    """The cheap detector that runs all day (``speech_detection.WebRtcVad``)."""

    def passes(self, samples: Samples) -> bool:
        """Whether anything in ``samples`` could be speech."""


class SpeechDetector(Protocol):
    """The detector that confirms (``speech_detection.Silero``)."""

    def reset(self) -> None:
        """Forget what was heard: what comes next does not continue it."""

    def probability(self, chunk: Samples) -> float:
        """Return 0 to 1 for the next ``CHUNK`` samples."""


class TurnDetector(Protocol):
    """Tells a finished turn from a pause (``turn_detection.SmartTurn``)."""

    def finished(self, samples: Samples) -> float:
        """Return the probability, 0 to 1, that the speaker has finished."""


@dataclass(slots=True)
class _Turn:
    """What is being said: at first only a suspicion, a turn once it has a number."""

    chunks: list[Samples]
    start: int  # microphone clock: the first sample of chunks
    onset: int  # microphone clock: where the first voiced chunk begins
    number: int = 0
    voiced: int = 0  # samples of speech
    voiced_end: int = 0  # microphone clock: one past the last voiced chunk
    pausing: bool = False
    faded: bool = False  # that was told, and nothing has been said since
    end: int = 0  # microphone clock: the end of speech, known once faded or pausing
    next_question: int = 0  # samples of silence after which Smart Turn is asked (again)
    next_look: int = round(FIRST_LOOK_S * LISTEN_RATE)  # samples of speech, see ``tells_so_far``

    @property
    def last_sound(self) -> int:
        """Microphone clock: the end of what stands out from the noise so far."""
        return end_of_speech(self.chunks, self.clock, self.voiced_end)

    @property
    def clock(self) -> int:
        return self.start + len(self.chunks) * CHUNK


class Endpointer:
    """Cuts a stream of sound into utterances. Fed from one thread, answers with events."""

    def __init__(
        self,
        settings: EarsSettings,
        gate: GateDetector,
        speech: SpeechDetector,
        turns: TurnDetector,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._speech = speech
        self._turns = turns
        self._min_speech = _samples(settings.min_speech_s)
        self._pause = _samples(settings.pause_s)
        self._max_pause = _samples(settings.max_pause_s)
        self._max_chunks = max(1, _samples(settings.max_utterance_s) // CHUNK)
        self.tells_so_far = False
        """Whether what is being said is told now and then; may be changed by any thread."""
        self._rest: Samples = np.empty(0, np.float32)  # not a whole chunk yet
        self._clock = 0
        # The sound just before now, outside any turn; Silero has not heard its last few chunks.
        self._before: deque[Samples] = deque(
            maxlen=max(1, math.ceil(settings.pre_roll_s * LISTEN_RATE / CHUNK))
        )
        self._unheard = 0
        self._gate_open_until = 0
        self._turn: _Turn | None = None
        self._numbers = 0
        self._last_turn = -_samples(IDLE_S)  # microphone clock: when the last one was under way

    @property
    def idle(self) -> bool:
        """Whether nobody has said anything for ``IDLE_S``."""
        return self._clock - self._last_turn >= _samples(IDLE_S)

    def feed(self, samples: Samples) -> list[EarEvent]:
        """Take the next sound (``LISTEN_RATE``, any length) and return what happened in it."""
        finite = samples if np.isfinite(samples).all() else np.nan_to_num(samples)
        sound = np.concatenate([self._rest, np.clip(finite, -1, 1, dtype=np.float32)])
        whole = len(sound) - len(sound) % CHUNK
        self._rest = sound[whole:]
        chunks = sound[:whole].reshape(-1, CHUNK)
        return [event for chunk in chunks for event in self._listen(chunk)]

    def skip(self, samples: Samples) -> list[EarEvent]:
        """Pass over sound unheard and forget what came before; a turn under way is too short."""
        turn, self._turn = self._turn, None
        self._clock += len(self._rest) + len(samples)
        self._rest = np.empty(0, np.float32)
        self._before.clear()
        self._unheard = 0
        self._speech.reset()
        return [SpeechTooShort(turn.number, self._clock)] if turn and turn.number else []

    def finish(self) -> list[EarEvent]:
        """End the turn that is under way, if any, because the sound has ended."""
        events = self.feed(np.zeros(-len(self._rest) % CHUNK, np.float32))
        if self._turn is not None and self._turn.number:
            if not self._turn.pausing:
                self._turn.end = self._turn.last_sound
            events.append(self._close(self._turn))
        self._turn = None
        return events

    def _listen(self, chunk: Samples) -> Iterator[EarEvent]:
        """Pass one chunk through the gate, and on to Silero while the gate is open."""
        self._clock += CHUNK
        if self._gate.passes(chunk):
            self._gate_open_until = self._clock + _samples(GATE_HOLD_S)
        if self._turn is None and self._clock > self._gate_open_until:
            self._before.append(chunk)
            self._unheard = min(self._unheard + 1, len(self._before))
            return
        if self._unheard:
            self._speech.reset()
        # What the gate took for noise may have been the beginning of the word.
        backlog = [chunk, *(self._before.pop() for _ in range(self._unheard))][::-1]
        self._unheard = 0
        for place, piece in enumerate(backlog):
            yield from self._hear(piece, self._clock - (len(backlog) - place) * CHUNK)

    def _hear(self, chunk: Samples, at: int) -> Iterator[EarEvent]:
        """Take one chunk that begins at ``at`` on the microphone clock through Silero."""
        turn = self._turn
        speaking = turn is not None and not turn.pausing
        threshold = self._settings.speech_threshold - (HYSTERESIS if speaking else 0)
        probability = self._speech.probability(chunk)
        voiced = probability >= max(threshold, 0.01)
        if turn is None:
            if not voiced:
                self._before.append(chunk)
                return
            before = list(self._before)
            self._before.clear()
            turn = self._turn = _Turn(before, start=at - len(before) * CHUNK, onset=at)
        turn.chunks.append(chunk)
        self._last_turn = self._clock
        if voiced:
            yield from self._voiced(turn, waning=probability < FADING_SHARE)
        else:
            yield from self._silent(turn)
        if self._turn is turn and turn.number and len(turn.chunks) >= self._max_chunks:
            if not turn.pausing:
                turn.end = turn.clock
            yield self._close(turn)

    def _voiced(self, turn: _Turn, waning: bool) -> Iterator[EarEvent]:
        waning = waning and not turn.pausing
        turn.pausing = False
        turn.voiced += CHUNK
        turn.voiced_end = turn.clock
        voiced_s = turn.voiced / LISTEN_RATE
        if turn.faded:
            # In noise Silero may stay unsure for long: with sound again, nothing has faded.
            turn.faded = waning and turn.last_sound < turn.end + CHUNK
        elif turn.number and waning:
            yield from self._fades(turn)
        if turn.faded:
            return
        if turn.number:
            yield SpeechContinued(turn.number, turn.clock, voiced_s, self._so_far(turn))
        elif turn.voiced >= self._min_speech:
            self._numbers += 1
            turn.number = self._numbers
            yield SpeechStarted(turn.number, turn.onset, voiced_s)

    def _so_far(self, turn: _Turn) -> Utterance | None:
        if not self.tells_so_far or turn.voiced < turn.next_look:
            return None
        turn.next_look = turn.voiced + _samples(LOOK_INTERVAL_S)
        sound = Audio(np.concatenate(turn.chunks), LISTEN_RATE)
        return Utterance(turn.number, sound, turn.start, turn.clock)

    def _silent(self, turn: _Turn) -> Iterator[EarEvent]:
        if not turn.pausing:
            turn.pausing = True
            turn.next_question = self._pause
            if not turn.faded:
                turn.end = turn.last_sound
        silence = turn.clock - turn.end
        if not turn.number:
            if silence >= self._pause:
                self._forget(turn)
            return
        yield from self._fades(turn)
        if silence >= self._max_pause:
            yield self._close(turn, sure=False)
        elif silence >= turn.next_question:
            if turn.next_question == self._pause:
                yield SpeechPaused(_utterance(turn), turn.clock, turn.voiced / LISTEN_RATE)
            turn.next_question = silence + _samples(TURN_CHECK_INTERVAL_S)
            if self._turns.finished(np.concatenate(turn.chunks)) >= self._settings.turn_threshold:
                yield self._close(turn)

    def _fades(self, turn: _Turn) -> Iterator[EarEvent]:
        """Tell the first moment of silence."""
        if turn.faded:
            return
        if not turn.pausing:
            turn.end = turn.last_sound
        if turn.clock - turn.end >= _samples(FADE_S):
            turn.faded = True
            yield SpeechFaded(_utterance(turn), turn.clock)

    def _close(self, turn: _Turn, sure: bool = True) -> EarEvent:
        """End the turn; sound after its tail is the pre-roll of the next."""
        self._turn = None
        self._before.extend(turn.chunks[_kept(turn) :])
        if turn.end - turn.onset < self._min_speech:
            return SpeechTooShort(turn.number, turn.end)
        return SpeechEnded(_utterance(turn), turn.clock, sure)

    def _forget(self, turn: _Turn) -> None:
        """Drop what was not speech; its sound may still be the pre-roll of something."""
        self._turn = None
        self._before.extend(turn.chunks)


def _kept(turn: _Turn) -> int:
    """Return how many of a turn's chunks belong to it: those up to the end of its tail."""
    return math.ceil((turn.end + _samples(TAIL_S) - turn.start) / CHUNK)


def _utterance(turn: _Turn) -> Utterance:
    audio = Audio(np.concatenate(turn.chunks[: _kept(turn)]), LISTEN_RATE)
    return Utterance(turn.number, audio, turn.start, turn.end)


def _samples(seconds: float) -> int:
    return round(seconds * LISTEN_RATE)
