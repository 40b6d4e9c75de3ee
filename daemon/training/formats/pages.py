"""Reads the pages that exporters write: blocks of ``div`` and ``span`` known by their classes.

Not Python's ``html.parser``: until its releases of 2025 an unclosed tag or comment cost it the
square of the page's length, and fed in pieces it still does. Here each character is looked at a
bounded number of times, whatever is left open. What is read is what such exporters write, not all
of HTML.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 64  # elements within each other; of what is deeper only the words are kept
VOID = {"br", "img", "input", "link", "meta", "hr", "source", "area", "col", "wbr", "embed"}
RAW = {"script", "style"}
_SPACE = re.compile(r"\s+")
_NAME = re.compile(r"/?([A-Za-z][^\s/>]*+)")
_TAG_END = re.compile(r""">|=\s*+(?:"[^"]*+"|'[^']*+')""")
_ATTRIBUTE = re.compile(  # the look behind keeps it from trying a long name again at each letter
    r"""(?<![^\s"'<>/=])([^\s"'<>/=]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>=]++))"""
)
_HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")


@dataclass(slots=True)
class Element:
    """An element with everything in it."""

    classes: frozenset[str]
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def find(self, name: str, outside: str = "") -> "Element | None":
        """Return the first element of a class within; elements of class ``outside`` are skipped."""
        for child in self.children:
            if isinstance(child, str) or (outside and outside in child.classes):
                continue
            if name in child.classes:
                return child
            if found := child.find(name, outside):
                return found
        return None

    def has(self, name: str) -> bool:
        """Whether there is an element of a class within."""
        return self.find(name) is not None

    def text(self, name: str, outside: str = "") -> str:
        """Return the words of the first element of a class within; "" when there is none."""
        found = self.find(name, outside)
        return found.words() if found else ""

    def title(self, name: str) -> str:
        """Return the title of the first element of a class within; "" when there is none."""
        found = self.find(name)
        return found.attributes.get("title", "") if found else ""

    def words(self) -> str:
        """Return all text within; line breaks are kept, the source's own are not."""
        return "".join(self._pieces()).strip()

    def _pieces(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield _SPACE.sub(" ", child)
            elif "<br>" in child.classes:
                yield "\n"
            else:
                yield from child._pieces()


class _Reader:
    """Collects elements of the wanted classes; those within another belong to that one."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.done: list[Element] = []
        self._wanted = wanted
        self._open: list[tuple[str, Element]] = []
        self._names: Counter[str] = Counter()

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        classes = frozenset(attributes.get("class", "").split())
        if name in VOID:
            if name == "br" and self._open:
                self._open[-1][1].children.append(Element(frozenset({"<br>"}), {}))
            return
        if not self._open and not classes & self._wanted:
            return
        element = Element(classes, attributes)
        if len(self._open) >= MAX_DEPTH:
            element = self._open[-1][1]
        elif self._open:
            self._open[-1][1].children.append(element)
        self._open.append((name, element))
        self._names[name] += 1

    def end(self, name: str) -> None:
        while self._names[name]:
            closed, element = self._open.pop()
            self._names[closed] -= 1
            if not self._open:
                self.done.append(element)
            if closed == name:
                return

    def end_all(self) -> None:
        if self._open:
            self.done.append(self._open[0][1])

    def words(self, text: str) -> None:
        if self._open and text:
            self._open[-1][1].children.append(unescaped(text))


def elements(text: str, wanted: tuple[str, ...]) -> Iterator[Element]:
    """Yield the outermost elements that have one of the ``wanted`` classes, in their order.

    What the page leaves open ends with it.
    """
    reader = _Reader(frozenset(wanted))
    position = 0
    while (start := text.find("<", position)) >= 0:
        reader.words(text[position:start])
        position = _markup(reader, text, start)
        yield from reader.done
        reader.done.clear()
    reader.words(text[position:])
    reader.end_all()
    yield from reader.done


def _markup(reader: _Reader, text: str, start: int) -> int:
    """Take what begins with the ``<`` at ``start``; return where it ends."""
    if text.startswith("<!--", start):
        return _after(text, "-->", start + 4)
    if text.startswith(("<!", "<?"), start):
        return _after(text, ">", start + 2)
    found = _NAME.match(text, start + 1)
    if not found:
        reader.words("<")
        return start + 1
    name, position = found[1].lower(), found.end()
    while (part := _TAG_END.search(text, position)) and part[0] != ">":
        position = part.end()
    if not part:
        return len(text)
    if text[start + 1] == "/":
        reader.end(name)
    elif name in RAW:
        closed = re.compile(rf"</{name}\b", re.IGNORECASE).search(text, part.end())
        return closed.start() if closed else len(text)
    else:
        reader.begin(name, _attributes(text[found.end() : part.start()]))
    return part.end()


def _after(text: str, mark: str, position: int) -> int:
    end = text.find(mark, position)
    return len(text) if end < 0 else end + len(mark)


def _attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): unescaped(found[2] or found[3] or found[4] or "")
        for found in _ATTRIBUTE.finditer(text)
    }


def unescaped(text: str) -> str:
    """Return ``text`` with its character references replaced; one beyond Unicode is dropped."""
    return html.unescape(_HUGE_REFERENCE.sub("", text))
