"""What the panel shows of whole conversations, in virtual time."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from daemon.api.panel.talk import ConversationView
from daemon.config import load, packaged_config
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.turn import Recitation as Text
from daemon.ears.events import SpeechFaded
from daemon.events import Event, PrivateEvent
from daemon.media import LISTEN_RATE, Utterance
from tests.fakes import FakeChat, FakeRecognizer, parts, utterance_audio
from tests.scenario.test_session import Script, Stage, says

LOOK_S = 0.1


SETTINGS = load(packaged_config()).settings


class Shown:
    """A talk beside a stage, looked at as the panel does."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.told: list[tuple[str, dict[str, Any]]] = []
        running: Any = SimpleNamespace(
            session=stage.session,
            chat=SimpleNamespace(history=stage.history),
            loudspeaker=stage.player,
            components=SimpleNamespace(settings=SETTINGS),
        )
        self.talk = ConversationView(lambda: running, stage.bus)
        stage.bus.subscribe(ConversationStep, self.talk.follow)
        stage.bus.subscribe(PrivateEvent, self.note)

    def note(self, event: Event) -> None:
        if event.wire_name:
            self.told.append((event.wire_name, event.as_fields()))

    def play(self, script: Script, *deeds: tuple[float, Any]) -> list[dict[str, Any]]:
        async def look() -> None:
            left = list(deeds)
            for tick in range(200):
                await asyncio.sleep(tick * LOOK_S - asyncio.get_running_loop().time())
                while left and left[0][0] <= tick * LOOK_S:
                    left.pop(0)[1]()
                self.talk.look()

        self.stage.play(script, until=20, also=look())
        return self.talk.all()


def test_words_are_shown_as_they_are_heard() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["I am fine. Thank you."])))
    shown = Shown(stage)
    [said] = shown.play(says(1, 0.0, 1.0))
    assert (said["question"], said["answer"]) == ("how are you", "I am fine. Thank you.")
    assert (said["coming"], said["end"], said["typed"]) == ("", "whole", False)
    answers = [fields["answer"] for event, fields in shown.told if event == "exchange"]
    assert len(set(answers)) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(answers))


def test_what_is_heard_so_far_is_shown() -> None:
    stage = Stage(parts(FakeRecognizer("how are", "how are you"), FakeChat(["You "], ["fine"])))
    shown = Shown(stage)
    begun = Utterance(1, utterance_audio(1.0), 0, LISTEN_RATE)
    script = sorted(
        [*says(1, 0.0, 3.0), (1.1, SpeechFaded(begun, 17_600))], key=lambda entry: entry[0]
    )
    [said] = shown.play(script)
    heard = [fields["text"] for event, fields in shown.told if event == "hearing"]
    assert (heard[0], heard[-1]) == ("how are", "")
    assert said["question"] == "how are you"


def test_an_interrupted_answer_ends_where_it_was_heard() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["one two three four five six seven"])))
    shown = Shown(stage)
    [said] = shown.play(
        [], (1, lambda: stage.session.ask("count")), (2.5, stage.session.stop_speaking)
    )
    assert said["end"] == "interrupted"
    assert said["typed"]
    assert said["answer"] and "one two three four five six seven".startswith(said["answer"])
    assert ("assistant", said["answer"]) in stage.remembered()


def test_a_text_that_is_said_has_no_question() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))
    [said] = Shown(stage).play([], (1, lambda: stage.session.ask(Text("Tea is ready."))))
    assert (said["question"], said["answer"], said["end"]) == ("", "Tea is ready.", "whole")


def test_who_only_paused_is_shown_once() -> None:
    stage = Stage(parts(FakeRecognizer("so", "so it is"), FakeChat(["never"], ["yes"])))
    stage.parts.thinking.takes_s = 1.0  # type: ignore[attr-defined]
    shown = Shown(stage)
    [said] = shown.play(says(1, 0.0, 1.0) + says(2, 1.5, 2.5))
    assert said["answer"] == "yes"
    assert "gone" in [event for event, _ in shown.told]


def test_a_failure_is_told() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["!"])))
    [said] = Shown(stage).play([], (1, lambda: stage.session.ask("hello")))
    assert said["end"] == "failed"
    assert "the brain broke" in said["problem"]


def test_a_new_conversation_begins_with_nothing() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat(["fine"], ["well"])))
    shown = Shown(stage)
    ask = stage.session.ask
    [said] = shown.play([], (1, lambda: ask("a")), (5, stage.session.forget), (6, lambda: ask("b")))
    assert said["question"] == "b"
    assert "cleared" in [event for event, _ in shown.told]
