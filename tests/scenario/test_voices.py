"""Who speaks, whom it answers, and a television beside them, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from daemon.dialogue.transcript import SpokenTranscript, UtteranceHeard
from daemon.dialogue.voice_gate import VoiceGate
from daemon.ears.events import EarEvent
from daemon.media import LISTEN_RATE, Audio, ToolCall
from daemon.people.person import Speaker
from daemon.worker import CancelToken
from tests.fakes import (
    ANNA,
    BEN,
    FakeChat,
    FakePeople,
    FakeRecognizer,
    FakeTools,
    FakeToolUser,
    level_of,
    parts,
)
from tests.scenario.room import TELEVISION, Piece, hears, seconds_of
from tests.scenario.test_session import HELD, H, L, S, Stage, T
from tests.virtual_time import run_virtual


class VoiceStage(Stage):
    """A session in which people are known by their voice."""

    def __init__(
        self, people: FakePeople, heard: list[str], *answers: list[Any], whom: str = "everyone"
    ) -> None:
        self.people = people
        self.recognizer = FakeRecognizer(*heard)
        self.chat = FakeChat(*answers)
        self.speakers = people.speakers()
        self.speakers.changed = self.follow
        made = parts(self.recognizer, self.chat)
        super().__init__(replace(made, speakers=self.speakers))
        self.session.context.answer_whom = whom
        self.session.context.follow_up_s = 8.0
        self.persons: list[str] = []
        self.history.keep = lambda _question, _heard, person: self.persons.append(
            person.name if person else "?"
        )

    def follow(self, people: Any) -> None:
        self.session.context.people = people

    def hear(self, *pieces: Piece, until: float = 0.0) -> None:
        script = hears(*pieces)

        async def heard() -> AsyncIterator[EarEvent]:
            loop = asyncio.get_running_loop()
            for at, event in script:
                await asyncio.sleep(at - loop.time())
                yield event
            await asyncio.Event().wait()

        async def main() -> None:
            await self.speakers.refresh()
            gate = VoiceGate(self.speakers, self.session.context)
            told = gate.tell(heard())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(self.session.run(told), until or seconds_of(pieces) + 10)
            await told.aclose()

        run_virtual(main())

    def asked(self) -> list[str]:
        return [prompt[-1].content for prompt in self.chat.asked]


def test_the_brain_is_told_who_asks() -> None:
    stage = VoiceStage(FakePeople(ANNA, BEN), ["hello", "and me?", "who?"], ["A"], ["B"], ["C"])
    stage.hear((ANNA, 2), 5, (BEN, 2), 5, (TELEVISION, 2))
    names = [text.splitlines()[0] for text in stage.asked()]
    assert ["Anna" in names[0], "Ben" in names[1], "do not know" in names[2]] == [True] * 3
    assert stage.persons == ["Anna", "Ben", "?"]


def test_while_nobody_is_known_nothing_is_loaded_or_judged() -> None:
    stage = VoiceStage(FakePeople(), ["hello"], ["Hi."], whom="known")
    stage.hear((TELEVISION, 3))
    assert stage.remembered() == [("user", "hello"), ("assistant", "Hi.")]
    assert (stage.people.loaded, stage.people.judge.judged) == (0, 0)


def test_an_answer_does_not_wait_for_the_voice_to_be_judged() -> None:
    began = []
    for people in (FakePeople(), FakePeople(ANNA)):
        stage = VoiceStage(people, ["hello"], ["Hi."])
        stage.hear((ANNA, 3))
        began.append(next(at for at, phase in stage.phases if phase is S))
    assert began[1] == pytest.approx(began[0], abs=0.001)


@pytest.mark.parametrize("whom", ["everyone", "known"])
@pytest.mark.parametrize("seconds", [1.5, 1.9, 2.4, 3.0, 4.5, 8.0])
def test_nobody_who_is_known_is_judged_beside_the_recogniser(
    seconds: float, whom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = FakePeople(ANNA)
    identify, judged = people.judge.identify, list[float]()

    def noted(audio: Audio, cancel: CancelToken) -> Speaker:
        judged.append(asyncio.get_running_loop().time())
        return identify(audio, cancel)

    monkeypatch.setattr(people.judge, "identify", noted)
    stage = VoiceStage(people, ["hello"], ["Hi."], whom=whom)
    stage.hear((ANNA, seconds))
    assert stage.persons == ["Anna"]
    assert judged and max(judged) < seconds


def test_a_yeah_is_said_by_whom_it_talks_with() -> None:
    stage = VoiceStage(FakePeople(ANNA), ["hello", "again", "hm"], ["Hi."], ["Yes."], ["So?"])
    stage.hear((ANNA, 2), 4, (TELEVISION, 0.5), 20, (TELEVISION, 0.5))
    assert stage.persons == ["Anna", "Anna", "?"]


@pytest.mark.parametrize("whom", ["known", "owner"])
def test_strangers_are_as_good_as_silent(whom: str) -> None:
    stage = VoiceStage(FakePeople(ANNA), [], whom=whom)
    room: list[Piece] = [(TELEVISION, 4), 1]
    stage.hear(*room * 20)
    assert stage.path() == []
    assert not stage.recognizer.heard


def test_only_the_owner_is_answered_if_so_wanted() -> None:
    stage = VoiceStage(FakePeople(ANNA, BEN), ["hello"], ["Hi."], whom="owner")
    stage.hear((BEN, 3), 5, (ANNA, 3))
    assert stage.persons == ["Anna"]


def test_where_nobody_is_the_owner_everybody_is_answered() -> None:
    stage = VoiceStage(FakePeople(BEN), ["hello"], ["Hi."], whom="owner")
    stage.hear((TELEVISION, 3))
    assert stage.persons == ["?"]


def test_a_question_within_a_television_is_cut_out_and_answered() -> None:
    stage = VoiceStage(FakePeople(ANNA), ["what time is it?"], ["Six."], whom="known")
    stage.hear((TELEVISION, 6), (ANNA, 3), (TELEVISION, 12))
    assert stage.persons == ["Anna"]
    [heard] = {audio.seconds: audio for audio in stage.recognizer.heard}.values()
    assert heard.seconds == pytest.approx(3, abs=0.8)
    assert (heard.samples == 0.1).mean() > 0.8
    began = next(at for at, phase in stage.phases if phase is S)
    assert 9 < began < 12, "it does not wait for the television to pause"


def test_a_television_that_goes_on_neither_ends_nor_holds_the_answer() -> None:
    answer = ["The first sentence is here. ", "The second one is heard, too."]
    stage = VoiceStage(FakePeople(ANNA), ["what is new?"], answer, whom="known")
    room: list[Piece] = [(TELEVISION, 5), 0.8]
    stage.hear((ANNA, 3), *room * 6)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1] == ("assistant", "".join(answer))


def test_a_short_word_of_the_television_is_not_taken_for_who_asked_before() -> None:
    stage = VoiceStage(FakePeople(ANNA), ["what time is it?"], ["Six."], whom="known")
    stage.hear((ANNA, 3), (TELEVISION, 3), 1.0, (TELEVISION, 0.6), 1.0, (TELEVISION, 0.5))
    assert stage.persons == ["Anna"]


@pytest.mark.parametrize("before", [0.0, 4.0])
@pytest.mark.parametrize("pieces", [1, 3])
def test_short_pieces_of_a_television_are_no_part_of_the_question_before(
    before: float, pieces: int
) -> None:
    stage = VoiceStage(FakePeople(ANNA), ["what time is it?"] * 2, ["Six."], ["Six."], whom="known")
    stage.parts.thinking.takes_s = 1.5  # type: ignore[attr-defined]
    piece: list[Piece] = [0.4, (TELEVISION, 1.05)]
    stage.hear((TELEVISION, before), (ANNA, 3), *piece * pieces)
    assert stage.persons == ["Anna"]
    strange = stage.recognizer.heard[-1].samples == level_of(TELEVISION)
    assert strange.sum() < LISTEN_RATE / 2
    if before:
        assert stage.path() == [H, T, S, L], "the answer is not begun again"


def test_where_a_voice_is_in_doubt_the_question_is_not_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = FakePeople(ANNA)
    identify, looks = people.judge.identify, list[Speaker]()

    def doubtful(audio: Audio, cancel: CancelToken) -> Speaker:
        looks.append(identify(audio, cancel))
        return Speaker(None, 0.45) if looks[-1].person and len(looks) > 1 else looks[-1]

    monkeypatch.setattr(people.judge, "identify", doubtful)
    stage = VoiceStage(people, ["what?"], ["That."], whom="known")
    stage.hear((ANNA, 1.5), 0.2, (ANNA, 3), (TELEVISION, 4))
    said = max(audio.seconds for audio in stage.recognizer.heard)
    assert said == pytest.approx(4.7, abs=0.8)


def test_who_is_in_doubt_by_a_moment_is_known_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = FakePeople(ANNA)
    identify = people.judge.identify

    def doubtful(audio: Audio, cancel: CancelToken) -> Speaker:
        found = identify(audio, cancel)
        anna = (audio.samples == np.float32(level_of(ANNA))).sum() / LISTEN_RATE
        return Speaker(None, 0.45) if found.person and anna < 2 else found

    monkeypatch.setattr(people.judge, "identify", doubtful)
    stage = VoiceStage(people, ["what?"] * 3, *[["That."]] * 3, whom="known")
    stage.hear((TELEVISION, 4), 0.2, (ANNA, 4), 0.2, (TELEVISION, 4))
    assert stage.persons == ["Anna"]
    heard = stage.recognizer.heard[-1]
    assert heard.seconds == pytest.approx(4, abs=0.4)
    assert not (heard.samples == level_of(TELEVISION)).any()


def test_what_is_told_ends_although_meanwhile_everyone_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = FakePeople(ANNA)
    stage = VoiceStage(people, ["what?", "yes"], ["That."], ["Well."], whom="known")
    stage.speakers._worker.takes_s = 0.4  # type: ignore[attr-defined]
    identify = people.judge.identify

    def changing(audio: Audio, cancel: CancelToken) -> Speaker:
        if asyncio.get_running_loop().time() > 7:
            stage.session.context.answer_whom = "everyone"
        return identify(audio, cancel)

    monkeypatch.setattr(people.judge, "identify", changing)
    stage.hear((ANNA, 3), 4, (ANNA, 0.5))
    assert stage.path() == [H, T, S, L] * 2


def test_somebody_known_still_interrupts_beside_a_television() -> None:
    answer = ["The first sentence is here. ", "The second one is never heard by anybody at all."]
    stage = VoiceStage(FakePeople(ANNA), ["what?", "stop that"], answer, ["Well."], whom="known")
    stage.hear((ANNA, 2), (TELEVISION, 4), (ANNA, 2), (TELEVISION, 10))
    assert stage.path()[:6] == [H, T, S, HELD, H, T]
    assert stage.persons == ["Anna", "Anna"]


def test_in_a_quiet_room_somebody_known_interrupts_at_once() -> None:
    answer = ["The first sentence is here. ", "The second one is never heard."]
    stage = VoiceStage(FakePeople(ANNA), ["what?", "stop it now"], answer, ["Well."], whom="known")
    stage.hear((ANNA, 2), 1.5, (ANNA, 2))
    paused = [at for at, what in stage.player.log if what == "pause"]
    assert paused == [pytest.approx(3.5 + 0.4, abs=0.1)]


def test_a_stranger_who_begins_after_the_answer_is_taken_for_nobody() -> None:
    answer = ["The first sentence is here, and it is long. ", "The second one is heard, too."]
    stage = VoiceStage(FakePeople(ANNA), ["what?"], answer, whom="known")
    stage.hear((ANNA, 2), 1.5, (TELEVISION, 8))
    assert stage.persons == ["Anna"]
    assert stage.remembered()[1] == ("assistant", "".join(answer))
    assert [what for _, what in stage.player.log if what in ("pause", "resume")] == [
        "pause",
        "resume",
    ]


def test_for_strangers_no_tool_is_called() -> None:
    for person, called in ((ANNA, 1), (BEN, 0), (TELEVISION, 0)):
        stage = VoiceStage(FakePeople(ANNA, BEN), ["turn on the light"])
        chat = FakeToolUser([ToolCall("1", "clock", "{}")], ["Done."])
        chat.answers = [["I may not."]]
        tools = FakeTools("on")
        stage.session.use(chat_model=chat, tools=tools)
        stage.hear((person, 2))
        assert len(tools.calls) == called


def test_a_transcript_tells_who_said_what_also_what_is_not_answered() -> None:
    heard = ["how are you?", "I like tea", "Digital Life, and you?", "yes"]
    stage = VoiceStage(FakePeople(ANNA, BEN), heard, ["Tea, too."])
    stage.session.context.names = ["Digital Life"]
    stage.session.context.follow_up_s = 0.0
    told: list[UtteranceHeard] = []
    stage.bus.subscribe(UtteranceHeard, told.append)
    transcript = SpokenTranscript(stage.bus)
    stage.hear((ANNA, 2), 5, (BEN, 2), 5, (ANNA, 2), 5, (TELEVISION, 2))
    transcript.close()
    assert [(line.speaker, line.text) for line in told] == list(
        zip(["Anna", "Ben", "Anna", ""], heard, strict=True)
    )
    assert told[1].begin == pytest.approx(6.8, abs=0.3)
    assert told[1].end == pytest.approx(9.0, abs=0.1)


def test_a_transcript_tells_once_who_only_paused_and_nothing_of_a_television() -> None:
    stage = VoiceStage(FakePeople(ANNA), ["so", "so it is"], ["Yes."], ["Yes."], whom="known")
    stage.parts.thinking.takes_s = 1.5  # type: ignore[attr-defined]
    told: list[UtteranceHeard] = []
    stage.bus.subscribe(UtteranceHeard, told.append)
    SpokenTranscript(stage.bus)
    stage.hear((ANNA, 2), 0.6, (ANNA, 1), 8, (TELEVISION, 3))
    assert [line.text for line in told] == ["so it is"]
