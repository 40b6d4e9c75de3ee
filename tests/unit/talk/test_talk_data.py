"""The dialogues that the small brain learns from: well formed, balanced, and clear who is who."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from daemon.brain.here_and_now import whereabouts
from daemon.brain.history import History
from daemon.brain.json_tool_calls import _calls
from daemon.config import Settings
from daemon.media import Message
from daemon.memory.entries import Fact
from daemon.memory.recall import Recallable, recalled
from daemon.worker import CancelToken
from models.talk import generate, prompts, sums, tools, wording
from models.talk.answered import answers
from models.talk.prompts import Dialogue

# The assistant has no name, home or family of the person's: none of these may come in its answers
# to what somebody tells of themselves.
FIRST_PERSON = {
    "en": re.compile(
        r"\b(?:my (?!pleasure|mistake|name is)|I live|I work|I like|I was born|I have (?!no))",
        re.I,
    ),
    "zh": re.compile(r"我(?:住|家|来自|喜欢|最(?!拿手)|养|今年|对\w+过敏|的(?!名字是|爱好))"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> tuple[list[Dialogue], list[Dialogue]]:
    return generate.generate()


def both(made: tuple[list[Dialogue], list[Dialogue]]) -> list[Dialogue]:
    return [*made[0], *made[1]]


def test_the_same_seed_gives_the_same_dialogues(
    made: tuple[list[Dialogue], list[Dialogue]],
) -> None:
    again = generate.generate()
    assert [one.record() for one in both(again)] == [one.record() for one in both(made)]
    other = generate.generate(seed=17)
    assert [one.record() for one in both(other)] != [one.record() for one in both(made)]


def test_there_are_enough_and_as_many_in_each_language(
    made: tuple[list[Dialogue], list[Dialogue]],
) -> None:
    learnt, held_out = made
    assert 2500 <= len(learnt) <= 4000
    assert 0.03 <= len(held_out) / len(learnt) <= 0.1
    for some in made:
        languages = Counter(one.language for one in some)
        assert abs(languages["en"] - languages["zh"]) < 0.1 * len(some)


def test_roles_alternate_and_nothing_is_empty(made: tuple[list[Dialogue], list[Dialogue]]) -> None:
    for one in both(made):
        messages = json.loads(json.dumps(one.record()))["messages"]
        roles = [message["role"] for message in messages if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert 1 <= len(roles) // 2 <= 14
        assert messages[0]["role"] == "system"
        assert all(message["content"].strip() for message in messages)
        assert len(one.learn) in (0, len(roles) // 2)


def test_no_slot_or_choice_is_left(made: tuple[list[Dialogue], list[Dialogue]]) -> None:
    for one in both(made):
        for text in one.turns:
            if not text.startswith("{") and not text.startswith("("):
                assert not re.search(r"[\[\]{}|=]|\s{2}|[。！？]，|\?。", text), text


def test_no_family_is_learnt_and_held_out(made: tuple[list[Dialogue], list[Dialogue]]) -> None:
    learnt, held_out = ({one.family for one in some} for some in made)
    assert not learnt & held_out
    assert held_out == generate.held_out_families()
    # Nor may the same words be in both, under whichever name.
    assert not {tuple(one.turns) for one in made[0]} & {tuple(one.turns) for one in made[1]}


def test_the_assistant_claims_nothing_that_the_person_told(
    made: tuple[list[Dialogue], list[Dialogue]],
) -> None:
    for one in both(made):
        if not one.told:
            continue
        for said in one.turns[1::2]:
            assert not any(fact in said for fact in one.told), one.turns
    own = {answer for some in answers().values() for _, answer in some}
    for one in both(made):
        if one.told:
            for said in set(one.turns[1::2]) - own:
                assert not FIRST_PERSON[one.language].search(said), said


def test_answers_are_for_the_ear(made: tuple[list[Dialogue], list[Dialogue]]) -> None:
    for one in both(made):
        for said in one.turns[1::2]:
            assert len(said) <= 300
            assert not re.search(r"[*#`\n]|https?:", said)


def test_calls_are_read_as_calls(made: tuple[list[Dialogue], list[Dialogue]]) -> None:
    found = 0
    for one in both(made):
        for said in one.turns[1::2]:
            if said.startswith("{"):
                (call,) = _calls(said)
                arguments = json.loads(call.arguments)
                assert set(arguments) <= set(tools.TOOLS[call.name]["parameters"])
                assert set(arguments) >= set(tools.TOOLS[call.name]["required"])
                assert f'"name": "{call.name}"' in one.system
                found += 1
    assert found > 200


def test_the_persona_is_the_one_of_the_settings() -> None:
    assert Settings().brain.persona == prompts.DEFAULT


class Roomy:
    context_tokens = 4096

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 0

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        return iter(())

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


def test_a_prompt_is_the_one_that_the_app_makes() -> None:
    at = datetime(2026, 11, 30, 18, 20)
    history = History(prompts.DEFAULT, Roomy(), 120, lambda: at)
    history.whereabouts = whereabouts("Berlin", "Europe/Berlin")
    fact = Fact(1, 0.0, "I like tea")
    history.recalled = {None: recalled(Recallable((fact,)), lambda _: True)}
    first = history.messages("现在几点？")[-1].content
    history.commit("现在几点？", "现在18点20分。")
    told = prompts.recalled(
        f"{prompts.DEFAULT} {history.whereabouts}", ["- They asked you to remember: “I like tea”"]
    )
    turns = [first, "现在18点20分。", prompts.timed_question("And in London?", at), ""]
    made = Dialogue("", "zh", turns, told).record()
    assert [
        {"role": message.role, "content": message.content}
        for message in history.messages("And in London?")
    ] == json.loads(json.dumps(made["messages"]))[:-1]
    assert first == prompts.timed_question("现在几点？", at)


def test_sums_are_right() -> None:
    assert [sums.english(number) for number in (0, 14, 30, 47, 100, 106)] == [
        "zero", "fourteen", "thirty", "forty-seven", "one hundred", "one hundred and six",
    ]  # fmt: skip
    assert [sums.chinese(number) for number in (0, 10, 14, 30, 47, 100, 106, 112, 120)] == [
        "零", "十", "十四", "三十", "四十七", "一百", "一百零六", "一百一十二", "一百二十",
    ]  # fmt: skip


def test_every_choice_is_closed() -> None:
    paths = list(wording.FOLDER.glob("*.toml"))
    assert len(paths) > 5
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line):
                assert text.count("[") == text.count("]"), f"{path.name}: {text}"
