"""Rules for what is said of written text: patterns, each with what it is replaced by."""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Rule: TypeAlias = tuple[re.Pattern[str], Replacement]


def rules(*written: tuple[str, Replacement], flags: re.RegexFlag = re.NOFLAG) -> list[Rule]:
    """Compile patterns, which keep their order."""
    return [(re.compile(pattern, flags), replacement) for pattern, replacement in written]


def rewritten(text: str, rules: Iterable[Rule]) -> str:
    """Apply one rule after another, so that none touches what an earlier one has put in words."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text
