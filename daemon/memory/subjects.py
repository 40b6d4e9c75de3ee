"""What a fact is about, where it can have one value only: a newer one then replaces the older.

"My dentist is Doctor Wu" and "my new dentist is Doctor Li" cannot both hold; "I'm allergic to nuts"
and "I'm allergic to penicillin" can, and so can "my sister is a nurse" and "my sister is in Paris".
Likeness of meaning does not tell these apart, so it is told by form: the same words before the
verb, and the same kind of value after it. What has no such form contradicts nothing.
"""

import re
from typing import NamedTuple

from daemon.memory.recall import tells

MAX_SUBJECT = 8  # words; of Chinese, characters twice as many


class Subject(NamedTuple):
    """What a fact is about."""

    of: frozenset[str]
    """The words that name it; of Chinese, one."""
    asked: str
    """What is told of it: ``name``, ``where``, ``when``, ``value``, or a verb."""


_SMALL = frozenset(("a", "an", "the", "my", "our", "new", "current", "now", "own", "of", "to"))
_TIME = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|may|june"
    r"|july|august|september|october|november|december|noon|midnight|morning|afternoon|evening"
    r"|night|o['’]clock|[ap]\.?m|half past|quarter (?:to|past))\b|\b\d{1,2}:\d\d\b"
    r"|^(?:at|on) (?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b",
    re.IGNORECASE,
)
_PLACE = r"in|on|at|under|below|behind|beside|above|near|inside|next to|between|with"
_ENGLISH = re.compile(
    rf"^(?P<of>(?:\S+ ){{1,{MAX_SUBJECT}}}?)(?:"
    r"(?:is|are|was|were)(?P<now> now)? (?P<called>called |named )?(?P<value>.+)"
    r"|(?P<verb>live|work|weigh|wear|owe|end|expire|start|begin)s?(?P<value2> .+))$",
    re.IGNORECASE,
)
_LIVES = {"live": r" in ", "work": r" (?:at|for|as) ", "weigh": " ", "wear": " size "}
_ONE_VALUE = re.compile(
    r"\b(?:favou?rite|password|code|pin|number|size|address|birthday|name|age|plate)\b"
    r"|最喜欢的|最爱的|密码|号码?$|生日|地址|名字|尺码|年龄",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"\b(?:new|now|no longer|not any ?more|instead)\b|新|现在|改|换|不再", re.I)
_CHINESE = re.compile(
    rf"^(?P<of>[^，,。]{{1,{2 * MAX_SUBJECT}}}?)(?:现在|已经)?(?P<verb>是|叫做?|姓|住在?|搬到|放在"
    r"|停在|贴在|藏在|在|改到|改成|改为|换成|换到)了?(?P<value>[^，,。]+)"
)
_CHINESE_TIME = re.compile(
    r"[一二三四五六七八九十\d两半][点月号日]|周[一二三四五六日天]|星期|[早晚上下]午|晚上|早上"
)
_TITLE = re.compile(r"^.{1,3}(?:医生|大夫|老师|先生|女士|小姐|经理|师傅|阿姨|教授|律师)$")
_OF_THE_CHINESE = re.compile(r"^(?:我们?家?的?|咱们?的?)|新的?|现在的?|的")


def is_marked_as_new(text: str) -> bool:
    """Whether ``text`` itself says that something has changed."""
    return bool(_CHANGED.search(text))


def is_plain(text: str) -> bool:
    """Whether ``text`` says one thing, and nothing beside it that would be lost with it."""
    return re.search(r"[,;.!?，；。！？]\s*\S", text.strip()) is None and tells(text)


def subject(fact: str) -> Subject | None:
    """Return what a fact is about; ``None`` where another may well hold beside it."""
    fact = fact.strip(" \t\n.!。！")
    return _of_english(fact) or _of_chinese(fact)


def _of_english(fact: str) -> Subject | None:
    if (found := _ENGLISH.match(fact)) is None:
        return None
    of = re.findall(r"[^\W_]+(?:['’]s)?", found["of"].lower())
    if verb := found["verb"]:
        verb = verb.lower()
        told = _LIVES.get(verb)
        if told is None or not re.match(told, found["value2"], re.IGNORECASE):
            return None
        return _subject(of, verb)
    value = found["value"]
    if passive := re.match(rf"(\w+(?:ed|en|ut|ept|id)) (?=(?:{_PLACE})\b)", value):
        of, value = [*of, passive[1].lower()], value[passive.end() :]
    return _subject(of, _asked(found["of"], value, bool(found["called"]), is_marked_as_new(fact)))


def _asked(of: str, value: str, called: bool, changed: bool) -> str:
    """Return what is told of it; "" for a property among others."""
    if _TIME.search(value):
        return "when"
    if re.match(rf"(?:{_PLACE})\b", value, re.IGNORECASE):
        return "where"
    if _ONE_VALUE.search(of):
        return "value"
    if called or re.match(r"(?:[A-Z]|the (?=[A-Z]))", value):
        return "name"
    return "name" if changed and re.match(r"an? ", value) else ""


def _of_chinese(fact: str) -> Subject | None:
    if (found := _CHINESE.match(fact)) is None:
        return None
    verb, value = found["verb"], found["value"]
    of = _OF_THE_CHINESE.sub("", found["of"]) or "我"
    if verb.startswith(("住", "搬")):
        return _subject([of], "live")
    if _CHINESE_TIME.search(value):
        return _subject([of], "when")
    if verb.endswith("在"):
        return _subject([of], "where")
    if _ONE_VALUE.search(found["of"]):
        return _subject([of], "value")
    named = verb in ("叫", "叫做", "姓") or _TITLE.match(value) or is_marked_as_new(fact)
    return _subject([of], "name" if named else "")


def _subject(of: list[str], asked: str) -> Subject | None:
    words = frozenset(word for word in of if word not in _SMALL)
    return Subject(words, asked) if words and asked else None
