from collections.abc import Callable, Iterator

import numpy as np

from daemon.bus import Bus
from daemon.config import load, packaged_config
from daemon.dialogue.mute import Mute
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent, SpeechEnded, SpeechStarted, SpeechTooShort
from daemon.events import Muted
from daemon.listening import listen
from daemon.media import LISTEN_RATE, Samples
from daemon.worker import CancelToken
from tests.unit.ears.test_endpointing import ScriptedGate, ScriptedSpeech, silence, speech

BLOCK = 320  # samples, 20 ms: what a microphone delivers at once


class Finished:
    def finished(self, samples: Samples) -> float:
        return 1.0


class Sound:
    """A microphone that delivers what it is given, and switches it off or on at given moments."""

    def __init__(self, mute: Mute, *toggles_s: float) -> None:
        self.mute = mute
        self.toggles = [round(at * LISTEN_RATE) for at in toggles_s]
        self.samples = silence(0)

    def chunks(
        self, cancel: CancelToken, unhurried: Callable[[], bool] = lambda: False
    ) -> Iterator[Samples]:
        for start in range(0, len(self.samples), BLOCK):
            if self.toggles and start >= self.toggles[0]:
                self.toggles.pop(0)
                self.mute.toggle_microphone()
            yield self.samples[start : start + BLOCK]

    def close(self) -> None:
        pass


def endpointer() -> Endpointer:
    settings = load(packaged_config()).settings.ears
    return Endpointer(settings, ScriptedGate(), ScriptedSpeech(), Finished())


def hear(sound: Sound) -> list[EarEvent]:
    return list(listen(sound, endpointer(), sound.mute, lambda: False, CancelToken()))


def silence_and_speech(seconds: float) -> Samples:
    return np.concatenate([silence(0.5), speech(seconds), silence(2.0)])


def test_nothing_is_heard_while_the_microphone_is_off() -> None:
    mute = Mute()
    sound = Sound(mute)
    mute.toggle_microphone()
    sound.samples = silence_and_speech(1.0)
    assert hear(sound) == []


def test_an_utterance_under_way_is_dropped_at_once() -> None:
    sound = Sound(Mute(), 1.0)
    sound.samples = silence_and_speech(2.0)
    events = hear(sound)
    assert isinstance(events[0], SpeechStarted)
    assert [type(event) for event in events[-1:]] == [SpeechTooShort]
    assert not any(isinstance(event, SpeechEnded) for event in events)
    last = events[-1]
    assert isinstance(last, SpeechTooShort)
    assert last.at <= round(1.0 * LISTEN_RATE) + 2 * BLOCK, "within a block of the switch"


def test_what_follows_is_heard_with_nothing_from_before() -> None:
    sound = Sound(Mute(), 1.0, 3.0)
    sound.samples = np.concatenate([silence_and_speech(1.0), speech(1.0), silence(2.0)])
    ended = [event for event in hear(sound) if isinstance(event, SpeechEnded)]
    assert len(ended) == 1
    utterance = ended[0].utterance
    assert utterance.start >= 3.0 * LISTEN_RATE, "no pre-roll from while it was off"
    assert abs(utterance.end - 4.5 * LISTEN_RATE) < 0.1 * LISTEN_RATE, "its clock went on"


def test_whoever_watches_is_told() -> None:
    bus, seen = Bus(), list[Muted]()
    mute = Mute(bus)
    bus.subscribe(Muted, seen.append)
    mute.toggle_microphone()
    mute.toggle_camera()
    mute.toggle_microphone()
    assert seen == [Muted(True, False), Muted(True, True), Muted(False, True)]
