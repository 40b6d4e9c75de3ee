"""Every language file is whole, and its words are found in what people say."""

import re

import pytest

from daemon.languages import LanguageData, codes, language, matching
from daemon.languages.guess import language_of


@pytest.fixture(params=codes())
def known(request: pytest.FixtureRequest) -> LanguageData:
    return language(request.param)


def test_the_languages_that_there_are() -> None:
    assert codes()[:2] == ("en", "zh")
    assert set(codes()) == {"en", "zh", "ja", "es", "fr", "hi", "it", "pt", "de", "ru", "uk"}


def test_a_file_has_every_word_that_is_said_and_heard(known: LanguageData) -> None:
    """That every key is there is seen to when it is read; none may be empty either."""
    heard = known.heard
    for words in (
        heard.backchannels, heard.interruptions, heard.unfinished, heard.fillers, heard.waking,
        heard.calls, heard.wake_phrases, known.said.openers,
    ):  # fmt: skip
        assert words and all(word.strip() == word != "" for word in words)
        assert len(set(words)) == len(words), "a word is there twice"
    if known.writing.spaced:
        assert known.writing.joints and known.writing.leaning


def test_its_patterns_can_be_read(known: LanguageData) -> None:
    matching.backchannels(known.code)
    matching.interruptions(known.code)
    matching.unfinished(known.code)
    for pattern in (*known.writing.abbreviations, *known.writing.joints, known.writing.particle):
        re.compile(pattern)
    for own in (known.writing.letters, known.writing.own_letters or "x"):
        re.compile(f"[{own}]")


def test_what_it_says_is_complete(known: LanguageData) -> None:
    said = known.said
    assert said.greeting.format(name="Luna") != said.greeting
    for mark in ("{weekday}", "{day}", "{month}", "{year}", "{clock}"):
        assert mark in said.now
    for text in (said.apology, said.no_answer, said.too_late, said.sample, said.calibration):
        assert text.rstrip()[-1] in ".!?。！？।", text
    assert known.english in ("English", "Chinese") or len(said.now) > 40, "in which to answer"


def test_what_it_says_is_in_it(known: LanguageData) -> None:
    """What tells languages apart knows each language's own sentences."""
    said = known.said
    for text in (said.too_late, said.calibration, said.preview):
        assert language_of(text) == known.code, text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("¿Qué hora es?", "es"), ("¿Cuál es la capital de Francia?", "es"), ("¿Cómo estás?", "es"),
        ("Necesito una receta para la cena", "es"), ("Raconte-moi une histoire", "fr"),
        ("Raccontami una storia di un drago", "it"), ("Me conta uma história", "pt"),
        ("Erzähl mir eine Geschichte", "de"), ("Tell me a story", "en"),
        ("Quelle heure est-il ?", "fr"), ("Comment tu t'appelles ?", "fr"),
        ("Che ore sono?", "it"), ("Qual è la capitale della Francia?", "it"),
        ("Que horas são?", "pt"), ("Qual é a capital da França?", "pt"),
        ("Wie spät ist es?", "de"), ("Was ist die Hauptstadt von Frankreich?", "de"),
        ("Который час?", "ru"), ("Какая столица Франции? Что это?", "ru"),
        ("Котра година?", "uk"), ("Яка столиця Франції?", "uk"),
        ("今何時ですか？", "ja"), ("ありがとう", "ja"), ("现在几点？", "zh"),
        ("What time is it?", "en"), ("फ्रांस की राजधानी क्या है?", "hi"),
        ("What does 你好 mean?", "zh"), ("¿Qué significa 你好 en español?", "es"),
        ("", "en"), ("42", "en"),
    ],
)  # fmt: skip
def test_in_which_language_a_text_is(text: str, code: str) -> None:
    assert language_of(text) == code


def test_what_does_not_tell_is_in_the_likely_language() -> None:
    assert language_of("Paris", likely="fr") == "fr"
    assert language_of("2026", ("en", "es"), "es") == "es"
    assert language_of("天気予報", likely="ja") == "ja"
    assert language_of("Котра година?", ("en", "uk")) == "uk"
    assert language_of("你好", ("en", "es"), "es") == "es"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("es", "Creo que mañana voy a la playa con"), ("es", "Quiero ir, pero"),
        ("fr", "Je voudrais savoir si"), ("it", "Vorrei andare a"), ("pt", "Eu queria um"),
        ("de", "Ich wollte wissen, ob"), ("ru", "Я хотел спросить, потому что"),
        ("uk", "Я хочу знати, що"), ("hi", "मैं जानना चाहता हूँ कि"),
        ("ja", "東京に行きました、それから"),
        ("zh", "我想去，但是"), ("en", "I would like to know whether"), ("en", "I want, um"),
    ],
)  # fmt: skip
def test_words_after_which_more_must_come(code: str, text: str) -> None:
    assert matching.unfinished(code).search(text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("es", "Me gusta el mar"), ("fr", "C'est la vie"), ("it", "Vado al mare"),
        ("de", "Kommst du mit"), ("en", "What are you looking at"), ("ja", "お名前は"),
        ("hi", "मैं घर जा रहा हूँ"), ("zh", "你喜欢什么"), ("ru", "Я не знаю"),
    ],
)  # fmt: skip
def test_words_that_may_be_the_last(code: str, text: str) -> None:
    assert not matching.unfinished(code).search(text)
