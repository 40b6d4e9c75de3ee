"""What of a model's writing may be spoken.

Models write for the eye: Markdown, HTML, formulas, links, emoji, code, tables. (Their thoughts are
gone before, see ``reasoning_filter.py``.)
``SpeakableText`` takes that character by character and gives back plain words as soon as no later
character can change them. Working by character is what makes the outcome independent of how the
model's pieces are cut.
"""

import html
import re
from enum import Enum, auto

from daemon.brain import latex
from daemon.brain.feelings import TAG, marks_in
from daemon.expression import Feeling

CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af"
"""Chinese characters and punctuation, kana, and full-width forms, as a regex class."""

_HOLD = 300  # characters a link or tag may take; a bracket open for longer is only a bracket
_MAX_HELD_CHARS = 1000  # characters that are held back: of a row of a table, of a word without end

_ELEMENTS = (
    "input|img|a|td|th|tr|table|button|option|video|audio|details|ol|ul|li|p|div|span|h[1-6]|font|"
    "code|pre|script|style|svg|iframe|source|label|form|select|abbr|sup|sub"
)

# After one of these, nothing that follows changes what came before, unless a construct is open.
_SETTLES = re.compile(rf"[\s—‘-”…{CJK}]")
# Nor behind the comma after a plain word, for which a voice may wait.
_WORD_AND_COMMA = re.compile(r"\s*[^\W\d_]+(?:['’-][^\W\d_]+)*,")
_OPEN = re.compile(
    rf"""\[[^\]\n]{{0,{_HOLD}}}\]?$             # [text] that may become a link
    | \]\([^)\n]{{0,{_HOLD}}}$                  # [text](address
    | <(?:/?(?:[A-Za-z][\w-]*(?:\s+[\w:-]*(?:=[^<>\n]{{0,{_HOLD}}})?)?/?)?
         |!-[^>\n]{{0,{_HOLD}}}|\|[^>\n]{{0,40}})$   # a tag, a comment, a model's control word
    | </?(?:{_ELEMENTS})\s[^<>\n]{{0,{_HOLD}}}$
    | 【\d{{0,3}}(?:[:†][^】\n]{{0,60}})?$        # where something is from
    | `{{1,2}}$ | ```[^\n]*$                    # perhaps the start of a code block
    """,
    re.VERBOSE,
)
_FENCE = re.compile(r"(?P<marks>`{3,})[^`\n]*\n$|^\s*(?P<waves>~{3,})[^\n]*\n$")
_FENCED = re.compile(r"```[^\n]*?```$")

_TAG = re.compile(
    r"<(?:/?[A-Za-z][\w-]*(?:\s+[\w:-]+=[^<>\n]*)?\s*/?|\|[^>\n]*\|"
    rf"|/?(?:{_ELEMENTS})\s[^<>\n]*|![^>\n]*)>"
)
# Elements that nobody reads, and what closes each.
_UNREAD = re.compile(r"<(?:(script|style|pre|head|svg|template|noscript)(?:\s[^<>]*)?>|!--)$", re.I)
_LINE_TAG = re.compile(
    r"</?(?:br|p|div|li|ul|ol|tr|table|thead|tbody|h[1-6]|hr|blockquote|section|article|header|"
    r"footer|summary|details|dt|dd|figcaption|caption|title)(?:\s[^<>\n]*)?/?>",
    re.I,
)
_CELL_TAG = re.compile(r"</t[dh]>\s*(?=<t[dh]\b|$)", re.I)
_RAISED = re.compile(r"<sup>\s*([-+]?\d+)\s*</sup>", re.I)
_LINK = re.compile(
    r"!?\[([^\]\n]*)\]\([^)\n]*(?:\)|$)|!?\[(?!\^?\d{1,3}\])([^\]\n]*)\]\[[^\]\n]*\]"
)
# [1](address), [[1]](address) and 【1†source】 only say where something is from.
_CITATION = re.compile(
    r"\[\[\^?\d{1,3}\]\](?:\([^)\n]*\))?|\[\^?\d{1,3}\]\([^)\n]*\)|【\d{1,3}[:†][^】\n]{0,60}】"
)
_FOOTNOTE = re.compile(
    r"\[\^[^\]\s]{1,40}\]:?|\[\d+\]:?(?!\()|(?<=[A-Za-z]{4})[¹²³⁴-⁹]+|(?<=[.,;!?”。，])[¹²³⁴-⁹]+"
)
_REFERENCE = re.compile(
    r"^\s*\[[^\]\n]{1,80}\]:\s*<?(?:https?:|www\.|/|#)[^\n]*"
)  # where a link leads
_REFERENCE_BEGINS = re.compile(r"\[[^\]\n]{1,80}\]:")
_SHORTCODE = re.compile(r"(?<![\w:]):(?:[a-z][a-z0-9_-]{0,30}|\+1|-1|100):(?![\w:])")
_BAR = re.compile(r"(?<=\s)\|(?=\s)")
_ADDRESS = re.compile(r"<?(?:https?://|www\.)([^\s/?#<>()\"'…]+)([^\s<>()\"'…]*)>?")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;]'?-?[()DPp/\\|*]+|=-?[()D]+|</?3|\^_?\^|[TQ]_[TQ])(?!\w)")
_LINE_MARK = re.compile(r"^\s*(?:(?:#{1,6}\s|[-*+•·▪◦]\s|>\s?|\[[ xX]\]\s)\s*)+")
_RULE = re.compile(r"(?<!\S)(?:-{3,}|={3,})(?!\S)")
_ESCAPE = re.compile(r"\\([*_`#\[\]()~>$|!.%&{}-])")
_TIMES = re.compile(r"(?<=[A-Za-z0-9])\*(?=[A-Za-z0-9])|(?<=\s)\*(?=\s)")
_POWER = re.compile(r"(?<=\d)\*\*(?=\d)")
_RANGE = re.compile(r"(?<=\d)~(?=\d)")
_ARROW = re.compile("\\s*[\u2190-\u21ff\u27f0-\u27ff]\\s*")
_EMPHASIS = re.compile(
    r"(?<![=\w])==(?=\w)|(?<=\w)==(?![=\w])|\*+|~~+|~(?![\d$€£¥])|`+|(?<!\w)_+|_+(?!\w)|\$\$"
)
_PICTURE = re.compile(
    "[\x00-\x08\ud800-\udfff\U0001f000-\U0001faff\u2300-\u23ff\u2500-\u27bf\u2900-\u29ff\u2b00-\u2bff\ufe0e\ufe0f\u200b-\u200f\u20e3\u2060-\u2064\ufeff\ufffd\ue000-\uf8ff"
    "\u00a9\u00ae\u2122\u2139\u203c\u2049\u24c2\u3030\u303d\u3297\u3299\U000e0000-\U000e007f]+"
)
_TABLE_RULE = re.compile(r"[\s|:-]*")


class _Mode(Enum):
    WORDS = auto()
    CODE = auto()
    UNREAD = auto()


class SpeakableText:
    """Takes a reply by the character, gives back what may be spoken, lines kept apart."""

    def __init__(self) -> None:
        self._mode = _Mode.WORDS
        self._pending = ""
        self._line_start = True
        self._until = ""  # what ends the code or the element that is not read
        self._chinese = self._latin = 0  # characters and words so far, which tell the language
        self._last = " "  # the character given back last, for what depends on both neighbours
        self.felt: list[tuple[int, Feeling]] = []
        """What marks in the text given back last said, with their places in it; may be cleared."""

    @property
    def next_visible(self) -> str:
        """The first character held back that is not markup; empty if there is none."""
        return self._pending.lstrip("*_`~#[<")[:1]

    def feed(self, char: str) -> str:
        """Add one character; return the text that has become certain, often empty."""
        self._pending += char
        if self._mode is _Mode.CODE:
            if char == "\n":
                line = self._pending.strip()
                if line.startswith(self._until) and not line.strip(self._until[0]):
                    self._mode = _Mode.WORDS
                self._pending = ""
            elif len(self._pending) > _MAX_HELD_CHARS:
                self._pending = self._pending[-_HOLD:]
            return ""
        if self._mode is _Mode.UNREAD:
            if self._pending.lower().endswith(self._until):
                self._pending, self._mode = "", _Mode.WORDS
            self._pending = self._pending[-len(self._until) :]
            return ""
        return self._words(char)

    def finish(self) -> str:
        """Return the rest; constructs that never closed are taken for what they began to be."""
        text = self._pending if self._mode is _Mode.WORDS else ""
        self._pending, self._mode = "", _Mode.WORDS
        return self._give(text.split("```", 1)[0])

    def _words(self, char: str) -> str:
        if char == "`" and (code := _FENCED.search(self._pending)):
            return self._leave(code.start(), _Mode.WORDS)
        if char == "\n" and (code := _FENCE.search(self._pending)) and self._fences(code):
            self._until = code["marks"] or code["waves"]
            return self._leave(code.start(), _Mode.CODE)
        if char in ">-" and (unread := _UNREAD.search(self._pending)):
            self._until = f"</{unread[1].lower()}>" if unread[1] else "-->"
            return self._leave(unread.start(), _Mode.UNREAD)
        # However long something stays open, so that each character costs a bounded time.
        if len(self._pending) < _MAX_HELD_CHARS and (
            not (_SETTLES.match(char) or (char == "," and _WORD_AND_COMMA.fullmatch(self._pending)))
            or self._in_line(char)
            or _OPEN.search(self._pending)
            or self._in_formula()
        ):
            return ""
        text, self._pending = self._pending, ""
        return self._give(text)

    def _leave(self, start: int, mode: _Mode) -> str:
        text, self._pending = self._give(self._pending[:start]), ""
        self._mode = mode
        if (
            mode is _Mode.CODE or self._until == "</pre>"
        ):  # what comes after a block of code begins a line
            self._line_start, self._last = True, " "
            text += "\n"
        return text

    def _fences(self, code: re.Match[str]) -> bool:
        """Whether it begins a block of code; tildes within a line only draw a word out."""
        return code["marks"] is not None or self._line_start

    def _in_line(self, char: str) -> bool:
        """Whether this is a line that can only be judged as a whole, and that has not ended."""
        if not self._line_start or char == "\n":
            return False
        line = self._pending.lstrip()
        return line.startswith(("|", "~~~")) or bool(_REFERENCE_BEGINS.match(line))

    def _in_formula(self) -> bool:
        """Whether a formula is open, or comes before any word that tells its language."""
        if "$" not in self._pending and "\\" not in self._pending:
            return False
        if latex.OPEN.search(self._pending):
            return True
        rest = latex.without(self._pending)
        told = self._chinese + self._latin or re.search(rf"[{CJK}]|[A-Za-z]{{2}}", rest)
        return rest != self._pending and not told and len(self._pending) < _HOLD

    def _give(self, raw: str) -> str:
        if not raw:
            return ""
        text = self._with_formulas_read(raw)
        if self._line_start and text.lstrip().startswith("|"):
            text = _table_row(text)
        elif self._line_start:
            text = _LINE_MARK.sub("", _REFERENCE.sub("", text))
        text = _plain(self._last + text)[1:]
        if text:
            self._last = text[-1] if text[-1] == "," or _SETTLES.match(text[-1]) else "x"
        # A line's mark may be followed by another, as in "- # ", so blank text leaves it open.
        self._line_start = (raw + text).endswith("\n") or (self._line_start and not text.strip())
        if raw.endswith("\n") and not text.endswith("\n"):
            text += "\n"
        self.felt += [
            (len(text) if raw[:start].strip() else 0, feeling) for start, feeling in marks_in(raw)
        ]
        return text

    def _with_formulas_read(self, text: str) -> str:
        """Read the formulas in a piece, in the language that most of the reply is in so far."""
        plain = latex.without(text)
        self._chinese += len(re.findall(f"[{CJK}]", plain))
        self._latin += len(re.findall(r"[A-Za-z]{2,}", plain))
        return latex.read_formulas(text, self._chinese > self._latin) if plain != text else text


def tidy(text: str) -> str:
    """Return a sentence ready to be spoken; empty if there is nothing in it to say."""
    if not any(char.isalnum() for char in text):
        return ""
    text = " ".join(text.split())
    text = re.sub(r"\s+(?=[，。！？；：、।]|[,.!?;:](?:\s|$))", "", text)
    text = re.sub(r"[!?]{2,}", lambda run: "?" if "?" in run[0] else "!", text)
    text = re.sub(r"[！？]{2,}", lambda run: "？" if "？" in run[0] else "！", text)
    text = re.sub(r"\.{4,}", "...", text)
    text = re.sub(r"([,;:，。；：、…—])\1+", r"\1", text)
    return re.sub(r"^(?:[\s,;:!?，。！？；：、…”’」』）》】]|\.(?!\d))+", "", text)


def _plain(text: str) -> str:
    """Drop the markup of a settled piece. Its first character is what came before; it stays."""
    text = _RAISED.sub(r"^\1", text)
    text = _LINE_TAG.sub("\n", _CELL_TAG.sub(", ", text))
    text = html.unescape(_TAG.sub("", text))
    text = _LINK.sub(lambda link: link[1] or link[2] or "", _CITATION.sub("", text))
    text = _FOOTNOTE.sub("", text)
    text = _ADDRESS.sub(_host, text)
    text = _EMOTICON.sub("", _SHORTCODE.sub("", TAG.sub("", text)))
    text = _RULE.sub("", text)
    text = _ESCAPE.sub(r"\1", text)
    text = _RANGE.sub("-", _TIMES.sub("×", _POWER.sub("^", text)))
    text = _PICTURE.sub("", _ARROW.sub(" ", _EMPHASIS.sub("", text)))
    return _BAR.sub(",", text.replace("_", " "))


def _host(address: re.Match[str]) -> str:
    """``https://www.example.com/a?b.`` is spoken ``example.com.``."""
    host = address[1]
    ending = re.search(r"[.,;:!?]*$", host + address[2])
    return host.rstrip(".,;:!?").removeprefix("www.") + (ending[0] if ending else "")


def _table_row(row: str) -> str:
    """Make a table's row one sentence; the rule under its head is nothing."""
    if _TABLE_RULE.fullmatch(row):
        return ""
    cells = [cell.strip() for cell in row.strip().strip("|").replace("\\|", "/").split("|")]
    chinese = re.search(f"[{CJK}]", row)
    comma, stop = ("，", "。") if chinese else (", ", ".")
    return comma.join(cell for cell in cells if cell) + stop + "\n"
