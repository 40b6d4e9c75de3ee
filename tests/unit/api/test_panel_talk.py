"""What the panel shows of replies that were cut off."""

from types import SimpleNamespace
from typing import Any

from daemon.api.page_events import ExchangeGone
from daemon.api.panel.talk import MAX_EXCHANGES, ConversationView
from daemon.bus import Bus
from daemon.config import load, packaged_config
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.state import State
from daemon.dialogue.turn import Recitation
from daemon.events import Event, Forgotten
from daemon.media import Transcript
from daemon.store.model_store import open_store


def a_daemon() -> SimpleNamespace:
    return SimpleNamespace(
        session=SimpleNamespace(heard_ahead=None),
        chat=SimpleNamespace(history=SimpleNamespace(conversation=0, turns=())),
        loudspeaker=SimpleNamespace(audible=lambda: 0),
        components=SimpleNamespace(settings=load(packaged_config()).settings, store=open_store()),
    )


def a_reply(question: object, heard: str = "", transcript: Transcript | None = None) -> Any:
    return SimpleNamespace(
        turn=SimpleNamespace(question=question, words=transcript, speaker=None),
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
        self.bus = Bus()
        self.bus.subscribe(Event, lambda event: self.told.append(event.wire_name))
        self.talk = ConversationView(lambda: self.daemon, self.bus)  # type: ignore[arg-type,return-value]
        self.talk.attach()
        self.talk.follow(ConversationStep(State(), None))


def test_a_text_cut_off_before_a_word_leaves_no_row() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Recitation("Hello there."))))
    page.talk.follow(ConversationStep(State(), None))
    assert page.talk.all() == []
    assert "gone" in page.told


def test_a_restart_leaves_no_empty_row() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Recitation("Hello there."))))
    page.daemon = a_daemon()
    page.talk.look()
    assert page.talk.all() == []


def test_what_was_heard_stays() -> None:
    page = Page()
    page.talk.follow(ConversationStep(State(), a_reply(Recitation("Hello there."), heard="Hello")))
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


def shows(page: Page) -> list[str]:
    return [said["answer"] for said in page.talk.all()]


def says(page: Page, words: str) -> None:
    page.talk.follow(ConversationStep(State(), a_reply(Recitation(words), heard=words)))
    page.talk.follow(ConversationStep(State(), None))


def test_what_was_forgotten_is_not_shown_even_of_before_a_restart() -> None:
    page = Page()
    says(page, "Before.")
    page.daemon = a_daemon()
    says(page, "After.")
    assert shows(page) == ["Before.", "After."]
    page.bus.publish(Forgotten(everything=False))  # whose it was, nobody knows any more
    assert shows(page) == ["After."] and page.told[-1] == "gone"
    page.bus.publish(Forgotten(everything=True))
    assert shows(page) == [] and page.told[-1] == "cleared"


def test_what_was_forgotten_while_nobody_looked_is_not_shown() -> None:
    page = Page()
    says(page, "Before.")
    page.daemon.chat.history.conversation += 1
    assert shows(page) == []
    says(page, "Then.")
    page.daemon = a_daemon()
    page.bus.publish(Forgotten(everything=True))
    assert shows(page) == []


def test_an_open_page_keeps_no_more_than_one_that_is_opened_now() -> None:
    page = Page()
    gone: list[int] = []
    page.bus.subscribe(ExchangeGone, lambda event: gone.append(event.number))
    for number in range(MAX_EXCHANGES + 2):
        says(page, f"{number}.")
    assert gone == [1, 2]
    assert len(shows(page)) == MAX_EXCHANGES
