"""Text that every library can take."""

import re

_SURROGATES = re.compile("[\ud800-\udfff]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def well_formed(text: str) -> str:
    """Return ``text`` with its halves of surrogate pairs joined, and what remains of them U+FFFD.

    JSON may carry a half by itself, and Python keeps it; UTF-8 has none, so that whatever writes,
    sends or speaks such a text would fail. Control characters, which a terminal might obey, are
    left out, but for tabs and ends of lines.
    """
    joined = _SURROGATES.sub(_joined, text) if _SURROGATES.search(text) else text
    return _CONTROL.sub("", joined)


def _joined(halves: re.Match[str]) -> str:
    return halves[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
