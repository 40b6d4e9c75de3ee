"""What introduces somebody, and what only sounds like it."""

import pytest

from daemon.dialogue.people_phrases import (
    Wish,
    is_never_mind,
    is_no,
    is_yes,
    told_name,
    wish_in,
)


@pytest.mark.parametrize(
    ("said", "kind", "name", "own"),
    [
        ("This is Anna.", "introduce", "Anna", False),
        ("This is my wife, Mary Ann.", "introduce", "Mary Ann", False),
        ("Hello! This is my brother Tom. Please remember his voice.", "introduce", "Tom", False),
        ("I'd like to introduce you to Ben.", "introduce", "Ben", False),
        ("I am Anna, remember my voice.", "introduce", "Anna", True),
        ("I'm Anna. Please learn my voice.", "introduce", "Anna", True),
        ("My name is O'Brien, can you remember my voice?", "introduce", "O'Brien", True),
        ("Hi, I'm Susan.", "introduce", "Susan", True),
        ("Learn my voice.", "learn", "", True),
        ("Can you please remember my voice?", "learn", "", True),
        ("Remember my voice as Anna.", "learn", "Anna", True),
        ("Forget my voice.", "forget", "", True),
        ("Who am I?", "who", "", True),
        ("Do you know who I am?", "who", "", True),
        ("Can you tell from my voice who I am?", "who", "", True),
        ("Could you tell who I am by my voice?", "who", "", True),
        ("What's my name?", "who", "", True),
        ("我是小明，记住我的声音。", "introduce", "小明", True),
        ("我叫安娜，请你记住我的声音。", "introduce", "安娜", True),
        ("这是安娜。", "introduce", "安娜", False),
        ("这是我妻子王丽。", "introduce", "王丽", False),
        ("我是小明。", "introduce", "小明", True),
        ("请记住我的声音", "learn", "", True),
        ("忘掉我的声音。", "forget", "", True),
        ("我是谁？", "who", "", True),
        ("你知道我是谁吗？", "who", "", True),
        ("你能从我的声音里听出我是谁吗？", "who", "", True),
        ("我叫什么名字？", "who", "", True),
    ],
)
def test_who_wants_to_be_known_is_understood(said: str, kind: str, name: str, own: bool) -> None:
    wish = wish_in(said)
    assert wish is not None
    assert (wish.kind, wish.name, wish.own) == (kind, name, own)


@pytest.mark.parametrize(
    "said",
    [
        "This is ridiculous.",
        "This is great, thank you.",
        "This is the BBC.",
        "This is CNN.",
        "This is London.",
        "This is what I mean.",
        "I am tired.",
        "I'm German.",
        "I'm so happy.",
        "I am Catholic.",
        "Meet me at seven.",
        "Who am I talking to?",
        "Forget my appointment.",
        "Remember that my voice is hoarse.",
        "这是什么？",
        "这是苹果。",
        "这是我的手机。",
        "我是老师。",
        "我是中国人。",
        "我是说明天。",
        "我是不是很帅？",
        "忘掉我的约会。",
        "",
        "This is " + "Anna " * 60,
    ],
)
def test_what_only_sounds_like_it_is_left_to_others(said: str) -> None:
    assert wish_in(said) is None


def test_a_bare_name_is_told_from_one_with_a_wish() -> None:
    assert wish_in("This is Anna.") == Wish("introduce", "Anna", own=False, plain=True)
    assert wish_in("I am Anna, remember my voice.") == Wish("introduce", "Anna")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Anna.", "Anna"),
        ("anna", "Anna"),
        ("My name is Anna.", "Anna"),
        ("It's Mary Ann.", "Mary Ann"),
        ("Why do you want to know?", ""),
        ("我叫小明。", "小明"),
        ("小明", "小明"),
        ("你说什么", ""),
    ],
)
def test_a_name_is_found_in_the_answer_to_what_is_your_name(said: str, name: str) -> None:
    assert told_name(said) == name


def test_yes_no_and_never_mind_are_told_apart() -> None:
    for said in (
        "Yes.",
        "Yes, please!",
        "Sure, go ahead.",
        "好的。",
        "是的，记住吧。",
        "That's right.",
    ):
        assert is_yes(said) and not is_no(said) and not is_never_mind(said)
    for said in ("No.", "No, I am Hannah.", "不要。", "Don't."):
        assert is_no(said) and not is_yes(said)
    for said in ("Never mind.", "Oh, forget it.", "Cancel that, please.", "算了。", "还是算了吧。"):
        assert is_never_mind(said) and not is_yes(said)
    for said in (
        "Yesterday I went to the sea.",
        "I like to stop at the bakery.",
        "今天我算了一笔账。",
    ):
        assert not is_yes(said) and not is_never_mind(said)
