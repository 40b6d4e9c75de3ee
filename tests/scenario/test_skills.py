"""Timers, lists and orders in a whole conversation, from the spoken words on, in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.audio.chime import ChimeKind
from daemon.dialogue.announcements import Announcements, let_ring
from daemon.ears.events import SpeechEnded, SpeechFaded
from daemon.ears.listen_mode import ListenGate
from daemon.media import Transcript
from daemon.skills.book import SkillBook
from daemon.skills.intents import Names, SwitchFace, SwitchPersona, SwitchVoice
from daemon.skills.skills import Skills
from tests.fakes import FakeChat, FakeRecognizer, VirtualWorker, parts
from tests.scenario.test_session import CLASSIFYING, HELD, L, S, Script, Stage, says
from tests.unit.skills.stage import LoopClock

LONG_STORY = ["Once upon a time there was a very long story about a house by the sea. "]


class Overlay:
    """Notes when a chime begins."""

    def __init__(self) -> None:
        self.chimes: list[float] = []

    def ring(self, kind: ChimeKind, volume: float) -> None:
        self.chimes.append(asyncio.get_running_loop().time())

    def stop(self) -> None:
        pass


class Somebody:
    """An assistant whose volume can be set, and that can sleep."""

    def __init__(self, stage: "SkillStage") -> None:
        self.stage = stage
        self.volume, self.pace = 0.5, 1.0

    @property
    def last_heard(self) -> str:
        return self.stage.session.context.said

    def names(self) -> Names:
        return Names(assistant=("Digital Life",))

    def persona(self, language: str) -> str:
        return "Digital Life"

    def double_of(self, language: str) -> str:
        return ""

    async def set_volume(self, level: float) -> None:
        self.volume = level

    async def set_pace(self, pace: float) -> None:
        self.pace = pace

    def switch(self, to: SwitchPersona | SwitchVoice | SwitchFace, said: Transcript) -> None:
        raise AssertionError

    def sleep(self) -> str:
        self.stage.session.context.falls_asleep = True
        return ""

    def wake(self) -> None:
        self.stage.session.context.wake()


class SkillStage(Stage):
    """A session in which something can ring."""

    def __init__(self, path: Path, heard: list[str], *answers: list[str]) -> None:
        self.book = SkillBook(VirtualWorker(0.01), path, clock=LoopClock())
        self.skills = Skills(self.book)
        self.skills.assistant = Somebody(self)
        made = parts(FakeRecognizer(*heard), FakeChat(*answers))
        super().__init__(replace(made, skills=self.skills))
        self.overlay = Overlay()
        self.gate = ListenGate(None, None)  # type: ignore[arg-type]
        voice = Announcements(self.session, self.overlay, lambda: 1.0)
        self.ends: list[Callable[[], None]] = []
        self.scheduler = let_ring(
            self.skills, voice, self.session, self.gate, self.bus, self.ends.append
        )
        self.looks: list[tuple[float, Callable[[], None]]] = []

    def at(self, moment: float, look: Callable[[], None]) -> None:
        """Look at that moment whether all is as it should be."""
        self.looks.append((moment, look))

    def play(
        self, script: Script, until: float, also: Coroutine[None, None, None] | None = None
    ) -> None:
        async def run() -> None:
            rings = asyncio.create_task(self.scheduler.run())
            try:
                loop = asyncio.get_running_loop()
                for moment, look in sorted(self.looks, key=lambda pair: pair[0]):
                    await asyncio.sleep(moment - loop.time())
                    look()
                await asyncio.sleep(until - 0.1 - loop.time())
            finally:
                rings.cancel()
                await asyncio.wait([rings])
                await self.skills.close()

        super().play(script, until, run())

    def kinds(self) -> list[str]:
        return [f"{entry.kind} {entry.text} {entry.seconds:.0f}" for entry in self.book.entries]

    def answers(self) -> list[str]:
        return [text for role, text in self.remembered() if role == "assistant"]


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., SkillStage]:
    return lambda heard, *answers: SkillStage(tmp_path / "skills.db", heard, *answers)


Make = Callable[..., SkillStage]


def test_a_spoken_timer_is_set_rings_over_speech_and_is_dismissed(stage: Make) -> None:
    heard = ["Set a pasta timer for one minute.", "Tell me a story.", "Stop."]
    made = stage(heard, LONG_STORY)
    made.at(58, lambda: _equal(made.path()[-1], S))
    made.at(64, lambda: _equal(bool(made.gate.kept_open), True))
    made.at(95, lambda: _equal([made.kinds(), made.gate.kept_open], [[], False]))
    # The story is being told when the minute is over.
    made.play([*says(1, 0, 1), *says(2, 54, 55), *says(3, 74, 74.5)], until=100)
    assert made.overlay.chimes[0] == pytest.approx(61.6, abs=0.3), "a minute after it was set"
    assert not [what for at, what in made.player.log if what in ("pause", "flush") and at < 62]
    first, story, *_ = made.answers()
    assert "pasta" in first.lower() and story == LONG_STORY[0].strip()
    assert made.session.parts.history.turns[0][0] == heard[0]
    said_at = [at for at, what in made.player.log if what == "begin"]
    assert len(said_at) >= 3, "the answer, the story, and what rings"


def _equal(found: object, wanted: object) -> None:
    assert found == wanted


@pytest.mark.parametrize("words", ["Okay, thanks.", "Stop!", "That's enough."])
def test_an_answer_over_the_announcement_is_no_backchannel(stage: Make, words: str) -> None:
    made = stage(["Set a timer for ten seconds.", words])
    # It is set at about 1.6, rings at 11.6, and is announced from 14.1 on.
    made.play([*says(1, 0, 1), *says(2, 14.5, 15.3)], until=40)
    assert HELD in made.path() and CLASSIFYING in made.path()
    assert made.kinds() == [] and made.skills.ringer and made.skills.ringer.ringing == ()
    assert made.overlay.chimes[-1] < 16


def test_what_is_only_prepared_sets_nothing(stage: Make) -> None:
    made = stage(["Set a timer for five minutes.", "Set a timer for five minutes and twenty."])
    said = says(1, 0, 1)
    first: Script = [(at, event) for at, event in said if not isinstance(event, SpeechEnded)]
    made.at(1.9, lambda: _equal(made.kinds(), []))
    assert any(isinstance(event, SpeechFaded) for _, event in first)
    made.play(first, until=2.2)
    assert made.book.entries == ()


def test_who_only_paused_has_set_one_timer(stage: Make) -> None:
    whole = "Set a timer for five minutes for the pasta."
    made = stage(["Set a timer for five minutes.", whole])
    made.at(1.44, lambda: _equal(made.kinds(), ["timer  300"]))
    made.play([*says(1, 0, 1), *says(2, 1.26, 2.2)], until=10)
    assert made.kinds() == ["timer pasta 300"]
    assert [question for question, _ in made.parts.history.turns] == [whole]


def test_a_cough_before_the_answer_changes_nothing(stage: Make) -> None:
    made = stage(["Set a timer for five minutes."])
    made.play(says(1, 0, 1), until=10)
    assert made.kinds() == ["timer  300"]
    assert len(made.answers()) == 1


def test_ordinary_questions_go_to_the_brain(stage: Make) -> None:
    made = stage(["How are you today?"], ["I am fine."])
    made.play(says(1, 0, 1), until=10)
    assert made.answers() == ["I am fine."] and made.kinds() == []


def test_what_is_missing_is_asked_for(stage: Make) -> None:
    made = stage(["Set a timer.", "Ten minutes."])
    made.play([*says(1, 0, 1), *says(2, 8, 9)], until=20)
    assert made.kinds() == ["timer  600"]
    assert made.answers()[0].endswith("?")


def test_what_was_heard_is_said_again_to_the_letter(stage: Make) -> None:
    made = stage(["Tell me something.", "Repeat that."], ["The sea is deep."])
    made.play([*says(1, 0, 1), *says(2, 6, 7)], until=20)
    assert made.answers() == ["The sea is deep.", "The sea is deep."]


def test_louder(stage: Make) -> None:
    made = stage(["Louder."])
    made.play(says(1, 0, 1), until=10)
    assert made.skills.assistant and made.skills.assistant.volume > 0.5
    assert len(made.answers()) == 1


def test_asleep_it_hears_nothing_but_being_woken(stage: Make) -> None:
    heard = ["Go to sleep.", "What is the capital of France?", "Wake up.", "And of Spain?"]
    made = stage(heard, ["Madrid."])
    script = [*says(1, 0, 1), *says(2, 10, 11), *says(3, 20, 21), *says(4, 30, 31)]
    made.at(15, lambda: _equal(made.session.context.asleep, True))
    made.at(28, lambda: _equal(made.session.context.asleep, False))
    made.play(script, until=40)
    asked = [question for question, _ in made.parts.history.turns]
    assert asked == ["Go to sleep.", "Wake up.", "And of Spain?"]


def test_asleep_an_alarm_rings(stage: Make) -> None:
    made = stage(["Set a timer for one minute.", "Go to sleep.", "Stop."])
    made.play([*says(1, 0, 1), *says(2, 10, 11), *says(3, 72, 73)], until=90)
    assert made.overlay.chimes and made.kinds() == []


def test_what_rings_needs_no_name(stage: Make) -> None:
    made = stage(["Digital Life, set a timer for one minute.", "Stop."])
    made.session.context.names = ("Digital Life",)
    made.play([*says(1, 0, 1), *says(2, 72, 73)], until=90)
    assert made.overlay.chimes and made.kinds() == []


def test_stop_ends_a_reply_without_an_answer(stage: Make) -> None:
    made = stage(["Tell me a story.", "Stop."], LONG_STORY)
    made.play([*says(1, 0, 1), *says(2, 3, 4)], until=15)
    assert made.path()[-1] is L
    assert len(made.parts.history.turns) == 1
