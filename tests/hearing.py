"""What a recording says, as far as a small recogniser can tell."""

import re
from difflib import SequenceMatcher

ALIKE = 0.72  # of the letters, in their order


def sounds_like(heard: str, said: str) -> bool:
    """Whether that was said, give or take a few letters."""
    return SequenceMatcher(None, _letters(heard), _letters(said)).ratio() > ALIKE


def names_paris(heard: str) -> bool:
    """Whether that answers what the capital of France is, in however many words.

    "Francis Paritz" is how "France is Paris" may sound to a small ear.
    """
    return any(sounds_like(word, "paris") for word in re.findall(r"[^\W\d_]+", heard))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))
