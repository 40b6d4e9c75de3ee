"""``bench talk`` asks through the program's own prompt, and sums up what came of it."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from daemon.bench.talk import results
from daemon.bench.talk.asking import SERVER, Asked, TableTools, ask_all, load_and_ask
from daemon.bench.talk.questions import CheckedTalk, Language, OfferedTool, Question
from daemon.config import load, packaged_config
from daemon.errors import StageError
from daemon.media import CalledTool, Message, ToolCall
from daemon.worker import CancelToken
from tests.fakes import FakeChat, FakeReader, FakeToolUser, VirtualWorker
from tests.virtual_time import run_virtual

SETTINGS = load(packaged_config()).settings
NOTE = "(It is Tuesday, 17 March 2026, 14:40.)\n"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = OfferedTool(
    name="weather", description="?", parameters=CITY, results={"oslo": "snow", "": "unknown"}
)
CALL = ToolCall("1", "weather", '{"city": "Oslo"}')


def held(model: FakeChat, *conversations: CheckedTalk, language: Language = "en") -> list[Asked]:
    told = [(language, one) for one in conversations]
    return run_virtual(ask_all(model, VirtualWorker(), SETTINGS, told, [WEATHER], lambda: None))


def talk(*turns: Question, category: str = "facts", tools: bool = False) -> CheckedTalk:
    return CheckedTalk(category=category, turns=turns, tools=tools)


class Noting(FakeReader):
    """Also keeps the prompts to the letter."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__(*answers)
        self.prompts: list[list[Message]] = []

    def reply(self, messages: Sequence[Message], cancel: CancelToken) -> Iterator[str]:
        self.prompts.append(list(messages))
        yield from super().reply(messages, cancel)


def test_questions_of_one_conversation_follow_each_other_and_those_of_others_do_not() -> None:
    model = Noting(["Lisbon", "."], ["**Warsaw**."], ["Hello."])
    first = talk(Question(say="Portugal?"), Question(say="Poland?", any_of=("^warsaw",)))
    asked = held(model, first, talk(Question(say="Hi.", any_of=("bye",))))
    system = f"{SETTINGS.brain.persona} The time zone is Europe/London."
    assert [[message.content for message in prompt] for prompt in model.prompts] == [
        [system, f"{NOTE}Portugal?"],
        [system, f"{NOTE}Portugal?", "Lisbon.", f"{NOTE}Poland?"],
        [system, f"{NOTE}Hi."],
    ]
    assert [one.answer for one in asked] == ["Lisbon.", "Warsaw.", "Hello."]
    assert [one.faults for one in asked] == [(), (), ("none of bye",)]
    assert results.score(asked) == (1, 2), "a question without a check does not count"
    assert len(model.read_ahead) == 5, "before each conversation and after each answer"


def test_tools_are_offered_where_they_may_be_called_and_answer_from_their_table() -> None:
    model = FakeToolUser([CALL], ["It snows."], ["Hello."])
    wants = Question.model_validate(
        {"say": "Oslo?", "calls": [{"tool": "weather", "arguments": "oslo"}], "any_of": ["snow"]}
    )
    offered = []

    [asked] = held(model, talk(wants, tools=True, category="tools"))
    assert asked.called == (("weather", '{"city": "Oslo"}'),) and not asked.faults
    assert asked.first_clause_s is None, "the tool took its time, too"
    offered.append([tool.name for tool in model.tools])
    held(model, talk(Question(say="Hi.", any_of=("hello",))))
    offered.append([tool.name for tool in model.tools])
    assert offered == [["weather"], []]


def test_what_is_not_offered_cannot_be_called() -> None:
    tools = TableTools([WEATHER])
    called = CalledTool("joke", tools.server_of("joke"))
    told = run_virtual(tools.call(ToolCall("1", "joke", "{}"), called))
    assert (called.server, called.outcome) == ("", "refused") and "no such tool" in told.text
    assert tools.server_of("weather") == SERVER and tools.called == [("joke", "{}")]
    assert WEATHER.result('{"city": "Rome"}') == "unknown"


def test_an_answer_that_fails_is_wrong_and_the_next_is_asked() -> None:
    question = Question(say="?", none_of=("x",))
    asked = held(FakeChat(["Yes."], ["!"], ["No."]), talk(question, question, question))
    assert [bool(one.faults) for one in asked] == [False, True, False]
    assert results.score(asked) == (2, 3)


class Closing(FakeChat):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_brain_that_fails_at_once_is_freed_and_asked_no_more() -> None:
    model = Closing(["!"], ["Yes."])
    told: list[tuple[Language, CheckedTalk]] = [("en", talk(*[Question(say="?")] * 2))]
    with pytest.raises(StageError):
        asyncio.run(load_and_ask(lambda: model, SETTINGS, told, [], lambda: None))
    assert model.closed and len(model.asked) == 1


def answered(language: Language, category: str, fault: str = "", tokens: int = 20) -> Asked:
    question = Question(say="?", any_of=("x",))
    return Asked(language, category, question, "x", (), (fault,) if fault else (), 0.5, tokens, 2.0)


def test_brains_stand_side_by_side() -> None:
    found = {
        "small": [answered("en", "facts"), answered("zh", "facts", "no"), answered("zh", "sums")],
        "large": [answered("en", "facts"), answered("zh", "facts", tokens=80)],
    }
    drawn = results.table(found)
    columns = [[str(cell) for cell in column.cells] for column in drawn.columns]
    assert [column.header for column in drawn.columns] == ["", "small", "large"]
    assert columns[1] == [
        "1/2   50%",
        "1/1  100%",
        "1/1  100%",
        "1/2   50%",
        "2/3   67%",
        "0.50",
        "10",
    ]
    assert columns[2] == ["2/2  100%", "", "1/1  100%", "1/1  100%", "2/2  100%", "0.50", "25"]


def test_json_has_every_answer() -> None:
    told = results.as_json({"small": [answered("en", "facts", "no x")]})["brains"]["small"]
    assert (told["right"], told["of"]) == (0, 1)
    assert told["categories"] == {"facts": {"right": 0, "of": 1}}
    [question] = told["questions"]
    assert question["question"] == "?" and question["faults"] == ("no x",)
