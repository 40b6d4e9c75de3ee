"""Chinese text to the symbols of an acoustic model trained on the DataBaker corpus.

The corpus writes what is heard: a syllable is its initial (``^`` when there is none) and its final
with the tone after sandhi (5 is the neutral tone); ``er5`` after a syllable is 儿化; ``#0`` stands
between the syllables of a word, ``#1`` between words, ``#3`` at a break within the clause; ``sil``
at both ends, then ``eos``.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pypinyin import Style, pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_finals, to_initials
from pypinyin.seg.mmseg import PrefixSet, Seg

from daemon.voice.mandarin_digits import HAN
from daemon.voice.mandarin_numbers import spoken
from daemon.voice.mandarin_words import WORDS
from daemon.voice.pauses import pause_after

# More would near the 2048 frames (25.6 s) that the acoustic model has positions for, at half pace.
_MAX_CLAUSE_SYLLABLES = 40  # syllables

_CLAUSE = re.compile(r"[^，,。.！!？?；;：:…—\n]+[^\w]*")
_HAN_RUN = re.compile(f"[{HAN}]+|、")

# Interjections without a vowel, and syllables the corpus lacks, with the nearest it has.
_NEAREST = {
    "n": ("^", "en"), "ng": ("^", "en"), "m": ("^", "en"), "hm": ("h", "en"), "hng": ("h", "eng"),
    "ê": ("^", "ei"), "yo": ("^", "iou"),
}  # fmt: skip

# 儿 is a syllable of its own after the first and before the second; elsewhere it colours the
# syllable before.
_CHILD_BEFORE = "女婴嬰幼孤胎少健宠育托患男混弃孙侄而"
_CHILD_AFTER = "子童女歌科媳戏孙"

# 地 is the ground, and no adverb's particle, next to these.
_GROUND_BEFORE = "各此两外空工草当产该基圣场陆本内某驻原这那的"
_GROUND_AFTER = "的上下里中面方区區点點图圖"

_NUMERALS = "零〇一二三四五六七八九十百千万亿两几每这那哪半"


@dataclass(frozen=True, slots=True)
class Clause:
    """What is spoken in one go."""

    symbols: tuple[str, ...]
    pause_s: float
    """Seconds of silence that the punctuation after it asks for."""
    text: str
    """Its characters."""
    pinyin: str
    """Its syllables, the tone after sandhi as a number: ni2 hao3; ``r`` stands for 儿化."""


@dataclass(slots=True)
class _Syllable:
    char: str
    base: str
    """Pinyin without its tone; ``v`` for ü."""
    tone: int
    first: bool
    """Whether it begins a word."""
    erhua: bool = False


def clauses(text: str) -> Iterator[Clause]:
    """Yield the clauses of Chinese ``text``; what is not Chinese and not a number is left out."""
    for match in _CLAUSE.finditer(spoken(text)):
        clause = match[0]
        parts: list[list[_Syllable]] = [[]]
        for run in _HAN_RUN.findall(clause):
            if run == "、":
                parts.append([])
            else:
                parts[-1].extend(_syllables(run))
        parts = [piece for part in parts for piece in _in_pieces(part)]
        groups = list(_joined(parts))
        for i, group in enumerate(groups):
            last = i == len(groups) - 1
            text = "、".join("".join(s.char + "儿" * s.erhua for s in part) for part in group)
            pause_s = pause_after(clause) if last else 0.0
            yield Clause(tuple(_symbols(group)), pause_s, text, _pinyin(group))


def _in_pieces(part: list[_Syllable]) -> Iterator[list[_Syllable]]:
    """Cut before a word where the clause would grow too long."""
    while len(part) > _MAX_CLAUSE_SYLLABLES:
        cut = next(
            (
                i
                for i in range(_MAX_CLAUSE_SYLLABLES, _MAX_CLAUSE_SYLLABLES // 2, -1)
                if part[i].first
            ),
            _MAX_CLAUSE_SYLLABLES,
        )
        yield part[:cut]
        part = part[cut:]
    if part:
        yield part


def _joined(parts: list[list[_Syllable]]) -> Iterator[list[list[_Syllable]]]:
    """Group enumerated parts (、) into clauses of at most the longest length."""
    group: list[list[_Syllable]] = []
    for part in parts:
        if group and sum(map(len, group)) + len(part) > _MAX_CLAUSE_SYLLABLES:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _symbols(parts: list[list[_Syllable]]) -> Iterator[str]:
    yield "sil"
    for i, part in enumerate(parts):
        for j, syllable in enumerate(part):
            if i or j:
                yield "#3" if j == 0 else "#1" if syllable.first else "#0"
            initial, final = phonemes(syllable.base)
            yield initial
            yield f"{final}{syllable.tone}"
            if syllable.erhua:
                yield "er5"
    yield "sil"
    yield "eos"


def _pinyin(parts: list[list[_Syllable]]) -> str:
    spelled = (" ".join(f"{s.base}{'r' * s.erhua}{s.tone}" for s in part) for part in parts)
    return ", ".join(spelled)


@functools.cache
def phonemes(base: str) -> tuple[str, str]:
    """Split a syllable without its tone into initial and final, as the corpus writes them."""
    if base in _NEAREST:
        return _NEAREST[base]
    initial, final = to_initials(base), to_finals(base, v_to_u=False)
    if final == "i" and initial in ("z", "c", "s"):
        final = "ii"
    elif final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "iii"
    return initial or "^", final


@functools.cache
def _segmenter() -> Seg:
    words = PrefixSet()
    words.train(iter(PHRASES_DICT))
    words.train(iter(WORDS))
    return Seg(words)


def _syllables(run: str) -> list[_Syllable]:
    """Read a run of Chinese characters."""
    syllables: list[_Syllable] = []
    known = "".join(char for char in run if ord(char) in PINYIN_DICT)
    for word in _segmenter().cut(known):
        readings = WORDS.get(word) or [
            reading for (reading,) in pinyin(word, Style.TONE3, neutral_tone_with_five=True)
        ]
        for i, (char, reading) in enumerate(zip(word, readings, strict=True)):
            syllables.append(_Syllable(char, reading[:-1], int(reading[-1]), first=i == 0))
    _correct_readings(syllables)
    syllables = _colour(syllables)
    _yi_and_bu(syllables)
    _third_tones(syllables)
    return syllables


def _correct_readings(syllables: list[_Syllable]) -> None:
    """Choose readings that depend on the grammar around a character and not on a word."""
    for i, s in enumerate(syllables):
        before = syllables[i - 1].char if i else ""
        after = syllables[i + 1].char if i + 1 < len(syllables) else ""
        ends_word = i + 1 == len(syllables) or syllables[i + 1].first
        if s.char in "着著" and before == "不":  # 睡不着
            s.base, s.tone = "zhao", 2
        elif s.char in "只隻" and ends_word and before and before in _NUMERALS:  # 三只猫
            s.tone = 1
        if not (s.first and ends_word):
            continue
        if s.char == "得":  # 我得去 (must); 跑得快 (the complement's particle)
            must = not before or (before in "我你您他她它们們咱就也都还還总總必" and after)
            s.base, s.tone = ("dei", 3) if must else ("de", 5)
        elif s.char == "地" and i >= 2 and after:  # 慢慢地走, but not 当地的人
            if before in _GROUND_BEFORE or after in _GROUND_AFTER:
                continue
            s.base, s.tone = "de", 5


def _colour(syllables: list[_Syllable]) -> list[_Syllable]:
    """Merge 儿 into the syllable before it where it is no syllable of its own."""
    merged: list[_Syllable] = []
    for i, s in enumerate(syllables):
        after = syllables[i + 1].char if i + 1 < len(syllables) else " "
        if (
            s.char in "儿兒"
            and merged
            and not merged[-1].erhua
            and merged[-1].char not in _CHILD_BEFORE
            and after not in _CHILD_AFTER
        ):
            merged[-1].erhua = True
        else:
            merged.append(s)
    return merged


def _yi_and_bu(syllables: list[_Syllable]) -> None:
    """一 and 不 before a fourth tone become second tones; 一 before the others a fourth tone."""
    for i, s in enumerate(syllables):
        before = syllables[i - 1] if i else None
        after = syllables[i + 1] if i + 1 < len(syllables) else None
        if s.char not in "一不" or (s.char == "不" and s.tone == 5):
            continue
        if before and after and before.char == after.char and before.char not in _NUMERALS:
            s.tone = 5  # 看一看, 好不好
        elif s.char == "不":
            s.tone = 2 if after and after.tone == 4 else 4
        elif _is_digit(syllables, i):
            s.tone = 1
        elif after:
            # 个 is a fourth tone to the ear of this rule, also where it is neutral.
            s.tone = 2 if after.tone == 4 or after.char in "个個" else 4


def _is_digit(syllables: list[_Syllable], i: int) -> bool:
    """Whether the 一 at ``i`` is read as a figure or an ordinal and keeps its first tone."""
    s = syllables[i]
    before = syllables[i - 1].char if i else ""
    after = syllables[i + 1].char if i + 1 < len(syllables) else ""
    ends_word = not s.first and (not after or syllables[i + 1].first)  # 第一, 统一, 星期一
    return (
        not after
        or ends_word
        or (before != "" and before in "第零〇一二三四五六七八九点之周")
        or (before in tuple("十百千万亿") and s.first and after not in "定直起样切般旦向再")
        or after in "零〇一二三四五六七八九十月号日楼班之"
    )


def _third_tones(syllables: list[_Syllable]) -> None:
    """Make a third tone before a third tone a second: within a word, then across words.

    From right to left and by what is heard, so that 我很好 is 3-2-3. Two longer words side by side
    keep their tones, as a speaker makes a break between them.
    """
    feet = _feet(syllables)
    for start, end in feet:
        for i in range(end - 2, start - 1, -1):
            if syllables[i].tone == 3 and syllables[i + 1].tone == 3:
                syllables[i].tone = 2
    for (start, end), (next_start, next_end) in reversed(list(pairwise(feet))):
        single = end - start == 1 or next_end - next_start == 1
        if single and syllables[end - 1].tone == 3 and syllables[next_start].tone == 3:
            syllables[end - 1].tone = 2


def _feet(syllables: list[_Syllable]) -> list[tuple[int, int]]:
    """Words as ranges; long ones in twos, and a third syllable by itself."""
    starts = [i for i, s in enumerate(syllables) if s.first]
    feet = []
    for start, end in pairwise([*starts, len(syllables)]):
        feet += [(i, min(i + 2, end)) for i in range(start, end, 2)]
    return feet
