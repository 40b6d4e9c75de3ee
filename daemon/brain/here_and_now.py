"""What a prompt says of the time and the place, so that a model need not make them up.

The time changes with every question, so it stands in a line before the question and stays there:
whatever comes before the newest question is, to the letter, what the model has read already. Place
and time zone stay as they are, and follow the persona.
"""

import os
import re
import time
from datetime import datetime
from pathlib import Path

from daemon.brain.sentences import is_chinese

# Not strftime's: those are of the user's locale, and these are for the model.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NOTE = re.compile(r"^(?:\(It is [^)\n]*\)|（现在是[^）\n]*）)\n")
_LOCALTIME = Path("/etc/localtime")


def local_now() -> datetime:
    """Return the local time; follows a computer that is taken to another time zone."""
    time.tzset()
    return datetime.now()


def time_note(question: str, now: datetime) -> str:
    """Return the line that goes before ``question``, in its language: the time is ``now``."""
    clock = f"{now.hour:02}:{now.minute:02}"
    if any(map(is_chinese, question)):
        weekday = "一二三四五六日"[now.weekday()]
        return f"（现在是{now.year}年{now.month}月{now.day}日，星期{weekday}，{clock}。）"
    month = MONTHS[now.month - 1]
    return f"(It is {_WEEKDAYS[now.weekday()]}, {now.day} {month} {now.year}, {clock}.)"


def without_note(question: str) -> str:
    """Return a question as it was asked, without the line that says what time it was."""
    return _NOTE.sub("", question, count=1)


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
