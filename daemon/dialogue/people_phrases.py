"""What is said to be known by voice, or forgotten; and what it says to that, in two languages.

"This is ridiculous" introduces nobody: what stands in a name's place has to look like one, and is
asked for again before anything is kept.
"""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.brain.sentences import has_chinese

MAX_NAME_CHARS = 20
Kind = Literal["introduce", "learn", "forget", "who"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of it."""

    kind: Kind
    name: str = ""
    own: bool = True
    """Whether it is the voice of who says it."""
    plain: bool = False
    """Only a name was told, and nothing of a voice: it may mean something else."""


# A recogniser writes names with a capital letter, and other words that would stand there without.
_NAME = r"(?P<name>[A-Z][a-z'’\w-]*(?: [A-Z][a-z'’\w-]*){0,2})"
_VOICE = r"(?i:remember|learn|recogni[sz]e|memori[sz]e|save|store|get to know)"
_BEFORE = r"(?i:(?:hey|hi|hello|so|ok|okay|and|well|now|please|digital life|listen)\b[,.!]? )*"
_POLITE = (
    r"(?i:(?:can|could|would|will) you (?:please )?|i want you to |i['’]d like you to |please )?"
)
_KIN = (
    r"(?i:my (?:wife|husband|partner|girlfriend|boyfriend|friend|mother|father|mom|mum|dad|son|"
    r"daughter|brother|sister|colleague|neighbou?r|flatmate|roommate|grandmother|grandfather|"
    r"grandma|grandpa|uncle|aunt|cousin|child|boss|guest)\b,? )?"
)
_ENDS = r"(?i:[,.]? (?:please|from now on|for me|thanks|thank you|then|again))*"
_I_AM = r"(?i:i am|i['’]m|my name is|my name['’]s|this is|it['’]s|it is|call me)"
_Row = tuple[str, Kind, bool, bool]
_ROWS_EN: tuple[_Row, ...] = (
    (r"(?i:(?:(?:do|can|could) you (?:please )?(?:know|tell me|tell|hear|guess) )?"
     r"(?:(?:from|by) my voice )?who i am(?: (?:from|by) my voice)?)", "who", True, False),
    (r"(?i:(?:tell me |guess )?who am i)", "who", True, False),
    (r"(?i:who is (?:talking|speaking)(?: to you)?(?: now| right now)?)", "who", True, False),
    (r"(?i:do you (?:still )?(?:know|remember|recogni[sz]e) (?:me|my voice|my name))",
     "who", True, False),
    (r"(?i:(?:do you know )?what(?:['’]s| is) my name|what my name is|whose voice is this)",
     "who", True, False),
    (rf"{_POLITE}{_VOICE}(?i: my voice| what i sound like)(?i: as) {_NAME}",
     "learn", True, False),
    (rf"{_POLITE}{_VOICE}(?i: my voice)[,.;:!] {_I_AM} {_NAME}", "learn", True, False),
    (rf"{_POLITE}{_VOICE}(?i: my voice| what i sound like)", "learn", True, False),
    (rf"{_I_AM} {_NAME}[,.;:!]? (?i:and |so )?{_POLITE}{_VOICE}(?i: my voice| me)",
     "introduce", True, False),
    (rf"(?i:this is|meet|here is|here['’]s) {_KIN}{_NAME}[,.;:!]? (?i:and |so )?"
     rf"{_POLITE}{_VOICE}(?i: (?:her|his|their) voice| (?:her|him|them))",
     "introduce", False, False),
    (rf"(?i:this is|meet|i['’]d like to introduce(?: you to)?|let me introduce(?: you to)?) "
     rf"{_KIN}{_NAME}", "introduce", False, True),
    (rf"(?i:i am|i['’]m|my name is|my name['’]s) {_NAME}", "introduce", True, True),
    (rf"{_POLITE}(?i:forget|delete|remove|erase) (?i:my voice|who i am|what i sound like|me)",
     "forget", True, False),
)  # fmt: skip
_CHINESE_NAME = r"(?P<name>[\u4e00-\u9fff·]{2,6}?|[A-Za-z][A-Za-z'’ -]{0,20}?)"
_LEARN = r"(?:请|你|帮我|能不能|可以)*(?:记住|记下|记一下|学习|学会|学一下|认识|存下)(?:一下)?"
_KIN_ZH = (
    r"(?:我(?:们)?的?(?:妻子|老婆|太太|媳妇|丈夫|老公|先生|爸爸|妈妈|父亲|母亲|爸|妈|儿子|女儿|哥哥|姐姐|弟弟|"
    r"妹妹|朋友|女朋友|男朋友|同事|同学|邻居|室友|爷爷|奶奶|外公|外婆|孩子))?"
)
_BEFORE_ZH = r"(?:你好|喂|嗨|那|来|请|数字生命|介绍一下)*"
_ENDS_ZH = r"(?:吧|好吗|好不好|呀|啊|哦|了|谢谢)*"
_ROWS_ZH: tuple[_Row, ...] = (
    (r"(?:你)?(?:能|可以|能不能)?(?:从我的声音(?:里|中)?)?(?:知道|猜猜|猜|听得出来?|听出来?)?我是谁(?:吗|呢)?",
     "who", True, False),
    (r"你?(?:知道)?我叫什么(?:名字)?(?:吗|呢)?", "who", True, False),
    (r"你(?:还)?(?:认识|认得|记得|认得出)我(?:的声音)?(?:吗|是谁吗|叫什么吗|的名字吗)",
     "who", True, False),
    (r"(?:现在)?(?:是)?谁在(?:跟|和|对)?你?说话", "who", True, False),
    (rf"{_LEARN}我的声音我(?:是|叫){_CHINESE_NAME}", "learn", True, False),
    (rf"{_LEARN}我(?:的)?声音", "learn", True, False),
    (rf"(?:我是|我叫|我的名字是|我的名字叫|叫我){_CHINESE_NAME}{_LEARN}我(?:的声音)?",
     "introduce", True, False),
    (rf"(?:这是|这位是|这就是){_KIN_ZH}{_CHINESE_NAME}{_LEARN}[他她](?:的声音)?",
     "introduce", False, False),
    (rf"(?:这是|这位是){_KIN_ZH}{_CHINESE_NAME}", "introduce", False, True),
    (rf"(?:我是|我叫|我的名字是|我的名字叫){_CHINESE_NAME}", "introduce", True, True),
    (r"(?:忘掉|忘记|忘了|删除|删掉|清除)(?:掉)?我的声音", "forget", True, False),
    (r"(?:忘掉|忘记|忘了)我", "forget", True, False),
)  # fmt: skip


def _compiled(
    rows: Sequence[_Row], before: str, ends: str
) -> list[tuple[re.Pattern[str], Kind, bool, bool]]:
    return [
        (re.compile(f"{before}{pattern}{ends}"), kind, own, plain)
        for pattern, kind, own, plain in rows
    ]


_ENGLISH = _compiled(_ROWS_EN, _BEFORE, _ENDS)
_CHINESE = _compiled(_ROWS_ZH, _BEFORE_ZH, _ENDS_ZH)
# Possessive: not all ways are tried in which many words fit. Longer ones stand first.
_YES = re.compile(
    r"(?:(?:yes|yeah|yep|yup|sure|okay|ok|please do|please|of course|right|correct|exactly|"
    r"go ahead|do it|do|thats right|that is right|absolutely|certainly|definitely|gladly|you may|"
    r"it is|remember (?:it|me|him|her|my voice)|i am|i do|forget (?:me|it)|thanks|thank you) ?)++"
    r"|(?:是的|是|对的|对|好的|好|可以的|可以|行|嗯|没错|当然|要|记住|记|确定|没问题|愿意|"
    r"忘掉|忘|吧|啊|呀|了|的|请)++"
)
_NO = re.compile(r"(?:no|nope|nah|dont|do not|not|wrong|never)\b.*|(?:不|别|没有|错).*")
_NEVER_MIND = re.compile(
    r"(?:(?:oh|no|okay|ok|please|well|actually) )*+"
    r"(?:never ?mind|forget (?:it|about it|that)|(?:cancel|stop)(?: (?:it|that|this))?|leave it|"
    r"not now|no thanks|no thank you|lets not|i (?:dont|do not) want (?:to|that|this)|"
    r"(?:maybe )?(?:later|another time))(?: please| now| then)*+"
    r"|(?:那|还是|不|哦|呃)*?(?:算了|取消|不用了|不要了|停下|停|别记了|不记了|下次吧|以后再说|不想记了)"
    r"(?:吧|了|啊)*+"
)
_MARKS = re.compile(r"[^\w\s'’]+")


def wish_in(text: str) -> Wish | None:
    """Return what is wanted of it; ``None`` if that has nothing to do with voices or names."""
    if len(text) > 120:
        return None
    if has_chinese(text):
        packed = "".join(_MARKS.sub("", text).split())
        for pattern, kind, own, plain in _CHINESE:
            if match := pattern.fullmatch(packed):
                return _wish(match, kind, own, plain)
        return None
    said = " ".join(text.split()).rstrip(" .!?,")
    for pattern, kind, own, plain in _ENGLISH:
        if match := pattern.fullmatch(said):
            return _wish(match, kind, own, plain)
    return None


def _wish(match: re.Match[str], kind: Kind, own: bool, plain: bool) -> Wish | None:
    name = match.groupdict().get("name") or ""
    if not name:
        return Wish(kind, own=own)
    if not is_name(name, surely=not plain):
        return None
    return Wish(kind, name.strip()[:MAX_NAME_CHARS], own, plain)


def is_name(text: str, surely: bool = False) -> bool:
    """Whether somebody may be called so; ``surely``: the rest of the sentence says that it is."""
    if has_chinese(text):
        if surely:
            return len(text) <= 6 and not re.search(r"什么|谁|哪", text)
        names = _data()["zh"]["names"]
        if any(word in text for word in names["none"].split()) or len(text) > 5:
            return False
        nick = text[0] in "小老阿大" and len(text) == 2
        family = text[0] in names["families"] and 2 <= len(text) <= 4
        return nick or family or all(char in names["sounds"] for char in text.replace("·", ""))
    words, none = text.split(), _data()["en"]["names"]["none"].split()
    if any(word in none or (len(word) > 1 and word.isupper()) for word in words):
        return False
    return all(word[0].isupper() for word in words) or surely


def told_name(text: str) -> str:
    """Return the name in an answer to "What is your name?"; "" if there is none."""
    if (wish := wish_in(text)) is not None and wish.name:
        return wish.name
    bare = " ".join(_MARKS.sub(" ", text).split())
    if has_chinese(text):
        found = re.fullmatch(
            r"(?:我是|我叫|叫我|我的名字是|我的名字叫|叫)?(.{1,6}?)(?:吧|啊)?",
            bare.replace(" ", ""),
        )
        return found[1] if found and is_name(found[1], surely=True) else ""
    found = re.fullmatch(rf"(?i:{_I_AM} |it is |call me |just )?(.+)", bare)
    name = found[1].title() if found and found[1].islower() else found[1] if found else ""
    return name if len(name.split()) <= 2 and is_name(name, surely=True) else ""


def is_yes(text: str) -> bool:
    """Whether it is a yes and nothing else."""
    return _YES.fullmatch(_packed(text)) is not None


def is_no(text: str) -> bool:
    """Whether it is a no, whatever follows."""
    return _NO.fullmatch(_packed(text)) is not None


def is_never_mind(text: str) -> bool:
    """Whether somebody does not want it any more."""
    return _NEVER_MIND.fullmatch(_packed(text)) is not None


def _packed(text: str) -> str:
    plain = " ".join(_MARKS.sub(" ", text).replace("'", "").replace("’", "").lower().split())
    return plain.replace(" ", "") if has_chinese(plain) else plain


def say(key: str, chinese: bool, **values: str) -> str:
    """Return what it says."""
    says = _data()["zh" if chinese else "en"]["says"]
    return says[key].format(**values)


@functools.cache
def _data() -> dict[str, dict[str, dict[str, str]]]:
    path = Path(__file__).with_name("introductions.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
