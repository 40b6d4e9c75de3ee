"""Spoken orders for the assistant itself: who is to answer.

"Talk to me as Luna", "switch to Oliver", 换成小美, 我想和露娜聊聊. The order must be the whole of
what is said, and the name that of a persona there is. A recogniser spells a name as it hears it, so
letters are compared, Chinese ones by their sound, and not all have to be right.
"""

import re
from collections.abc import Callable, Sequence

from daemon.dialogue.personas import Persona
from daemon.dialogue.similarity import similarity, words_of
from daemon.media import Transcript
from daemon.people.person import Speaker

# Above: "Lunar", "Loona", "Una" for Luna, "Olive" for Oliver, 露那. Below: "June", "English".
PERSONA_SIMILARITY = 0.65
MAX_EXTRA_WORDS = 1  # words, or Chinese characters, by which what was heard may exceed the name

VoiceCommand = Callable[[Transcript, Speaker | None], Callable[[], None] | None]
"""Returns what carries out an order for the assistant itself; ``None`` for other words.

The speaker is who said it, as far as the voice tells; ``None`` where nobody is known.
"""

_ENGLISH = re.compile(
    r"^\W*(?:(?:please|now|ok(?:ay)?|hey|so|well|can you|could you|would you|will you|"
    r"i want you to|i(?:['’]d| would) like you to)[,\s]+)*"
    r"(?:(?:talk|speak|chat)(?:ing)? (?:to|with) me (?!about|for|from|when)\w{1,5}"
    r"|(?:i want to|i(?:['’]d| would) like to|let me|can i|may i) (?:talk|speak|chat) (?:to|with)"
    r"|(?:switch|change|go|turn)(?: back| over)? (?:to|into|two|too)"
    r"|(?:be|become|act as|answer as))\s+(?P<name>.+)$",
    re.IGNORECASE,
)
_CHINESE = (
    re.compile(r"^(?:请|那|你|现在|帮我|给我|能不能|可以|能|我要|我想)*"
               r"(?:切换|换|变|改|转|扮|扮演)(?:成|到|为|回|回到|做|作)*(?P<name>.+)$"),
    re.compile(r"^(?:请|那|你|现在)*(?:用|以|当|作为)(?P<name>.+?)的?(?:身份|声音|口吻|语气|样子)?"
               r"(?:来)?(?:跟|和|与|对|陪)我(?:说话|讲话|聊天|聊聊|交谈|说|聊)$"),
    re.compile(r"^(?:请|那|现在)*(?:让|叫|请)(?P<name>.+?)(?:来)?(?:跟|和|与|对|陪)我(?:说话|讲话|聊天|聊聊|说|聊)$"),
    re.compile(r"^(?:请|那|现在)*我(?:想|要|想要)(?:跟|和|与|找)(?P<name>.+?)(?:说话|讲话|聊天|聊聊|说|聊)$"),
)  # fmt: skip
_BESIDE = re.compile(
    r"^the\s+|\s+(?:please|now|again)$|(?:吧|了|呗|好吗|可以吗|行吗|一下|的身份)$", re.IGNORECASE
)
_MARKS = re.compile(r"[^\w\s'’]+")


def wanted_persona(text: str, personas: Callable[[], Sequence[Persona]]) -> Persona | None:
    """Return who is to answer from now on; ``None`` if ``text`` is no such order.

    ``personas`` is called only for what sounds like one.
    """
    plain = " ".join(_MARKS.sub(" ", text).split())
    packed = plain.replace(" ", "")
    found = [_ENGLISH.match(plain), *(pattern.match(packed) for pattern in _CHINESE)]
    named = [_name(match["name"]) for match in found if match]
    scored = [
        (_likeness(heard, called), persona)
        for persona in (personas() if named else ())
        for heard in named
        for called in (persona.name, *persona.also)
    ]
    if not scored:
        return None
    alike, persona = max(scored, key=lambda pair: pair[0])
    return persona if alike >= PERSONA_SIMILARITY else None


def _name(text: str) -> str:
    while (shorter := _BESIDE.sub("", text.strip())) != text:
        text = shorter
    return text


def _likeness(heard: str, name: str) -> float:
    """How alike two names sound, 0 to 1."""
    words, meant = words_of(heard), words_of(name)
    return similarity(words, meant) if len(words) <= len(meant) + MAX_EXTRA_WORDS else 0.0
