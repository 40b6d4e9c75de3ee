"""How a conversation is followed from outside: by what shows, measures or waits for it."""

from collections.abc import Callable

from daemon.dialogue.conversation import State
from daemon.dialogue.reply import Reply

Observer = Callable[[State, Reply | None], None]
"""Called with each step's state, and with the current reply, if there is one."""
