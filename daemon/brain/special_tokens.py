"""The marks with which chat templates tell turns, calls and thoughts apart.

An engine that reads a whole prompt as one text takes such a mark for what it says wherever it
stands: in what a tool returns it would end the tool's turn and begin another's. So none of them may
reach a prompt inside somebody's text. The marks are those of the templates published with Qwen,
Llama 2 to 4, Mistral, Gemma, GLM and ChatGLM, DeepSeek, Phi, Cohere, Kimi, MiniMax, Seed, Granite,
InternLM, Yi, Baichuan, EXAONE, Ling, LongCat, TeleChat, Idefics and gpt-oss.
"""

import re

MAX_MARK_CHARS = 64
"""Characters a mark may have. What is longer is no token of any of them."""

# <|im_end|>, <｜User｜> and, with the bar on one side only, Gemma 4's <|turn> and <turn|>.
_BARRED = r"<[|｜][^<>\s]{1,48}>|<[^<>\s|｜]{1,48}[|｜]>"
_NAMES = (
    "s|bos|eos|pad|unk|sep|cls|mask|n|sop|eop|eod|eom|eot|eos_token|ENC|dBLOCK|think(?:ing)?|answer"
    "|tools?|tool[_-]\\w{1,24}|function(?:s|_\\w{1,24})?|function=[^<>\\s]{1,40}"
    "|parameter(?:=[^<>\\s]{1,40})?|invoke|arg_(?:key|value)|observation|im_(?:start|end)"
    "|(?:start|end|begin)_of_\\w{1,32}|(?:start|end)_(?:header_id|id|function_\\w{1,16})"
    "|start_header|end_header|escape|role|_(?:start|end|user|bot|system)|[A-Z]{1,16}_TOKENS?"
    "|longcat_\\w{1,24}|fim[_-]\\w{1,16}|AVAILABLE_TOOLS|fake_token_around_image|global-img"
    "|row_\\d{1,2}_col_\\d{1,2}"
    "|unused_?\\d{1,6}|reserved_\\w{1,32}|extra_id_\\d{1,6}|ctrl\\d{1,4}|special_\\d{1,6}"
    "|reserved_special_token_\\d{1,6}|\\w{1,16}_soft_token|image|video|audio"
    "|user|assistant|system|human|bot|TOOLCALL|TOOL_RESPONSE|B_INST|E_INST"
    "|[A-Za-z]\\w{0,15}:\\w{1,32}"  # Seed's <seed:bos>, MiniMax's <minimax:tool_call>
)
_TAGGED = rf"</?(?:{_NAMES})/?>|<</?SYS>>"
_SQUARE = (
    r"(?-i:\[/?(?:[gs]?MASK|INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w{1,16}|ARGS|CALL_ID|THINK"
    r"|MODEL_SETTINGS|IMG(?:_BREAK|_END)?|(?:BEGIN|END)_\w{1,24}|BEGIN FINAL RESPONSE"
    r"|END FINAL RESPONSE|PREFIX|MIDDLE|SUFFIX|AUDIO|BEGIN_AUDIO|[BE]OS|PAD|UNK|CLS|SEP"
    r"|control_\d{1,4}|Round \d{1,4})\])"
    r"|\[\|[a-z]{1,20}\|\]"  # EXAONE's
    r"|\]~!?b[\[\]]|\[e~\["  # MiniMax's
)
_OTHER = r"◁[^◁▷\s]{1,32}▷"
_MARK = re.compile(rf"{_BARRED}|{_TAGGED}|{_SQUARE}|{_OTHER}", re.IGNORECASE)
_AT_END = re.compile(rf"(?:{_MARK.pattern})\Z", re.IGNORECASE)
_CLOSING = re.compile(r"[>\]\[▷]")


def strip_special_tokens(text: str) -> str:
    """Return ``text`` without marks, and without those that come about where one is taken out.

    In one pass, so that time is in proportion to the text: a mark can only be complete where its
    last character comes, so that there, and nowhere else, the end of what has been kept is looked
    at.
    """
    kept: list[str] = []
    tail = ""  # the end of what has been kept, as long as a mark may be
    start = 0
    for closing in _CLOSING.finditer(text):
        run, start = text[start : closing.end()], closing.end()
        kept.append(run)
        tail = (tail + run)[-MAX_MARK_CHARS:]
        while mark := _AT_END.search(tail):
            _drop(kept, len(mark[0]))
            tail = _tail(kept)
    kept.append(text[start:])
    return "".join(kept)


def break_special_tokens(text: str) -> str:
    """Return ``text`` with a blank in each mark, which then is only text and can still be read.

    For a person's words, who may well ask what one means. Takes time in proportion to the text.
    """
    broken = 1
    while broken:  # twice at most: marks that share a character are not found in one go
        text, broken = _MARK.subn(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)
    return text


def _drop(kept: list[str], count: int) -> None:
    while count:
        last = kept.pop()
        if len(last) > count:
            kept.append(last[:-count])
            return
        count -= len(last)


def _tail(kept: list[str]) -> str:
    tail = ""
    for part in reversed(kept):
        tail = part[-MAX_MARK_CHARS:] + tail
        if len(tail) >= MAX_MARK_CHARS:
            break
    return tail[-MAX_MARK_CHARS:]
