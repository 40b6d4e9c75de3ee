"""Answers for which tools are called, in virtual time."""

import asyncio
from dataclasses import replace

from daemon.config import ToolServer
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase
from daemon.dialogue.thinking import (
    MAX_CALLS,
    MAX_RESULTS_CHARS,
    MAX_ROUNDS,
)
from daemon.languages import language
from daemon.media import Message, Tool, ToolCall
from daemon.tools.server import CALL_S, McpServer
from daemon.tools.toolbox import Toolbox
from tests.fakes import FakeChat, FakeRecognizer, FakeTools, FakeToolUser, parts
from tests.scenario.test_session import Script, Stage, says
from tests.scenario.test_talk import Shown

CALL = ToolCall("1", "clock", '{"zone": "UTC"}')
L, H, T, S = Phase.LISTENING, Phase.HEARING, Phase.THINKING, Phase.SPEAKING


def stage(chat: FakeChat, tools: FakeTools, *said: str) -> Stage:
    return Stage(replace(parts(FakeRecognizer(*said), chat), tools=tools))


def begun(stage: Stage) -> list[Reply]:
    """All replies that were heard of, in order."""
    replies: list[Reply] = []

    def note(step: ConversationStep) -> None:
        if step.reply is not None and step.reply not in replies:
            replies.append(step.reply)

    stage.bus.subscribe(ConversationStep, note)
    return replies


def test_a_tool_is_called_and_its_result_is_said() -> None:
    chat = FakeToolUser([CALL], ["It is noon."])
    tools = FakeTools("12:00")
    scene = stage(chat, tools, "what time is it")
    replies = begun(scene)
    scene.play(says(1, 0.0, 1.0), until=10)
    assert scene.path() == [H, T, S, L]
    assert scene.remembered() == [("user", "what time is it"), ("assistant", "It is noon.")]
    assert [call[1:] for call in tools.calls] == [("clock", '{"zone": "UTC"}')]
    assert chat.asked[1][-2:] == [
        Message("assistant", "", (CALL,)),
        Message("tool", "12:00", answers="1"),
    ]
    [called] = replies[0].called
    assert (called.tool, called.server, called.outcome) == ("clock", "house", "done")


def test_what_is_said_before_a_call_is_heard_while_it_is_made() -> None:
    chat = FakeToolUser(["Let me look", CALL], ["It is noon."])
    scene = stage(chat, FakeTools("12:00", takes_s=3.0), "what time is it")
    scene.play(says(1, 0.0, 1.0), until=12)
    assert scene.remembered()[-1] == ("assistant", "Let me look It is noon.")
    speaking = next(at for at, phase in scene.phases if phase is S)
    assert speaking < 3.0, "before the tool had answered"


def test_an_answer_that_is_only_prepared_calls_nothing() -> None:
    chat = FakeToolUser([CALL], ["never"], [CALL], ["It is noon."])
    chat.scripts.pop(1)
    tools = FakeTools("12:00")
    scene = stage(chat, tools, "what time", "what time is it")
    # The person pauses long enough for an answer to be prepared, and goes on.
    paused = [entry for entry in says(1, 0.0, 1.0) if entry[0] < 1.2]
    ended: Script = [(at, event) for at, event in says(1, 0.0, 4.0) if at > 1.9]
    scene.play([*paused, *ended], until=15)
    assert len(tools.calls) == 1
    assert tools.calls[0][0] >= 4.3, "after the turn had ended"
    assert scene.remembered()[-1] == ("assistant", "It is noon.")


def test_a_tool_that_fails_leads_to_an_answer() -> None:
    chat = FakeToolUser([CALL], ["I cannot see a clock."])
    scene = stage(chat, FakeTools("!no clock"), "what time is it")
    replies = begun(scene)
    scene.play(says(1, 0.0, 1.0), until=10)
    assert scene.remembered()[-1] == ("assistant", "I cannot see a clock.")
    assert [called.outcome for called in replies[0].called] == ["failed"]


class Silent:
    """A client of a server that takes a call, and never answers."""

    async def call_tool(self, tool: str, arguments: dict[str, object]) -> None:
        await asyncio.Event().wait()


def test_a_tool_that_never_answers_is_regretted_and_the_conversation_goes_on() -> None:
    server = McpServer("house", ToolServer(command="house", allow=("clock",)), lambda: None)
    server._client = Silent()  # type: ignore[assignment]
    server._there.set()
    box = Toolbox({}, lambda _tools: asyncio.sleep(0))
    box._tools = {"clock": (server, "clock", Tool("clock", "Tell the time.", {}))}
    chat = FakeToolUser(["Let me look", CALL], ["I am well."])
    scene = Stage(replace(parts(FakeRecognizer("what time is it", "how are you"), chat), tools=box))
    replies = begun(scene)
    scene.play(says(1, 0.0, 1.0) + says(2, CALL_S + 15.0, CALL_S + 16.0), until=CALL_S + 30)
    assert scene.remembered() == [
        ("user", "what time is it"),
        ("assistant", f"Let me look {language('en').said.too_late}"),
        ("user", "how are you"),
        ("assistant", "I am well."),
    ]
    assert [called.outcome for called in replies[0].called] == ["late"]
    assert len(chat.asked) == 2, "the model is not asked what it cannot know"


def test_a_model_that_never_stops_calling_is_stopped() -> None:
    calls = tuple(ToolCall(str(n), "clock", "{}") for n in range(MAX_CALLS + 2))
    chat = FakeToolUser(*[calls for _ in range(MAX_ROUNDS + 1)])
    tools = FakeTools(*["x" * MAX_RESULTS_CHARS] * MAX_ROUNDS * MAX_CALLS, takes_s=0.01)
    scene = stage(chat, tools, "现在几点")
    scene.play(says(1, 0.0, 1.0), until=15)
    assert len(tools.calls) == MAX_ROUNDS * MAX_CALLS
    assert scene.remembered()[-1] == ("assistant", language("zh").said.no_answer)
    results = [message.content for message in chat.asked[-1] if message.role == "tool"]
    assert sum(map(len, results)) == MAX_RESULTS_CHARS


def test_who_goes_on_speaking_has_the_call_given_up() -> None:
    chat = FakeToolUser([CALL], [CALL], ["It is noon."])
    tools = FakeTools("12:00", takes_s=2.0)
    scene = stage(chat, tools, "what time is it", "what time is it", "what time is it in Rome")
    replies = begun(scene)
    scene.play(says(1, 0.0, 1.0) + says(2, 2.0, 3.0), until=15)
    assert tools.given_up == 1
    assert replies[0].called[0].outcome == "cancelled"
    assert scene.remembered()[-1] == ("assistant", "It is noon.")


def test_hushing_gives_a_call_up() -> None:
    chat = FakeToolUser([CALL])
    tools = FakeTools("12:00", takes_s=5.0)
    scene = stage(chat, tools)

    async def type_and_hush() -> None:
        await asyncio.sleep(1)
        scene.session.ask("what time is it")
        await asyncio.sleep(1)
        scene.session.stop_speaking()
        assert scene.session.state.phase is L
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert tools.given_up == 1

    scene.play([], until=5, also=type_and_hush())


def test_the_panel_shows_what_is_called() -> None:
    scene = stage(FakeToolUser([CALL], ["It is noon."]), FakeTools("12:00"), "what time is it")
    shown = Shown(scene)
    [said] = shown.play(says(1, 0.0, 1.0))
    assert said["tools"] == [{"tool": "clock", "server": "house", "outcome": "done"}]
    told = [fields["tools"] for event, fields in shown.told if event == "exchange"]
    assert [{"tool": "clock", "server": "house", "outcome": "calling"}] in told


def test_a_brain_that_calls_nothing_answers_as_ever() -> None:
    scene = stage(FakeChat(["I have no clock."]), FakeTools(), "what time is it")
    scene.play(says(1, 0.0, 1.0), until=10)
    assert scene.remembered()[-1] == ("assistant", "I have no clock.")
