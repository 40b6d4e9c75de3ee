"""Chinese text to Kokoro's symbols.

The model was trained on IPA with an arrow behind the vowel for each tone. The syllables are read by
``mandarin_text``; their sounds follow pinyin-to-ipa (MIT; after Duanmu 2007 and Lin 2007), which
the authors' front end misaki 0.9.4 uses. Marks that the model has no symbol for are left out.
"""

from collections.abc import Iterator

from daemon.voice.mandarin_text import clauses

_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

_INITIALS = {
    "b": "p", "c": "ʦʰ", "ch": "ꭧʰ", "d": "t", "f": "f", "g": "k", "h": "x", "j": "ʨ", "k": "kʰ",
    "l": "l", "m": "m", "n": "n", "p": "pʰ", "q": "ʨʰ", "r": "ɻ", "s": "s", "sh": "ʂ", "t": "tʰ",
    "x": "ɕ", "z": "ʦ", "zh": "ꭧ", "^": "",
}  # fmt: skip
# 0 is where the tone stands; "ii" is the vowel of zi, ci and si, "iii" that of zhi, chi, shi, ri.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0",
    "en": "ə0n", "eng": "ə0ŋ", "er": "ɚ0", "i": "i0", "ii": "ɨ0", "iii": "ɨ0", "ia": "ja0",
    "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "iou": "jou0",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "uei": "wei0",
    "ua": "wa0", "uai": "wai0", "uan": "wa0n", "uen": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ",
    "uo": "wo0", "o": "wo0", "v": "y0", "ve": "ɥe0", "van": "ɥɛ0n", "vn": "y0n",
}  # fmt: skip
_BETWEEN = {"#0": "", "#1": " ", "#3": ", "}  # syllables, words, enumerated parts
_EDGES = {"sil", "eos"}
_COLOURED = "er5"  # 儿化: nothing of its own before it


def mandarin_sounds(text: str) -> str:
    """Return the symbols of Chinese ``text`` with spaces between words; what is no Chinese, not."""
    return " ".join("".join(_sounds(clause.symbols)) for clause in clauses(text))


def ipa(symbol: str) -> str:
    """Return the sound of a symbol of ``mandarin_text``: IPA, "." for silence, " " for a joint."""
    return "." if symbol in _EDGES else "".join(_sounds((symbol,))).strip() or " "


def _sounds(symbols: tuple[str, ...]) -> Iterator[str]:
    """Yield the sounds of a clause as ``mandarin_text`` has it."""
    for symbol in symbols:
        if symbol in _EDGES:
            continue
        if symbol in _BETWEEN:
            yield _BETWEEN[symbol]
        elif symbol in _INITIALS:
            yield _INITIALS[symbol]
        elif symbol == _COLOURED:
            yield "ɚ"
        else:
            yield _FINALS[symbol[:-1]].replace("0", _TONES[symbol[-1]])
