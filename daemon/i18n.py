"""Texts for people, in English and Chinese.

The English text is the key: ``tr("No microphone was found.")``. The Chinese ones are in
``texts_zh.toml`` beside this file. Insert values with ``.format`` after translating.
"""

import functools
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import resources

_asked_for: ContextVar[str] = ContextVar("asked_for", default="")


@functools.cache
def _chinese() -> dict[str, str]:
    text = resources.files("daemon").joinpath("texts_zh.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def system_language() -> str:
    """``zh`` or ``en``, from the usual locale variables in their usual order."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def language() -> str:
    """``zh`` or ``en``: what ``speaking`` asks for, else the system's."""
    return _asked_for.get() or system_language()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let ``tr`` speak ``language`` within the block, in this thread or task."""
    before = _asked_for.set(language)
    try:
        yield
    finally:
        _asked_for.reset(before)


def tr(text: str) -> str:
    """Return ``text`` in the user's language."""
    return _chinese().get(text, text) if language() == "zh" else text
