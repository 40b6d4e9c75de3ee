"""Japanese text to Kokoro's symbols.

Open JTalk reads the text (kanji, numbers with their counters, particles as they are heard), and the
sounds of its kana are those of misaki 0.7 (Apache-2.0), which the model was trained with: IPA with
a space between words, without pitch.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.i18n import tr

EXTRA = "japanese"

_ROWS = {
    "アァ": "a", "イィヰ": "i", "ウゥ": "ɯ", "エェヱ": "e", "オォヲ": "o",
    "カヵ": "ka", "キ": "kʲi", "ク": "kɯ", "ケヶ": "ke", "コ": "ko",
    "ガ": "ɡa", "ギ": "ɡʲi", "グ": "ɡɯ", "ゲ": "ɡe", "ゴ": "ɡo",
    "サ": "sa", "シ": "ɕi", "ス": "sɨ", "セ": "se", "ソ": "so",
    "ザ": "ʣa", "ジヂ": "ʥi", "ズヅ": "zɨ", "ゼ": "ʣe", "ゾ": "ʣo",
    "タ": "ta", "チ": "ʨi", "ツ": "ʦɨ", "テ": "te", "ト": "to",
    "ダ": "da", "デ": "de", "ド": "do",
    "ナ": "na", "ニ": "ɲi", "ヌ": "nɯ", "ネ": "ne", "ノ": "no",
    "ハ": "ha", "ヒ": "çi", "フ": "ɸɯ", "ヘ": "he", "ホ": "ho",
    "バ": "ba", "ビ": "bʲi", "ブ": "bɯ", "ベ": "be", "ボ": "bo",
    "パ": "pa", "ピ": "pʲi", "プ": "pɯ", "ペ": "pe", "ポ": "po",
    "マ": "ma", "ミ": "mʲi", "ム": "mɯ", "メ": "me", "モ": "mo",
    "ヤャ": "ja", "ユュ": "jɯ", "ヨョ": "jo",
    "ラ": "ɾa", "リ": "ɾʲi", "ル": "ɾɯ", "レ": "ɾe", "ロ": "ɾo",
    "ワヮ": "βa", "ヴ": "vɯ",
}  # fmt: skip
_PAIRS = {
    "イェ": "je", "ウィ": "βi", "ウェ": "βe", "ウォ": "βo", "ティ": "tʲi", "テュ": "tʲɨ",
    "ディ": "dʲi", "デュ": "dʲɨ", "トゥ": "tɯ", "ドゥ": "dɯ", "ツァ": "ʦa", "ツィ": "ʦʲi",
    "ツェ": "ʦe", "ツォ": "ʦo", "ファ": "ɸa", "フィ": "ɸʲi", "フェ": "ɸe", "フォ": "ɸo",
    "クァ": "kᵝa", "クィ": "kᵝi", "クェ": "kᵝe", "クォ": "kᵝo", "グァ": "ɡᵝa", "シェ": "ɕe",
    "ジェ": "ʥe", "チェ": "ʨe", "ヴァ": "va", "ヴィ": "vʲi", "ヴェ": "ve", "ヴォ": "vo",
}  # fmt: skip
_SINGLE = {kana: sound for keys, sound in _ROWS.items() for kana in keys}
_PALATAL = {
    "キ": "kʲ", "ギ": "ɡʲ", "ニ": "ɲ", "ヒ": "ç", "ビ": "bʲ", "ピ": "pʲ", "ミ": "mʲ", "リ": "ɾʲ",
    "フ": "ɸʲ", "ヴ": "bʲ", "シ": "ɕ", "ジ": "ʥ", "ヂ": "ʥ", "チ": "ʨ",
}  # fmt: skip
_SMALL = {"ャ": "a", "ュ": "ɨ", "ョ": "o"}
_PAIRS |= {
    first + small: sound + vowel
    for first, sound in _PALATAL.items()
    for small, vowel in _SMALL.items()
}
_LONG, _STOP, _NASAL = "ー", "ッ", "ン"
_UNHEARD = re.compile("[’']")  # Open JTalk's mark of a vowel that is only whispered

Words = Sequence[Mapping[str, object]]
"""What Open JTalk finds: ``pron`` in katakana, ``pos``, …"""


def japanese_sounds(text: str) -> str:
    """Return the symbols of Japanese ``text``, words apart. Raises ``SetupError``."""
    words: list[str] = []
    for word in _frontend()(text):
        kana = _UNHEARD.sub("", str(word["pron"]))
        # Endings belong to their verb, and what doubles a consonant to the consonant: 買っ + た.
        if words and (word["pos"] == "助動詞" or words[-1].endswith(_STOP) or kana[:1] == _LONG):
            words[-1] += kana
        else:
            words.append(kana)
    sounds = ("".join(_kana_sounds(word)) for word in words)
    return " ".join(sound for sound in sounds if sound)


def _kana_sounds(word: str) -> Iterator[str]:
    """Yield the sounds of a word in katakana; what is none is left out."""
    place = 0
    while place < len(word):
        pair = word[place : place + 2]
        if pair in _PAIRS:
            yield _PAIRS[pair]
            place += 2
            continue
        yield _single(pair[0], word[place + 1 :])
        place += 1


def _single(kana: str, rest: str) -> str:
    if kana == _LONG:
        return "ː"
    if kana == _STOP:
        return "ʔ" if rest else ""
    if kana == _NASAL:
        return _nasal("".join(_kana_sounds(rest[:2])) if rest else "")
    return _SINGLE.get(kana, "")


def _nasal(after: str) -> str:
    """Return ン as it is before a sound."""
    for nasal, sounds in (("m", "mpb"), ("ŋ", "kɡ"), ("ɲ", "ɲʨʥ"), ("n", "ntdɾzʣʦ")):
        if after and after[0] in sounds:
            return nasal
    return "ɴ"


@functools.cache
def _frontend() -> Callable[[str], Words]:
    try:
        import pyopenjtalk
    except ImportError as error:
        raise SetupError(
            tr("Japanese is read by Open JTalk, which is not installed."), install_command(EXTRA)
        ) from error

    def read(text: str) -> Words:
        # Sudachi, which the package can ask about rare kanji, takes a second to load.
        found: Words = pyopenjtalk.run_frontend(text, use_sudachi_kanji_yomi=False)
        return found

    return read
