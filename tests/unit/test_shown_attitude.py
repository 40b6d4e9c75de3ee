"""The face holds itself as the conversation goes."""

from collections.abc import Callable

from daemon.bus import Bus
from daemon.dialogue.state import Phase
from daemon.events import Muted, PersonPaused, SleepChanged, StateChanged
from daemon.expression import Attitude
from daemon.media import Transcript
from daemon.shown_attitude import ATTITUDES, show_attitude


class Watched:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.is_asked: Callable[[], bool] = lambda: False

    def attend(self, attitude: Attitude) -> None:
        self.told.append(attitude)

    def person_paused(self, pauses: bool) -> None:
        self.told.append(pauses)


def test_there_is_an_attitude_for_each_phase() -> None:
    assert set(ATTITUDES) == {phase.value for phase in Phase}


def test_it_follows_the_conversation() -> None:
    face, bus, words = Watched(), Bus(), [Transcript("Is it late?", "en")]
    end = show_attitude(face, bus, lambda: words[-1])
    bus.publish(StateChanged("hearing", 1))
    bus.publish(PersonPaused(True))
    bus.publish(PersonPaused(False))
    bus.publish(StateChanged("thinking", 1))
    assert face.is_asked()
    words.append(Transcript("It is late.", "en"))
    assert not face.is_asked()
    bus.publish(StateChanged("speaking", 2))
    assert face.told == [
        Attitude.LISTENING, True, False, Attitude.THINKING, Attitude.SPEAKING,
    ]  # fmt: skip
    end()
    bus.publish(StateChanged("listening", 2))
    assert face.told[-1] is Attitude.SPEAKING


def test_muted_and_asleep_are_for_when_nothing_is_said() -> None:
    face, bus = Watched(), Bus()
    show_attitude(face, bus, lambda: None)
    bus.publish(Muted(microphone=True, camera=False))
    bus.publish(SleepChanged(True))
    bus.publish(StateChanged("speaking", -1))
    bus.publish(SleepChanged(False))
    bus.publish(StateChanged("listening", -1))
    bus.publish(Muted(microphone=False, camera=False))
    assert face.told == [
        Attitude.MUTED, Attitude.ASLEEP, Attitude.SPEAKING, Attitude.SPEAKING, Attitude.MUTED,
        Attitude.IDLE,
    ]  # fmt: skip
