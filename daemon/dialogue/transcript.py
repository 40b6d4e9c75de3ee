"""Who said what, for those who ask for words: what was not answered, too, as in a call."""

from dataclasses import dataclass
from typing import ClassVar

from daemon.bus import Bus
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase
from daemon.dialogue.turn import SpokenTurn
from daemon.events import PrivateEvent
from daemon.people.person import person_of


@dataclass(frozen=True, slots=True)
class UtteranceHeard(PrivateEvent):
    """Somebody has said something."""

    wire_name: ClassVar[str] = "heard"
    turn: int
    speaker: str
    """Their name; empty where the voice does not tell, or nobody is known by it."""
    text: str
    language: str
    begin: float
    """When they began, in seconds on the clock of ``at``."""
    end: float


class SpokenTranscript:
    """Tells each utterance once it is known to be whole. The event loop's thread."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._reply: Reply | None = None
        self._unfollow = bus.subscribe(ConversationStep, self._see)

    def close(self) -> None:
        """Tell nothing any more."""
        self._unfollow()

    def _see(self, step: ConversationStep) -> None:
        if step.reply is self._reply:
            return
        before, self._reply = self._reply, step.reply
        only_paused = step.state.phase is Phase.HEARING and step.state.unanswered
        if before is not None and isinstance(before.turn, SpokenTurn) and not only_paused:
            self._tell(before.turn)

    def _tell(self, turn: SpokenTurn) -> None:
        heard, person = turn.heard, person_of(turn.speaker)
        if heard is None or not heard.text or turn.ignored:
            return
        end = round(turn.timings.speech_end, 3)
        begin = round(end - turn.utterance.audio.seconds, 3)
        name = person.name if person is not None else ""
        self._bus.publish(UtteranceHeard(turn.number, name, heard.text, heard.language, begin, end))
