"""Answers that begin with a few words: when each part is heard, in which voice. Virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from daemon.config import Settings
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.openers import Openers
from daemon.dialogue.ready_openers import POLL_INTERVAL_S, keep_openers_ready
from daemon.dialogue.state import Phase
from daemon.media import SPEAK_RATE, ToolCall
from tests.fakes import (
    FakeChat,
    FakeConverter,
    FakeRecognizer,
    FakeTools,
    FakeToolUser,
    VirtualWorker,
    parts,
)
from tests.scenario.test_session import Stage, says
from tests.virtual_time import run_virtual

LEARN = ["That ", "is ", "a ", "whole ", "clause, ", "and ", "more."]
OPENED = ["Sure, ", "I ", "will ", "tell ", "you ", "all ", "of ", "it ", "now."]


def heard_at(stage: Stage) -> list[tuple[float, float]]:
    """When each piece of the last reply begins and ends to sound."""
    return [(at, at + n / SPEAK_RATE) for at, n in stage.player._segments]


def converse(
    answers: Sequence[Sequence[str]], token_s: float = 0.05, wanted: bool = True
) -> tuple[Stage, Openers]:
    """Ask as many questions as there are answers, ten seconds apart."""
    settings = Settings()
    dialogue = settings.dialogue.model_copy(update={"openers": wanted})
    openers = Openers(settings.model_copy(update={"dialogue": dialogue}))
    made = parts(FakeRecognizer(*["tell me"] * len(answers)), FakeChat(*answers))
    stage = Stage(replace(made, thinking=VirtualWorker(token_s), openers=openers))
    script = [event for n in range(len(answers)) for event in says(n + 1, 10.0 * n, 10.0 * n + 1)]
    stage.play(script, until=10.0 * len(answers))
    return stage, openers


def test_an_opener_is_heard_while_the_rest_is_written() -> None:
    whole, _ = converse([LEARN, OPENED], wanted=False)
    opened, _ = converse([LEARN, OPENED])
    assert heard_at(opened)[0][0] < heard_at(whole)[0][0] - 0.2
    (_, opener_ends), (rest_begins, _) = heard_at(opened)[:2]
    assert rest_begins - opener_ends <= 0.15, "a comma's pause is in its sound already"
    for stage in (whole, opened):
        assert stage.remembered()[-1] == ("assistant", "Sure, I will tell you all of it now.")


def test_mouths_follow_the_sound_of_opener_and_rest_without_a_gap() -> None:
    stage, _ = converse([OPENED])
    numbers = [int(frame.mouth[0]) for frame in stage.screen.frames]
    assert numbers == list(range(len(numbers)))
    samples = sum(n for _, n in stage.player._segments)
    assert len(numbers) == pytest.approx(samples * 25 / SPEAK_RATE, abs=1)


def test_on_a_slow_machine_the_opener_waits_until_the_rest_is_about_to_follow() -> None:
    whole, _ = converse([LEARN, OPENED], token_s=0.3, wanted=False)
    opened, _ = converse([LEARN, OPENED], token_s=0.3)
    assert heard_at(opened)[0][0] < heard_at(whole)[0][0] - 0.2
    (_, opener_ends), (rest_begins, _) = heard_at(opened)[:2]
    assert rest_begins - opener_ends <= 0.31


def test_while_its_speed_is_unknown_the_rest_is_there_before_the_opener_is_heard() -> None:
    stage, _ = converse([OPENED], token_s=0.3)
    (_, opener_ends), (rest_begins, _) = heard_at(stage)[:2]
    assert rest_begins == pytest.approx(opener_ends)


def test_an_opener_that_nothing_follows_is_said_all_the_same() -> None:
    stage, _ = converse([["Good ", "morning!\n"]])
    assert stage.remembered() == [("user", "tell me"), ("assistant", "Good morning!")]


def test_speaking_over_an_opener_ends_the_answer_there() -> None:
    openers = Openers(Settings())
    openers.note_rest(0.2, 8)
    chat = FakeChat(["Certainly, ", *["word "] * 40], ["Yes."])
    made = parts(FakeRecognizer("tell me", "no, something else"), chat)
    stage = Stage(replace(made, openers=openers))
    stage.play([*says(1, 0, 1), *says(2, 2.25, 4)], until=12)
    assert Phase.PAUSED in stage.path()
    answers = [text for role, text in stage.remembered() if role == "assistant"]
    assert answers == ["Certainly,", "Yes."]


def test_its_sound_is_made_once_in_the_converted_voice() -> None:
    converter = FakeConverter()
    openers = Openers(Settings())
    made = parts(FakeRecognizer("a", "b"), FakeChat(["Sure, ", "yes."], ["Sure, ", "no."]))
    made = replace(
        made,
        openers=openers,
        conversion=parts(FakeRecognizer(), FakeChat(), converter=converter).conversion,
    )
    stage = Stage(made)
    stage.play([*says(1, 0, 1), *says(2, 10, 11)], until=20)
    assert converter.converted == 3, "the opener, and the rest of each answer"
    assert "Sure," in openers.sounds
    openers.forget_sounds()
    assert "Sure," not in openers.sounds


def test_what_tools_told_has_no_opener() -> None:
    openers = Openers(Settings())
    chat = FakeToolUser([ToolCall("1", "clock", "{}")], ["Sure, ", "it ", "is ", "noon ", "now."])
    made = replace(parts(FakeRecognizer("what time is it"), chat), openers=openers)
    stage = Stage(replace(made, tools=FakeTools("noon")))
    stage.play(says(1, 0, 1), until=10)
    assert len(heard_at(stage)) == 1
    assert stage.remembered()[-1] == ("assistant", "Sure, it is noon now.")


def test_all_of_them_are_there_a_quarter_of_a_minute_after_the_start() -> None:
    """What is left of the quiet costs nothing."""
    openers, converter = Openers(Settings()), FakeConverter()
    stage = Stage(
        replace(parts(FakeRecognizer(), FakeChat(), converter=converter), openers=openers)
    )

    async def main() -> None:
        task = asyncio.create_task(keep_openers_ready(stage.session))
        await asyncio.sleep(15)
        made = converter.converted
        await asyncio.sleep(60)
        assert 10 < made == converter.converted
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main())


def test_the_likeliest_are_spoken_ahead_while_nobody_talks() -> None:
    converter = FakeConverter()
    openers = Openers(Settings())
    made = parts(FakeRecognizer(), FakeChat(), converter=converter)
    stage = Stage(replace(made, openers=openers))

    async def main() -> None:
        task = asyncio.create_task(keep_openers_ready(stage.session))
        await asyncio.sleep(POLL_INTERVAL_S / 2)
        assert not converter.converted, "nothing at start"
        stage.session.state = replace(stage.session.state, phase=Phase.SPEAKING)
        await asyncio.sleep(POLL_INTERVAL_S * 50)
        assert not converter.converted, "nothing while it speaks"
        stage.session.state = replace(stage.session.state, phase=Phase.LISTENING)
        await asyncio.sleep(POLL_INTERVAL_S * 50)
        assert "Yes," in openers.sounds
        made_once = converter.converted
        openers.forget_sounds()
        await asyncio.sleep(POLL_INTERVAL_S * 50)
        assert "Yes," in openers.sounds
        assert converter.converted == 2 * made_once
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main())


def test_nothing_is_kept_of_the_plain_voice_while_the_other_still_loads() -> None:
    openers = Openers(Settings())
    made = parts(FakeRecognizer("a"), FakeChat(["Sure, ", "yes."]))
    loading = Conversion("somebody", VirtualWorker(0.1))
    stage = Stage(replace(made, openers=openers, conversion=loading))
    stage.play(says(1, 0, 1), until=10)
    assert stage.remembered()[-1] == ("assistant", "Sure, yes.")
    assert "Sure," not in openers.sounds
