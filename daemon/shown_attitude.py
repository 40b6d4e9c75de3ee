"""Keeps how the face holds itself to what the conversation is at."""

from collections.abc import Callable
from typing import Protocol

from daemon.bus import Bus
from daemon.dialogue.state import Phase
from daemon.events import Event, Muted, PersonPaused, SleepChanged, StateChanged
from daemon.expression import Attitude
from daemon.media import Transcript

ATTITUDES = {
    Phase.LISTENING.value: Attitude.IDLE,
    Phase.HEARING.value: Attitude.LISTENING,
    Phase.THINKING.value: Attitude.THINKING,
    Phase.SPEAKING.value: Attitude.SPEAKING,
    Phase.PAUSED.value: Attitude.LISTENING,
    Phase.CLASSIFYING.value: Attitude.LISTENING,
}
QUESTION_MARKS = ("?", "？", "؟")


class Attentive(Protocol):
    """What holds itself in some way; ``Behaviour``."""

    def attend(self, attitude: Attitude) -> None:
        """Be at something else."""

    def person_paused(self, pauses: bool) -> None:
        """Note that who speaks has fallen silent, or goes on."""

    is_asked: Callable[[], bool]
    """Tells whether what was heard is a question."""


def show_attitude(
    face: Attentive, bus: Bus, heard: Callable[[], Transcript | None]
) -> Callable[[], None]:
    """Have ``face`` listen, think, speak and sleep with the conversation; returns what ends that.

    ``heard`` returns what has been understood so far of what is being said.
    """
    phase, muted, asleep = Phase.LISTENING.value, False, False

    def show(event: Event) -> None:
        nonlocal phase, muted, asleep
        match event:
            case StateChanged():
                phase = event.state
            case Muted():
                muted = event.microphone
            case SleepChanged():
                asleep = event.asleep
        attitude = ATTITUDES.get(phase, Attitude.IDLE)
        if attitude is Attitude.IDLE and (asleep or muted):
            attitude = Attitude.ASLEEP if asleep else Attitude.MUTED
        face.attend(attitude)

    def is_asked() -> bool:
        words = heard()
        return words is not None and words.text.rstrip().endswith(QUESTION_MARKS)

    face.is_asked = is_asked
    ends = [bus.subscribe(kind, show) for kind in (StateChanged, Muted, SleepChanged)]
    ends.append(bus.subscribe(PersonPaused, lambda event: face.person_paused(event.pauses)))

    def end() -> None:
        for unsubscribe in ends:
            unsubscribe()

    return end
