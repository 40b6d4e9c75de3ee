"""The conversation as the page shows it: who said what, when, and how much of it was heard.

The words are kept in memory, and only while the panel is open to be looked at.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Literal

from daemon.api.page_events import Cleared, Exchanged, ExchangeGone, HeardSoFar
from daemon.bus import Bus
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.reply import Reply
from daemon.dialogue.state import Phase
from daemon.dialogue.turn import Recitation
from daemon.events import Forgotten
from daemon.media import JsonObject
from daemon.running import Running

MAX_EXCHANGES = 200  # exchanges that are shown; older ones go


@dataclass(slots=True)
class ShownExchange:
    """A question and its answer, or a text that is only said."""

    number: int
    when: float
    """Seconds since 1970: people read it on a clock."""
    who: str = ""
    """Who answers."""
    speaker: str = ""
    """Who asked, if that is somebody known by their voice."""
    question: str = ""
    typed: bool = False
    answer: str = ""
    """What has been heard of the answer."""
    coming: str = ""
    """What is about to be heard."""
    tools: list[dict[str, str]] = field(default_factory=list)
    """What was called for the answer: ``tool``, ``server``, ``outcome``."""
    end: Literal["", "whole", "interrupted", "failed"] = ""
    problem: str = ""


class ConversationView:
    """Follows the replies, and publishes each change."""

    def __init__(self, running: Callable[[], Running | None], bus: Bus) -> None:
        self._running = running
        self._bus = bus
        self._exchanges: OrderedDict[int, ShownExchange] = OrderedDict()
        self._number = 0
        self._reply: Reply | None = None
        self._phase = Phase.LISTENING
        self._stale: object = None  # what had been understood before this turn
        self._hearing = ""
        self._seen: Running | None = None
        self._earlier = 0  # the last exchange of an earlier life, whose conversation nobody knows
        self._conversation = 0
        self._before: object = None  # the newest exchange that was remembered before this one

    def attach(self) -> Callable[[], None]:
        """Follow what happens from now on; return what ends that."""
        unfollow = self._bus.subscribe(ConversationStep, self.follow)
        unforget = self._bus.subscribe(Forgotten, self.forget)

        def detach() -> None:
            unfollow()
            unforget()

        return detach

    def all(self) -> list[JsonObject]:
        """Return all exchanges, the newest last."""
        self._notice()
        return [asdict(exchange) for exchange in self._exchanges.values()]

    def clear(self) -> None:
        """Forget them."""
        self._exchanges.clear()
        self._bus.publish(Cleared())

    def forget(self, forgotten: Forgotten) -> None:
        """Show nothing of what was forgotten; ``_notice`` sees to the conversation under way."""
        if forgotten.everything:
            self.clear()
        for number in [number for number in self._exchanges if number <= self._earlier]:
            del self._exchanges[number]
            self._bus.publish(ExchangeGone(number))

    def follow(self, step: ConversationStep) -> None:
        """See a step of the conversation."""
        state, reply = step.state, step.reply
        self._notice()
        if state.phase.hears and not self._phase.hears:
            running = self._running()
            self._stale = running.session.heard_ahead if running else None
        self._phase = state.phase
        if reply is not self._reply:
            self._finish()
            self._reply = reply
            if reply is not None:
                self._begin(reply)
        self.look()

    def look(self) -> None:
        """Tell what is new since the last look."""
        self._notice()
        self._tell_hearing()
        reply, running = self._reply, self._running()
        if reply is None or running is None:
            return
        question = reply.turn.words.text if reply.turn.words else ""
        heard = reply.heard(running.loudspeaker.audible())
        handed = reply.heard(sum(len(speech.audio.samples) for speech in reply.spoken))
        coming = handed[len(heard) :] if handed.startswith(heard) else ""
        asked = {"question": question, "speaker": _speaker(reply)}
        self._change(**asked, answer=heard, coming=coming, tools=_called(reply))

    def _notice(self) -> None:
        """Drop what an earlier conversation or an earlier life of the daemon left."""
        running = self._running()
        number = running.chat.history.conversation if running else self._conversation
        if number != self._conversation and running is self._seen:
            self.clear()
        self._conversation = number
        if running is self._seen:
            return
        self._seen, self._earlier = running, self._number
        if self._reply is not None:
            self._reply = None
            exchange = self._exchanges.get(self._number)
            if exchange is not None and not exchange.question and not exchange.answer:
                self._drop()
            else:
                self._change(coming="", end="interrupted")

    def _tell_hearing(self) -> None:
        text = ""
        running = self._running()
        if running is not None and self._phase.hears:
            newest = running.session.heard_ahead
            text = newest.text if newest is not None and newest is not self._stale else ""
        if text != self._hearing:
            self._hearing = text
            self._bus.publish(HeardSoFar(text))

    def _drop(self) -> None:
        self._exchanges.pop(self._number, None)
        self._bus.publish(ExchangeGone(self._number))

    def _begin(self, reply: Reply) -> None:
        running = self._running()
        self._before = _newest(running)
        self._number += 1
        self._exchanges[self._number] = ShownExchange(
            self._number,
            time.time(),
            who=running.components.settings.dialogue.name if running else "",
            typed=isinstance(reply.turn.question, str),
        )
        while len(self._exchanges) > MAX_EXCHANGES:
            number, _ = self._exchanges.popitem(last=False)
            self._bus.publish(ExchangeGone(number))

    def _change(self, **fields: object) -> None:
        exchange = self._exchanges.get(self._number)
        if exchange is None:
            return
        before = asdict(exchange)
        for name, value in fields.items():
            setattr(exchange, name, value)
        after = asdict(exchange)
        if after != before:
            self._bus.publish(Exchanged(after))

    def _finish(self) -> None:
        """Note how the reply before ended, with the words that are remembered of it."""
        reply, running = self._reply, self._running()
        if reply is None or running is None:
            return
        question = reply.turn.words.text if reply.turn.words else ""
        self._change(tools=_called(reply))
        remembered = _newest(running)
        if isinstance(reply.turn.question, Recitation):
            answer = reply.heard(running.loudspeaker.audible())
        elif remembered is not None and remembered is not self._before:
            answer = remembered[1]
        else:  # it was cancelled before anything was heard: the person goes on speaking
            self._drop()
            return
        if not question and not answer and reply.error is None:  # a text of which nothing was heard
            self._drop()
            return
        if reply.error is not None:
            self._change(answer=answer, coming="", end="failed", problem=str(reply.error))
        else:
            whole = "reply_end" in reply.timings.marks
            end = "whole" if whole else "interrupted"
            self._change(question=question, answer=answer, coming="", end=end)


def _called(reply: Reply) -> list[dict[str, str]]:
    return [asdict(called) for called in reply.called]


def _speaker(reply: Reply) -> str:
    speaker = reply.turn.speaker
    return speaker.person.name if speaker is not None and speaker.person is not None else ""


def _newest(running: Running | None) -> tuple[str, str] | None:
    """Return the exchange that was remembered last."""
    turns = running.chat.history.turns if running else ()
    return turns[-1] if turns else None
