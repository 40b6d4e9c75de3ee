"""What was said over a reply: whether it only accompanies it, or is to end it."""

import asyncio
import logging
from collections.abc import Callable

from daemon.dialogue.filters import DialogueContext, is_backchannel, is_own_echo
from daemon.dialogue.state import Classified
from daemon.dialogue.turn import Turn
from daemon.skills.skills import Skills

log = logging.getLogger(__name__)


class OverlapClassifier:
    """Finds that out for one turn at a time, and tells it. Belongs to the event loop's thread."""

    def __init__(
        self,
        context: DialogueContext,
        said: Callable[[], str],
        tell: Callable[[Classified], None],
    ) -> None:
        """``said`` returns what was heard of the reply so far; ``tell`` takes what was found."""
        self._context = context
        self._said = said
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def begin(
        self, turn: Turn, voiced_s: float, skills: Skills | None, group: asyncio.TaskGroup
    ) -> None:
        """Find it out once the words of ``turn`` are known, of which ``voiced_s`` were speech."""
        self._task = group.create_task(self._classify(turn, voiced_s, skills))

    def cancel(self) -> None:
        """Nobody needs to know any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _classify(self, turn: Turn, voiced_s: float, skills: Skills | None) -> None:
        """Tell what it is; what cannot be understood ends the reply."""
        number, backchannel = turn.number, False
        try:
            words = await turn.transcript()
            echo = is_own_echo(words.text, self._said())
            backchannel = is_backchannel(words.text, words.language) or echo
            if self._context.ringing and skills and skills.plan(words):
                backchannel = False  # "okay, thanks" to an alarm is an answer
            if self._context.introducing and words.text and not echo:
                backchannel = False  # so is "yes" to "shall I remember your voice?"
        except Exception as error:  # the reply that follows will meet it again, and say so
            log.warning("turn %d: what was said over it: %s", number, error)
        self._tell(Classified(number, voiced_s, backchannel))
