"""Reads the pages that exporters write: blocks of ``div`` and ``span`` known by their classes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

STEP = 1 << 16  # characters handed to the parser at a time
SPACE = re.compile(r"\s+")
VOID = {"br", "img", "input", "link", "meta", "hr", "source", "area", "col", "wbr", "embed"}


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
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(SPACE.sub(" ", child))
            else:
                parts.append("\n" if "<br>" in child.classes else child.words())
        return "".join(parts).strip()


class _Reader(HTMLParser):
    """Collects elements of the wanted classes; those within another belong to that one."""

    def __init__(self, wanted: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.done: list[Element] = []
        self._wanted = wanted
        self._open: list[tuple[str, Element]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        classes = frozenset(attributes.get("class", "").split())
        if tag in VOID:
            if tag == "br" and self._open:
                self._open[-1][1].children.append(Element(frozenset({"<br>"}), {}))
            return
        if not self._open and not classes & self._wanted:
            return
        element = Element(classes, attributes)
        if self._open:
            self._open[-1][1].children.append(element)
        self._open.append((tag, element))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or all(name != tag for name, _ in self._open):
            return
        while True:
            name, element = self._open.pop()
            if not self._open:
                self.done.append(element)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].children.append(data)


def elements(text: str, wanted: tuple[str, ...]) -> Iterator[Element]:
    """Yield the outermost elements that have one of the ``wanted`` classes, in their order."""
    reader = _Reader(frozenset(wanted))
    for start in range(0, len(text), STEP):
        reader.feed(text[start : start + STEP])
        yield from reader.done
        reader.done.clear()
    reader.close()
    yield from reader.done
