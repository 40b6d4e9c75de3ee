"""What is done with one daemon in one room: silence, questions, people who speak over it, echo."""

import random
import time
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from daemon.audio.device_monitor import REST_S
from daemon.bench.answers import Answer
from daemon.bench.figures import Progress
from daemon.bench.process import Process
from daemon.bench.results import Interruption, Results
from daemon.bench.room import LostError, Room
from daemon.bench.signals import AUDIBLE, room_response, span
from daemon.bench.sound_server import SoundServer
from daemon.bench.speech import QuestionSet, SpeechClip
from daemon.bench.timed_recording import BLOCK
from daemon.bench.turns import (
    MOUTH_CLOSED,
    MOUTH_OPEN,
    STATES,
    STOPPED,
    at_rest,
    only_part,
    outcome,
    self_interruptions,
)
from daemon.i18n import tr
from daemon.media import LISTEN_RATE, Audio

IDLE_S = 30.0  # of listening while nobody speaks
SETTLE_S = 3.0  # after the start, and after a change of loudspeaker, until moments are known again
ANSWER_S = 20.0  # after this a question counts as unanswered
SPEECH_S = 60.0  # no answer lasts longer
PAUSE_S = 0.7  # of silence before the next question
DRAIN_S = 0.4  # what was already on its way to the loudspeaker is heard within this
GAP_S = 0.1  # of silence before it noticed: it was between two sentences
DECIDE_S = 2.5  # after something was said over an answer, it knows within this what to make of it
ATTEMPTS = 3  # for a trial in which the answer was over too soon
ECHO_DB, ECHO_S = -10.0, 0.06


class Trial:
    """One daemon in one room, and what is done with it."""

    def __init__(
        self,
        server: SoundServer,
        room: Room,
        process: Process,
        script: QuestionSet,
        results: Results,
        face: bool,
    ) -> None:
        self._server = server
        self._room = room
        self._recording = room.recording
        self._process = process
        self._results = results
        self._answers = results.answers_with_face if face else results.answers
        self._face = face
        self._random = random.Random(1)  # noqa: S311 (the same moments in every run)
        self._script = script
        self._long = cycle(script.long)
        self._spoken: list[tuple[float, float]] = []  # when persons spoke, time.monotonic()

    def idle(self, progress: Progress) -> None:
        """Measure what listening costs while nobody speaks."""
        time.sleep(SETTLE_S + REST_S)
        name = tr("listening, with the face") if self._face else tr("listening to silence")
        with progress(name, round(IDLE_S)) as done:
            begin, used = time.monotonic(), self._process.processor_seconds()
            for _ in range(round(IDLE_S)):
                time.sleep(1)
                done()
            share = (self._process.processor_seconds() - used) / (time.monotonic() - begin)
        if self._face:
            self._results.idle_share_with_face = share
        else:
            self._results.idle_share = share

    def questions(self, count: int, progress: Progress) -> None:
        """Ask and let it finish."""
        with progress(tr("questions"), count) as done:
            for clip in islice(cycle(self._script.questions), count):
                self._let_finish()
                self._ask(clip)
                done()

    def interruptions(self, count: int, echo_minutes: float, progress: Progress) -> None:
        """Speak over its answers ``count`` times in each way, without and with an echo."""
        script, results = self._script, self._results
        self._over_answers(tr("speaking over it"), count, script.long, results.barge_ins, progress)
        name = tr("“yeah” and coughs")
        self._over_answers(name, count, script.backchannels, results.backchannels, progress)
        self._echo(echo_minutes, progress)
        name = tr("speaking over its echo")
        self._over_answers(name, count, script.long, results.over_echo, progress)

    def _over_answers(
        self,
        name: str,
        count: int,
        clips: Sequence[SpeechClip],
        results: list[Interruption],
        progress: Progress,
    ) -> None:
        """Say ``clips`` over its answers, each 1 to 2 s into one.

        What interrupts it is the next question, so one follows from the other as long as it stops.
        """
        going: int | None = None  # where on the tape the answer began, or was last spoken over
        with progress(name, count) as done:
            for clip in islice(cycle(clips), count):
                for _ in range(ATTEMPTS):
                    if going is None:
                        # what never ends, such as a talk with its own echo, can be spoken over too
                        finished = self._let_finish()
                        going = self._ask(next(self._long)) if finished else self._recording.length
                    if going is None:
                        continue
                    wait_s = self._random.uniform(1, 2)
                    after = going + round(wait_s * LISTEN_RATE)
                    found, going = self._speak_over(clip, after)
                    if found is not None:
                        results.append(found)
                        break
                done()
        self._let_finish()

    def _echo(self, minutes: float, progress: Progress) -> None:
        """Let it hear its own voice, from now on; count how often it takes that for a person's."""
        response = room_response(ECHO_DB, ECHO_S, np.random.default_rng(3))
        self._server.echo(Audio(response, LISTEN_RATE))
        time.sleep(SETTLE_S)
        begin = time.monotonic()
        seconds = shown = round(minutes * 60)
        with progress(tr("hearing its own echo"), seconds) as done:
            while (left := begin + seconds - time.monotonic()) > 0:
                answer = self._ask(next(self._long))
                self._let_finish()
                if answer is not None:
                    self._results.echo_speech_s += self._sounding_since(answer)
                while shown > max(0, left):
                    shown -= 1
                    done()
        events = self._process.since(begin, *STATES)
        found = self_interruptions(events, self._spoken)
        self._results.self_interruptions, self._results.self_hesitations = found

    def _sounding_since(self, position: int) -> float:
        sound = self._recording.playback(position, self._recording.length)
        blocks = np.abs(sound[: len(sound) // BLOCK * BLOCK]).reshape(-1, BLOCK).max(axis=1)
        return float((blocks >= AUDIBLE).sum()) * BLOCK / LISTEN_RATE

    def _ask(self, clip: SpeechClip) -> int | None:
        """Ask, and wait for the answer; return where on the tape its first audible sample is."""
        heard = self._say(clip)
        if heard is None:
            return None
        early = span(self._recording.playback(*heard), AUDIBLE) is not None
        return self._answer(clip, heard[1], early)

    def _answer(self, clip: SpeechClip, end: int, early: bool = False) -> int | None:
        first = self._room.first_audible(end, ANSWER_S)
        if first is None or early:
            self._answers.append(Answer(clip.language, None, {}, early))
            return first
        about = self._recording.moment(end)
        speaking = self._process.wait(about, 1.0, "speaking")
        if speaking is not None and only_part(speaking, about):
            self._answers.append(Answer(clip.language, None, {}, True))
            return first
        marks, work = (speaking.marks, speaking.work) if speaking else ({}, {})
        mouth_s = None
        if self._face:
            heard = self._recording.moment(first)
            moved = self._process.wait(about, 1.0, MOUTH_OPEN)
            mouth_s = moved.at - heard if moved else None
        latency_s = (first - end) / LISTEN_RATE
        self._answers.append(Answer(clip.language, latency_s, marks, False, mouth_s, work))
        return first

    def _say(self, clip: SpeechClip, after: int = 0) -> tuple[int, int] | None:
        """Say something; return its onset and end on the tape, ``None`` where it was torn."""
        said = self._room.say(clip.samples, after)
        begin = time.monotonic()
        try:
            return self._room.find(said)
        except LostError:
            self._results.lost += 1
            return None
        finally:
            self._spoken.append((begin, time.monotonic()))

    def _speak_over(self, clip: SpeechClip, after: int) -> tuple[Interruption | None, int | None]:
        """Say something over the answer, at a position of the tape.

        Returns what became of the answer (``None``: it had ended by then), and where the answer
        that is given now began, or the end of ``clip`` where the same one goes on.
        """
        heard = self._say(clip, after)
        if heard is None:
            return None, None
        onset, end = heard
        begin = self._recording.moment(onset)
        ended = self._process.wait(begin, DECIDE_S, "listening", *STOPPED)
        found = outcome(self._process.since(0, *STATES), begin, self._recording.moment(end))
        if found is not None and not found.stopped:
            return Interruption(False, found.silent_at is not None), None if ended else end
        stopped = None
        if found is not None and found.silent_at is not None:
            stopped = Interruption(True, True, *self._silence(onset, found.silent_at))
        going = self._answer(clip, end) if clip.question else None
        return stopped, going

    def _silence(self, onset: int, noticed_at: float) -> tuple[float | None, float | None]:
        """Read from the tape how long after ``onset`` it fell silent; the mouth after that."""
        noticed = self._recording.position(noticed_at)
        until = noticed + round(DRAIN_S * LISTEN_RATE)
        self._room.wait_until(until)
        edges = span(self._recording.playback(onset, until), AUDIBLE)
        if edges is None or onset + edges[1] < noticed - GAP_S * LISTEN_RATE:
            return None, None
        silence = onset + edges[1]
        return (
            (silence - onset) / LISTEN_RATE,
            self._mouth_closed(noticed_at, self._recording.moment(silence)),
        )

    def _mouth_closed(self, noticed_at: float, silence: float) -> float | None:
        """Return how long after the silence the mouth closed; 0 when it was at rest before."""
        if at_rest(self._process.since(0, MOUTH_OPEN, MOUTH_CLOSED), noticed_at):
            return 0.0
        closed = self._process.wait(noticed_at, 1.0, MOUTH_CLOSED)
        return closed.at - silence if closed else None

    def _let_finish(self) -> bool:
        """Wait until it listens again and has been silent for a while; False if it never did."""
        deadline = time.monotonic() + SPEECH_S
        while time.monotonic() < deadline:
            self._room.quiet(PAUSE_S, SPEECH_S)
            state = self._process.last(*STATES)
            if state is None or state.name == "listening":
                return True
            self._room.wait_until(self._recording.length + BLOCK)
        return False
