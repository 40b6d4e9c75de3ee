"""A television beside people who are known: ``python -m tests.bench.television --people FOLDER``.

In a simulated living room the voices of half of the bench's speakers are on television, without a
pause longer than a breath. Two more live there; nobody else is to be answered. Ears, speaker
encoder, voice gate and conversation are real; time is virtual, and whatever reaches the recogniser
is taken for a question, so that nothing but the voice keeps it from being answered. ``FOLDER`` has
recordings of people, as for ``tests.bench.speakers``; with ``--half tuning`` those who were looked
at when something was changed are heard, else the other half.
"""

import argparse
import asyncio
import statistics
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from daemon.bench.figures import Row, table
from daemon.bench.signals import SPEECH_DB, levelled, room_response
from daemon.commands.console import err, out
from daemon.config import load, packaged_config
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.state import Phase
from daemon.dialogue.voice_gate import VoiceGate
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent, SpeechEnded, SpeechFaded, SpeechPaused
from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder
from daemon.ears.speech_detection import CHUNK, Silero, WebRtcVad
from daemon.ears.turn_detection import SmartTurn
from daemon.media import LISTEN_RATE, Audio, Samples, Transcript, Utterance
from daemon.people.person import Person, Profile
from daemon.people.voices import KnownVoices
from daemon.store.model_store import ModelStore, default_directory, open_store
from daemon.worker import CancelToken
from tests.bench.speaker_voices import Voice, recorded, spoken
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.scenario.test_session import Stage
from tests.virtual_time import run_virtual

ENROLLED = 3  # sentences that make somebody known
QUESTIONS = 20
MOST = 24  # sentences of each
BREATH_S = 0.05, 0.7  # between what is said on television
NOISE_DB = -65.0  # of full scale
LOOK_S = 0.035  # an embedding of a window takes, see ``speakers --speed``
ANSWER = "It is a quarter past six, and it is still raining outside."
GOAL_ANSWERED = 19


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that is said in the room."""

    who: str
    begin: int
    end: int
    """Samples."""

    def shared(self, utterance: Utterance) -> int:
        """Return how many samples of it are in an utterance."""
        return min(self.end, utterance.end) - max(self.begin, utterance.start)


@dataclass(frozen=True, slots=True)
class Scene:
    """Sound, and what is in it."""

    sound: Samples
    television: Sequence[Piece]
    questions: Sequence[Piece]


@dataclass(slots=True)
class Outcome:
    """What came of some minutes."""

    asked: int = 0
    answered: int = 0
    false: int = 0
    cut: int = 0
    """Answers that were interrupted, though nobody known spoke."""
    delays: Sequence[float] = ()
    """Seconds from the end of a question to its answer."""

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.asked + other.asked,
            self.answered + other.answered,
            self.false + other.false,
            self.cut + other.cut,
            [*self.delays, *other.delays],
        )


class Listeners(Stage):
    """A conversation with those who are known, beside a television."""

    def __init__(self, speakers: SpeakerIdentification) -> None:
        made = parts(Anything(), FakeChat(*([[ANSWER]] * 1000)))
        super().__init__(replace(made, speakers=speakers))
        context = self.session.context
        context.answer_whom, context.follow_up_s = "known", 8.0
        speakers.changed = lambda people: setattr(context, "people", people)
        self.told: dict[int, Utterance] = {}
        self.begun: list[tuple[float, Utterance]] = []
        """When an answer began, and to what: its turn may have a later one's number."""
        self.cuts = 0
        self._phase = Phase.LISTENING
        self.bus.subscribe(ConversationStep, self.follow)

    def follow(self, step: ConversationStep) -> None:
        before, self._phase = self._phase, step.state.phase
        if self._phase is Phase.SPEAKING and before is Phase.THINKING and step.reply is not None:
            question = step.reply.turn.question
            assert isinstance(question, Utterance), "nobody types"
            self.begun.append((asyncio.get_running_loop().time(), question))
        self.cuts += before.overlaps and self._phase in (Phase.HEARING, Phase.THINKING)

    async def hear(self, gate: VoiceGate, heard: AsyncIterator[EarEvent]) -> None:
        async def noted() -> AsyncIterator[EarEvent]:
            async for event in gate.tell(heard):
                if isinstance(event, SpeechFaded | SpeechPaused | SpeechEnded):
                    self.told[event.utterance.turn] = event.utterance
                yield event
            await asyncio.sleep(10)
            raise TimeoutError

        try:
            await self.session.run(noted())
        except* TimeoutError:
            pass


class Anything(FakeRecognizer):
    """Hears a question in every sound."""

    def transcribe(self, audio: Audio, cancel: CancelToken) -> Transcript:
        return Transcript("What about tomorrow?", "en")


class Living:
    """Two known people, and the others on television."""

    def __init__(
        self, store: ModelStore, voices: KnownVoices, known: Sequence[Voice], others: list[Voice]
    ) -> None:
        self._store, self._voices = store, voices
        self._known, self._others = known, others
        self._seed = zlib.crc32(known[0].name.encode())
        self._profiles = [
            Profile(Person(number, one.name, owner=number == 1), voices.voiceprints(
                [Audio(x, LISTEN_RATE) for x in one.sentences[:ENROLLED]], CancelToken()))
            for number, one in enumerate(known, 1)
        ]  # fmt: skip

    def scene(self, minutes: float, below_db: float, asked: int) -> Scene:
        """Return so many minutes of a television that much weaker than who asks in between."""
        rng = np.random.default_rng(self._seed)
        length = round(minutes * 60 * LISTEN_RATE)
        sound, television = np.zeros(length, np.float32), []
        at = 0
        while True:
            one = self._others[rng.integers(len(self._others))]
            said = one.sentences[rng.integers(len(one.sentences))]
            if at + len(said) > length:
                break
            sound[at : at + len(said)] += levelled(said, SPEECH_DB - below_db)
            television.append(Piece(one.name, at, at + len(said)))
            at += len(said) + int(rng.uniform(*BREATH_S) * LISTEN_RATE)
        sound = reverberant(sound, rng)
        questions = []
        for number in range(asked):
            who = self._known[number % len(self._known)]
            several = who.sentences[ENROLLED:]
            said = levelled(several[(number // len(self._known)) % len(several)])
            said = reverberant(said, rng)
            at = int((number + rng.uniform(0.3, 0.6)) * length / asked)
            sound[at : at + len(said)] += said
            questions.append(Piece(who.name, at, at + len(said)))
        sound += rng.normal(0, 10 ** (NOISE_DB / 20), length).astype(np.float32)
        return Scene(np.clip(sound, -1, 1), television, questions)

    def live(self, scene: Scene, show: bool) -> Outcome:
        """Let it hear the scene."""
        settings = load(packaged_config()).settings.ears
        silero = Silero(self._store.path("silero-vad") / "silero_vad.onnx")
        turns = SmartTurn(self._store.path("smart-turn") / "smart-turn.onnx")
        ears = Endpointer(settings, WebRtcVad(settings.gate), silero, turns)
        ears.tells_so_far = True

        async def judge() -> KnownVoices:
            return self._voices

        async def heard() -> AsyncIterator[EarEvent]:
            loop = asyncio.get_running_loop()
            for begin in range(0, len(scene.sound), CHUNK):
                await asyncio.sleep((begin + CHUNK) / LISTEN_RATE - loop.time())
                for event in ears.feed(scene.sound[begin : begin + CHUNK]):
                    yield event

        async def main() -> Listeners:
            speakers = SpeakerIdentification(VirtualWorker(LOOK_S), judge, lambda: self._profiles)
            listeners = Listeners(speakers)
            await speakers.refresh()
            await listeners.hear(VoiceGate(speakers, listeners.session.context), heard())
            return listeners

        return self._judged(scene, run_virtual(main()), show)

    def _judged(self, scene: Scene, listeners: Listeners, show: bool) -> Outcome:
        found = Outcome(len(scene.questions), cut=listeners.cuts)
        delays: dict[Piece, float] = {}
        for at, utterance in listeners.begun:
            theirs = [one for one in scene.questions if one.shared(utterance) > 0.2 * LISTEN_RATE]
            for one in theirs:
                if 2 * one.shared(utterance) > one.end - one.begin:
                    delays.setdefault(one, at - one.end / LISTEN_RATE)
            if not theirs:
                found.false += 1
                if show:
                    self._show("answered", scene, utterance)
        for one in scene.questions:
            if one not in delays and show:
                out.print(f"  {one.who} was not answered at {one.begin / LISTEN_RATE:.1f} s")
                for told in listeners.told.values():
                    if one.shared(told) > 0:
                        self._show("    told", scene, told)
        found.answered, found.delays = len(delays), list(delays.values())
        return found

    def _show(self, what: str, scene: Scene, heard: Utterance) -> None:
        who = self._voices.identify(heard.audio, CancelToken())
        said = ", ".join(one.who for one in scene.television if one.shared(heard) > 0)
        name = who.person.name if who.person else "nobody"
        score = "unjudged" if who.score is None else f"{who.score:.2f}"
        begin, end = heard.start / LISTEN_RATE, heard.end / LISTEN_RATE
        out.print(f"  {what} {begin:.1f} to {end:.1f} s: {said}; taken for {name}, {score}")


def reverberant(sound: Samples, rng: np.random.Generator) -> Samples:
    """Return sound as it is heard across the room, as long and as loud."""
    response = room_response(0.0, 0.0, rng)
    size = len(sound) + len(response) - 1
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
    return np.asarray(heard[: len(sound)], np.float32)


def rows(homes: Sequence[Living], minutes: float, show: bool) -> Iterator[Row]:
    """Measure."""
    alone = Outcome()
    for home in homes:
        alone += home.live(home.scene(minutes, 5.0, 0), show)
    total, goal = f"{len(homes)} × {minutes:g} min", "0 in 10 min"
    yield Row(f"television alone, {total}: answers", f"{alone.false}", goal, not alone.false)
    for below_db in (10.0, 5.0):
        both = Outcome()
        for home in homes:
            both += home.live(home.scene(minutes, below_db, round(2 * minutes)), show)
        name = f"{below_db:.0f} dB below who asks, {total}"
        yield Row(f"{name}: answers to it", f"{both.false}", goal, not both.false)
        yield Row(
            f"{name}: questions answered",
            f"{both.answered} of {both.asked}, after {statistics.median(both.delays or [0]):.2f} s;"
            f" answers cut {both.cut}",
            f"{GOAL_ANSWERED} of {QUESTIONS}",
            both.answered * QUESTIONS >= both.asked * GOAL_ANSWERED,
        )


def homes_of(store: ModelStore, voices: Sequence[Voice], half: str) -> Iterator[Living]:
    """Yield homes of two; everybody of the half lives in one, and is on television elsewhere."""
    judge = KnownVoices(SpeakerEncoder(store.path(WEIGHT) / FILE))
    those = list(voices[0 if half == "tuning" else 1 :: 2])
    for at in range(0, len(those) - 1, 2):
        yield Living(store, judge, those[at : at + 2], those[:at] + those[at + 2 :])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=Path, metavar="FOLDER", help="recordings of people, too")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where speech is kept")
    parser.add_argument("--half", choices=("tuning", "test"), default="test")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each scene")
    parser.add_argument("--homes", type=int, default=None, help="the first so many only")
    parser.add_argument("--show", action="store_true", help="tell what went wrong")
    given = parser.parse_args()
    store = open_store()
    cache = given.cache or default_directory().parent / "bench" / "speakers"
    voices = spoken(store, cache)
    voices += recorded(given.people, MOST) if given.people else ()
    homes = list(homes_of(store, voices, given.half))[: given.homes]
    with err.status("Listening to a television…"):
        out.print(table(list(rows(homes, given.minutes, given.show))))


if __name__ == "__main__":
    main()
