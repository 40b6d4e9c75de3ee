"""Text to Kokoro's symbols, without the network."""

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from daemon.languages import codes, language
from daemon.voice.kokoro.clauses import LONGEST, SoundClause, pieces, spoken_clauses, style_row
from daemon.voice.kokoro.japanese_sounds import japanese_sounds
from daemon.voice.kokoro.symbols import TABLE_ROWS, TOKENS, tokens
from daemon.voice.kokoro.voice import is_female, language_of_voice
from daemon.voice.language_runs import UNREADABLE, LanguageRun, runs

SPOKEN = tuple(code for code in codes() if language(code).voices.kokoro)


def sounds(text: str, home: str = "en") -> list[tuple[str, str]]:
    """Cut a text as a voice whose language is ``home`` does."""
    cut = runs(text, tuple(dict.fromkeys((home, "en", "zh"))), home)
    return [(clause.sounds, clause.mark) for clause in spoken_clauses(cut)]


def test_table_is_that_of_version_1() -> None:
    assert len(TOKENS) == 114
    assert max(TOKENS.values()) == TABLE_ROWS - 1
    assert [TOKENS[symbol] for symbol in ";.—“ aɑˈ→ᵻ"] == [1, 4, 9, 14, 16, 43, 69, 156, 171, 177]


def test_english_is_written_as_the_model_writes_it() -> None:
    assert sounds("The boys chose a bottle, today.") == [
        ("ðə bˈYz ʧˈOz ə bˈɑTᵊl", ","),
        ("tədˈA", "."),
    ]


def test_british_voices_have_british_sounds() -> None:
    (clause,) = spoken_clauses([LanguageRun("en", "no fear there")], british=True)
    assert clause.sounds == "nˈQ fˈɪə ðˈɛː"


def test_tones_stand_behind_vowels_and_words_apart() -> None:
    assert sounds("你好，中国！", "zh") == [("ni↗xau↓", ","), ("ꭧʊ→ŋkwo↗", "!")]


def test_tones_are_those_that_are_heard() -> None:
    spoken = " ".join(clause for clause, _ in sounds("这是一个，他不是。很好", "zh"))
    assert "i↗kɤ↘" in spoken and "pu↗" in spoken and spoken.endswith("xə↗n xau↓")


def test_every_syllable_of_the_dictionary_has_symbols() -> None:
    from pypinyin.constants import PINYIN_DICT

    text = "，".join(chr(number) for number in PINYIN_DICT if 0x4E00 <= number < 0xA000)
    for clause in spoken_clauses([LanguageRun("zh", text)]):
        assert len(tokens(clause.sounds)) == len(clause.sounds)


def test_guests_are_part_of_the_clause() -> None:
    assert sounds("我想买一个 iPhone，好吗？", "zh")[0] == ("wo↓ ɕja↗ŋ mai↓ i↗kɤ↘ ˈI fˈOn", ",")
    assert sounds("He said 你好 to me.") == [("hi sˈɛd ni↗xau↓ tə mˌi", ".")]


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("es", "¿Qué hora es?", [("kˈe ˈoɾa ˈes", "?")]),
        ("fr", "C'est un bon vin.", [("sɛt œ\u0303 bˈɔ\u0303 vˈɛ\u0303", ".")]),
        ("it", "Ciao, ragazzi!", [("ʧˈao", ","), ("ɾaɡˈaʦːɪ", "!")]),
        ("pt", "Bom dia.", [("bˈo\u0303n ʤˈiʲɐ", ".")]),
        ("hi", "नमस्ते।", [("nəmˈʌsteː", ".")]),
    ],
)
def test_other_languages_are_espeaks(code: str, text: str, expected: list[object]) -> None:
    assert sounds(text, code) == expected


@pytest.mark.parametrize("code", SPOKEN)
def test_each_language_reads_its_own_calibration(code: str) -> None:
    if code == "ja":
        pytest.importorskip("pyopenjtalk")
    found = list(pieces([LanguageRun(code, language(code).said.calibration)]))
    assert sum(len(tokens(piece.sounds)) for piece in found) > 60
    for piece in found:  # nearly all is known to the model
        assert len(tokens(piece.sounds)) > 0.9 * len(piece.sounds)


def test_japanese_particles_and_counters_are_as_heard() -> None:
    pytest.importorskip("pyopenjtalk")
    assert japanese_sounds("今日は三本買った") == "kʲoː βa saɴ boɴ kaʔta"
    assert japanese_sounds("ニューヨーク") == "ɲɨːjoːkɯ"


def test_nothing_but_marks_is_nothing() -> None:
    for text in ("...!?", "，。！", "—", "()", "", " \n ", "\u200b\u202e\u202c", "🧑‍💻👍🏽"):
        assert list(pieces([LanguageRun("en", text)])) == []


def test_signs_of_direction_and_pictures_are_not_heard() -> None:
    assert sounds("\u202eHel\u200blo\u202c 🧑‍💻 world ❤️.") == [("həlˈO wˈɜɹld", ".")]


def test_what_no_voice_reads_is_left_out() -> None:
    heard = [LanguageRun("en", "Say "), LanguageRun(UNREADABLE, "שלום"), LanguageRun("en", " now.")]
    assert [clause.sounds for clause in spoken_clauses(heard)] == ["sˈA nˈW"]


def test_numbers_with_points_are_not_cut() -> None:
    assert len(sounds("Son las 8:30 y cuesta 3,5 euros.", "es")) == 1


def test_of_marks_that_stand_together_one_remains() -> None:
    assert [mark for _, mark in sounds("What?! Well... he said (aloud) no.")] == [
        "?",
        "…",
        ",",
        ",",
        ".",
    ]


def test_first_piece_is_the_first_clause_and_later_ones_grow() -> None:
    text = "It was a long day, " + "and the children played in the garden after school, " * 12
    lengths = [len(tokens(piece.sounds)) for piece in pieces([LanguageRun("en", text)])]
    assert lengths[0] < 25
    assert all(b <= max(2 * a, 60) for a, b in pairwise(lengths))
    assert max(lengths) <= LONGEST


def test_short_first_clause_takes_the_next_along() -> None:
    found = list(pieces([LanguageRun("en", "Yes, it was a very long day. Good night to you all.")]))
    assert found[0].sounds.startswith("jˈɛs, ")


@pytest.mark.parametrize("text", ["a" * 5000, "word " * 1000, "字" * 5000, "1" * 5000])
def test_five_thousand_characters_are_cut(text: str) -> None:
    code = "zh" if "字" in text else "en"
    found = list(pieces([LanguageRun(code, text)]))
    assert found and all(0 < len(tokens(piece.sounds)) <= 510 for piece in found)


@given(st.text(max_size=80), st.sampled_from([code for code in SPOKEN if code != "ja"]))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_pieces_that_fit(text: str, code: str) -> None:
    for piece in pieces([LanguageRun(code, text)]):
        assert 0 < len(tokens(piece.sounds + piece.mark)) <= 510
        assert isinstance(piece, SoundClause)


def test_style_is_that_of_the_number_of_tokens() -> None:
    assert [style_row([1] * count) for count in (0, 1, 2, 510)] == [0, 0, 1, 509]


def test_names_tell_language_and_sex() -> None:
    named = {"af_heart": "en", "bm_lewis": "en", "zf_xiaoxiao": "zh", "jf_alpha": "ja", "x": "en"}
    assert {name: language_of_voice(name) for name in named} == named
    assert is_female("af_heart") and not is_female("zm_yunxi")
