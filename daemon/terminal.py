"""A console that shows people's data as it is.

Rich would take ``[x]`` for markup and ``:key:`` for a picture, and would hand on what makes a
terminal move its cursor or change its title. Here a string is what it says; what is to be coloured
goes through ``styled``.
"""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

# All but tab and line feed that a terminal obeys instead of showing it, and what turns the order of
# letters around or breaks a line, so that a text reads as another.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb]")
# What shows nothing, and may hide something; not the joiners that letters and emoji are shaped by.
_HIDDEN = re.compile(
    r"\r(?=\n)|[\xad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\ufeff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return ``text`` with what steers made visible, and nothing hidden or not to be encoded."""
    shown = _STEERING.sub("\ufffd", _HIDDEN.sub("", text))
    return shown.encode("utf-8", "replace").decode("utf-8")


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return one line of strings, and of pairs of a string and its style, such as ``bold``."""
    pairs = (part if isinstance(part, tuple) else (part, "") for part in parts)
    return Text.assemble(*((visible(text), style) for text, style in pairs))


class PlainConsole(Console):
    """Prints strings as they are, also those in tables."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=True, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a string fit to be shown; print and tables come here. Files get what it holds."""
        return super().render_str(visible(text) if self.file.isatty() else text, **options)
