"""What it costs an answer to know who is speaking: ``python -m tests.bench.speaker_delay``.

The same recorded questions are heard in real time, by the ears, Whisper and speaker encoder as they
are set, in turn with nobody known, with everyone answered and with known people answered. What
thinks and speaks takes the same time for all, so that only what comes before it can differ: told is
by how much later an answer was heard than to the same question while nobody was known.
"""

import argparse
import asyncio
import statistics
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from daemon.bench.figures import Row, spread, table
from daemon.bench.speech import LONG, QUESTIONS, load_recordings
from daemon.commands.console import err, out
from daemon.components import Components
from daemon.config import Settings, load, packaged_config
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.state import Phase
from daemon.dialogue.voice_gate import VoiceGate
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent
from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder
from daemon.ears.speech_detection import CHUNK
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.person import Person, Profile
from daemon.people.voices import KnownVoices
from daemon.stages import Recognizer
from daemon.store.model_store import open_store
from daemon.worker import CancelToken, Worker
from tests.fakes import FakeChat, FakeRecognizer, parts
from tests.scenario.test_session import Stage
from tests.virtual_time import run

PATIENCE_S = 6.0  # after a question, for its answer
BEFORE_S = 0.3  # of silence
WAYS = ("nobody", "everyone", "known")
GOAL_MS = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """Sound that ends with the question."""

    text: str
    sound: Samples


class Listener(Stage):
    """Notes when it begins to answer."""

    def note(self, phase: Phase) -> None:
        super().note(phase)
        if phase is Phase.SPEAKING:
            self.answers.set()

    def listen(self) -> None:
        """Prepare for a question."""
        self.answers = asyncio.Event()


class Hearing:
    """Owns the models and their threads."""

    def __init__(self, settings: Settings) -> None:
        components = Components(settings)
        self._settings = settings
        self._recognizer: Recognizer = components.recognizer()
        self._recognizer.warm_up()
        self._ears: Endpointer = components.endpointer()
        self._voices = KnownVoices(SpeakerEncoder(open_store().path(WEIGHT) / FILE))
        self._voices.warm_up()
        recordings = load_recordings(settings)
        languages = sorted({language for language, _, _ in recordings})
        self._profiles = [
            Profile(Person(number, language, owner=number == 1), self._voices.voiceprints(
                [Audio(x, LISTEN_RATE) for code, text, x in recordings
                 if code == language and text in LONG[code]], CancelToken()))
            for number, language in enumerate(languages, 1)
        ]  # fmt: skip
        sounds = {text: sound for _, text, sound in recordings}
        plain = zip(*(QUESTIONS[code] for code in languages), strict=True)
        self.questions = [Question(text, sounds[text]) for pair in plain for text in pair]

    async def measure(self, asked: Sequence[Question]) -> dict[str, list[float | None]]:
        """Return the seconds from the end of each question to its answer, in each way."""
        hearing, judging, listening = Worker("whisper"), Worker("speaker"), Worker("ears")
        found: dict[str, list[float | None]] = {way: [] for way in WAYS}
        try:
            for number, question in enumerate(asked):
                for turn in range(len(WAYS)):  # each begins as often as the others
                    way = WAYS[(number + turn) % len(WAYS)]
                    found[way].append(await self._ask(question, way, hearing, judging, listening))
        finally:
            for worker in (hearing, judging, listening):
                await worker.close()
        return found

    async def _ask(
        self, question: Question, way: str, hearing: Worker, judging: Worker, listening: Worker
    ) -> float | None:
        async def judge() -> KnownVoices:
            return self._voices

        profiles = [] if way == "nobody" else self._profiles
        speakers = SpeakerIdentification(judging, judge, lambda: profiles)
        made = parts(FakeRecognizer(), FakeChat(["Yes."]))
        made = replace(made, recognizer=self._recognizer, hearing=hearing, speakers=speakers)
        listener = Listener(made)
        listener.listen()
        context = listener.session.context
        context.answer_whom = "known" if way == "known" else "everyone"
        speakers.changed = lambda people: setattr(context, "people", people)
        await speakers.refresh()
        self._ears.skip(question.sound[:0])
        self._ears.tells_so_far = speakers.active
        loop = asyncio.get_running_loop()
        begun = loop.time() + BEFORE_S

        async def heard() -> AsyncIterator[EarEvent]:
            at, sound = -round(BEFORE_S * LISTEN_RATE), question.sound
            while True:
                await asyncio.sleep(begun + (at + CHUNK) / LISTEN_RATE - loop.time())
                for event in await listening.run(
                    self._feed, sound[max(0, at) : max(0, at + CHUNK)]
                ):
                    yield event
                at += CHUNK

        session = asyncio.ensure_future(
            listener.session.run(VoiceGate(speakers, context).tell(heard()))
        )
        try:
            async with asyncio.timeout(len(question.sound) / LISTEN_RATE + PATIENCE_S):
                await listener.answers.wait()
            return loop.time() - begun - len(question.sound) / LISTEN_RATE
        except TimeoutError:
            return None
        finally:
            session.cancel()
            await asyncio.wait([session])
            await speakers.close()

    def _feed(self, sound: Samples, _: CancelToken) -> list[EarEvent]:
        return self._ears.feed(np.pad(sound, (0, CHUNK - len(sound))))


def rows(found: dict[str, list[float | None]]) -> Iterator[Row]:
    """Compare."""
    for way in WAYS:
        heard = [one for one in found[way] if one is not None]
        later = [
            1000 * (one - alone)
            for one, alone in zip(found[way], found["nobody"], strict=True)
            if one is not None and alone is not None
        ]
        name = "nobody known" if way == "nobody" else f"two known, {way} answered"
        text = f"{len(heard)} of {len(found[way])} after {statistics.median(heard or [0]):.2f} s"
        if way == "nobody" or (all_later := spread(later)) is None:
            yield Row(name, text)
            continue
        text += f"; later by {all_later.median:+.0f} ms (median), 90 % by {all_later.p90:+.0f}"
        yield Row(name, text, f"{GOAL_MS:.0f} ms", all_later.median <= GOAL_MS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=12, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="question to begin with")
    parser.add_argument("--show", action="store_true", help="tell each delay")
    given = parser.parse_args()
    hearing = Hearing(load(packaged_config()).settings)
    asked = hearing.questions[given.first : given.first + given.questions]
    with err.status("Listening…"):
        found = run(hearing.measure(asked))
    if given.show:
        for number, question in enumerate(asked):
            out.print(question.text, *(f"{found[way][number] or 0:.2f}" for way in WAYS))
    out.print(table(list(rows(found))))


if __name__ == "__main__":
    main()
