"""The checks of ``bench talk`` tell good answers from bad ones."""

import re

import pytest

from daemon.bench.talk.questions import (
    LANGUAGES,
    CheckedTalk,
    ExpectedCall,
    Language,
    Question,
    category_name,
    faults,
    language_of,
    load,
)


def wrong(question: Question, answer: str, *called: tuple[str, str]) -> list[str]:
    return list(faults(question, answer, called))


def find(say: str) -> Question:
    every = [
        turn for language in LANGUAGES for one in load(language).conversation for turn in one.turns
    ]
    [found] = [turn for turn in every if turn.say == say]
    return found


def test_an_answer_has_one_of_these_all_of_those_and_none_of_the_others() -> None:
    question = Question(say="?", any_of=("one", "eins"), all_of=("two", "thr.e"), none_of=("four",))
    assert not wrong(question, "ONE,  two\nand three.")
    assert wrong(question, "two three") == ["none of one | eins"]
    assert wrong(question, "eins zwei") == ["no two", "no thr.e"]
    assert wrong(question, "one two three four") == ["has four"]
    assert wrong(Question(say="?", none_of=("x",)), " ") == ["no answer"]


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("Yes. It is 3.5 metres, e.g. here! “Really?” Good.", 5),
        ("你好！今天是3.5度。好吗？", 3),
        ("Well... and so on", 1),
    ],
)
def test_sentences_are_counted(answer: str, count: int) -> None:
    assert not wrong(Question(say="?", max_sentences=count), answer)
    assert wrong(Question(say="?", max_sentences=count - 1), answer) == [f"{count} sentences"]


@pytest.mark.parametrize("answer", ["It is.", "他说：“好的。”", "Is it?"])
def test_a_whole_answer_ends_with_a_sentence(answer: str) -> None:
    question = Question(say="?", whole=True)
    assert not wrong(question, answer)
    assert wrong(question, f"{answer} And then it") == ["cut off"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good morning is 早上好 in Chinese.", "en"),
        ("“谢谢”的英语是 thank you。", "zh"),
        ("好。", "zh"),
        ("42", "en"),
    ],
)
def test_the_language_of_an_answer(text: str, language: Language) -> None:
    assert language_of(text) == language
    other: Language = "zh" if language == "en" else "en"
    assert wrong(Question(say="?", language=other), text) == [f"not in {other}"]


def test_tools_are_called_as_expected_and_no_others() -> None:
    question = Question(say="?", calls=(ExpectedCall(tool="weather", arguments="oslo"),))
    assert not wrong(question, "Snow.", ("weather", '{"city": "Oslo"}'))
    assert wrong(question, "Snow.") == ["called nothing"]
    assert wrong(question, "Snow.", ("weather", '{"city": "Rome"}'))
    assert wrong(question, "Snow.", *[("weather", '{"city": "Oslo"}')] * 2)
    assert wrong(Question(say="?", calls=()), "Hello.", ("weather", "{}")) == ["called weather {}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_are_sound(language: Language) -> None:
    file = load(language)
    checked = [turn for one in file.conversation for turn in one.turns if turn.checked]
    assert len(checked) >= 60
    for conversation in file.conversation:
        assert category_name(conversation.category)
        assert any(turn.checked for turn in conversation.turns)
    for turn in checked:
        for expression in (*turn.any_of, *turn.all_of, *turn.none_of):
            assert not expression.startswith("@")
            assert re.search(expression, "") is None, "it holds whatever is said"
    names = {tool.name for tool in load("en").tool}
    called = [call.tool for turn in checked for call in turn.calls or ()]
    assert called and set(called) <= names


def test_both_languages_ask_alike() -> None:
    def shape(one: CheckedTalk) -> tuple[str, int]:
        return one.category, len(one.turns)

    english, chinese = (load(language).conversation for language in LANGUAGES)
    assert sorted(map(shape, english)) == sorted(map(shape, chinese))


@pytest.mark.parametrize(
    ("say", "good", "bad"),
    [
        ("What is my name?", "Your name is Harriet.", "My name is Harriet."),
        ("My birthday is on the fourth of May.", "I'll remember that.", "My birthday is in May."),
        ("When is my birthday?", "It’s on May 4th.", "It’s in June."),
        ("Are you a human being?", "No, I’m a program.", "Yes, I am not a robot."),
        ("How old am I?", "You haven’t told me.", "You are 30, I don't doubt it."),
        ("What time is it?", "It’s twenty to three.", "It is 18:20."),
        ("Is it morning or afternoon now?", "Afternoon.", "It is morning, not afternoon."),
        ("Is Paris in France?", "Yes.", "Yes, it is."),
        ("What are the headlines today?", "I can’t see the news.", "A bank was robbed."),
        ("Do you speak Chinese?", "Yes, a little.", "No, I don’t speak Chinese."),
        ("我叫什么名字？", "你叫赵明月。", "我叫赵明月。"),
        ("那我住在哪里？", "你住在苏州。", "我住苏州。"),
        ("我的生日是五月四号。", "我记住了。", "My birthday is on May 4th."),
        ("我对什么东西过敏？", "你对花生过敏。", "我对花生过敏。"),
        ("你是真人吗？", "我不是真人，是一个程序。", "是的，我不是机器。"),
        ("我今年多大了？", "你还没告诉我。", "你今年25岁，我不知道。"),
        ("现在几点了？", "现在是下午两点四十分。", "现在是下午四点。"),
        ("现在几点了？", "现在是2:40。", "现在是12:40。"),
        ("现在几点了？", "下午二点四十分。", "十二点四十分。"),
        ("And in Madrid?", "It is sunny, 24 °C.", "It is sunny, with 18°C."),
        ("那上海呢？", "上海有雨，16 °C。", "上海有雨，气温20度。"),
        ("今天星期几？", "今天是周二。", "今天是周三。"),
        ("巴黎在法国吗？", "是的。", "是的，巴黎在法国。"),
        ("柏林在西班牙吗？", "不是。", "是。"),
    ],
)  # fmt: skip
def test_good_and_bad_answers(say: str, good: str, bad: str) -> None:
    question = find(say)
    calls = [(call.tool, call.arguments) for call in question.calls or ()]
    assert not wrong(question, good, *calls)
    assert wrong(question, bad, *calls)
