"""What happens in a conversation, for all who show, measure or record it."""

from dataclasses import dataclass

from daemon.dialogue.reply import Reply
from daemon.dialogue.state import State
from daemon.events import PrivateEvent


@dataclass(frozen=True, slots=True)
class ConversationStep(PrivateEvent):
    """A step of the conversation. Private, because a reply has words."""

    state: State
    reply: Reply | None
    """The one that is under way; an apology is none."""
