"""Whether the ears are open: always, while a key is held, or after a wake word.

While they are closed nobody looks for words: sound goes to the wake word's small network, or to
nobody, and is forgotten within ``LOOKBACK_S``.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent, SpeechEnded, SpeechStarted, SpeechTooShort
from daemon.events import EarsOpened, Event, StateChanged
from daemon.media import LISTEN_RATE, Samples

MAX_HELD_S = 60.0  # that a key counts as held, if nobody tells that it was let go
RELEASE_TAIL_S = 0.3  # a key is let go with the last sound, some of which is still on its way
IDLE_STATE = "listening"  # the conversation's state in which no turn is under way
LOOKBACK_S = 1.5  # of sound before a wake word was noticed: the word, and what followed at once


class ListenMode(Protocol):
    """Tells whether the ears are open; asked before each block of sound, in the ears' thread."""

    lookback_s: float
    """Of the sound before it opened, how much is heard."""

    def is_open(self, samples: Samples, speaking: bool) -> bool:
        """Whether ``samples`` are to be heard; ``speaking``: a turn is under way."""


class PushToTalk:
    """A push-to-talk key. Pressed in the event loop's thread, looked at in the ears'."""

    lookback_s = 0.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")

    @property
    def held(self) -> bool:
        """Whether it is held, or was just let go."""
        return self._clock() < self._until

    def press(self) -> None:
        """Open the ears."""
        self._until = self._clock() + MAX_HELD_S

    def release(self) -> None:
        """Close them, once what was said has arrived."""
        self._until = min(self._until, self._clock() + RELEASE_TAIL_S)

    def is_open(self, samples: Samples, speaking: bool) -> bool:
        """Whether it is held."""
        return self.held


class WakeWordDetector(Protocol):
    """Finds one phrase in sound."""

    @property
    def phrase(self) -> str:
        """What is to be said, as one would write it."""

    def detects(self, samples: Samples) -> bool:
        """Whether the phrase ends in these samples (``LISTEN_RATE``)."""


class WakeWord:
    """Opens at a wake word; closes when nobody has spoken for a while."""

    lookback_s = LOOKBACK_S

    def __init__(
        self, detector: WakeWordDetector, stay_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``stay_s``: how long the ears stay open after the word, and after an answer."""
        self.detector = detector
        self._stay_s = stay_s
        self._clock = clock
        self._until = float("-inf")
        self._busy = False

    def follow(self, event: StateChanged) -> None:
        """See the conversation's states; the event loop's thread."""
        busy = event.state != IDLE_STATE
        if self._busy and not busy:
            self._until = self._clock() + self._stay_s
        self._busy = busy

    def is_open(self, samples: Samples, speaking: bool) -> bool:
        """Whether the word was heard, or the conversation goes on."""
        if self.detector.detects(samples):
            self._until = self._clock() + self._stay_s
        return speaking or self._busy or self._clock() < self._until


class Listener(Protocol):
    """What sound is handed to."""

    @property
    def idle(self) -> bool:
        """Whether nothing has been said for a while, so that nobody waits for it to react."""

    def feed(self, samples: Samples) -> list[EarEvent]:
        """Take the next sound (``LISTEN_RATE``, any length), and return what happened in it."""

    def skip(self, samples: Samples) -> list[EarEvent]:
        """Pass over sound unheard."""


class ListenGate:
    """Hands sound to the endpointer while its mode says so. It belongs to the ears' thread."""

    def __init__(
        self,
        endpointer: Endpointer,
        mode: ListenMode | None,
        publish: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        """``mode`` is ``None`` where the ears are always open.

        ``publish`` is told when they open and close; see ``Bus.for_threads``.
        """
        self._publish = publish
        self.open = mode is None
        self.kept_open = False
        """Whether they are open whatever the mode says; set in the event loop's thread."""
        self._endpointer = endpointer
        self._mode = mode
        self._speaking = False
        lookback_s = mode.lookback_s if mode else 0.0
        self._kept: deque[Samples] = deque()
        self._max_kept = round(lookback_s * LISTEN_RATE)

    @property
    def idle(self) -> bool:
        """Whether nothing has been said for a while."""
        return self._endpointer.idle

    def tell_so_far(self, wanted: bool) -> None:
        """Tell now and then what is being said, or no longer; for any thread."""
        self._endpointer.tells_so_far = wanted

    def feed(self, samples: Samples) -> list[EarEvent]:
        """Take the next sound, and return what was heard."""
        if self._mode is None:
            return self._endpointer.feed(samples)
        is_open = self._mode.is_open(samples, self._speaking) or self.kept_open
        events: list[EarEvent] = []
        if is_open and not self.open:
            for earlier in self._kept:
                events += self._endpointer.feed(earlier)
            self._kept.clear()
        if is_open:
            events += self._endpointer.feed(samples)
        else:
            if self.open:
                events += self._endpointer.finish()
            events += self._skip_older(samples)
        if is_open is not self.open:
            self.open = is_open
            self._publish(EarsOpened(is_open))
        self._follow(events)
        return events

    def skip(self, samples: Samples) -> list[EarEvent]:
        """Pass over sound, because the microphone is off."""
        self._speaking = False
        events = [event for earlier in self._kept for event in self._endpointer.skip(earlier)]
        self._kept.clear()
        return [*events, *self._endpointer.skip(samples)]

    def _skip_older(self, samples: Samples) -> list[EarEvent]:
        """Keep the newest sound, and have what is older passed over."""
        events: list[EarEvent] = []
        self._kept.append(samples)
        while self._kept and sum(map(len, self._kept)) - len(self._kept[0]) >= self._max_kept:
            events += self._endpointer.skip(self._kept.popleft())
        return events

    def _follow(self, events: Sequence[EarEvent]) -> None:
        for event in events:
            if isinstance(event, SpeechStarted):
                self._speaking = True
            elif isinstance(event, SpeechEnded | SpeechTooShort):
                self._speaking = False
