"""What of earlier conversations is put into the prompt, and what asks to be remembered.

Earlier conversations are recalled in the person's own words, shortened, and not in a summary that
the model made: the default one, asked for it, put things into people's mouths that they had not
said, while from their own words it answers rightly.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from daemon.brain.sentences import width
from daemon.brain.special_tokens import break_special_tokens
from daemon.languages import language
from daemon.memory.entries import Fact, StoredTurn

FACTS = 50  # the newest of them that may be recalled
CONVERSATIONS = 12  # likewise
QUESTIONS = 3  # of one conversation: the longest say most
MAX_QUESTION_WIDTH = 100  # width of a question, or a third of it in Chinese characters
MAX_FACT_CHARS = 300
WIDTH_OF_TOKEN = 3  # width of the shortest tokens that texts are made of: a Chinese character's
CONTEXT_SHARE = 4  # at most this part of the model's context, whatever the settings say

_PLEASE = r"(?:(?:ok(?:ay)?|hey|so|and|well|now|please|also)[,\s]+)*"
_ENGLISH = re.compile(
    rf"^\W*{_PLEASE}(?:(?:can|could|will|would) you (?:please )?|you (?:should|must) |"
    r"i(?: would|'d)? (?:want|like) you to |please )?"
    r"(?:remember|memori[sz]e|keep in mind|do not forget|don['’]t forget)"
    r"(?:\s+(?:this|the following))?(?:\s*[:,]\s*|\s+)(?:that\s+)?"
    r"(?=(?:my|our|i|i['’]m|i['’]ve|we|we['’]re|he|she|it|they|there|his|her|their|the|this|on|in|at|"
    r"for|every|[A-Z]\w*(?:\s+\w+){1,4}\s+(?:is|are|has|likes?|lives?))\b)(?P<fact>.+)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"^\W*(?:好的?[，,]?|那[么]?|嗯[，,]?|请你?|麻烦你?|帮我|你要|你得|你可以|能不能|可以|一定要|要)*"
    r"(?:记住|记下来?|记着|记得|记一下|别忘了|不要忘记?了?|牢记)(?:一下|哦|啊)?[，,：:、\s]*(?P<fact>.+)"
)
_QUESTION = re.compile(
    r"[?？]\s*$|[吗呢么]\W*$|^(?:when|what|who|why|how|me\b|if\b)", re.IGNORECASE
)

_ORDER = re.compile(
    r"^\W*(?:please )?(?:tell|give|show|sing|recommend|explain|translate|play|read|write|set|say"
    r"|describe|find|help|can|could|would|will|let|stop|repeat|forget|turn|switch|wake)\b"
    r"|^(?:请|麻烦)?[你您]?(?:给我|把|推荐|帮我(?!记)|翻译|讲|说|唱|播放|打开|关|忘掉|重复|提醒)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Recallable:
    """What the memory has to offer: all the newest first."""

    facts: tuple[Fact, ...] = ()
    conversations: tuple[tuple[StoredTurn, ...], ...] = ()


def fact_in(text: str) -> str:
    """Return what ``text`` asks to be remembered; "" if it asks for nothing of the kind."""
    found = _ENGLISH.match(text) or _CHINESE.match(text)
    if found is None:
        return ""
    fact = found["fact"].strip(" \t\n,.;:!，。；：！、")
    enough = width(fact) >= 6 and not _QUESTION.search(text.strip()) and not _QUESTION.match(fact)
    return fact[:MAX_FACT_CHARS] if enough else ""


def tells(text: str) -> bool:
    """Whether somebody tells something, and does not only ask, or want something done."""
    return _QUESTION.search(text.strip()) is None and _ORDER.match(text) is None


def reminder(told: Iterable[tuple[float, str]], code: str, tokens: int) -> str:
    """Return the line that tells a model what was said earlier, when and in which words.

    It is in Chinese for a question in that language, ``code``, else in English; at most ``tokens``
    long, by an estimate that is never too small; "" if nothing fits.
    """
    said = ""
    for at, text in told:
        words = break_special_tokens(" ".join(text.split()))
        if code == "zh":
            longer = f"{said}对方在{_chinese_day(at)}说过：“{words}”。"
        else:
            longer = f"{said} On {_day(at)} they told you: “{words}”."
        if width(longer) / WIDTH_OF_TOKEN > tokens:
            break
        said = longer
    if not said:
        return ""
    return f"（{said}）" if code == "zh" else f"({said.lstrip()})"


def recalled(known: Recallable, fits: Callable[[str], bool]) -> str:
    """Return what the prompt is to say, as much of it as ``fits``: facts first, then the newest.

    "" if nothing is known, or nothing fits.
    """
    facts: list[str] = []
    talks: list[str] = []
    text = ""
    for section, lines in (
        (facts, [f"- They asked you to remember: “{fact.text}”" for fact in known.facts]),
        (talks, [line for turns in known.conversations if (line := _talk(turns))]),
    ):
        for line in lines:
            section.insert(0, line)
            longer = _block(facts, talks)
            if not fits(longer):
                section.pop(0)
                break
            text = longer
    return text


def _block(facts: Sequence[str], talks: Sequence[str]) -> str:
    head = "What you know of the person from earlier conversations:"
    return break_special_tokens("\n".join((head, *facts, *talks)))  # it goes into the system's turn


def _talk(turns: Sequence[StoredTurn]) -> str:
    """Return a line of the person's own words, "" if there are none."""
    asked = [turn for turn in turns if turn.question and not fact_in(turn.question)]
    most = sorted(asked, key=lambda turn: width(turn.question), reverse=True)[:QUESTIONS]
    said = " ".join(f"“{_short(turn.question)}”" for turn in asked if turn in most)
    return f"- On {_day(turns[0].at)} they said: {said}" if said else ""


def _chinese_day(at: float) -> str:
    day = time.localtime(at)
    return f"{day.tm_year}年{day.tm_mon}月{day.tm_mday}日"


def _short(text: str) -> str:
    text = " ".join(text.split())
    if width(text) <= MAX_QUESTION_WIDTH:
        return text
    while width(text) > MAX_QUESTION_WIDTH:
        text = text[:-1]
    return text.rsplit(" ", 1)[0] + "…"


def _day(at: float) -> str:
    day = time.localtime(at)
    return f"{day.tm_mday} {language('en').said.months[day.tm_mon - 1]} {day.tm_year}"
