"""Getting to know somebody by voice, from the spoken words on, in virtual time."""

from typing import Any

import pytest

from daemon.dialogue.introductions import MAX_TRIES, PATIENCE_S, Introductions
from tests.fakes import ANNA, BEN, FakeBook, FakePeople
from tests.scenario.room import Piece
from tests.scenario.test_voices import VoiceStage

HANNAH = None  # a stranger, until she is known
SENTENCES = ["I went to the market.", "I like soup because it is warm.", "There are hills."]


class IntroductionStage(VoiceStage):
    """A session that can be told who somebody is."""

    def __init__(
        self, people: FakePeople, heard: list[str], *answers: list[Any], whom: str = "everyone"
    ) -> None:
        super().__init__(people, heard, *answers, whom=whom)
        self.book = FakeBook(people, self.speakers)
        self.introductions = Introductions(self.speakers, self.book, self.session.context)
        self.session.use(introductions=self.introductions)

    def turns(self, *speakers: Any, pause: float = 8.0) -> None:
        """Have them speak one after another, two and a half seconds each."""
        pieces: list[Piece] = []
        for speaker in speakers:
            pieces += [speaker if isinstance(speaker, tuple) else (speaker, 2.5), pause]
        self.hear(*pieces)
        self.introductions.close()

    def said(self) -> list[str]:
        return [text for role, text in self.remembered() if role == "assistant"]

    def names(self) -> list[str]:
        return [profile.person.name for profile in self.people.profiles]


def test_three_sentences_make_somebody_known() -> None:
    heard = ["I am Hannah, remember my voice.", "Yes.", *SENTENCES, "Who am I?"]
    stage = IntroductionStage(FakePeople(), heard)
    stage.turns(HANNAH, HANNAH, HANNAH, HANNAH, HANNAH, HANNAH)
    said = stage.said()
    assert said[0] == "Shall I remember your voice as Hannah?"
    assert said[4:] == [
        "Thank you, Hannah. From now on I know your voice.",
        "You are Hannah.",
    ]
    assert stage.names() == ["Hannah"]


def test_what_makes_somebody_known_is_kept_in_no_memory() -> None:
    heard = ["I am Hannah, remember my voice.", "Yes.", *SENTENCES, "What is the time?"]
    stage = IntroductionStage(FakePeople(), heard, ["Noon."])
    kept: list[str] = []
    stage.session.parts.history.keep = lambda question, _heard, _person: kept.append(question)
    stage.turns(HANNAH, HANNAH, HANNAH, HANNAH, HANNAH, HANNAH)
    assert stage.names() == ["Hannah"]
    assert kept == ["What is the time?"]


def test_in_chinese_too() -> None:
    heard = [
        "记住我的声音。",
        "我叫小明。",
        "好的。",
        "今天我去了市场。",
        "我喜欢喝汤。",
        "那里有山。",
        "我是谁？",
    ]
    stage = IntroductionStage(FakePeople(), heard)
    stage.turns(*[HANNAH] * 7)
    assert stage.said()[:2] == ["好的。你叫什么名字？", "要我把你的声音记作小明吗？"]
    assert stage.said()[-1] == "你是小明。"


def test_one_who_is_known_introduces_another_who_is_heard_though_a_stranger() -> None:
    heard = ["This is Hannah.", "Yes, please.", *SENTENCES]
    stage = IntroductionStage(FakePeople(ANNA), heard, whom="known")
    stage.turns(ANNA, ANNA, HANNAH, HANNAH, HANNAH)
    assert stage.names() == ["Anna", "Hannah"]
    assert stage.people.profiles[1].person.tools


@pytest.mark.parametrize("by", [HANNAH, BEN])
def test_tools_are_for_those_whom_somebody_with_tools_introduces(by: Any) -> None:
    heard = [
        "I am Hannah, remember my voice." if by is HANNAH else "This is Hannah.",
        "Yes.",
        *SENTENCES,
    ]
    stage = IntroductionStage(FakePeople(ANNA, BEN), heard)
    stage.turns(by, by, HANNAH, HANNAH, HANNAH)
    assert not stage.people.profiles[2].person.tools


def test_another_voice_in_between_and_too_short_ones_are_asked_for_again() -> None:
    heard = ["Remember my voice as Hannah.", "Yes.", SENTENCES[0], "What?", "Soup.", *SENTENCES[1:]]
    stage = IntroductionStage(FakePeople(ANNA), heard)
    stage.turns(HANNAH, HANNAH, HANNAH, ANNA, (HANNAH, 0.6), HANNAH, HANNAH)
    said = stage.said()
    assert said[3] == "That sounded like somebody else. Please say it again, Hannah."
    assert said[4] == "That was very short. A whole sentence, please."
    assert stage.names() == ["Anna", "Hannah"]


def test_it_does_not_try_for_ever() -> None:
    heard = ["Learn my voice.", "Hannah.", "Yes.", *["Hm."] * MAX_TRIES, "hello"]
    stage = IntroductionStage(FakePeople(), heard, ["Hi."])
    stage.turns(HANNAH, HANNAH, HANNAH, *[(HANNAH, 0.6)] * MAX_TRIES, HANNAH)
    assert stage.said()[-2].startswith("I could not learn the voice.")
    assert stage.said()[-1] == "Hi."
    assert stage.names() == []


@pytest.mark.parametrize("ended", ["Never mind.", "No.", "算了。"])
def test_never_mind_keeps_nothing(ended: str) -> None:
    stage = IntroductionStage(FakePeople(), ["I am Hannah.", ended, "hello"], ["Hi."])
    stage.turns(HANNAH, HANNAH, HANNAH)
    assert stage.said()[-1] == "Hi."
    assert stage.names() == []
    assert not stage.session.context.introducing


def test_never_mind_among_the_sentences_ends_it() -> None:
    heard = ["Learn my voice.", "Hannah.", "Yes.", SENTENCES[0], "Oh, forget it.", "hello"]
    stage = IntroductionStage(FakePeople(), heard, ["Hi."])
    stage.turns(*[HANNAH] * 6)
    assert stage.said()[-2:] == ["All right, I have kept nothing.", "Hi."]


def test_something_else_is_answered_and_ends_it() -> None:
    heard = ["This is Hannah.", "what is new?", "Yes."]
    stage = IntroductionStage(FakePeople(), heard, ["Much."], ["Yes what?"])
    stage.turns(HANNAH, HANNAH, HANNAH)
    assert stage.said()[1:] == ["Much.", "Yes what?"]


def test_after_a_minute_nothing_is_expected_any_more() -> None:
    stage = IntroductionStage(FakePeople(), ["I am Hannah.", "Yes."], ["Yes what?"])
    stage.turns(HANNAH, HANNAH, pause=PATIENCE_S + 5)
    assert stage.said()[-1] == "Yes what?"


def test_who_goes_on_speaking_is_understood_as_a_whole() -> None:
    heard = ["I am Hannah.", "I am Hannah Miller."]
    stage = IntroductionStage(FakePeople(), heard)
    stage.parts.speaking.takes_s = 1.5  # type: ignore[attr-defined]
    stage.hear((HANNAH, 2), 0.7, (HANNAH, 1))
    stage.introductions.close()
    assert stage.said() == ["Shall I remember your voice as Hannah Miller?"]


def test_who_is_known_can_be_forgotten() -> None:
    stage = IntroductionStage(FakePeople(ANNA), ["Forget my voice.", "Yes.", "Forget my voice."])
    stage.turns(ANNA, ANNA, (HANNAH, 2.5))
    assert stage.said()[0].startswith("Shall I forget your voice, Anna")
    [(person, farewell)] = stage.book.farewells
    assert person is ANNA and farewell.startswith("I have forgotten")
    assert stage.said()[-1].startswith("I do not know your voice yet.")


def test_a_stranger_is_told_that_nobody_knows_them() -> None:
    stage = IntroductionStage(FakePeople(ANNA), ["Who am I?", "Who am I?"])
    stage.turns(HANNAH, ANNA)
    assert stage.said() == [
        "I do not know your voice yet. Say “remember my voice”, and I will learn it.",
        "You are Anna.",
    ]


def test_what_is_too_short_for_a_voice_is_not_taken_for_a_strangers() -> None:
    heard = ["Who am I?", "This is Hannah.", "No."]
    stage = IntroductionStage(FakePeople(ANNA), heard)
    stage.turns((ANNA, 0.8), (ANNA, 0.8), ANNA)
    said = stage.said()
    assert said[0].startswith("That was too short to recognise a voice by.")
    assert said[1] == "Shall I remember the voice of Hannah?"


@pytest.mark.parametrize(
    ("speaker", "answer"),
    [(ANNA, "You are Anna."), (HANNAH, "I do not know your voice yet.")],
    ids=["known", "stranger"],
)
def test_whose_voice_was_too_short_is_known_by_the_next_sentence(speaker: Any, answer: str) -> None:
    heard = ["Who am I?", "Who am I?", "I have just come home from work.", "hello"]
    stage = IntroductionStage(FakePeople(ANNA), heard, ["Hi."])
    stage.turns((speaker, 0.8), (speaker, 0.8), speaker, speaker)
    too_short = "That was too short to recognise a voice by. Say a whole sentence"
    assert [text[: len(too_short)] for text in stage.said()[:2]] == [too_short] * 2
    assert stage.said()[2].startswith(answer)
    assert stage.said()[3] == "Hi."


def test_who_was_too_short_to_be_forgotten_is_asked_after_the_next_sentence() -> None:
    heard = ["Forget my voice.", "I am talking to you.", "Yes."]
    stage = IntroductionStage(FakePeople(ANNA), heard)
    stage.turns((ANNA, 0.8), ANNA, ANNA)
    assert stage.said()[1].startswith("Shall I forget your voice, Anna")
    assert stage.book.farewells


@pytest.mark.parametrize("said", ["Never mind.", "Stop."])
def test_nobody_has_to_say_more(said: str) -> None:
    stage = IntroductionStage(FakePeople(ANNA), ["Who am I?", said, "hello"], ["OK."], ["Hi."])
    stage.turns((ANNA, 0.8), (ANNA, 0.8), ANNA)
    assert stage.said()[1:] == ["OK.", "Hi."]


def test_while_nobody_is_known_the_brain_answers_who_somebody_is() -> None:
    stage = IntroductionStage(FakePeople(), ["Who am I?"], ["A person."])
    stage.turns(HANNAH)
    assert stage.said() == ["A person."]


def test_a_name_is_taken_once() -> None:
    heard = ["I am Anna, remember my voice.", "Hannah.", "No."]
    stage = IntroductionStage(FakePeople(ANNA), heard)
    stage.turns(HANNAH, HANNAH, HANNAH)
    assert stage.said()[:2] == [
        "I already know somebody called Anna. What else shall I call you?",
        "Shall I remember your voice as Hannah?",
    ]
