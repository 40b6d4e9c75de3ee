r"""LaTeX formulas, read aloud in English or Chinese words.

``\frac{1}{2}`` is "one half" and 二分之一. What is no formula, such as "$5 and $6", is left alone;
a command that is not known is read by its name, without its backslash.
"""

import re

from daemon.brain.latex_reader import read

MAX_FORMULA_CHARS = 400
"""Characters that a formula may take; a dollar sign that is open for longer is only one."""

_TEXT = (
    r"\\(?:text|mathrm|operatorname|mbox|textbf)\s?\{[^{}$]{0,80}\}?|"
    r"\\(?:begin|end)\s?\{[a-z*]{0,20}\}?"
)
_WORD = r"[A-Za-z]{4}|[\u3000-\u9fff\uff00-\uffef]"  # no formula has these outside of \text
_INLINE = rf"(?:{_TEXT}|\\(?:[A-Za-z]+|[^\n])|(?!\\|{_WORD})[^$\n])"
# Behind "$3 " only the next character tells.
_NO_MONEY = (
    r"(?!\d[\d.,]*[kKMB]?(?:\s+[^\s\\+=^_<>{}*]|[.,;:!?)]+(?:\s|$)|/|-\$?\d|[^\x00-\x7f]|$))"
)

FORMULA = re.compile(
    rf"""\\\((?P<round>.{{1,{MAX_FORMULA_CHARS}}}?)\\\)
    | \\\[(?P<square>.{{1,{MAX_FORMULA_CHARS}}}?)\\\]
    | \$\$(?P<display>[^$]{{1,{MAX_FORMULA_CHARS}}})\$\$
    | \\begin\{{(?P<name>(?:equation|align(?:ed)?|gather(?:ed)?|multline|math|
      displaymath|eqnarray|split|cases|array|[pbvBV]?matrix)\*?)\}}
      (?P<block>.{{1,{MAX_FORMULA_CHARS}}}?)\\end\{{(?P=name)\}}
    | (?<![\\\w$])\$(?![\s$])(?P<inline>{_INLINE}{{1,{MAX_FORMULA_CHARS}}}?)(?<![\s\\])\$(?![\d$])
    | (?P<bare>(?:\w*(?:\^|_))?\\(?:[dt]?frac|sqrt|boxed|text|times|cdot|pi|leq?|geq?|neq|approx|
      div|pm|infty|alpha|beta|theta|Delta|sum|int|lim|circ|quad|left|right|mathbf|mathrm)\b(?:\[[^\]\n]*\])?
      (?:\{{(?:[^{{}}\n]|\{{[^{{}}\n]*\}})*\}}){{0,2}})
    """,
    re.VERBOSE | re.DOTALL,
)
OPEN = re.compile(
    rf"""\\\((?:(?!\\\)).){{0,{MAX_FORMULA_CHARS}}}$
    | \\\[(?:(?!\\\]).){{0,{MAX_FORMULA_CHARS}}}$ | \\$
    | \$\$[^$]{{0,{MAX_FORMULA_CHARS}}}\$?$
    | \\begin\{{(?:(?!\\end\{{[a-z*]*\}}).){{0,{MAX_FORMULA_CHARS}}}$
    | (?<![\\\w$])\$(?![\s$]){_NO_MONEY}{_INLINE}{{0,{MAX_FORMULA_CHARS}}}$
    | \\(?:[dt]?frac|sqrt|boxed|text|mathbf|mathrm)(?:\{{[^{{}}\n]{{0,80}}\}})?\{{[^\n]{{0,80}}$
    """,
    re.VERBOSE | re.DOTALL,
)
"""A formula that has begun and may yet be closed, at the end of a text."""

_FORMULA_MARK = re.compile(r"[\\^_={}+<>|]")
_SMALL = re.compile(r"-?\s?(?:\d+(?:\.\d+)?\s?)?(?:[A-Za-z]{0,3}['!]*)(?:\([A-Za-z, ]{1,8}\))?")


def is_formula(match: re.Match[str]) -> bool:
    """Whether what stands between single dollar signs is one, and not an amount of money."""
    inline = match["inline"]
    return inline is None or bool(_FORMULA_MARK.search(inline) or _SMALL.fullmatch(inline))


def without(text: str) -> str:
    """Return ``text`` without its formulas."""
    return FORMULA.sub(lambda m: " " if is_formula(m) else m[0], text)


def read_formulas(text: str, chinese: bool) -> str:
    """Put words in the place of the formulas in ``text``."""

    def words(match: re.Match[str]) -> str:
        if not is_formula(match):
            return match[0]
        source = next(filter(None, (match[k] for k in _KINDS)), "")
        before, after = ("", "") if chinese else (" ", " ")
        stop = re.search(r"[.,;:]\s*$", source)
        said = read(source.rstrip(" .,;:\n"), chinese) + (stop[0].strip() if stop else "")
        return before + said + after

    said = FORMULA.sub(words, text)
    if said != text and not chinese:
        said = re.sub(r"(?<=\S)[ ]{2,}(?=\S)", " ", re.sub(r"[ ]+(?=[.,;:!?)])", "", said))
        said = re.sub(r"(?<=[(])[ ]+", "", said)
    return said


_KINDS = ("round", "square", "display", "block", "inline", "bare")
