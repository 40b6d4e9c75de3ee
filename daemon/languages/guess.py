"""In which language a text is, among those that matter.

The script decides between most. Within one (Latin, Cyrillic) the commonest words of each language
are counted, and letters that only it has: a sentence of four words has one of them as a rule. What
does not tell is taken to be in the likely language, that of the conversation.
"""

import functools
import re
from collections.abc import Sequence

from daemon.languages import FALLBACK, codes, language

HAN = "\u3400-\u9fff"
KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc"
MARKS = "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
"""Combining marks, which Python's ``\\w`` does not know: accents and the vowels of Devanagari."""
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{MARKS}]|['’])*")
_HAN, _KANA = re.compile(f"[{HAN}]"), re.compile(f"[{KANA}]")
OWN_LETTER = 0.8  # words that a letter of its own counts for
CHARACTERS_OF_A_WORD = 2  # of Chinese or Japanese
LIKELY = 0.5  # words that the likely language has in advance


@functools.cache
def patterns(code: str) -> "tuple[re.Pattern[str], re.Pattern[str] | None, frozenset[str]]":
    """Return a language's letters, its own letters, and its commonest words.

    Those of what it says itself are common, too.
    """
    writing = language(code).writing
    own = re.compile(f"[{writing.own_letters}]", re.IGNORECASE) if writing.own_letters else None
    said = language(code).said
    texts = (*writing.frequent, *said.openers, said.apology, said.no_answer, said.sample)
    words = frozenset(word for text in texts for word in _words(text))
    return re.compile(f"[{writing.letters}]"), own, words


def language_of(text: str, among: Sequence[str] = (), likely: str = "") -> str:
    """Return the code of the language that most of ``text`` is in.

    ``among`` are the codes that it may be, all if empty; ``likely`` is taken where the text does
    not tell (a number, a name), else the first that is written so.
    """
    known = tuple(among) or codes()
    likely = likely if likely in known else ""
    if _HAN.search(text) or _KANA.search(text):
        return _east_asian(text, known, likely)
    letters = {code: len(patterns(code)[0].findall(text)) for code in known}
    most = max(letters.values(), default=0)
    if not most:
        return likely or (FALLBACK if FALLBACK in known else known[0])
    candidates = [code for code in known if letters[code] == most]
    if len(candidates) == 1:
        return candidates[0]
    words = _words(text)
    scores = {code: _score(code, text, words, code == likely) for code in candidates}
    return max(candidates, key=lambda code: scores[code])


def _words(text: str) -> list[str]:
    return [word.replace("’", "'").strip("'").casefold() for word in _WORD.findall(text)]


def _score(code: str, text: str, words: Sequence[str], is_likely: bool) -> float:
    _letters, own, frequent = patterns(code)
    score = float(sum(word in frequent for word in words)) + LIKELY * is_likely
    return score + OWN_LETTER * len(own.findall(text)) if own else score


def _east_asian(text: str, known: Sequence[str], likely: str) -> str:
    """Tell Chinese, Japanese and what only borrows a word of them apart."""
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    rest = _HAN.sub(" ", _KANA.sub(" ", text))
    words = _WORD.findall(rest)
    others = [code for code in known if code not in ("zh", "ja")]
    if others and len(words) * CHARACTERS_OF_A_WORD > han + kana:
        around = language_of(rest, others, likely)
        if around != "en" or not {"zh", "ja"} & set(known):
            return around  # people who mix English with Chinese are answered in Chinese
    wanted = "ja" if kana or (likely == "ja" and "zh" not in known) else "zh"
    if wanted == "zh" and likely == "ja":
        wanted = "ja"  # within a conversation in Japanese a few words may be all kanji
    if wanted in known:
        return wanted
    other = "zh" if wanted == "ja" else "ja"
    return other if other in known else (likely or known[0])
