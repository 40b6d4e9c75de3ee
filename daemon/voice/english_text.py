"""Numbers, signs and abbreviations in English text, written out as a person would say them.

espeak, which makes phonemes of English for the voice, reads words well and spells what is all
capitals; "$500", "8:00" or "World War II" it reads sign by sign. A weighted transducer library was
tried in place of these rules (wetext 0.1.8): of the table in the tests it read under half.
"""

import re

from daemon.voice import english_codes, english_dates, english_measures, english_names, english_sums
from daemon.voice.rules import rewritten, rules

_MARKS = str.maketrans("，。！？；：、（）“”‘’\u00a0\u2009\u202f\u2212", ",.!?;:,()\"\"''   -")

# In this order: what looks most particular is read first, and no later rule touches what it leaves.
_RULES = [
    *english_names.ADDRESSES,
    *english_names.ROMANS,
    *english_codes.RULES,
    *english_dates.RULES,
    *english_names.ABBREVIATIONS,
    *english_sums.OPENING,
    *english_sums.VERSIONS,
    *english_sums.SCIENCE,
    *english_sums.FRACTIONS,
    *english_sums.RANGES,
    *english_measures.RULES,
    *english_codes.NAMED,
    *english_dates.YEARS,
    *english_sums.RULES,
    *rules(
        (r"\s*&\s*", " and "),
        (r"(?<=\w)[/_](?=\w)", " "),
        (r"\s*@\s*", " at "),
        (r"%", " percent"),
        (r"[—–]", "-"),
        (r"[~^_|\\{}<>#*™®©]+|(?<!\w)/(?!\w)", " "),
        (r"[ \t]{2,}", " "),
        (r"\s+(?=[,.;:!?])", ""),
    ),
]


def spoken(text: str) -> str:
    """Return English ``text`` in words, punctuation kept. Never raises."""
    said = re.sub(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))", ",", text)
    said = re.sub(
        r"(?<![\d,.+])\d{1,3}(?: \d{3}){2,}(?! ?\d)(?!-)", lambda m: m[0].replace(" ", ","), said
    )
    said = re.sub("[①-⑳]", lambda m: f"{ord(m[0]) - ord('①') + 1}, ", said).translate(_MARKS)
    said = rewritten(said, _RULES)
    leading = text[: len(text) - len(text.lstrip())]
    trailing = text[len(text.rstrip()) :] if text.strip() else ""
    return leading + said.strip() + trailing
