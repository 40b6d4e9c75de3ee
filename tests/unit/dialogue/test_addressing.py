import pytest

from daemon.config import load, packaged_config
from daemon.dialogue.filters import (
    DialogueContext,
    addressed_words,
    attributed,
    question_after_name,
)
from daemon.dialogue.state import Phase
from daemon.media import Transcript
from daemon.people.person import Person, Speaker
from tests.fakes import FakeChat, FakeRecognizer, parts
from tests.scenario.test_session import Stage, says

NAMES = ("Digital Life", "数字生命")
SETTINGS = load(packaged_config()).settings.dialogue
ADDRESSED = SETTINGS.model_copy(update={"answer_when": "addressed"})


@pytest.mark.parametrize(
    ("text", "question"),
    [
        # at the start, the name goes
        ("Digital life, what is the capital of France?", "what is the capital of France?"),
        ("Hey, Digital Life, tell me a joke.", "tell me a joke."),
        ("Okay, digital life: how much is 2 plus 2?", "how much is 2 plus 2?"),
        ("数字生命,今天天气怎么样?", "今天天气怎么样?"),
        ("你好，数字生命，请讲个笑话。", "请讲个笑话。"),
        ("数字生命法国的首都是哪里？", "法国的首都是哪里？"),
        ("Digital Life，今天天气怎么样？", "今天天气怎么样？"),
        # elsewhere it stays
        ("What do you think, digital life?", "What do you think, digital life?"),
        ("这个问题你怎么看，数字生命？", "这个问题你怎么看，数字生命？"),
        # alone it is a question
        ("Digital life.", "Digital life."),
        ("嘿，数字生命！", "嘿，数字生命！"),
        # as a recogniser may spell it
        ("Digitalife, are you there?", "are you there?"),
        ("Digital live are you there?", "are you there?"),
        ("The digital knife, are you there?", "The digital knife, are you there?"),
        ("数字声明，你在吗？", "你在吗？"),
        ("数字生名你在吗", "你在吗"),
        # said to others
        ("What is the capital of France?", None),
        ("I bought a digital camera.", None),
        ("Send me the digital file.", None),
        ("Life is good.", None),
        ("我们来谈谈数字经济。", None),
        ("数字生活是什么？", None),
        ("", None),
        ("…", None),
    ],
)
def test_a_name_is_found_as_it_is_heard(text: str, question: str | None) -> None:
    assert question_after_name(NAMES, text) == question


@pytest.mark.parametrize(
    ("name", "text", "question"),
    [
        ("Joe", "Joe, how are you?", "how are you?"),
        ("Joe", "There is no way.", None),
        ("Sam", "It is all the same.", None),
        ("小艾", "小爱，你好吗？", "你好吗？"),
        ("小艾", "小孩子很可爱。", None),
        ("O'Brien", "OBrien, hello?", "hello?"),
    ],
)
def test_short_names_have_to_be_right(name: str, text: str, question: str | None) -> None:
    assert question_after_name((name,), text) == question


class Scene:
    """What was said lately, with a clock that is set by hand."""

    def __init__(self, *texts: str) -> None:
        self.now = 100.0
        self.texts = list(texts)
        self.context = DialogueContext()
        self.context.apply_settings(ADDRESSED)

    def hear(self, seconds: float = 1.0) -> Transcript:
        text = self.texts.pop(0)
        heard = Transcript(text, "zh" if text > "\u4e00" else "en")
        return addressed_words(heard, self.now - seconds, self.context)

    def is_speaking(self, speaking: bool) -> None:
        self.context.is_speaking(speaking, self.now)


def test_words_for_another_come_out_as_silence() -> None:
    scene = Scene("What is new?", "Digital Life, what is new?", "今天怎么样？")
    assert scene.hear() == Transcript("", "en")
    assert scene.hear() == Transcript("what is new?", "en")
    assert scene.hear() == Transcript("", "zh")


def test_after_its_answer_no_name_is_needed_for_a_while() -> None:
    scene = Scene("And then?", "And then?", "And then?")
    scene.is_speaking(True)
    scene.now += 10
    assert scene.hear().text == "And then?", "while it speaks"
    scene.is_speaking(False)
    scene.now += SETTINGS.follow_up_s + 3
    assert scene.hear(seconds=4).text == "And then?", "it began in time"
    assert scene.hear(seconds=2).text == "", "it began too late"


def test_whoever_speaks_is_answered_unless_the_settings_want_a_name() -> None:
    context = DialogueContext()
    context.apply_settings(SETTINGS)
    assert addressed_words(Transcript("What is new?", "en"), 0.0, context).text == "What is new?"


def test_the_wake_word_is_no_part_of_the_question() -> None:
    context = DialogueContext(wake_phrase="Okay Nabu")
    for text, question in (("Okay Nabu, what is new?", "what is new?"), ("And then?", "And then?")):
        assert addressed_words(Transcript(text, "en"), 0.0, context).text == question


def test_only_those_who_address_it_are_answered_and_remembered() -> None:
    recognizer = FakeRecognizer("What is new?", "Digital Life, what is new?", "And you?")
    chat = FakeChat(["Not much."], ["Fine."])
    stage = Stage(parts(recognizer, chat))
    stage.session.context.apply_settings(ADDRESSED)
    stage.play([*says(1, 0, 1), *says(2, 5, 6), *says(3, 9, 10)], until=15)
    assert stage.path()[:3] == [Phase.HEARING, Phase.THINKING, Phase.LISTENING]
    assert stage.remembered() == [
        ("user", "what is new?"),
        ("assistant", "Not much."),
        ("user", "And you?"),
        ("assistant", "Fine."),
    ]


@pytest.mark.parametrize(("seconds", "known"), [(1.0, True), (3.0, False)])
def test_only_what_is_short_counts_for_whom_it_talks_with(seconds: float, known: bool) -> None:
    anna = Speaker(Person(1, "Anna"), 0.8)
    context = DialogueContext(follow_up_s=8.0, voice=anna, voice_until=10.0)
    assert (attributed(Speaker(), 12.0, seconds, context) is anna) is known
    assert attributed(Speaker(), 20.0, seconds, context) == Speaker()
