"""One LaTeX formula, read from left to right into English or Chinese words."""

import re
from dataclasses import dataclass, field

from daemon.brain.latex_words import (
    ACCENTS,
    BOUNDED,
    FUNCTIONS,
    GREEK,
    NOTHING,
    SIGNS,
    STYLES,
    Words,
)
from daemon.voice.english_numbers import fraction
from daemon.voice.mandarin_digits import cardinal

_DEEPEST = 20  # braces within braces; what is deeper is nobody's formula

_PIECE = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:[.,]\d+)*|[A-Za-z]|\s+|.", re.DOTALL)


def read(source: str, chinese: bool) -> str:
    """Read one formula, without the marks around it."""
    reader = _Reader(_PIECE.findall(source), chinese)
    words = reader.sequence("")
    return _tidy(" ".join(filter(None, words)), chinese)


def _tidy(said: str, chinese: bool) -> str:
    said = re.sub(r"\s+", " ", said).strip()
    said = re.sub(r"\s+(?=[,.;:!?，。])|(?<=[(])\s+|\s+(?=\))", "", said)
    said = re.sub(r"([,，;])(?:\s*[,，;])+", r"\1", said).strip(" ,，;")
    if chinese:  # spaces stay between two Latin letters or numbers only
        said = re.sub(r"\s+(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])\s+", "", said)
    return said


@dataclass
class _Reader:
    """Reads tokens from left to right, a group within braces by calling itself."""

    pieces: list[str]
    chinese: bool
    at: int = 0
    depth: int = 0
    _pick: int = field(init=False)

    def __post_init__(self) -> None:
        self._pick = 1 if self.chinese else 0

    def sequence(self, end: str) -> list[str]:
        """Read until the piece ``end``, which is taken."""
        said: list[str] = []
        while self.at < len(self.pieces):
            piece = self.pieces[self.at]
            if end and piece == end:
                self.at += 1
                break
            said.append(self._item())
        return said

    def _item(self) -> str:
        """Read one thing and what is above and below it."""
        piece = self._next()
        if piece.isspace():
            return ""
        name = piece[1:] if piece.startswith("\\") and piece[1:2].isalpha() else ""
        if name in BOUNDED:
            return self._bounded(BOUNDED[name][self._pick])
        base = self._command(name) if name else self._plain(piece)
        return self._scripts(base)

    def _scripts(self, base: str) -> str:
        below = above = ""
        while (mark := self._peek()) in ("^", "_", "'"):
            self.at += 1
            if mark == "^":
                above = self._argument()
            elif mark == "_":
                below = self._argument()
            else:
                base += self._say(" prime", "撇")
        if below:
            base += self._say(f" sub {below}", f"下标{below}")
        return base + (self._power(above) if above else "")

    def _power(self, above: str) -> str:
        if above in ("degrees", "度"):
            return self._say(" degrees", "度")
        if above in ("prime", "撇"):
            return self._say(" prime", "撇")
        if above in ("2", "3"):
            return self._say(
                {"2": " squared", "3": " cubed"}[above], {"2": "的平方", "3": "的立方"}[above]
            )
        return self._say(f" to the power of {above}", f"的{above}次方")

    def _bounded(self, words: Words) -> str:
        """Read a sum, an integral or a limit with its bounds, in whichever order they come."""
        below = above = ""
        while (mark := self._skip_space()) in ("^", "_", "\\limits"):
            self.at += 1
            if mark == "^":
                above = self._argument()
            elif mark == "_":
                below = self._argument()
        if below and above:
            return words.both.format(below=below, above=above)
        return words.below.format(below=below) if below else words.alone

    def _argument(self) -> str:
        """Read what belongs to a command: a group, or the one piece that follows."""
        piece = self._skip_space()
        if piece == "":
            return ""
        if piece == "{":
            self.at += 1
            return self._group("}")
        self.at += 1
        if piece.startswith("\\") and piece[1:2].isalpha():
            return self._command(piece[1:]).strip()
        if piece.isdecimal() and len(piece) > 1:  # \frac12 is a half
            self.at -= 1
            self.pieces[self.at] = piece[1:]
            return piece[0]
        return self._plain(piece).strip()

    def _group(self, end: str) -> str:
        if self.depth >= _DEEPEST:
            return ""
        self.depth += 1
        said = _tidy(" ".join(filter(None, self.sequence(end))), self.chinese)
        self.depth -= 1
        return said

    def _command(self, name: str) -> str:
        name = name.rstrip("*")
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return self._fraction(self._argument(), self._argument())
        if name == "sqrt":
            return self._root()
        if name in ("binom", "dbinom"):
            over, under = self._argument(), self._argument()
            return self._say(f"{over} choose {under}", f"{over}取{under}的组合数")
        if name in ACCENTS:
            return ACCENTS[name][self._pick].format(self._argument())
        if name in ("begin", "end", "color", "label", "tag", "hspace", "vspace"):
            self._raw()
            return self._say(",", "，")
        if name in ("text", "textbf", "textit", "mathrm", "operatorname", "mbox"):
            return f" {self._raw()} "
        if name in STYLES:
            return self._argument()
        if name in NOTHING:
            return self._bracket_after(name)
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name][self._pick])
        if name in SIGNS:
            return f" {SIGNS[name][self._pick]} "
        if name.lower() in GREEK:
            return f" {GREEK[name.lower()][self._pick]} "
        return f" {name} "

    def _function(self, name: str) -> str:
        if self._skip_space() == "_":
            self.at += 1
            base = self._argument()
            return self._say(f"{name} base {base} of", f"以{base}为底的{name}")
        return name

    def _fraction(self, over: str, under: str) -> str:
        whole = over.lstrip("-")
        if whole.isdecimal() and under.isdecimal() and whole.isascii() and len(under) < 7:
            minus = over.startswith("-")
            if self.chinese:
                said = f"{cardinal(under)}分之{cardinal(whole)}"
            else:
                said = fraction(whole, under)
            return self._say("minus " * minus, "负" * minus) + said
        if self.chinese:
            return f"{under}分之{over}"
        return f"{over}{',' if ' ' in over else ''} over {under}"

    def _root(self) -> str:
        degree = ""
        if self._peek() == "[":
            self.at += 1
            degree = self._group("]")
        under = self._argument()
        if degree == "3":
            return self._say(f"the cube root of {under}", f"{under}的立方根")
        if degree:
            return self._say(f"the {degree}th root of {under}", f"{under}的{degree}次方根")
        return self._say(f"the square root of {under}", f"根号{under}")

    def _plain(self, piece: str) -> str:
        if piece == "{":
            return self._group("}")
        if piece == "(":
            return self._round()
        before = self.pieces[self.at - 2] if self.at >= 2 else ""
        if piece == "|" and before.isalnum():  # P(A|B)
            return self._say("given", "，给定")
        if piece == "|" and "|" in self.pieces[self.at :]:
            inside = self._group("|")
            return self._say(f"the absolute value of {inside}", f"{inside}的绝对值")
        if piece in ("}", "&", "~", "\\,", "\\;", "\\!", "\\:", "\\ ", "^", "_", "\\(", "\\)"):
            return ""
        if piece in ("\\\\", "\\{", "\\}", "[", "]"):
            return "" if piece != "\\\\" else ","
        if piece == "-" and not self._anything_before():
            return self._say("minus", "负")
        if piece in SIGNS:
            return f" {SIGNS[piece][self._pick]} "
        return piece.lstrip("\\").translate({0x24: None}) if piece != "\\%" else "%"

    def _round(self) -> str:
        """Read a pair of brackets: f(x) is "f of x"; a sum within them is "the quantity"."""
        before = self.pieces[self.at - 2] if self.at >= 2 else ""
        inside = self._group(")")
        if self.chinese:
            return inside if before in "fghFGHPp" and before else f"括号{inside}" * bool(inside)
        if before and before in "fghFGHPp":
            return f"of {inside}"
        sum_ = " " in inside and "," not in inside
        return f"the quantity {inside}" if sum_ else inside

    def _anything_before(self) -> bool:
        before = next((t for t in reversed(self.pieces[: self.at - 1]) if not t.isspace()), "{")
        return before not in ("{", "(", "=", "^", "_", ",", "[", "&") and not before.startswith(
            "\\"
        )

    def _raw(self) -> str:
        """Take a group as it stands, without reading it."""
        if self._skip_space() != "{":
            return ""
        self.at += 1
        start = self.at
        while self.at < len(self.pieces) and self.pieces[self.at] != "}":
            self.at += 1
        self.at += 1
        return "".join(self.pieces[start : self.at - 1])

    def _bracket_after(self, name: str) -> str:
        r"""Take the bracket of \left and \\right where it is only a sign: \left. and \right|."""
        if name in ("left", "right", "big", "Big", "bigl", "bigr") and self._peek() in (".", "|"):
            self.at += 1
        return ""

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english

    def _next(self) -> str:
        self.at += 1
        return self.pieces[self.at - 1]

    def _peek(self) -> str:
        return self.pieces[self.at] if self.at < len(self.pieces) else ""

    def _skip_space(self) -> str:
        while self._peek().isspace():
            self.at += 1
        return self._peek()
