"""What a prompt says of the time and the place, so that a model need not make them up.

The time changes with every question, so it stands in a line before the question and stays there:
whatever comes before the newest question is, to the letter, what the model has read already. Who
asks it is told in the same line. Place and time zone stay as they are, and follow the persona.
"""

import functools
import os
import re
import time
from datetime import datetime
from pathlib import Path

from daemon.brain.special_tokens import strip_special_tokens
from daemon.languages import codes, language
from daemon.languages.guess import language_of
from daemon.people.person import Speaker

_LOCALTIME = Path("/etc/localtime")
REMEMBERED = r"(?:\(On \d|（对方在\d)"
"""How a line begins that tells what was said earlier (``memory/recall.py``)."""
_MARKS = re.compile(r"[()（）\n\r]")


def local_now() -> datetime:
    """Return the local time; follows a computer that is taken to another time zone."""
    time.tzset()
    return datetime.now()


def time_note(question: str, now: datetime, code: str = "", speaker: Speaker | None = None) -> str:
    """Return the line that goes before ``question``: the time is ``now``.

    It is in the language with this ``code``, else in that of the question. In all but English and
    Chinese, which a model answers in by itself, it says in which language to answer. ``speaker`` is
    who asks, where voices are known.
    """
    said = language(code or language_of(question, ("en", "zh"))).said
    note = said.now.format(
        weekday=said.weekdays[now.weekday()],
        day=now.day,
        month=said.months[now.month - 1],
        year=now.year,
        clock=f"{now.hour:02}:{now.minute:02}",
    )
    if speaker is None:
        return note
    person = speaker.person
    who = said.stranger if person is None else said.speaker.format(name=_plain(person.name))
    if person is not None and person.language:
        who += said.answer_in
    return f"{note[:-1]}{who}{note[-1]}"


def _plain(name: str) -> str:
    """Return a name as it can stand within the line."""
    return " ".join(_MARKS.sub(" ", strip_special_tokens(name)).split())


@functools.cache
def _note() -> re.Pattern[str]:
    """Such a line, in any language."""
    begins = (re.escape(language(code).said.now.split("{")[0]) for code in codes())
    return re.compile(rf"^(?:{'|'.join(begins)})[^)）\n]*[)）]\n(?:{REMEMBERED}[^\n]*[)）]\n)?")


def without_note(question: str) -> str:
    """Return a question as it was asked, without lines on the time, and on what was said before."""
    return _note().sub("", question, count=1)


def whereabouts(place: str, zone: str) -> str:
    """Return a sentence about ``place``, "" if it is not known, and the time zone."""
    place = " ".join(place.split())
    if place:
        return f"You are in {place}, time zone {zone}."
    return f"The time zone is {zone}."


def zone_name() -> str:
    """Name the computer's time zone as the IANA's database does, or by its offset from UTC."""
    wanted = os.environ.get("TZ", "").lstrip(":") or os.path.realpath(_LOCALTIME)
    name = wanted.rpartition("zoneinfo/")[2]
    if name and not name.startswith("/"):
        return name
    offset = datetime.now().astimezone().strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"
