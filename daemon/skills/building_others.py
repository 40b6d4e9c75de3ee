"""Makes intents of what was read: lists, time and date, and orders to itself."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from typing import cast

from daemon.skills.intents import (
    AddToList,
    AreYouReal,
    ClearList,
    DateQuestion,
    GoToSleep,
    Impossible,
    Intent,
    ReadList,
    Reason,
    RemoveFromList,
    RepeatLast,
    SetPace,
    SetVolume,
    StopTalking,
    SwitchFace,
    SwitchVoice,
    TellDate,
    TellTime,
    TellTimeUntil,
    WakeUp,
    WhoAreYou,
)
from daemon.skills.places import zone_of
from daemon.skills.reading import MAX_NAME, Reading
from daemon.skills.when import When, plus_months

MAX_ITEMS = 30  # of a list in one sentence
LEVELS = 10  # "volume five" is the fifth of so many levels; above, numbers are percent
NAME_SIMILARITY = 0.75  # "Aimee" for Amy is above, another name below


def list_name(reading: Reading, known: bool) -> str | None:
    """Return which list is meant; ``None`` if there is none such, where it has to be ``known``."""
    if (fixed := reading.order.values.get("list")) is not None:
        return str(fixed)
    name = reading.plain("list")
    words = [word for word in name.split() if word not in reading.words("articles")]
    name = " ".join(words) if not reading.chinese else re.sub(r"^我们?的?|^这个?|的$", "", name)
    if name in reading.words("shopping") or not name:
        return "shopping"
    if name in reading.words("todo"):
        return "todo"
    names = {own.lower(): own for own in reading.names.lists}
    if name in names:
        return names[name]
    bad = len(name) > MAX_NAME or name in reading.words("pronouns")
    return None if known or bad or set(words) & set(reading.words("no_names")) else name


def items(reading: Reading, slot: str = "items") -> tuple[str, ...]:
    """Return what is to be put on a list; empty if that is nothing in particular."""
    return split_items(reading.said(slot), reading)


def split_items(said: str, reading: Reading) -> tuple[str, ...]:
    """Return the items in some words."""
    together = {phrase: phrase.replace(" ", "\0") for phrase in reading.words("together")}
    for phrase, glued in together.items():
        said = re.sub(re.escape(phrase), glued, said, flags=re.IGNORECASE)
    if reading.chinese:
        words = "|".join(reading.words("splits"))
        pieces = re.split(rf"[,，、;；。\s]+|{words}", said)
    else:
        words = "|".join(reading.words("splits"))
        pieces = re.split(rf"\s*[,;]\s*(?:(?:{words})\s+)?|\s+(?:{words}|&)\s+", said)
    found = []
    for piece in pieces:
        item = piece.replace("\0", " ").strip(" ,.;:!?，。；：！？、")
        item = re.sub(r"^(?:some|the|also|and|please)\s+", "", item, flags=re.IGNORECASE)
        if not item or item in "吧啊呀呗嘛呢":
            continue
        if reading.chinese and re.search("[把将]|帮我|了$", item):  # several clauses
            return ()
        if item.lower() in reading.words("pronouns") or len(item) > 2 * MAX_NAME:
            return ()
        found.append(item)
    return tuple(dict.fromkeys(found))[:MAX_ITEMS]


def _add(reading: Reading) -> Intent | None:
    name, added = list_name(reading, known=False), items(reading)
    return AddToList(name, added) if name and added else None


def _add_nothing(reading: Reading) -> Intent | None:
    name = list_name(reading, known=False)
    return AddToList(name, ()) if name else None


def _remove(reading: Reading) -> Intent | None:
    name, removed = list_name(reading, known=True), items(reading)
    return RemoveFromList(name, removed) if name and removed else None


def _read(reading: Reading) -> Intent | None:
    name = list_name(reading, known=True)
    return ReadList(name) if name else None


def _clear(reading: Reading) -> Intent | None:
    name = list_name(reading, known=True)
    return ClearList(name) if name else None


def _time(reading: Reading) -> Intent | None:
    if not reading.match.groupdict().get("place"):
        return TellTime()
    return time_at(reading.said("place"), reading.plain("place"), reading)


def time_at(said: str, plain: str, reading: Reading) -> TellTime | None:
    """Return the question for the time of a place that is known."""
    if not reading.chinese:
        plain = " ".join(word for word in plain.split() if word not in ("the", "now"))
        said = re.sub(r"^the\s+|\s+(?:now|right now)$", "", said, flags=re.IGNORECASE)
    zone = zone_of(plain) or _zone_of_both(plain, reading)
    return TellTime(zone, said.strip(" ,.?!，。？！")) if zone else None


def _zone_of_both(plain: str, reading: Reading) -> str | None:
    """Of "Paris, France", 美国纽约."""
    if reading.chinese:
        country = next((c for c in reading.words("countries") if plain.startswith(c)), plain)
        return zone_of(plain.removeprefix(country).removeprefix("的"))
    words = plain.split()
    for start in range(1, len(words)):  # of "Auckland, New Zealand" the last two are the country
        country = " ".join(words[start:])
        if zone_of(country) or country in reading.words("countries"):
            return zone_of(" ".join(words[:start]))
    return None


def _time_until(reading: Reading) -> Intent | None:
    when = reading.when("when")
    if when is None or when.clock is None:
        return None
    at = reading.moment("reminder", "when")
    return TellTimeUntil(at) if isinstance(at, datetime) else at


def _date(reading: Reading) -> Intent | None:
    asked = cast(DateQuestion, reading.order.values["asked"])
    if not (reading.match.groupdict().get("when") or reading.match.groupdict().get("when2")):
        return TellDate(reading.now.date(), asked)
    when = reading.when("when", "when2")
    if when is None:
        return None
    if when.wrong is not None:
        return Impossible(when.wrong, reading.said("when"))
    past = any(reading.has(word) for word in reading.words("past"))
    day = _day_of(when, reading.now, past)
    if day is None or when.clock is not None or when.repeat:
        return None
    return TellDate(day, asked, when.called)


def _day_of(when: When, now: datetime, past: bool) -> date | None:
    if when.after is not None:
        try:
            return when.after.after(now).date()
        except (ValueError, OverflowError):
            return None
    if when.day is None or not (past and when.day > now.date()):
        return when.day
    noon = datetime(when.day.year, when.day.month, when.day.day, 12)
    match when.rolls:
        case "week":
            return when.day - timedelta(days=7)
        case "month":
            return plus_months(noon, -1).date()
    return plus_months(noon, -12).date() if when.rolls or when.called else when.day


def _louder(reading: Reading) -> Intent | None:
    return SetVolume(delta=_amount(reading))


def _amount(reading: Reading) -> float:
    """Return how much of a change is wanted."""
    delta = float(cast(float, reading.order.values["delta"]))
    if any(reading.has(word) for word in reading.words("much")):
        return 2 * delta
    return delta / 2 if any(reading.has(word) for word in reading.words("slightly")) else delta


def _volume_by(reading: Reading) -> Intent | None:
    number = reading.number("number", "number2")
    if number is None or not 0 < number <= 100:
        return None
    return SetVolume(delta=cast(int, reading.order.values["sign"]) * number / 100)


def _volume(reading: Reading) -> Intent | None:
    if (level := reading.order.values.get("level")) is not None:
        return SetVolume(level=float(cast(float, level)))
    number = reading.number("number", "number2")
    if number is None or not 0 <= number <= 100:
        return None
    percent = number > LEVELS or any(reading.has(word) for word in ("percent", "百分之"))
    return SetVolume(level=number / 100 if percent else number / LEVELS)


def _pace(reading: Reading) -> Intent | None:
    if (value := reading.order.values.get("value")) is not None:
        return SetPace(value=float(cast(float, value)))
    return SetPace(delta=_amount(reading))


def _named(said: str, known: tuple[str, ...]) -> str | None:
    """Return the name that is meant, as a recogniser may have spelled it."""
    said = said.casefold()
    for name in known:
        if said == name.casefold() or said in re.split(r"[\s_-]+", name.casefold()):
            return name
    scored = [(SequenceMatcher(None, said, name.casefold()).ratio(), name) for name in known]
    alike, name = max(scored, default=(0.0, ""))
    return name if alike >= NAME_SIMILARITY else None


def _voice(reading: Reading) -> Intent | None:
    said = reading.plain("name")
    name = _named(said, reading.names.voices)
    return SwitchVoice(name) if name else _unknown(reading, said)


def _face(reading: Reading) -> Intent | None:
    said = reading.plain("name")
    name = _named(said, reading.names.faces)
    return SwitchFace(name) if name else _unknown(reading, said)


def _unknown(reading: Reading, said: str) -> Intent | None:
    """Of a name that there is not; ``None`` if it may be none: "a funny voice"."""
    named = any(reading.has(word) for word in reading.words("naming"))
    return Impossible(Reason.NO_SUCH_NAME, said) if named else None


_SIMPLE: dict[str, Intent] = {
    "repeat": RepeatLast(),
    "stop": StopTalking(),
    "sleep": GoToSleep(),
    "wake": WakeUp(),
    "who": WhoAreYou(),
    "real": AreYouReal(),
}


# Somebody tells of themselves, asks whether it ever sleeps, or wishes a good night.
_NO_ORDER = re.compile(
    r"\bi\b(?!.*\byou\b)|我(?!.*[你您])"
    r"|^[你您]?(?!.*(?:可以|能)).{0,4}(?:睡|休息).*[吗么]"
    r"|\bsleep (?:well|tight)\b|好好.{0,2}(?:睡|休息)",
    re.I,
)


def _simple(reading: Reading) -> Intent | None:
    own = reading.order.values.get("own") and _NO_ORDER.search(reading.marked.original)
    return None if own else _SIMPLE[reading.order.intent]


BUILDERS: dict[str, Callable[[Reading], Intent | None]] = {
    **dict.fromkeys(_SIMPLE, _simple),
    "add": _add,
    "add_nothing": _add_nothing,
    "remove": _remove,
    "read": _read,
    "clear": _clear,
    "time": _time,
    "time_until": _time_until,
    "date": _date,
    "louder": _louder,
    "volume_by": _volume_by,
    "volume": _volume,
    "pace": _pace,
    "voice": _voice,
    "face": _face,
}
