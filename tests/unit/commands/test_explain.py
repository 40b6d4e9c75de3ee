import argparse
import subprocess
import sys

import pytest

from daemon.brain.sentences import sentences_of
from daemon.commands import say
from daemon.config import Settings
from daemon.errors import InputError
from daemon.voice.explain import explain


def explained(text: str) -> list[tuple[str, str, str]]:
    return [
        (clause.language, clause.text, clause.sounds)
        for sentence in sentences_of(text)
        for clause in explain(sentence.text, Settings())
    ]


def test_english_comes_in_words_with_phonemes() -> None:
    ((language, text, sounds),) = explained("It costs $500.")
    assert (language, text) == ("en", "It costs five hundred dollars.")
    assert sounds.startswith("ɪt kˈɔsts fˈaɪv")


def test_chinese_comes_in_characters_with_pinyin_after_sandhi() -> None:
    clauses = explained("你好，一会儿见。我有2个苹果、3个梨。")
    assert clauses == [
        ("zh", "你好", "ni2 hao3"),
        ("zh", "一会儿见", "yi2 huir4 jian4"),
        ("zh", "我有两个苹果、三个梨", "wo3 you2 liang3 ge4 ping2 guo3, san1 ge4 li2"),
    ]


def test_each_language_of_a_mixture_has_its_voice() -> None:
    assert [language for language, *_ in explained("我喜欢 Python。")] == ["zh", "en"]


def test_what_no_voice_reads_has_no_sounds() -> None:
    clauses = explained("مرحبا بالعالم, hello.")
    assert clauses[0] == ("", "مرحبا بالعالم,", "")
    assert clauses[1][0] == "en" and clauses[1][2]


def test_explaining_loads_no_model() -> None:
    code = """
import sys
from daemon.cli import main
try:
    main(["say", "--explain", "**Tea** for 2 元 at 8:00"])
finally:
    models = {"faster_whisper", "xllamacpp", "ai_edge_litert.interpreter", "torch"}
    assert not models & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert "Tea for" in done.stdout and "两元" in done.stdout, done.stderr


def test_what_is_said_without_a_daemon_is_cut_as_with_one() -> None:
    said = [
        s.text for s in sentences_of("**Tea** is ready 😀. See [the page](https://example.org).")
    ]
    assert said == ["Tea is ready.", "See the page."]


def test_nothing_to_say_is_told_before_anything_is_loaded() -> None:
    options = argparse.Namespace(
        text="😀", out=None, double=None, face=None, voice=None, explain=False
    )
    with pytest.raises(InputError, match="nothing to say"):
        say.say_text(options, Settings())
