"""Fractions, ranges, signs of arithmetic, and every number that is left, in English text."""

import re
import unicodedata

from daemon.voice.english_numbers import (
    NUMBER,
    cardinal,
    digits,
    fraction,
    ordinal,
    plural,
    two_digits,
)
from daemon.voice.rules import rules

_GREEK = {
    unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}"): name
    for name in [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "nu",
        "xi",
        "omicron",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
    ]
} | {"λ": "lambda", "μ": "mu", "Δ": "delta", "Σ": "sigma", "Ω": "omega", "Γ": "gamma"}
_GREEK |= {
    "Θ": "theta",
    "Λ": "lambda",
    "Π": "pi",
    "Φ": "phi",
    "Ψ": "psi",
    "ϕ": "phi",
    "ε": "epsilon",
}

_SIGNS = {
    "+": "plus", "×": "times", "·": "times", "⋅": "times", "÷": "divided by", "∕": "over",
    "=": "equals", "≠": "is not equal to", "≈": "is approximately", "≡": "is identical to",
    "≤": "is less than or equal to", "≥": "is greater than or equal to", "<": "is less than",
    ">": "is greater than", "±": "plus or minus", "∓": "minus or plus", "√": "the square root of",
    "∛": "the cube root of", "∞": "infinity", "∑": "the sum of", "∏": "the product of",
    "∫": "the integral of", "∂": "partial", "∇": "nabla", "∈": "in", "∉": "not in",
    "⊂": "is a subset of",
    "⊆": "is a subset of", "∪": "union", "∩": "intersection", "∅": "the empty set", "∀": "for all",
    "∃": "there exists", "∴": "therefore", "∝": "is proportional to", "−": "minus", "∠": "angle",
    "⊥": "is perpendicular to", "∥": "is parallel to", "¬": "not", "∧": "and", "∨": "or",
}  # fmt: skip
_COMPARED = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "=>": " ", "->": " "}
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿⁱ", "0123456789-+ni")
_SUBSCRIPT = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_STARS = re.compile(r"\s(?:stars?|points?)\b|\s?★")


def _vulgar(match: re.Match[str]) -> str:
    """½ as 1/2, with a space after the whole number before it."""
    written = unicodedata.normalize("NFKC", match[2]).replace("⁄", "/")
    return (f"{match[1]} " if match[1] else "") + written


def _mixed(match: re.Match[str]) -> str:
    part = fraction(match[2], match[3])
    for one in ("one half", "one quarter"):
        if part == one:
            part = part.replace("one", "a")
    return f"{cardinal(match[1])} and {part}"


def _fraction(match: re.Match[str]) -> str:
    over, under = match[1], match[2]
    after = match.string[match.end() :]
    if match[0] in ("24/7", "9/11"):
        return f"{cardinal(over)} {cardinal(under)}"
    if over == under == "50":
        return "fifty-fifty"
    if int(under) >= 20 and "." not in over and int(over) >= int(under):  # 120/80, 20/20
        return f"{cardinal(over)}{' over' if over != under else ''} {cardinal(under)}"
    of = after.startswith((" of", " inch"))
    if (
        "." in match[0]
        or _STARS.match(after)
        or (under in ("10", "100") and over != "1" and not of)
    ):
        return f"{cardinal(over)} out of {cardinal(under)}"
    return fraction(over, under)


def _power(match: re.Match[str]) -> str:
    power = match[1].translate(_SUPERSCRIPT).strip("(){}")
    if power in ("2", "3"):
        return " squared" if power == "2" else " cubed"
    return f" to the power of {power.replace('-', 'minus ').lstrip('+')}"


def _science(match: re.Match[str]) -> str:
    power = (match[2] or match[3].translate(_SUPERSCRIPT)).lstrip("+")
    minus, power = "minus " * power.startswith("-"), cardinal(power.lstrip("-"))
    unit = " " * match.string[match.end() : match.end() + 1].isalpha()
    return f"{cardinal(match[1])} times ten to the power of {minus}{power}{unit}"


def _sign(match: re.Match[str]) -> str:
    said = _SIGNS[match[0].strip()]
    if said.startswith("is ") and re.search(
        r"\b(?:is|are|was|be)\s*$", match.string[: match.start()]
    ):
        said = said.removeprefix("is ")
    return f" {said} "


def _opening_sign(match: re.Match[str]) -> str:
    """Say a sign of comparison that has nothing before it: ≈5, >100."""
    said = {
        "~": "about",
        "≈": "about",
        "<": "less than",
        ">": "more than",
        "≤": "at most",
        "≥": "at least",
    }
    return f"{said[match[0][0]]} "


def _product(match: re.Match[str]) -> str:
    """Tell two factors apart, mc², where they are no unit, cm²."""
    unit = (match[2] == "m" and match[1] in "ckdmnµ") or match[0] in ("in", "ft", "mi", "yd")
    return match[0] if unit else f"{match[1]} {match[2]}"


def _number(match: re.Match[str]) -> str:
    return cardinal(match[0])


def _version(match: re.Match[str]) -> str:
    name = "version " if match[1] in ("v", "v.", "V") else match[1]
    first, *rest = match[2].split(".")
    parts = [
        digits(part) if len(part) > 2 else two_digits(part) if len(part) == 2 else cardinal(part)
        for part in rest
    ]
    return " point ".join([name + cardinal(first), *parts])


_BARE = r"(?<![\w:.$€£¥/-])"
_SOFTWARE = (
    "Python|Java|Ubuntu|Debian|Fedora|Android|iOS|macOS|Windows|Linux|kernel|Node(?:\\.js)?|Firefox|"
    "Chrome|PHP|Ruby|Go|Rust|Django|release|Release|version|Version|ver\\.|Bluetooth|USB|HTTP|TLS"
)

OPENING = rules(
    (r"(?<![\w)\]])(?<!\d )~(?=[$€£¥]?\d)", "about "),
    (r"(?<![\w)\]] )(?<![\w)\]])[~≈<>≤≥]\s?(?=[$€£¥]?\d)", _opening_sign),
)

FRACTIONS = rules(
    (r"(?:(\d)\s?)?([¼-¾⅐-⅞↉])", _vulgar),
    (r"(?<![\w./])(\d+)[ -](\d{1,2})[/⁄](\d{1,3})(?![\w/])", _mixed),
    (r"(?<![\w./-])(\d+(?:\.\d+)?)[/⁄](\d+)(?![\w/]|\.\d)", _fraction),
    (r"(?<![\w./-])1[/⁄](\d{1,2})s\b", lambda m: plural(ordinal(m[1]))),
)

VERSIONS = rules(
    (r"(?<![\w.])(v\.?|V)\s?(\d+(?:\.\d+)*)(?![\w.]*\w)", _version),
    (rf"(?<!\w)((?:{_SOFTWARE})\s)(\d+(?:\.\d+)+)(?!\.?\w)", _version),
    (r"(?<![\w.])()(\d+(?:\.\d+){2,})(?!\.?\w)", _version),
)

SCIENCE = rules(
    (rf"(?<![\w.,])({NUMBER})[eE]([+-]?\d+)()(?!\w)", _science),
    (
        rf"(?<![\w.,])({NUMBER})\s*[×x*·]\s*10(?:\^\{{?([+-]?\d+)\}}?|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))",
        _science,
    ),
)

RANGES = rules(
    (rf"({_BARE}{NUMBER})\s*[-−–]\s*(?={NUMBER}\s*[=≈])", r"\1 minus "),
    (
        rf"({_BARE}(?!\d{{4}}\b){NUMBER})\s+[-−]\s+(?={NUMBER}(?![\w:%°/]|\s?(?:km|kg|m|am|pm)\b))",
        r"\1 minus ",
    ),
    (
        r"(?<=\d)(\s?[ap]\.?m\.?|\s?(?:[kcm]?m|[km]?g|lbs?|ft|mi|ml|[GMTk]B|°[CF]?|[kKLhMB]|min|st|nd|rd|th)|%)?\s*[-–—−~]\s*(?=[$€£¥]?\d)(?<!\w-\d)",
        r"\1 to ",
    ),
)

RULES = rules(
    (r"(?<=\d)M\b", " million"),
    (r"(?<=\d\.\d)B\b", " billion"),
    (r"(?<=\d\.\d)[kK]\b|(?<=\d)k(?=\s[a-z]+s\b|\+)", " thousand"),
    (r"(?<=\d)!(?=\s*[=+*×/-])", " factorial"),
    (r"<=|>=|!=|==|=>|->", lambda m: _COMPARED[m[0]]),
    (r"(?<!\w)([a-z])([a-z])(?=[²³]|\^)", _product),
    (r"(?<=[\w)\]])([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿⁱ]+)", _power),
    (r"(?<=[\w)\]])\^(\{?\(?[-+]?\w+\)?\}?)", _power),
    (r"[₀-₉]+", lambda m: " " + m[0].translate(_SUBSCRIPT)),
    (r"[α-ωϕΓΔΘΛΠΣΦΨΩ]", lambda m: f" {_GREEK.get(m[0], m[0])} "),
    (r"(?<=\d)\s?[x×]\s?(?=\d{3,4}\b)(?![^=]*=)", " by "),
    (r"(?<=\d)x(?=\d)", " times "),
    (r"\b([A-Za-z]|\d+[A-Za-z]?)\s+[-−]\s+(?=(?:[A-Za-z]|\d+[A-Za-z]?)\b)", r"\1 minus "),
    (r"(?<=\d)\s?\*\s?(?=\d)", " times "),
    (r"§+\s?(?=\d)", "section "),
    (r"(?<=\d)\s/\s(?=\d)", " divided by "),
    (r"(?<=\d)x(?=\s(?!minus|plus|equals|is)[a-z]{3,}|[.,!?)]|$)", " times"),
    (r"(?<=\d)\+(?=\s|$)", " plus"),
    (r"(?<![\w)\]])[-−–]\s?(?=\.?\d)", "minus "),
    (r"\s*[+×·⋅÷∕=≠≈≡≤≥±∓√∛∞∑∏∫∂∇∈∉⊂⊆∪∩∅∀∃∴∝−∠⊥∥¬∧∨]\s*", _sign),
    (r"(?<=[\w)])\s*[<>]\s*(?=[\w(-])", _sign),
    (rf"(?<![\w.,])({NUMBER})(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    (r"(?<=\d)-?(?=[A-Za-z])|(?<=[A-Za-z])-?(?=\d)", " "),
    (NUMBER, _number),
    (r"\d+", lambda m: digits(m[0])),
)
