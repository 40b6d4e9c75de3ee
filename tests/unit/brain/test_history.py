import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.brain.here_and_now import without_note
from daemon.brain.history import History, heard_text
from daemon.brain.style import Style, StyleExample
from daemon.errors import SetupError
from daemon.media import Message, ToolCall
from daemon.people.person import Person, Speaker
from daemon.worker import CancelToken

PERSONA = "persona"
NOW = datetime(2026, 11, 30, 18, 20)
NOTE = "(It is Monday, 30 November 2026, 18:20.)\n"
NOTE_ZH = "（现在是2026年11月30日，星期一，18:20。）\n"


class Letters:
    """A model whose tokens are letters, and three more for every message."""

    def __init__(self, context_tokens: int) -> None:
        self.context_tokens = context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) + 3 for message in messages)

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        raise AssertionError("the history asks for no reply")

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


def history(context_tokens: int = 1000, reply_tokens: int = 10, persona: str = PERSONA) -> History:
    """``context_tokens`` come beside those that the note of an English question takes."""
    return History(persona, Letters(context_tokens + len(NOTE)), reply_tokens, lambda: NOW)


def contents(messages: Sequence[Message]) -> list[str]:
    """Return what the messages say, the newest question without its note."""
    *before, newest = (message.content for message in messages)
    assert newest.startswith((NOTE, NOTE_ZH))
    return [*before, newest.removeprefix(NOTE).removeprefix(NOTE_ZH)]


def test_the_prompt_is_persona_turns_and_question() -> None:
    kept = history()
    kept.commit("one?", "1.")
    assert kept.messages("two?") == [
        Message("system", PERSONA),
        Message("user", "one?"),
        Message("assistant", "1."),
        Message("user", f"{NOTE}two?"),
    ]


def test_a_question_is_told_with_its_time_in_its_language_ever_after() -> None:
    times = iter([NOW, NOW + timedelta(minutes=45), NOW + timedelta(days=1)])
    kept, told = History(PERSONA, Letters(1000), 10, lambda: next(times)), list[tuple[str, str]]()
    kept.keep = lambda question, heard, _person: told.append((question, heard))
    first = kept.messages("What time is it? ")
    kept.commit("What time is it?", "Twenty past six.")
    second = kept.messages("现在几点？")
    kept.commit("现在几点？", "七点零五分。")
    third = kept.messages("And now?")
    assert first[-1].content == f"{NOTE}What time is it? "
    assert second[-1].content == "（现在是2026年11月30日，星期一，19:05。）\n现在几点？"
    assert third[-1].content == "(It is Tuesday, 1 December 2026, 18:20.)\nAnd now?"
    assert second[: len(first)] == first and third[: len(second)] == second
    assert told == [*kept.turns] == [
        ("What time is it?", "Twenty past six."), ("现在几点？", "七点零五分。"),
    ]  # fmt: skip


def test_who_asks_is_told_with_the_question_and_stays_there() -> None:
    kept, keepers = history(context_tokens=2000), list[Person | None]()
    kept.keep = lambda _question, _heard, person: keepers.append(person)
    anna = Person(1, "Anna")
    first = kept.messages("one?", speaker=Speaker(anna, 0.7))
    assert first[-1].content.endswith("18:20. Anna is talking to you.)\none?")
    assert kept.expected()[-1].content.endswith("Anna is talking to you.)\nHello.")
    kept.commit("one?", "1.", anna)
    second = kept.messages("two?", speaker=Speaker(None, 0.1))
    assert second[: len(first)] == first
    assert second[-1].content.endswith("You do not know who is talking to you.)\ntwo?")
    kept.commit("two?", "2.")
    assert keepers == [anna, None]


def test_a_person_is_answered_in_their_own_language() -> None:
    luo = Speaker(Person(2, "小罗", language="zh"), 0.7)
    [*_, asked] = history(context_tokens=2000).messages("How are you?", speaker=luo)
    assert asked.content.endswith("现在和你说话的是小罗。请用中文回答。）\nHow are you?")


def test_what_was_remembered_stays_with_the_question_and_with_whose_it_is() -> None:
    anna, ben = (Speaker(Person(number, name), 0.7) for number, name in ((1, "Anna"), (2, "Ben")))
    kept = history(context_tokens=2000)
    kept.recalled = {1: "Anna likes tea.", None: "Somebody likes milk."}
    line = "(On 3 May 2026 they told you: “my dentist is Doctor Wu”.)"
    prompt = kept.messages("Who is my dentist?", speaker=anna, remembered=line)
    assert prompt[0].content.endswith("Anna likes tea.")
    assert prompt[-1].content.endswith(f".)\n{line}\nWho is my dentist?")
    assert without_note(prompt[-1].content) == "Who is my dentist?"
    kept.commit("Who is my dentist?", "Doctor Wu.", anna.person)
    assert kept.messages("And where?", speaker=anna)[:3] == [
        *prompt,
        Message("assistant", "Doctor Wu."),
    ]
    told = kept.messages("And mine?", speaker=ben)
    assert not any("my dentist is" in message.content for message in told)
    assert not any("likes" in message.content for message in told)
    kept.drop(["Who is my dentist?"])
    assert kept.turns == ()


def test_where_it_is_belongs_to_the_persona() -> None:
    kept = history()
    kept.whereabouts = "You are in Berlin, time zone Europe/Berlin."
    kept.recalled = {None: "They like tea."}
    assert kept.system == f"{PERSONA} You are in Berlin, time zone Europe/Berlin.\n\nThey like tea."
    kept.persona = ""
    assert kept.system == "They like tea.", "a brain that was trained without one is told nothing"


def test_a_way_of_talking_stands_in_front_and_takes_what_room_there_is() -> None:
    kept = history(context_tokens=1000)
    pairs = [(f"q{number:02}", "a" * 20) for number in range(30)]
    examples = tuple(StyleExample(question=asked, answer=said) for asked, said in pairs)
    kept.style = Style(messages=30, examples=examples)
    kept.recalled = {None: "They like tea."}
    prompt = kept.messages("one?")
    shown = [message.content for message in prompt[1:-1] if message.role == "user"]
    assert shown == ["q06", "q05", "q04", "q03", "q02", "q01", "q00"], "a fifth, the best last"
    kept.commit("one?", "1.")
    assert kept.turns == (("one?", "1."),), "they were not said here"
    assert kept.messages("two?")[: len(prompt)] == prompt, "what the model has read stays"
    kept.style = None
    assert len(kept.messages("two?")) == 4


def test_what_tools_said_comes_last_and_older_turns_make_room_for_it() -> None:
    kept = history(context_tokens=75, reply_tokens=10)
    kept.commit("one?", "1.")
    kept.commit("two?", "2.")
    call = Message("assistant", "", (ToolCall("1", "clock", "{}"),))
    result = Message("tool", "x" * 30, answers="1")
    prompt = kept.messages("three?", (call, result))
    assert prompt == [
        Message("system", PERSONA),
        Message("user", f"{NOTE}three?"),
        call,
        result,
    ]
    kept = history(context_tokens=75, reply_tokens=10)
    prompt = kept.messages("a very long question indeed?", (call, result))
    assert prompt[-2:] == [call, result]
    asked = prompt[1].content.removeprefix(NOTE)
    assert asked and "a very long question indeed?".endswith(asked)


def test_no_persona_is_no_message() -> None:
    assert history(persona="").messages("one?") == [Message("user", f"{NOTE}one?")]


def test_asking_keeps_nothing_and_clear_forgets() -> None:
    kept = history()
    kept.messages("one?")
    assert contents(kept.messages("two?")) == [PERSONA, "two?"]
    kept.commit("two?", "2.")
    kept.clear()
    assert contents(kept.messages("three?")) == [PERSONA, "three?"]


def test_a_question_without_an_answer_joins_the_next() -> None:
    kept = history()
    kept.commit("one?", "")
    kept.commit("two?", "2.")
    kept.commit("three?", "")
    told = [message.content for message in kept.messages("four?")]
    assert told == [PERSONA, "one?\ntwo?", "2.", f"three?\n{NOTE}four?"]


def asked(kept: History, count: int, timed: bool = False) -> str:
    """Commit turns of a letter each, and return the letters whose turns the next prompt has.

    A turn takes 26 tokens, and its note if it is ``timed``; the question, the persona and the
    reply take 33.
    """
    for letter in "abcdefghijklmnopqrstuvw"[:count]:
        if timed:
            kept.messages(letter * 10)
        kept.commit(letter * 10, letter.upper() * 10)
    return "".join(said[0] for said in contents(kept.messages("z" * 10))[1:-1:2])


def test_whole_oldest_turns_make_room_and_several_at_once() -> None:
    assert asked(history(context_tokens=33 + 26 * 10), 10) == "abcdefghij"
    assert asked(history(context_tokens=33 + 26 * 10 - 1), 10) == "efghij"
    kept = history(context_tokens=33 + 26 * 10)
    assert asked(kept, 11) == "efghijk"
    before = kept.messages("z" * 10)
    for _ in range(3):
        kept.commit("y" * 10, "Y" * 10)
        prompt = kept.messages("z" * 10)
        assert prompt[: len(before) - 1] == before[:-1], "what was read is not read again"
        before = prompt
    kept.commit("y" * 10, "Y" * 10)
    assert kept.messages("z" * 10)[1].content == "i" * 10


def test_when_turns_were_asked_makes_room_before_they_do() -> None:
    room = 33 + (26 + len(NOTE)) * 10
    assert asked(history(context_tokens=room), 11, timed=True) == "abcdefghijk"


def test_a_long_question_does_not_cost_what_fits_beside_it() -> None:
    kept = history(context_tokens=33 + 26 * 10)
    asked(kept, 4)
    assert len(kept.messages("z" * (10 + 26 * 6))) == 10
    assert len(kept.messages("z" * (10 + 26 * 6 + 1))) == 6, "half of what is left is not used"


def test_looking_ahead_does_not_change_what_was_asked() -> None:
    kept = history()
    kept.messages("one?")
    ahead = kept.expected()
    kept.commit("one?", "1.")
    assert kept.messages("two?")[1].content == f"{NOTE}one?"
    assert ahead == [*kept.expected()[:1], Message("user", f"{NOTE}Hello.")]
    assert kept.expected("zh")[-1].content == f"{NOTE_ZH}你好。"
    assert kept.likely_languages == ["en", "zh"]
    kept.commit("那里漂亮吗？", "漂亮。")
    assert kept.likely_languages == ["zh", "en"]


def test_a_question_too_long_keeps_its_end_from_a_word() -> None:
    kept = history(context_tokens=10 + 3 + 12 + 10)
    kept.commit("a", "b")
    assert contents(kept.messages("what was said about the great wall")) == [PERSONA, "great wall"]
    kept = history(context_tokens=10 + 3 + 12 + 10 + len(NOTE_ZH) - len(NOTE))
    assert contents(kept.messages("中" * 20)) == [PERSONA, "中" * 12]


def test_no_room_for_any_question_is_an_error() -> None:
    with pytest.raises(SetupError, match=str(35 + len(NOTE))):
        history(context_tokens=35, persona="p" * 30).messages("one?")


@given(
    st.lists(st.tuples(st.text("ab 中", min_size=1), st.text("ab 中")), max_size=8),
    st.text("ab 中", min_size=1, max_size=200),
    st.integers(80, 300),
)
def test_roles_alternate_and_the_prompt_fits(
    turns: list[tuple[str, str]], question: str, context_tokens: int
) -> None:
    model = Letters(context_tokens)
    kept = History(PERSONA, model, 10, lambda: NOW)
    for asked, heard in turns:
        kept.commit(asked, heard)
    messages = kept.messages(question)
    roles = [message.role for message in messages]
    assert roles == [
        "system",
        *itertools.islice(itertools.cycle(["user", "assistant"]), len(roles) - 1),
    ]
    assert roles[-1] == "user"
    assert model.count_tokens(messages) + 10 <= context_tokens


@pytest.mark.parametrize(
    ("heard_samples", "heard"),
    [
        (0, ""),
        (-5, ""),
        (20, ""),
        (60, "Hello"),
        (99, "Hello"),
        (100, "Hello there."),
        (160, "Hello there. How are"),
        (200, "Hello there. How are you?"),
        (999, "Hello there. How are you?"),
    ],
)
def test_what_was_heard_ends_with_a_whole_word(heard_samples: int, heard: str) -> None:
    assert heard_text([("Hello there.", 100), ("How are you?", 100)], heard_samples) == heard


def test_chinese_is_cut_at_a_character() -> None:
    spoken = [("今天天气", 400), ("很好。", 300)]
    assert heard_text(spoken, 250) == "今天"
    assert heard_text(spoken, 500) == "今天天气很"
    assert heard_text(spoken, 700) == "今天天气很好。"


def test_mixed_text_is_cut_at_either() -> None:
    # 3 for a Chinese character, 1 for a letter: 6 of 17 is 我用, 12 parts the word
    spoken = [("我用Python写字", 18)]
    assert heard_text(spoken, 17) == "我用Python写"
    assert heard_text(spoken, 11) == "我用"


def test_silent_sentences_do_no_harm() -> None:
    assert heard_text([("", 0), ("Yes.", 0), ("No.", 10)], 0) == "Yes."
    assert heard_text([], 10) == ""


@given(
    st.lists(
        st.tuples(st.text("ab 中。", min_size=1).map(str.strip), st.integers(1, 1000)), max_size=5
    ),
    st.integers(0, 5000),
    st.integers(0, 5000),
)
def test_hearing_longer_never_takes_words_back(
    spoken: list[tuple[str, int]], one: int, other: int
) -> None:
    less, more = sorted((one, other))
    assert heard_text(spoken, more).startswith(heard_text(spoken, less))
