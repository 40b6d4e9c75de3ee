"""What a recording says, as far as a small recogniser can tell."""

from difflib import SequenceMatcher

CAPITAL = "the capital of france is paris"
ALIKE = 0.72  # of the letters, in their order; "the capital of Italy is Rome" has two thirds


def sounds_like(heard: str, said: str = CAPITAL) -> bool:
    """Whether that was said: "Francis Paritz" is how "France is Paris" may sound to a small ear."""
    return SequenceMatcher(None, _letters(heard), _letters(said)).ratio() > ALIKE


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))
