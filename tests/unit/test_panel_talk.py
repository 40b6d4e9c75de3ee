"""What the panel shows of replies that were cut off."""

from types import SimpleNamespace
from typing import Any

from daemon.config import load, packaged_config
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.state import State
from daemon.dialogue.turn import Script
from daemon.events import Bus, Event
from daemon.media import Transcript
from daemon.service.panel.talk import Talk


def a_daemon() -> SimpleNamespace:
    return SimpleNamespace(
        session=SimpleNamespace(heard_ahead=None),
        chat=SimpleNamespace(history=SimpleNamespace(conversation=0, turns=())),
        loudspeaker=SimpleNamespace(audible=lambda: 0),
        loader=SimpleNamespace(settings=load(packaged_config()).settings),
    )


def a_reply(question: object, heard: str = "", transcript: Transcript | None = None) -> Any:
    return SimpleNamespace(
        turn=SimpleNamespace(question=question, words=transcript),
        spoken=[],
        called=[],
        error=None,
        heard=lambda samples: heard,
        timings=SimpleNamespace(marks={}),
    )


class Page:
    """Follows a daemon that may begin anew."""

    def __init__(self) -> None:
        self.daemon = a_daemon()
        self.told: list[str] = []
        bus = Bus()
        bus.subscribe(Event, lambda event: self.told.append(event.wire_name))
        self.talk = Talk(lambda: self.daemon, bus)  # type: ignore[arg-type,return-value]
        self.talk.follow(ConversationStep(State(), None))


def test_a_text_cut_off_before_a_word_leaves_no_row() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Script("Hello there."))))
    page.talk.follow(ConversationStep(State(), None))
    assert page.talk.all() == []
    assert "gone" in page.told


def test_a_restart_leaves_no_empty_row() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Script("Hello there."))))
    page.daemon = a_daemon()
    page.talk.look()
    assert page.talk.all() == []


def test_what_was_heard_stays() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Script("Hello there."), heard="Hello")))
    page.talk.follow(ConversationStep(State(), None))
    (shown,) = page.talk.all()
    assert (shown["answer"], shown["end"]) == ("Hello", "interrupted")
    assert shown["who"] == "Digital Life"


def test_a_question_stays_when_everything_begins_anew() -> None:
    page = Page()
    asked = a_reply("How high is Everest?", transcript=Transcript("How high is Everest?", "en"))
    page.talk.follow(ConversationStep(State(), asked))
    page.daemon = a_daemon()
    page.talk.look()
    (shown,) = page.talk.all()
    assert (shown["question"], shown["end"]) == ("How high is Everest?", "interrupted")
