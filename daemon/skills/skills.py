"""Built-in skills: what is understood without the model is carried out, and answered, here.

``plan`` only understands; it is asked while nobody knows yet whether the person has finished. What
it returns is carried out once they have, in the order in which it was asked for, to its end even if
nobody waits any more; and taken back if it then turns out that they had only paused.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

from daemon.brain.sentences import has_chinese
from daemon.database import is_disk_full
from daemon.errors import DigitalLifeError, InputError, StorageError
from daemon.media import Transcript
from daemon.memory.recall import fact_in
from daemon.skills import list_skill, memory_skill
from daemon.skills.assistant import Assistant, AssistantIntent, obey
from daemon.skills.book import SkillBook
from daemon.skills.clock import local_time, read_clock
from daemon.skills.grammar import understand
from daemon.skills.intents import (
    AddToList,
    Cancel,
    ClearList,
    Correct,
    Dismiss,
    Extend,
    Impossible,
    Intent,
    Names,
    Query,
    ReadList,
    Reason,
    RemoveFromList,
    Reschedule,
    SetAlarm,
    SetReminder,
    SetTimer,
    Snooze,
    TellDate,
    TellTime,
    TellTimeUntil,
)
from daemon.skills.memory_intents import Consent, ForgetSaid, Recollect, Remember
from daemon.skills.memory_skill import MemoryIntent, SkillMemory
from daemon.skills.outcomes import Failed, Missing, Outcome, Trouble, WasSet
from daemon.skills.replies import reply
from daemon.skills.ringing import Ringer
from daemon.skills.templates import grammar
from daemon.skills.timer_skill import CarriedOut, TimerSkill, Undo
from daemon.skills.timer_table import TooManyError

FOLLOW_UP_S = 30.0  # after an answer in which "no, fifteen" and "tomorrow at nine" belong to it
RINGS_LATER = {  # said where nothing rings yet, because no daemon runs
    "en": " It only rings while Digital Life is running.",
    "zh": "只有数字生命在运行时它才会响。",
}

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Past:
    """The last intent, to which what is said next may belong."""

    intent: Intent | None = None
    undo: Undo | None = None
    at: float = float("-inf")


class Plan:
    """What is to be done for one thing that was said."""

    def __init__(
        self, skills: "Skills", intent: Intent, said: Transcript, person: int | None = None
    ) -> None:
        """``person`` said it, by number; ``None``: nobody who is known."""
        self.intent = intent
        self._skills, self._said, self._person = skills, said, person
        self._begun = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing that the person may be about to say."""
        return _part_missing(self.intent) is None

    @property
    def needs_assistant(self) -> bool:
        """Whether it is meant for the assistant itself, so that a daemon has to run."""
        wants = get_args(AssistantIntent) + get_args(MemoryIntent)
        return isinstance(self.intent, wants)

    async def carry_out(self) -> str:
        """Do it, to its end; return what is to be said, which may be nothing."""
        self._begun = True
        work = self._skills.carry_out(self.intent, self._said, self._person)
        return await asyncio.shield(work)

    def take_back(self) -> None:
        """Undo it, if it was begun: whoever said it goes on speaking."""
        if self._begun:
            self._begun = False
            self._skills.take_back()


UNDERSTOOD = ("", "en", "zh")
"""The languages that skills understand; "" is one that nobody told. The brain answers in others."""


class Skills:
    """Belongs to the event loop's thread."""

    def __init__(self, book: SkillBook) -> None:
        """Nothing rings before ``ring_with``: in a command that answers one question."""
        self.book = book
        self.ringer: Ringer | None = None
        self.assistant: Assistant | None = None
        """Whom "louder" and "go to sleep" are meant for; may be set at any time."""
        self.memory: SkillMemory | None = None
        """Where "what did I tell you about …" is looked up; may be set at any time."""
        self.will_ring = False
        """Whether what is set rings, here or in another process that runs."""
        self._timers = TimerSkill(book, None)
        self._past = self._before = _Past()
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    def ring_with(self, ringer: Ringer) -> None:
        """Have what is due ring."""
        self.ringer, self.will_ring = ringer, True
        self._timers = TimerSkill(self.book, ringer)

    def plan(self, said: Transcript, person: int | None = None) -> Plan | None:
        """Understand it; ``None`` for what the brain has to answer. Does nothing yet.

        ``person`` said it, by number; ``None``: nobody who is known.
        """
        if said.language not in UNDERSTOOD:
            return None
        language = "zh" if has_chinese(said.text) else "en"
        since = asyncio.get_running_loop().time() - self._past.at
        intent = understand(
            said.text,
            language,
            local_time(self.book.clock().wall),
            self._names(),
            self._past.intent if since < FOLLOW_UP_S else None,
        )
        if isinstance(intent, get_args(MemoryIntent)) and self.memory is None:
            return None  # in a command that answers one question nothing is kept
        asks = self.memory is not None and self.memory.may_ask and not self.memory.keeps
        if intent is None and asks and fact_in(said.text):
            intent = Remember(said.text, person)
        if intent is None:
            return None
        return Plan(self, intent, replace(said, language=language), person)

    def carry_out(
        self, intent: Intent, said: Transcript, person: int | None = None
    ) -> "asyncio.Task[str]":
        """Do what is wanted once what was asked for before is done; it gives what is to be said."""
        return self.spawn(self._carry_out(intent, said, person))

    def take_back(self) -> None:
        """Undo what was carried out last, before anything else is done."""
        self.spawn(self._take_back())

    async def close(self) -> None:
        """Wait for what is being carried out, then close the file."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self.book.close()

    def _names(self) -> Names:
        known = self.assistant.names() if self.assistant is not None else Names()
        return replace(
            known,
            timers=tuple(entry.text for entry in self.book.entries if entry.text),
            lists=tuple(dict.fromkeys(item.list for item in self.book.items)),
            ringing=bool(self.ringer and self.ringer.ringing),
        )

    def spawn(self, work: Coroutine[None, None, T]) -> "asyncio.Task[T]":
        """Begin what is waited for when all ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a skill failed: %s", type(error).__name__)
            log.debug("a skill failed", exc_info=error)

    async def _carry_out(self, intent: Intent, said: Transcript, person: int | None) -> str:
        async with self._one_at_a_time:
            done = await self._outcome(intent, said, person)
            wanted = intent.by if isinstance(intent, Correct) else intent
            at = asyncio.get_running_loop().time()
            self._before, self._past = self._past, _Past(wanted, done.undo, at)
        if isinstance(done.outcome, str):
            return done.outcome
        text = reply(done.outcome, said.language, local_time(self.book.clock().wall))
        if isinstance(done.outcome, WasSet) and not self.will_ring:
            text += RINGS_LATER[said.language]
        return text

    async def _take_back(self) -> None:
        async with self._one_at_a_time:
            await self._undo(self._past.undo)
            self._past = self._before

    async def _undo(self, undo: Undo | None) -> None:
        if undo is not None:
            try:
                await undo()
            except DigitalLifeError as error:
                log.error("%s %s", error.message, error.fix)

    async def _outcome(self, intent: Intent, said: Transcript, person: int | None) -> CarriedOut:
        """Do what is wanted; what cannot be done is an outcome, too."""
        try:
            if not isinstance(intent, Correct):
                return await self._do(intent, said, person)
            done = await self._do(intent.by, said, person)
        except TooManyError:
            return CarriedOut(Failed(Trouble.TOO_MANY))
        except InputError:  # between the words and the deed the moment has passed
            return CarriedOut(Impossible(Reason.IN_THE_PAST))
        except StorageError as error:
            log.error("%s %s", error.message, error.fix)
            full = is_disk_full(error)
            return CarriedOut(Failed(Trouble.DISK_FULL if full else Trouble.NOT_KEPT))
        except DigitalLifeError as error:
            log.error("%s %s", error.message, error.fix)
            return CarriedOut(Failed(Trouble.NOT_HERE))
        await self._undo(self._past.undo)
        if isinstance(done.outcome, WasSet):
            return replace(done, outcome=replace(done.outcome, instead=True))
        return done

    async def _do(self, intent: Intent, said: Transcript, person: int | None) -> CarriedOut:
        match intent:
            case (
                SetTimer() | SetAlarm() | SetReminder() | Cancel() | Query() | Reschedule()
                | Snooze() | Extend() | Dismiss()
            ):  # fmt: skip
                return await self._timers.carry_out(intent)
            case AddToList() | RemoveFromList() | ReadList() | ClearList():
                return await list_skill.carry_out(self.book, intent)
            case TellTime() | TellDate() | TellTimeUntil() | Impossible():
                return CarriedOut(intent)
            case Correct():
                return await self._do(intent.by, said, person)
            case Recollect() | ForgetSaid() | Remember() | Consent():
                return await memory_skill.carry_out(self.memory, intent, said.text, person)
            case _:
                return await obey(self.assistant, intent, said)


def warm_up() -> None:
    """Compile all that is understood, which takes up to a second, before anybody waits for it."""
    for language in ("en", "zh"):
        known = grammar(language)
        for order in (*known.orders, *known.followups):
            for wording in order.sentences:
                wording.match("")
    now = local_time(read_clock().wall)
    for text in ("Remind me to drink at nine.", "提醒我明天九点喝水。"):
        understand(text, "", now, Names())


def _part_missing(intent: Intent) -> Outcome | None:
    match intent:
        case (
            SetTimer(seconds=None)
            | SetAlarm(at=None)
            | SetReminder(at=None)
            | SetReminder(text="")
            | AddToList(items=())
        ):
            return Missing(intent)
        case _:
            return None
