"""Texts for people, in English and Chinese.

The English text is the key: ``tr("No microphone was found.")``. The Chinese ones are in
``texts_zh.toml`` beside this file. Insert values with ``.format`` after translating.
"""

import functools
import os
import tomllib
from importlib import resources


@functools.cache
def _chinese() -> dict[str, str]:
    text = resources.files("daemon").joinpath("texts_zh.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def language() -> str:
    """``zh`` or ``en``, from the usual locale variables in their usual order."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def tr(text: str) -> str:
    """Return ``text`` in the user's language."""
    return _chinese().get(text, text) if language() == "zh" else text
