"""What the skills' routes and page need of a running daemon, without models and devices."""

from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

from daemon.server import Daemon
from daemon.skills.book import SkillBook
from daemon.skills.intents import Kind
from daemon.skills.ringing import Ringer
from daemon.store.model_store import open_store


class QuietConversation:
    """One in which nothing is said; notes what would be heard."""

    phase, language = "listening", "en"

    def __init__(self) -> None:
        self.chimes: list[Kind] = []

    def chime(self, kind: Kind) -> None:
        self.chimes.append(kind)

    def say(self, text: str) -> Awaitable[str] | None:
        return None

    def hush(self) -> None:
        """It is quiet."""


def running_with(daemon: Daemon, book: SkillBook, ringer: Ringer) -> Any:
    """Return the parts of a daemon that listens to nobody."""
    device = SimpleNamespace(name="none", called=0.0, overflows=0, level=0.0)
    return SimpleNamespace(
        components=SimpleNamespace(settings=daemon.settings.wanted, store=open_store()),
        chat=SimpleNamespace(history=SimpleNamespace(conversation=0)),
        session=SimpleNamespace(heard_ahead=None, parts=SimpleNamespace(chat_model=None)),
        listen_gate=SimpleNamespace(open=True),
        tools=SimpleNamespace(status=list),
        degraded=list,
        servers=list,
        microphone=device,
        loudspeaker=device,
        push_to_talk=None,
        screen=None,
        skills=SimpleNamespace(book=book, ringer=ringer),
    )
