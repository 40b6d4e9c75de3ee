"""How a conversation is followed from outside: by what shows, measures or waits for it."""

import logging
from collections.abc import Callable

from daemon.dialogue.reply import Reply
from daemon.dialogue.state import State
from daemon.dialogue.turn import Apology

Observer = Callable[[State, Reply | None], None]
"""Called with each step's state, and with the current reply, if there is one."""

log = logging.getLogger(__name__)


def harmless(observe: Observer) -> Observer:
    """Return an observer whose failure ends nothing, and who is not shown apologies as answers."""

    def see(state: State, reply: Reply | None) -> None:
        if reply is not None and isinstance(reply.turn.question, Apology):
            reply = None
        try:
            observe(state, reply)
        except Exception as error:
            log.error("turn %d: an observer failed: %s", state.turn, type(error).__name__)
            log.debug("turn %d: an observer failed", state.turn, exc_info=error)

    return see
