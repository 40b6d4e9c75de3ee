"""What of a model's writing may be spoken.

Models write for the eye: Markdown, links, emoji, code, tables, their own thoughts between tags.
``Spoken`` takes that character by character and gives back plain words as soon as no later
character can change them. Working by character is what makes the outcome independent of how the
model's pieces are cut.
"""

import html
import re
from enum import Enum, auto

CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af"
"""Chinese characters and punctuation, kana, and full-width forms, as a regex class."""

_HOLD = 300  # characters a link or tag may take; a bracket open for longer is only a bracket

# After one of these, nothing that follows changes what came before, unless a construct is open.
_SETTLES = re.compile(rf"[\s—‘-”…{CJK}]")
_OPEN = re.compile(
    rf"""\[[^\]\n]{{0,{_HOLD}}}\]?$             # [text] that may become a link
    | \]\([^)\n]{{0,{_HOLD}}}$                  # [text](address
    | <(?:/?(?:[A-Za-z][\w-]*(?:\s+[\w:-]*(?:=[^<>\n]{{0,{_HOLD}}})?)?/?)?
         |!-[^>\n]{{0,{_HOLD}}}|\|[^>\n]{{0,40}})$   # a tag, a comment, a model's control word
    | `{{1,2}}$ | ```[^\n]*$                    # perhaps the start of a code block
    """,
    re.VERBOSE,
)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>$")
_FENCE = re.compile(r"```[^`\n]*\n$")
_FENCED = re.compile(r"```[^\n]*?```$")

_TAG = re.compile(r"<(?:/?[A-Za-z][\w-]*(?:\s+[\w:-]+=[^<>\n]*)?\s*/?|!-[^>\n]*|\|[^>\n]*\|)>")
_LINK = re.compile(r"!?\[([^\]\n]*)\](?:\([^)\n]*(?:\)|$)|\[[^\]\n]*\])")
_FOOTNOTE = re.compile(r"\[\^?\d+\]")
_ADDRESS = re.compile(r"<?(?:https?://|www\.)([^\s/?#<>()\"'…]+)([^\s<>()\"'…]*)>?")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;]'?-?[()DPp/\\|*]+|=-?[()D]+|</?3|\^_?\^|[TQ]_[TQ])(?!\w)")
_LINE_MARK = re.compile(r"^\s*(?:(?:#{1,6}\s|[-*+•·▪◦]\s|>\s?|\[[ xX]\]\s)\s*)+")
_RULE = re.compile(r"(?<!\S)(?:-{3,}|={3,})(?!\S)")
_ESCAPE = re.compile(r"\\([*_`#\[\]()~>$|!.-])")
_TIMES = re.compile(r"(?<=[A-Za-z0-9])\*(?=[A-Za-z0-9])|(?<=\s)\*(?=\s)")
_POWER = re.compile(r"(?<=\d)\*\*(?=\d)")
_RANGE = re.compile(r"(?<=\d)~(?=\d)")
_ARROW = re.compile("\\s*[\u2190-\u21ff\u27f0-\u27ff]\\s*")
_EMPHASIS = re.compile(r"\*+|~+|`+|(?<!\w)_+|_+(?!\w)|\$\$")
_PICTURE = re.compile(
    "[\x00-\x08\U0001f000-\U0001faff\u2300-\u23ff\u2500-\u27bf\u2900-\u29ff\u2b00-\u2bff\ufe0e\ufe0f\u200b-\u200f\u20e3\u2060-\u2064\ufeff\ufffd\ue000-\uf8ff"
    "\U000e0000-\U000e007f]+"
)
_TABLE_RULE = re.compile(r"[\s|:-]*")


class _Mode(Enum):
    WORDS = auto()
    THOUGHT = auto()
    CODE = auto()


class Spoken:
    """Takes a reply by the character, gives back what may be spoken, lines kept apart."""

    def __init__(self) -> None:
        self._mode = _Mode.WORDS
        self._pending = ""
        self._line_start = True
        self._last = " "  # the character given back last, for what depends on both neighbours

    @property
    def next_visible(self) -> str:
        """The first character held back that is not markup; empty if there is none."""
        return self._pending.lstrip("*_`~#[<")[:1]

    def feed(self, char: str) -> str:
        """Add one character; return the text that has become certain, often empty."""
        self._pending += char
        if self._mode is _Mode.THOUGHT:
            if self._pending.endswith(("</think>", "</thinking>", "</reasoning>")):
                self._pending, self._mode = "", _Mode.WORDS
            return ""
        if self._mode is _Mode.CODE:
            if char == "\n":
                if self._pending.strip() == "```":
                    self._mode = _Mode.WORDS
                self._pending = ""
            return ""
        return self._words(char)

    def finish(self) -> str:
        """Return the rest; constructs that never closed are taken for what they began to be."""
        text = self._pending if self._mode is _Mode.WORDS else ""
        self._pending, self._mode = "", _Mode.WORDS
        return self._give(text.split("```", 1)[0])

    def _words(self, char: str) -> str:
        if char == ">" and (thought := _THOUGHT.search(self._pending)):
            return self._leave(thought.start(), _Mode.THOUGHT)
        if char == "`" and (code := _FENCED.search(self._pending)):
            return self._leave(code.start(), _Mode.WORDS)
        if char == "\n" and (code := _FENCE.search(self._pending)):
            return self._leave(code.start(), _Mode.CODE)
        if not _SETTLES.match(char) or self._in_table_row(char) or _OPEN.search(self._pending):
            return ""
        text, self._pending = self._pending, ""
        return self._give(text)

    def _leave(self, start: int, mode: _Mode) -> str:
        text, self._pending = self._give(self._pending[:start]), ""
        self._mode = mode
        if mode is _Mode.CODE:  # what comes after a block of code begins a line
            self._line_start, self._last = True, " "
            text += "\n"
        return text

    def _in_table_row(self, char: str) -> bool:
        return self._line_start and char != "\n" and self._pending.lstrip().startswith("|")

    def _give(self, raw: str) -> str:
        if not raw:
            return ""
        text = raw
        if self._line_start and text.lstrip().startswith("|"):
            text = _table_row(text)
        elif self._line_start:
            text = _LINE_MARK.sub("", text)
        text = _plain(self._last + text)[1:]
        if text:
            self._last = text[-1] if _SETTLES.match(text[-1]) else "x"
        # A line's mark may be followed by another, as in "- # ", so blank text leaves it open.
        self._line_start = raw.endswith("\n") or (self._line_start and not text.strip())
        if raw.endswith("\n") and not text.endswith("\n"):
            text += "\n"
        return text


def tidy(text: str) -> str:
    """Return a sentence ready to be spoken; empty if there is nothing in it to say."""
    if not any(char.isalnum() for char in text):
        return ""
    text = " ".join(text.split())
    text = re.sub(r"\s+(?=[，。！？；：、]|[,.!?;:](?:\s|$))", "", text)
    text = re.sub(r"[!?]{2,}", lambda run: "?" if "?" in run[0] else "!", text)
    text = re.sub(r"[！？]{2,}", lambda run: "？" if "？" in run[0] else "！", text)
    text = re.sub(r"\.{4,}", "...", text)
    text = re.sub(r"([,;:，。；：、…—])\1+", r"\1", text)
    return re.sub(r"^(?:[\s,;:!?，。！？；：、…”’」』）》】]|\.(?!\d))+", "", text)


def _plain(text: str) -> str:
    """Drop the markup of a settled piece. Its first character is what came before; it stays."""
    text = html.unescape(text)
    text = _TAG.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _FOOTNOTE.sub("", text)
    text = _ADDRESS.sub(_host, text)
    text = _EMOTICON.sub("", text)
    text = _RULE.sub("", text)
    text = _ESCAPE.sub(r"\1", text)
    text = _RANGE.sub("-", _TIMES.sub("×", _POWER.sub("^", text)))
    text = _PICTURE.sub("", _ARROW.sub(" ", _EMPHASIS.sub("", text)))
    return text.replace("_", " ")


def _host(address: re.Match[str]) -> str:
    """``https://www.example.com/a?b.`` is spoken ``example.com.``."""
    host = address[1]
    ending = re.search(r"[.,;:!?]*$", host + address[2])
    return host.rstrip(".,;:!?").removeprefix("www.") + (ending[0] if ending else "")


def _table_row(row: str) -> str:
    """Make a table's row one sentence; the rule under its head is nothing."""
    if _TABLE_RULE.fullmatch(row):
        return ""
    cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
    chinese = re.search(f"[{CJK}]", row)
    comma, stop = ("，", "。") if chinese else (", ", ".")
    return comma.join(cell for cell in cells if cell) + stop + "\n"
