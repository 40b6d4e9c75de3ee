"""What a daemon's changes of state say about who was heard: pure functions of its events."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.bench.process import ProcessEvent

STOPPED = ("hearing", "thinking")
"""States in which an answer has been given up."""
SILENT = ("paused", *STOPPED)
"""States in which it says nothing because somebody speaks."""
MOUTH_OPEN, MOUTH_CLOSED = "mouth open", "mouth closed"
VOICE_READY = "voice"
DEVICE = "device"
EARS_OPEN = "ears open"
"""It listens; what is asked is answered once everything is loaded."""
STATES = ("listening", "speaking", "classifying", *SILENT)
PART_S = 0.5  # what comes after a pause is longer; where a question ends is known better than that


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer that somebody spoke over."""

    stopped: bool
    """The answer was given up."""
    silent_at: float | None
    """When (``time.monotonic()``) it fell silent: for good if it stopped, else the first time."""


def outcome(events: Sequence[ProcessEvent], begin: float, end: float) -> Outcome | None:
    """Read what became of it when a person spoke from ``begin`` to ``end``.

    ``events`` are all changes of state. ``None`` when there was no answer to speak over, or it
    had ended of itself before the person did: that tells nothing.
    """
    before = [event.name for event in events if event.at <= begin]
    if before[-1:] != ["speaking"]:
        return None
    silent_at = first = None
    for event in events[len(before) :]:
        if event.name == "speaking":
            silent_at = None  # it went on
        if event.name in SILENT and silent_at is None:
            silent_at = event.at
            first = first or silent_at
        if event.name in STOPPED:
            return Outcome(True, silent_at)
        if event.name == "listening":
            if first is None and event.at < end:
                return None
            break
    return Outcome(False, first)


def only_part(speaking: ProcessEvent, end: float) -> bool:
    """Whether what is answered had ended long before ``end``, where the question did.

    ``speaking`` is the event at the first sound of the answer; its marks count from the end of
    what it answers.
    """
    answered = speaking.at - speaking.marks.get("first_audible", speaking.at - end)
    return answered < end - PART_S


def at_rest(events: Sequence[ProcessEvent], moment: float) -> bool:
    """Whether the mouth is closed at ``moment``; ``events`` are all that tell of it."""
    before = [event for event in events if event.at <= moment]
    return not before or before[-1].name == MOUTH_CLOSED


def self_interruptions(
    events: Sequence[ProcessEvent], spoken: Sequence[tuple[float, float]]
) -> tuple[int, int]:
    """Count how often it took its own voice for a person's.

    ``events`` are all changes of state, ``spoken`` the times at which persons spoke. Returns how
    often it gave up an answer, or answered nobody, and how often it only fell silent for a moment.
    """
    stops = pauses = 0
    before, own = "listening", False
    for event in events:
        spoken_to = ("hearing", "paused", "classifying")
        if event.name in ("hearing", "paused") and before not in spoken_to:
            own = not any(begin <= event.at <= end for begin, end in spoken)
        gives_up = event.name == "thinking" or (event.name == "hearing" and before != "listening")
        if own and gives_up:
            stops += 1
            own = False
        elif event.name in ("listening", "speaking"):
            pauses += own and event.name == "speaking"
            own = False
        before = event.name
    return stops, pauses
