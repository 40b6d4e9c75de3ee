"""Leaving out what a reasoning model thinks before, and between, what it says.

Each family marks its thoughts otherwise: ``<think>`` (Qwen, DeepSeek, GLM), ``[THINK]`` (Mistral),
``<seed:think>``, ``◁think▷`` (Kimi), ``<|START_THINKING|>`` (Cohere), ``<|begin_of_thought|>``
(OpenThinker), channels (gpt-oss, Gemma 4), words (Granite, Ollama's own display). A server may hide
the control words, so that ``analysis…assistantfinal…`` is left of gpt-oss's; a chat template may
end in the opening mark, so that an answer has only the closing one.
"""

import re
from functools import cache

MARGIN = 96
"""Characters that a mark, or what must be seen beside it, may have."""

_BEFORE = r"(?:[A-Za-z]{1,12}[_:-]|ant){0,2}"  # deep_thinking, seed:think, antThinking
_AFTER = r"(?:[_-](?:content|process|block|trace|steps?))?"
_STEMS = {
    "think": f"{_BEFORE}think(?:ing)?{_AFTER}",
    "thought": f"{_BEFORE}thoughts?{_AFTER}",
    "reason": f"{_BEFORE}reason(?:ing)?{_AFTER}",
    "reflect": f"{_BEFORE}reflect(?:ion|ing)?{_AFTER}",
    "inner": "inner[_-]?(?:monologue|voice)|internal(?:[_-]?monologue)?",
    "scratch": "scratch_?pad",
    "analy": "analy(?:sis|[sz]ing)",
    "plan": "plan(?:ning)?",
    "ponder": "ponder(?:ing)?",
    "deliberat": "deliberat(?:e|ion)",
    "commentary": "commentary",
    "cot": "cot",
    "思考": "思考(?:过程)?",
    "推理": "推理(?:过程)?",
    "思维": "思维(?:链|过程)?",
    "内心": "内心(?:独白|想法)",
}


def _marks(name: str, closing: bool) -> str:
    """Return the ways in which ``name``, a regular expression, opens or closes a thought."""
    slash = "/" if closing else ""
    name = f"(?:{name})"
    word = "(?:end_of_|end_)" if closing else "(?:begin_of_|start_of_|start_)?"
    behind = "_end" if closing else "(?:_start|_begin)?"
    either = f"(?:{word}|{slash}){name}|{name}{behind}"
    more = "" if closing else r"(?:\s[^<>]{0,60})?"
    return (
        rf"<\s?{slash}\s?{name}{more}\s?>|＜{slash}{name}＞|&lt;{slash}{name}&gt;"
        rf"|<[|｜](?:{either})[|｜]>|◁{slash}{name}▷|【{slash}{name}】"
        rf"|(?-i:\[{slash}{name.upper()}\])"  # [think] may well be the text of a link
    )


_ANY = "|".join(_STEMS.values())
# gpt-oss says what follows.
_CHANNEL = r"<\|channel\|>\s*final\b[^<]{0,60}(?:<\|constrain\|>[^<]{0,30})?<\|message\|>"
_SOLAR = r"<\|end\|>\s*<\|begin\|>\s*assistant\s*<\|content\|>"
_SUMMARY = r"\s{0,9}<summary>[^<>]{0,40}(?:think|thought|reason|思考|推理)[^<>]{0,40}</summary>"
_OPENING = re.compile(
    rf"(?P<tag>{_marks(_ANY, False)})|(?P<channel><\|channel\|>)|(?P<gemma><\|channel>\s*thought)"
    r"|(?P<unused><(?:unused|ctrl)94>)|(?P<shown>\[Start thinking\])"
    rf"|(?P<details><details\s+type=.reasoning.[^<>]{{0,60}}>|<details>{_SUMMARY})",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"{_marks(_ANY, True)}|<channel\|>|<(?:unused|ctrl)95>|{_CHANNEL}|{_SOLAR}"
    r"|\[End thinking\]|assistantfinal(?=\S)",
    re.IGNORECASE,
)
_CLOSED_BY = {stem: _marks(name, True) for stem, name in _STEMS.items()} | {
    "channel": _CHANNEL,
    "gemma": r"<channel\|>",
    "unused": r"<(?:unused|ctrl)95>(?:\s*thought)?",
    "details": r"</details>",
    "shown": r"\[End thinking\]",
}
_CLOSED_BY["think"] += f"|{_SOLAR}"
_CLOSED_BY["analy"] += r"|<\|final\|>"
_CLOSED_BY["思考"] += "|【(?:最终|正式)?(?:回答|回复|答案|答复)】"
_EXACT = ("channel", "gemma", "unused", "shown")
"""Marks of which the case matters."""
# Words that only begin a thought where they begin an answer, and those that end it.
_HEADING = r"(?:(?:\*\*)?(?:{0}):(?:\*\*)?|\*\*(?:{0})\*\*|#{{1,4}}\s+(?:{0}):?)\s"
_WORDED = [
    (
        re.compile(_HEADING.format("Thinking|Thoughts?|Thought [Pp]rocess|Reasoning")),
        re.compile(r"\n\s*" + _HEADING.format("(?:Final )?(?:[Aa]nswer|[Rr]esponse|[Rr]eply)")),
    ),
    (re.compile(r"(?:analysis|commentary)(?=[^\W_])"), re.compile(r"assistant\s*final")),
    (re.compile(r"Here is my thought process:"), re.compile(r"Here is my response:")),
    (re.compile(r"Here are my reasoning steps:"), re.compile(r"\[BEGIN FINAL RESPONSE\]")),
    (re.compile(r"[（(]思考[^：:\n]{0,6}[：:]"), re.compile("[）)]")),
    (re.compile(r"Thinking\.\.\.\s"), re.compile(r"\.\.\.done thinking\.")),
    (
        re.compile(r"(?:思考过程|思考|推理过程|思维过程)[：:]"),
        re.compile(r"\n\s*(?:最终)?(?:回答|答案|回复|答复)[：:]"),
    ),
]
_BEGINNINGS = (
    *("analysis", "commentary", "assistantfinal", "final", "Here is my thought process:"),
    *("Here are my reasoning steps:", "Thinking... ", "思考过程：", "思考：", "推理过程："),
    *("Thinking: ", "Thought: ", "Thoughts: ", "Thought process: ", "Reasoning: ", "（思考过程："),
    *(
        "**Thinking:** ",
        "**Thought process:** ",
        "**Reasoning:** ",
        "### Thinking ",
        "### Reasoning ",
    ),
)
_LEAD = re.compile(r"(?:assistant)?final(?=[A-Z\u3400-\u9fff“\"])")
_CONTROL = re.compile(
    r"<\|start\|>\s*assistant|<\|[^<>|\s]{1,40}\|>|\[(?:BEGIN|END) FINAL RESPONSE\]"
)
_UNSURE = re.compile(
    r"(?:[<＜◁【]|\[(?=[/A-Za-z]|$)|&(?=l|$))[^<>＜＞◁▷【】\[\]\n]{0,60}$"
    r"|<details>[^\[\]]{0,80}$|<\|end\|>[^\[\]]{0,60}$"
    r"|(?:<\|start\|>|<\|channel>)\s*[a-z]{0,9}$"
)
_QUOTES = "`'\"“‘「『(（"
_ENDS = ".!?…:。！？：>】▷*"


class ReasoningFilter:
    """Takes an answer in pieces and gives back what is said, as soon as it is certain.

    ``opened``: the answer begins within a thought. That can only be supposed, so what comes is kept
    and given back at the end if no mark ever closed it. Where pieces are cut makes no difference.
    """

    def __init__(self, opened: bool = False) -> None:
        self.found = False
        """Whether anything was left out."""
        self.closed_only = False
        """Whether a thought was closed that nothing had opened: it began with the answer."""
        self._held = ""
        self._close: re.Pattern[str] | None = _CLOSING if opened else None
        self._kept: list[str] | None = [] if opened else None
        self._opened = opened
        self._last = ""  # the end of what was given, to tell what a mark stands behind
        self._given = False
        self._code = False

    @property
    def open(self) -> bool:
        """Whether it is in the middle of a thought."""
        return self._close is not None

    def feed(self, piece: str) -> str:
        """Add a piece; return what is certain to be said."""
        self._held += piece
        said: list[str] = []
        while self._step(said):
            pass
        return "".join(said)

    def finish(self, truncated: bool = False) -> str:
        """Return the rest; ``truncated``: the answer was cut off, and a thought may be, too."""
        rest, self._held = self._held, ""
        if self._close is None:
            return self._give(_CONTROL.sub("", _LEAD.sub("", rest) if not self._given else rest))
        kept, self._kept = self._kept, None
        self._close = None
        if kept is None or (self._opened and truncated):
            self.found = True
            return ""
        text = "".join(kept) + rest
        if not self._opened:
            return self._give(text)
        again = ReasoningFilter()
        said = again.feed(text) + again.finish(truncated)
        self.found = again.found
        return said

    def _step(self, said: list[str]) -> bool:
        """Do what the held text allows; return whether there may be more to do."""
        return self._thinking(said) if self._close else self._saying(said)

    def _thinking(self, said: list[str]) -> bool:
        assert self._close is not None
        closing = self._close.search(self._held)
        if closing is None or (self._close is _CLOSING and not self._counts_as_closing(closing)):
            if self._kept is not None and len(self._held) > MARGIN:
                self._kept.append(self._held[:-MARGIN])
            self._held = self._held[-MARGIN:]
            return False
        kept = "".join(self._kept or ()) + self._held[: closing.start()]
        self._held = self._held[closing.end() :]
        soft = self._kept is not None and not self._opened
        self.closed_only = self.closed_only or self._opened
        self._close, self._kept, self._opened = None, None, False
        if soft and not re.search(r"[.!?。！？\n]", kept):
            said.append(self._give(kept + closing[0]))  # it spoke of the mark and did not use it
            return True
        self.found = True
        if not soft:
            self._held = self._held.lstrip() if not self._given else self._held
        return True

    def _saying(self, said: list[str]) -> bool:
        if not self._given and self._begins():
            return self._close is not None
        opening = _OPENING.search(self._held)
        closing = _CLOSING.search(self._held)
        if closing and (opening is None or closing.start() < opening.start()):
            return self._closed_late(closing, said)
        if opening:
            return self._open_at(opening, said)
        unsure = _UNSURE.search(self._held, max(0, len(self._held) - MARGIN))
        end = unsure.start() if unsure else len(self._held)
        said.append(self._give(_CONTROL.sub("", self._held[:end])))
        self._held = self._held[end:]
        return False

    def _begins(self) -> bool:
        """Look at the first words; return whether they say all that can be said as yet."""
        first = self._held.lstrip()
        for opening, closing in _WORDED:
            if opening.match(first):
                self._held, self._close, self._kept = first, closing, []
                return True
        if lead := _LEAD.match(first):
            self._held = first[lead.end() :]
            return False
        unsure = len(first) < MARGIN // 2 and any(
            mark.startswith(first) or first == mark for mark in _BEGINNINGS
        )
        return unsure or not first

    def _open_at(self, opening: re.Match[str], said: list[str]) -> bool:
        before = self._held[: opening.start()]
        said.append(self._give(_CONTROL.sub("", before)))
        if self._code or self._last[-1:] in tuple(_QUOTES):
            said.append(self._give(opening[0]))
            self._held = self._held[opening.end() :]
            return True
        kind = opening.lastgroup or ""
        self._close = _closed_by(_stem(opening[0]) if kind == "tag" else kind)
        plain = self._last.rstrip(" \t")
        at_ease = not self._given or plain.endswith(("\n", *_ENDS)) or kind != "tag"
        self._kept = None if at_ease else [opening[0]]
        self._held = self._held[opening.start() if kind == "channel" else opening.end() :]
        return True

    def _closed_late(self, closing: re.Match[str], said: list[str]) -> bool:
        """Take what came before for a thought; what was given of it cannot be taken back."""
        before = self._held[: closing.start()]
        if self._code or not self._counts_as_closing(closing):
            said.append(self._give(before + closing[0]))
            self._held = self._held[closing.end() :]
            return True
        channel = closing[0].startswith("<|channel")
        self._held = self._held[closing.end() :]
        if channel and not before.strip() and not self._given:
            return True  # it opens the answer
        if self.found and not self._given:  # what was thought has had its end: this one is astray
            said.append(self._give(before))
            return True
        self.found = self.closed_only = True
        if self._given:
            said.append(self._give("\n"))
        else:
            self._held = self._held.lstrip()
        return True

    def _counts_as_closing(self, closing: re.Match[str]) -> bool:
        before = (self._last + self._held[: closing.start()])[-MARGIN:]
        if before[-1:] in tuple(_QUOTES):
            return False
        plain = before.rstrip(" \t")
        return plain == before or plain.endswith(("\n", *_ENDS))

    def _give(self, text: str) -> str:
        if not self._given:
            text = text.lstrip()
        if text:
            self._given = True
            fences = (self._last[-2:] + text).count("```")
            self._code ^= bool(fences % 2)
            self._last = (self._last + text)[-MARGIN:]
        return text


@cache
def _closed_by(kind: str) -> re.Pattern[str]:
    """Compile what closes a thought of this kind: most answers have none, and each takes 5 ms."""
    return re.compile(_CLOSED_BY[kind], 0 if kind in _EXACT else re.IGNORECASE)


def _stem(mark: str) -> str:
    """Return the kind of a mark; of "chain_of_thought" it is what the name ends in."""
    name = max(re.findall(_ANY, mark, re.IGNORECASE), key=len)
    return next(stem for stem, names in _STEMS.items() if re.fullmatch(names, name, re.IGNORECASE))


def ends_in_reasoning(prompt: str) -> bool:
    """Whether a prompt ends in an opening mark, so that the answer begins within a thought."""
    end = prompt[-MARGIN:].rstrip()
    return any(mark.end() == len(end) for mark in _OPENING.finditer(end))
