"""What commands, programs and the panel ask of the skills' file: in words, or in figures.

Functions on an open store, so that a command can do without the daemon what the daemon does for
everybody else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.brain.sentences import has_chinese
from daemon.errors import InputError
from daemon.i18n import language, tr
from daemon.skills.clock import local_time, read_clock
from daemon.skills.entries import EXAMPLE, Entry
from daemon.skills.grammar import understand
from daemon.skills.intents import Impossible, Intent, Kind, Names, SetAlarm, SetReminder, SetTimer
from daemon.skills.list_table import list_name
from daemon.skills.replies import reply
from daemon.skills.store import SkillStore

SHOW_TIMERS, SHOW_LISTS = "digital-life timers", "digital-life lists"
# A bare length is a timer, a bare moment an alarm.
WORDINGS = {
    "en": ("{words}", "set a timer for {words}", "set an alarm for {words}"),
    "zh": ("{words}", "设一个{words}的计时器", "设一个{words}的闹钟"),
}
LIST_ALIASES = {
    "shopping list": "shopping",
    "groceries": "shopping",
    "购物": "shopping",
    "购物清单": "shopping",
    "to-do": "todo",
    "to do": "todo",
    "to-do list": "todo",
    "todo list": "todo",
    "待办": "todo",
    "待办事项": "todo",
    "待办清单": "todo",
}

Parse = Callable[[str, str, datetime, Names], Intent | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be set: in ``words``, or in ``seconds`` from now, or ``at`` a wall time."""

    words: str | None = None
    kind: Kind = "timer"
    seconds: float | None = None
    at: str | None = None
    """In the form of ISO 8601, without a zone."""
    name: str = ""
    """A name; of a reminder, its text."""
    repeat: Sequence[int] = ()


def add(store: SkillStore, wanted: Wanted, parse: Parse = understand) -> Entry:
    """Set a timer, an alarm or a reminder.

    Raises ``InputError`` where it is not said, or not once, what is to ring when, or it cannot.
    """
    given = [wanted.words, wanted.seconds, wanted.at]
    if sum(value is not None for value in given) != 1 or (wanted.repeat and wanted.at is None):
        raise unsaid()
    if wanted.words is not None:
        return _add_by_words(store, wanted.words, wanted.name, parse)
    if wanted.kind == "reminder" and not wanted.name.strip():
        raise InputError(tr("It is not said what to be reminded of."), EXAMPLE)
    if wanted.kind == "timer":
        if wanted.seconds is None:
            raise unsaid()
        return store.timers.add_timer(wanted.seconds, wanted.name)
    days = tuple(sorted(set(wanted.repeat)))
    return store.timers.add_at(wanted.kind, _wall_time(wanted), wanted.name, days)


def _wall_time(wanted: Wanted) -> datetime:
    """Return when an alarm or a reminder is to ring, in the zone of this computer."""
    if wanted.at is None:
        return local_time(read_clock().wall + (wanted.seconds or 0))
    try:
        at = datetime.fromisoformat(wanted.at)
        return at if at.tzinfo is None else at.astimezone()
    except (ValueError, OverflowError):
        text = tr("{text} is no time such as {example}.")
        raise InputError(text.format(text=wanted.at, example="2026-12-01T07:30")) from None


def _add_by_words(store: SkillStore, words: str, name: str, parse: Parse) -> Entry:
    """Set what ``words`` ask for, as they would be said."""
    now = local_time(read_clock().wall)
    tongue = "zh" if has_chinese(words) else "en"
    found: Intent | None = None
    for text in WORDINGS[tongue]:
        intent = parse(text.format(words=words), tongue, now, Names())
        if _is_whole(intent):
            found = intent
            break
        if isinstance(intent, SetTimer | SetAlarm | SetReminder):
            found = found or intent
    match found:
        case SetTimer(seconds=float() | int() as seconds) as intent:
            return store.timers.add_timer(seconds, name or intent.name)
        case SetAlarm(at=datetime() as at) as intent:
            return store.timers.add_at("alarm", at, name or intent.name, intent.repeat)
        case SetReminder(at=datetime() as at) as intent if name or intent.text:
            return store.timers.add_at("reminder", at, name or intent.text, intent.repeat)
        case Impossible() as intent:
            told = reply(intent, language(), now) or tr("That cannot be.")
            raise InputError(told, EXAMPLE)
        case SetTimer() | SetAlarm() | SetReminder():
            raise unsaid()
    raise InputError(tr("These words set no timer, alarm or reminder"), EXAMPLE, said=words)


def _is_whole(intent: Intent | None) -> bool:
    """Whether nothing has to be asked for; what cannot be needs no more words either."""
    match intent:
        case SetTimer(seconds=moment) | SetAlarm(at=moment) | SetReminder(at=moment):
            return moment is not None
    return isinstance(intent, Impossible)


def unsaid() -> InputError:
    """Return what to tell who does not say what is to ring when."""
    return InputError(tr("It is not said when something is to ring."), EXAMPLE)


def unknown(which: str) -> InputError:
    """Return what to tell who names one that there is not."""
    return InputError(tr("There is no such timer, alarm or reminder"), SHOW_TIMERS, said=which)


def find_entries(store: SkillStore, which: str) -> list[Entry]:
    """Return the one with this number, or those with this name; raises ``InputError`` if none."""
    entries = [entry for entry in store.timers.entries() if entry.state != "done"]
    wanted = which.strip().casefold()
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19 else None
    found = [entry for entry in entries if entry.id == number]
    found = found or [entry for entry in entries if entry.text.casefold() == wanted]
    if not found:
        raise unknown(which)
    return found


def cancel(store: SkillStore, ids: Iterable[int] | None) -> list[Entry]:
    """Cancel these, or all; return them."""
    if ids is None:
        ids = [entry.id for entry in store.timers.entries() if entry.state != "done"]
    return store.timers.cancel(ids)


def stop(store: SkillStore) -> list[Entry]:
    """Let nothing ring any more; return what did. Raises ``InputError`` if nothing does."""
    found = _ringing(store)
    store.timers.finish(entry.id for entry in found)
    return found


def snooze(store: SkillStore, seconds: float) -> list[Entry]:
    """Put off what rings; return how it is now. Raises ``InputError`` if nothing does."""
    return store.timers.snooze([entry.id for entry in _ringing(store)], seconds)


def _ringing(store: SkillStore) -> list[Entry]:
    found = [entry for entry in store.timers.entries() if entry.state == "ringing"]
    if not found:
        raise nothing_rings()
    return found


def nothing_rings() -> InputError:
    """Return what to tell who would stop or put off what does not ring."""
    return InputError(tr("Nothing is ringing."), SHOW_TIMERS)


def canonical_list(name: str) -> str:
    """Return a list's name as it is kept, whatever it is called; raises ``InputError``."""
    kept = list_name(name)
    if not kept:
        raise InputError(tr("It is not said which list."), SHOW_LISTS)
    return LIST_ALIASES.get(kept, kept)


def list_title(name: str) -> str:
    """Return a list's name for people."""
    known = {"shopping": tr("Shopping"), "todo": tr("To do")}
    return known.get(name, name)
