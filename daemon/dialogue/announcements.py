"""What rings, in the conversation: chimes over it, and says what it is between two turns."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from daemon.audio.chime import ChimeKind
from daemon.bus import Bus
from daemon.dialogue.pending import PendingRequest
from daemon.dialogue.session import Session
from daemon.dialogue.turn import Recitation
from daemon.ears.listen_mode import ListenGate
from daemon.events import Ringing, StateChanged, TimersChanged
from daemon.skills.herald import Herald
from daemon.skills.intents import Kind
from daemon.skills.ringing import Ringer
from daemon.skills.scheduler import Scheduler
from daemon.skills.skills import Skills


class ChimeOverlay(Protocol):
    """Lays chimes over whatever is heard; see ``audio/chime.py``."""

    def ring(self, kind: ChimeKind, volume: float) -> None:
        """Start one."""

    def stop(self) -> None:
        """Let it fade."""


class Announcements:
    """What ``Ringer`` needs of a conversation. Belongs to the event loop's thread."""

    def __init__(
        self, session: Session, overlay: ChimeOverlay, volume: Callable[[], float]
    ) -> None:
        """``volume`` tells the loudness of the voice, 0 to 1."""
        self._session, self._overlay, self._volume = session, overlay, volume
        self._saying: PendingRequest | None = None

    @property
    def phase(self) -> str:
        """What the conversation is at."""
        return self._session.state.phase.value

    @property
    def language(self) -> str:
        """The language that was spoken last."""
        return self._session.language

    def chime(self, kind: Kind) -> None:
        """Sound once."""
        self._overlay.ring("reminder" if kind == "reminder" else "timer", self._volume())

    def say(self, text: str) -> Awaitable[str] | None:
        """Say it now; what was heard of it is returned. ``None`` while somebody speaks."""
        self._saying = self._session.ask(Recitation(text))
        return None if self._saying is None else _heard(self._saying)

    def hush(self) -> None:
        """Let the chime, and what is being said of it, fall silent."""
        self._overlay.stop()
        if self._saying is not None and not self._saying.future.done():
            self._session.stop_speaking()


async def _heard(request: PendingRequest) -> str:
    return (await request.future).text


def let_ring(
    skills: Skills,
    conversation: Announcements,
    session: Session,
    gate: ListenGate,
    bus: Bus,
    on_close: Callable[[Callable[[], None]], None],
) -> Scheduler:
    """Have what is due ring in a conversation, while the scheduler runs.

    While it rings the ears are open, and need no name to be called by. ``on_close`` is given what
    ends that.
    """
    skills.book.publish = bus.publish
    ringer = Ringer(skills.book, conversation, bus.publish)
    herald = Herald(skills.book, ringer, conversation)
    scheduler = Scheduler(skills.book, ringer, herald)
    skills.ring_with(ringer)

    def listen(event: Ringing) -> None:
        session.context.ringing = gate.kept_open = bool(event.ids)

    def look(_event: TimersChanged) -> None:
        ringer.changed()
        scheduler.wake()

    on_close(bus.subscribe(Ringing, listen))
    on_close(bus.subscribe(TimersChanged, look))
    on_close(bus.subscribe(StateChanged, herald.follow))
    return scheduler
