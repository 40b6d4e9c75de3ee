"""Keeps the card on the face's picture to what is set and what rings."""

from collections.abc import Callable, Sequence

from daemon.bus import Bus
from daemon.events import Ringing, TimersChanged
from daemon.face.timer_card import CardEntry, TimerCard
from daemon.skills.book import SkillBook


def show_timers(book: SkillBook, card: TimerCard, bus: Bus) -> Callable[[], None]:
    """Show on ``card`` what is in ``book``, now and after each change; returns what ends that."""
    ringing: Sequence[int] = ()  # as the ringer tells: the file may not take it

    def show(event: Ringing | TimersChanged | None = None) -> None:
        nonlocal ringing
        if isinstance(event, Ringing):
            ringing = event.ids
        card.entries = tuple(
            CardEntry(entry.kind, entry.text, entry.due, entry.seconds, entry.id in ringing)
            for entry in book.entries
            if entry.state != "done"
        )

    show()
    ends = [bus.subscribe(TimersChanged, show), bus.subscribe(Ringing, show)]

    def end() -> None:
        for unsubscribe in ends:
            unsubscribe()

    return end
