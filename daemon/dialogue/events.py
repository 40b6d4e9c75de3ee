"""What happens in a conversation, for all who show, measure or record it."""

from dataclasses import dataclass
from typing import Self

from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase, State
from daemon.dialogue.turn import Apology
from daemon.events import PrivateEvent


@dataclass(frozen=True, slots=True)
class ConversationStep(PrivateEvent):
    """A step of the conversation. Private, because a reply has words."""

    state: State
    reply: Reply | None
    """The one that is under way; an apology is none."""

    @classmethod
    def of(cls, state: State, reply: Reply | None) -> Self:
        """Return the step to ``state``, without a reply that is only prepared, or an apology."""
        if state.phase is Phase.HEARING or (reply and isinstance(reply.turn.question, Apology)):
            reply = None
        return cls(state, reply)
