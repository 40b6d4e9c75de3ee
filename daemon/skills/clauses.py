"""Orders that come with a reason: "My phone is dead, what time is it?", 面包要烤四十分钟，帮我计时.

One clause has to be an order as a whole, and the others have to be statements that only say why. A
clause that reports what somebody says, sets a condition, or wants something else makes it no order.
What the order lacks (how long, which day, which place) is taken from the statements.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.skills import times_en, times_zh
from daemon.skills.intents import (
    AddToList,
    Cancel,
    Intent,
    Query,
    ReadList,
    RemoveFromList,
    Reschedule,
    SetAlarm,
    SetReminder,
    SetTimer,
    TellDate,
    TellTime,
)
from daemon.skills.normal import normalised
from daemon.skills.places import zone_of
from daemon.skills.templates import Grammar
from daemon.skills.when import Span, When

MAX_CLAUSES = 5
MIN_WORDS = 3  # of an order; "time" alone is none here
MAX_PLACE_WORDS = 3
MAX_PLACE_LETTERS = 8  # of Chinese
_ORDERS = (SetTimer, SetAlarm, SetReminder, Cancel, Query, Reschedule, TellTime, TellDate,
           AddToList, RemoveFromList, ReadList)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Language:
    """What tells clauses, and what kind they are."""

    border: re.Pattern[str]
    statement: re.Pattern[str]
    """What a clause is that may stand beside an order …"""
    other: re.Pattern[str]
    """… unless this is in it."""
    there: re.Pattern[str]
    """A place that another clause names …"""
    then: re.Pattern[str]
    """… or a day."""
    in_place: str
    spoken_to: re.Pattern[str]
    """How an order begins that is put to somebody: a time cannot stand before it."""
    gap: str


_ENGLISH = _Language(
    re.compile(
        r"(?:(?<!\.m)[.,;!?]+(?:\s+|$)|\s[-–—]+\s)(?:(?:so|and|but|because|cause|since|as)\s)*"
        r"(?!(?:and )?(?:please )?(?:call|name|label) (?:it|that|this)\b)"
        r"|\s+(?:so|because|since)\s+(?=(?:i|im|ive|we|please|can|could|would|set|start|wake|remind"
        r"|cancel|delete|remove|add|put|move|what|whats)\b)|^(?:(?:so|and|since|because|as)\s+)+",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:im|i|ive|id|ill|we|were|weve|well|my|our|the|its|it|this|that|theres|there|thats|he|she"
        r"|hes|shes|they|theyre|these|those|a|an|no one|today|tomorrow|tonight)\b .+"
        r"|\w+s (?:closed|off|cancelled|canceled|done|ready|over|out|empty|broken|dead|in|at|been"
        r"|from|on|sick|here|not|gone|all|already|almost|\w+ing)\b.*"
        r"|(?:\S+ ){1,3}(?:is|are|was|has|have|needs?|takes?|starts?|leaves?|comes?|goes) .+"
        r"|(?:(?:oh|no|hey|ugh|wow|oops|dear|god|my|gosh|damn|man|sorry|excuse me|good|great|listen"
        r"|hang on|hold on|by the way|quick question"
        r"|please|thanks|thank you|hello|hi|well|ok|okay|right|alright|yes|shoot|hmm) ?)+"
    ),
    re.compile(
        r"\b(?:ask(?:s|ed|ing)?|sa(?:y|ys|id|ying)|shout\w*|yell\w*|told|tells?|telling|s[aiu]ngs?"
        r"|wr[io]te\w*|th(?:ink|inks|ought)|heard|wonder\w*|replied|answered|if|unless|when|whenever"
        r"|how|why|who|what|whats|wheres?|until|song|movie|film|joke|poem|story|i mean"
        r"|i meant|changed my|was like|can you|could you|play|wait|rather|instead|actually no)\b"
    ),
    re.compile(r"\b(?:over |out )?there\b", re.IGNORECASE),
    re.compile(r"\b(?:on )?(?:that (?:day|morning|evening|night)|then)\b", re.IGNORECASE),
    "in {}",
    re.compile(r"^(?:please )+", re.IGNORECASE),
    " ",
)
_CHINESE = _Language(
    re.compile(
        r"[，,；;。！？!?、\s]+(?!就?(?:[给把]它)?(?:[名起取就]|命名)?个?(?:名字?|名称)?就?[叫是为])"
        r"(?:所以|因为|因此|那(?![边里儿天个]))?|^因为|所以|因此"
    ),
    re.compile(r"..+|[唉哎哦啊嗯呀]"),
    re.compile(
        r"[问说讲喊唱歌写念]|如果|要是|假如|的话|万一|只要|吗$|怎么|什么|为何|谁|哪|觉得|以为|听见|电影|故事|笑话"
        r"|^(?:请|帮|给我|替我|播放|放|告诉|再|然后|打开|把|查|来|还有|不对|不是|改|或者|还是|算了|等)|心里想"
    ),
    re.compile(r"(?:[他她]们?)?(?:那边|那里|那儿|当地)的?"),
    re.compile(r"那天|当天|到时候?"),
    "{}",
    re.compile(r"^(?:[你您请]|麻烦)+"),
    "",
)
# What a timer is for, said before it: 煮鸡蛋，七分钟计时.
_ACTIVITY = re.compile(r"[煮烤蒸泡炖炒焖煎熬卤敷晾腌][^了着过的要得我你他她它]{1,7}")
# Alone these are orders; with more around them, somebody tells of the day.
_UNSURE = re.compile(
    r"\b(?:dont|no longer|wont) need (?:an?|any)\b|^i (?:need|have|want) to (?:get|wake|be) "
    r"|^我(?!.*[叫设定闹钟帮]).*(?:起床|起来)|^有[^什几哪多]*$"
)


def understand(
    text: str,
    chinese: bool,
    now: datetime,
    known: Grammar,
    read: Callable[[str], Intent | None],
) -> Intent | None:
    """Return what is ordered or asked in one of several clauses; ``None`` if that is not sure.

    ``read`` understands a sentence as a whole.
    """
    language = _CHINESE if chinese else _ENGLISH
    clauses = [clause for piece in language.border.split(text) if (clause := piece.strip())]
    if not 2 <= len(clauses) <= MAX_CLAUSES:
        return None
    orders: list[tuple[str, Intent]] = []
    others: list[str] = []
    for clause in clauses:
        found = _read(clause, language, read) if _long_enough(clause, chinese) else None
        if isinstance(found, _ORDERS) and not _UNSURE.search(normalised(clause).text):
            orders.append((clause, found))
        elif not _confirms(clause, orders, known):
            others.append(clause)
    if len(orders) != 1 or not all(_only_says_why(other, language) for other in others):
        return None
    order, intent = orders[0]
    return _Context(others, language, chinese, now, read).completed(order, intent)


def _read(clause: str, language: _Language, read: Callable[[str], Intent | None]) -> Intent | None:
    """Return what a clause wants, wherever and on whichever day another says."""
    for pattern in (None, language.then, language.there):
        if pattern is None or pattern.search(clause):
            found = read(pattern.sub("", clause) if pattern else clause)
            if found is not None:
                return found
    return None


def _long_enough(clause: str, chinese: bool) -> bool:
    plain = normalised(clause).text
    return len(plain if chinese else plain.split()) >= MIN_WORDS


def _confirms(clause: str, orders: Sequence[tuple[str, Intent]], known: Grammar) -> bool:
    """Whether a clause only says again that something is to be cancelled: 取消吧."""
    if not orders or not isinstance(orders[-1][1], Cancel):
        return False
    plain = re.sub(
        r"^(?:so |please |just )+|(?: please| thanks)$|^[帮给]我|[吧了]$",
        "",
        normalised(clause).text,
    )
    return plain in known.words["nothing"]


def _only_says_why(clause: str, language: _Language) -> bool:
    plain = normalised(clause).text
    return bool(language.statement.fullmatch(plain)) and not language.other.search(plain)


@dataclass(frozen=True, slots=True)
class _Context:
    """What stands around an order."""

    clauses: Sequence[str]
    language: _Language
    chinese: bool
    now: datetime
    read: Callable[[str], Intent | None]

    def completed(self, order: str, intent: Intent) -> Intent | None:
        """Return an order with what it lacked."""
        match intent:
            case TellTime(_, "") if self.language.there.search(order):
                place = self._place()
                there = self.language.in_place.format(place)
                return self.read(self.language.there.sub(there, order)) if place else None
            case SetTimer(None):
                spans = [value.total_s for _, value in self._times() if isinstance(value, Span)]
                return replace(intent, seconds=spans[0]) if len(spans) == 1 else intent
            case SetTimer(_, "") if self.chinese:
                plain = [normalised(clause).text for clause in self.clauses]
                named = [text for text in plain if _ACTIVITY.fullmatch(text)]
                return replace(intent, name=named[0]) if len(named) == 1 else intent
            case SetReminder(None, ""):
                return None
            case SetAlarm(None) | SetReminder(None):
                said = [words for words, value in self._times() if isinstance(value, When)]
                return self._with(order, said, type(intent)) or intent
            case SetAlarm() | SetReminder():
                return self._on_that_day(order, intent)
        return intent

    def _on_that_day(self, order: str, intent: SetAlarm | SetReminder) -> Intent | None:
        """Return it on the day that was named before, unless it names one of its own."""
        days = [words for words, value in self._times() if _ahead(value, self.now)]
        said_then = self.language.then.search(order)
        if len(days) != 1 or any(_names_day(value) for _, value in self._times_in(order)):
            return None if said_then and not days else intent
        bare = self.language.then.sub("", order)
        return self._with(bare, days, type(intent))

    def _with(
        self, order: str, said: Sequence[str], kind: type[SetAlarm] | type[SetReminder]
    ) -> Intent | None:
        """Return an order to which times are added, if it is understood with them."""
        times, gap = self.language.gap.join(said), self.language.gap
        order = self.language.spoken_to.sub("", order)
        if not times:
            return None
        texts = (f"{order.rstrip(' .!?。！？')}{gap}{times}", f"{times}{gap}{order}")
        for text in reversed(texts) if self.chinese and kind is SetReminder else texts:
            found = self.read(text)
            if isinstance(found, kind) and found.at is not None:
                return found
        return None

    def _times(self) -> list[tuple[str, Span | When]]:
        return [time for clause in self.clauses for time in self._times_in(clause)]

    def _times_in(self, clause: str) -> list[tuple[str, Span | When]]:
        """Return the times in a clause, with their words."""
        marked = normalised(clause)
        (times_zh if self.chinese else times_en).mark_times(marked, self.now.date())
        found: list[tuple[str, Span | When]] = []
        for place, letter in enumerate(marked.text):
            values: list[Span | When] = [*marked.spans(letter), *marked.whens(letter)]
            found += ((marked.said(place, place + 1), value) for value in values)
        if not self.chinese:  # "at five" is a time only where one is expected
            for match in re.finditer(r"\bat (\w+(?: (?:thirty|fifteen|forty five))?)", marked.text):
                if (clock := times_en.clock_number(match[1])) is not None:
                    found.insert(0, (f"at {match[1]}", clock))
        return found

    def _place(self) -> str:
        """Return the one place that is named; empty if there is none."""
        for clause in self.clauses:
            if self.chinese:
                words, most, gap = list(normalised(clause).text), MAX_PLACE_LETTERS, ""
            else:
                words, most, gap = normalised(clause).text.split(), MAX_PLACE_WORDS, " "
            for long in range(most, 1 if self.chinese else 0, -1):
                for start in range(len(words) - long + 1):
                    place = gap.join(words[start : start + long])
                    if zone_of(place):
                        return place.title()
        return ""


def _names_day(value: Span | When) -> bool:
    if isinstance(value, Span):
        return False
    return value.day is not None or bool(value.repeat) or value.after is not None


def _ahead(value: Span | When, now: datetime) -> bool:
    if isinstance(value, Span) or value.day is None:
        return False
    return value.day > now.date() or value.rolls == "week"
