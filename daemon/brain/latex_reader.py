"""One LaTeX formula, read from left to right into English or Chinese words."""

import re
from dataclasses import dataclass

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

_MAX_DEPTH = 20  # braces within braces; what is deeper is nobody's formula

_PIECE = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:[.,]\d+)*|[A-Za-z]|\s+|.", re.DOTALL)


def read(source: str, chinese: bool) -> str:
    """Read one formula, without the marks around it."""
    source = re.sub(r"(?<=\d)(?:\{,\}|\\,)(?=\d{3})", ",", source)  # what parts thousands
    reader = _Reader(_Tokens(_PIECE.findall(source)), chinese)
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
class _Tokens:
    """The pieces of a formula, and how far they have been read."""

    pieces: list[str]
    at: int = 0

    def next(self) -> str:
        """Take the next piece."""
        self.at += 1
        return self.pieces[self.at - 1]

    def peek(self) -> str:
        """Return the next piece without taking it; "" at the end."""
        return self.pieces[self.at] if self.at < len(self.pieces) else ""

    def skip_space(self) -> str:
        """Take the blanks, and return what follows them without taking it."""
        while self.peek().isspace():
            self.at += 1
        return self.peek()

    def group(self) -> str:
        """Take a group as it stands, without reading it."""
        if self.skip_space() != "{":
            return ""
        self.at += 1
        start = self.at
        while self.at < len(self.pieces) and self.pieces[self.at] != "}":
            self.at += 1
        self.at += 1
        return "".join(self.pieces[start : self.at - 1])

    def before(self) -> str:
        """Return the piece before the one that was taken last; "" at the start."""
        return self.pieces[self.at - 2] if self.at >= 2 else ""

    def is_operand_before(self) -> bool:
        """Whether a sign that was taken last stands behind something, and so is no sign of it."""
        earlier = reversed(self.pieces[: self.at - 1])
        before = next((piece for piece in earlier if not piece.isspace()), "{")
        return before not in ("{", "(", "=", "^", "_", ",", "[", "&") and not before.startswith(
            "\\"
        )


class _Reader:
    """Reads tokens from left to right, a group within braces by calling itself."""

    def __init__(self, tokens: _Tokens, chinese: bool) -> None:
        self.tokens = tokens
        self.chinese = chinese
        self.depth = 0
        self._pick = 1 if chinese else 0

    def sequence(self, end: str) -> list[str]:
        """Read until the piece ``end``, which is taken."""
        said: list[str] = []
        while self.tokens.at < len(self.tokens.pieces):
            piece = self.tokens.pieces[self.tokens.at]
            if end and piece == end:
                self.tokens.at += 1
                break
            said.append(self._item())
        return said

    def _item(self) -> str:
        """Read one thing and what is above and below it."""
        piece = self.tokens.next()
        if piece.isspace():
            return ""
        name = piece[1:] if piece.startswith("\\") and piece[1:2].isalpha() else ""
        if name in BOUNDED:
            return self._bounded(BOUNDED[name][self._pick])
        base = self._command(name) if name else self._plain(piece)
        return self._scripts(base)

    def _scripts(self, base: str) -> str:
        below = above = ""
        while (mark := self.tokens.peek()) in ("^", "_", "'"):
            self.tokens.at += 1
            if mark == "^":
                above = self._argument()
            elif mark == "_":
                below = self._argument()
            else:
                base += self._say(" prime", "撇")
        if below:
            base += self._say(f" sub {below}", f"下标{below}")
        return base + (_power(above, self.chinese) if above else "")

    def _bounded(self, words: Words) -> str:
        """Read a sum, an integral or a limit with its bounds, in whichever order they come."""
        below = above = ""
        while (mark := self.tokens.skip_space()) in ("^", "_", "\\limits"):
            self.tokens.at += 1
            if mark == "^":
                above = self._argument()
            elif mark == "_":
                below = self._argument()
        if below and above:
            return words.both.format(below=below, above=above)
        return words.below.format(below=below) if below else words.alone

    def _argument(self) -> str:
        """Read what belongs to a command: a group, or the one piece that follows."""
        piece = self.tokens.skip_space()
        if piece == "":
            return ""
        if piece == "{":
            self.tokens.at += 1
            return self._group("}")
        self.tokens.at += 1
        if piece.startswith("\\") and piece[1:2].isalpha():
            return self._command(piece[1:]).strip()
        if piece.isdecimal() and len(piece) > 1:  # \frac12 is a half
            self.tokens.at -= 1
            self.tokens.pieces[self.tokens.at] = piece[1:]
            return piece[0]
        return self._plain(piece).strip()

    def _group(self, end: str) -> str:
        if self.depth >= _MAX_DEPTH:
            return ""
        self.depth += 1
        said = _tidy(" ".join(filter(None, self.sequence(end))), self.chinese)
        self.depth -= 1
        return said

    def _command(self, name: str) -> str:
        name = name.rstrip("*")
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return _fraction(self._argument(), self._argument(), self.chinese)
        if name == "sqrt":
            return self._root()
        if name in ("binom", "dbinom"):
            over, under = self._argument(), self._argument()
            return self._say(f"{over} choose {under}", f"{over}取{under}的组合数")
        if name in ACCENTS:
            return ACCENTS[name][self._pick].format(self._argument())
        if name in ("begin", "end", "color", "label", "tag", "hspace", "vspace"):
            if self.tokens.group() == "array" and name == "begin":
                self.tokens.group()  # how its columns are set
            return self._say(",", "，")
        if name in ("text", "textbf", "textit", "mathrm", "operatorname", "mbox"):
            return f" {self.tokens.group()} "
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
        if self.tokens.skip_space() == "_":
            self.tokens.at += 1
            base = self._argument()
            return self._say(f"{name} base {base} of", f"以{base}为底的{name}")
        return name

    def _root(self) -> str:
        degree = ""
        if self.tokens.peek() == "[":
            self.tokens.at += 1
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
        before = self.tokens.before()
        if piece == "|" and before.isalnum():  # P(A|B)
            return self._say("given", "，给定")
        if piece == "|" and "|" in self.tokens.pieces[self.tokens.at :]:
            inside = self._group("|")
            return self._say(f"the absolute value of {inside}", f"{inside}的绝对值")
        if piece in ("}", "&", "~", "\\,", "\\;", "\\!", "\\:", "\\ ", "^", "_", "\\(", "\\)"):
            return ""
        if piece in ("\\\\", "\\{", "\\}", "[", "]"):
            return "" if piece != "\\\\" else ","
        if piece == "-" and not self.tokens.is_operand_before():
            return self._say("minus", "负")
        if piece in SIGNS:
            return f" {SIGNS[piece][self._pick]} "
        return piece.lstrip("\\").translate({0x24: None}) if piece != "\\%" else "%"

    def _round(self) -> str:
        """Read a pair of brackets: f(x) is "f of x"; a sum within them is "the quantity"."""
        before = self.tokens.before()
        inside = self._group(")")
        if self.chinese:
            return inside if before in "fghFGHPp" and before else f"括号{inside}" * bool(inside)
        if before and before in "fghFGHPp":
            return f"of {inside}"
        sum_ = " " in inside and "," not in inside
        return f"the quantity {inside}" if sum_ else inside

    def _bracket_after(self, name: str) -> str:
        r"""Take the bracket of \left and \\right where it is only a sign: \left. and \right|."""
        sized = name in ("left", "right", "big", "Big", "bigl", "bigr")
        if sized and self.tokens.peek() in (".", "|"):
            self.tokens.at += 1
        return ""

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english


def _power(above: str, chinese: bool) -> str:
    if above in ("degrees", "度"):
        return "度" if chinese else " degrees"
    if above in ("prime", "撇"):
        return "撇" if chinese else " prime"
    if above in ("2", "3"):
        known = {"2": "的平方", "3": "的立方"} if chinese else {"2": " squared", "3": " cubed"}
        return known[above]
    return f"的{above}次方" if chinese else f" to the power of {above}"


def _fraction(over: str, under: str, chinese: bool) -> str:
    whole = over.lstrip("-")
    if whole.isdecimal() and under.isdecimal() and whole.isascii() and len(under) < 7:
        negative = over.startswith("-")
        if chinese:
            return f"{'负' * negative}{cardinal(under)}分之{cardinal(whole)}"
        return "minus " * negative + fraction(whole, under)
    if chinese:
        return f"{under}分之{over}"
    return f"{over}{',' if ' ' in over else ''} over {under}"
