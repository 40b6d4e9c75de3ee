from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.languages import language
from daemon.media import SPEAK_RATE, Audio
from daemon.voice.bilingual import SPEECH_LUFS, Bilingual
from daemon.voice.language_runs import LanguageRun, passages, runs
from daemon.voice.loudness import loudness
from daemon.voice.pauses import pause_after, trim
from daemon.worker import CancelToken


def tone(seconds: float, rate: int, level: float) -> Audio:
    time = np.arange(int(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * 220 * time)).astype(np.float32), rate)


class FakeVoice:
    """Speaks a tone of 0.2 s for each word or character, and remembers what it was given."""

    def __init__(self, rate: int, level: float) -> None:
        self.rate = rate
        self.level = level
        self.spoken: list[str] = []
        self.closed = False

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        self.spoken.append(text)
        for _ in text.split():
            yield tone(0.5, self.rate, self.level)


def said(voice: Bilingual, text: str) -> Audio:
    pieces = list(voice.synthesize(text, CancelToken()))
    return Audio(np.concatenate([piece.samples for piece in pieces]), SPEAK_RATE)


def speech_level(audio: Audio) -> float:
    return loudness(audio)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The year is 2024.", [("en", "The year is twenty twenty-four.")]),
        ("It costs $12.50!", [("en", "It costs twelve dollars and fifty cents!")]),
        ("3.14", [("en", "three point one four")]),
        ("3.14。", [("zh", "三点一四。")]),
        ("你有2个吗？", [("zh", "你有两个吗?")]),
        (
            "我喜欢 Python 和 machine learning。",
            [("zh", "我喜欢 "), ("en", "Python "), ("zh", "和 "), ("en", "machine learning.")],
        ),
        ("你好，我叫Joe。", [("zh", "你好，我叫"), ("en", "Joe.")]),
        ("GPT-4 有 3 个版本", [("en", "GPT four"), ("zh", "有三个版本")]),
        ("iPhone 15 很好", [("en", "iPhone fifteen"), ("zh", "很好")]),
        ("支持 5G 网络", [("zh", "支持"), ("en", "five G "), ("zh", "网络")]),
        ("跑了3km", [("zh", "跑了三公里")]),
        ("重10KG，长5CM", [("zh", "重十公斤，长五厘米")]),
        ("See the page. 重10KG。", [("en", "See the page."), ("zh", " 重十公斤。")]),
        ("A股今天涨了3%", [("en", "A"), ("zh", "股今天涨了百分之三")]),
        (
            "We met on 3月5日 in 2 places.",
            [("en", "We met on "), ("zh", "三月五日 "), ("en", "in two places.")],
        ),
        ("It's 你好 in Chinese", [("en", "It's "), ("zh", "你好 "), ("en", "in Chinese")]),
        ("1. 打开设置", [("zh", "一、打开设置")]),
        ("2. 点击“Wi-Fi”", [("zh", "二、点击“"), ("en", 'Wi-Fi"')]),
        (
            "公式E=mc²",
            [("zh", "公式"), ("en", "E"), ("zh", "等于"), ("en", "m c"), ("zh", "的平方")],
        ),
        ("1. Open it", [("en", "one. Open it")]),
        ("k一.0一k", [("en", "k"), ("zh", "一.零一"), ("en", "k")]),
        ("", []),
        ("……", []),
    ],
)
def test_runs(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(run.language, run.text) for run in runs(text)] == expected


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("你好一百2024.%-:, aBé'。，km!\n"), max_size=30))
def test_runs_alternate_and_lose_no_word(text: str) -> None:
    found = runs(text)
    assert all(one.language != other.language for one, other in pairwise(found))
    said = "".join(run.text for run in found)
    assert all(said.count(char) >= text.count(char) for char in "你好é")
    assert not [c for run in found if run.language == "zh" for c in run.text if c.isdecimal()]


def test_each_run_goes_to_its_voice_at_one_rate() -> None:
    english, mandarin = FakeVoice(22050, 0.1), FakeVoice(24000, 0.5)
    voice = Bilingual(english, mandarin)
    voice.warm_up()
    english.spoken.clear()
    mandarin.spoken.clear()
    pieces = list(voice.synthesize("我喜欢 Python。", CancelToken()))
    assert (mandarin.spoken, english.spoken) == (["我喜欢 "], ["Python."])
    assert [piece.rate for piece in pieces] == [SPEAK_RATE, SPEAK_RATE]
    assert all(piece.samples.dtype == np.float32 for piece in pieces)
    voice.close()
    assert english.closed and mandarin.closed


@pytest.mark.parametrize("volume", [1.0, 0.5])
def test_both_voices_are_equally_loud(volume: float) -> None:
    voice = Bilingual(FakeVoice(22050, 0.02), FakeVoice(24000, 0.9), volume)
    for text in ("hello", "你好"):
        expected = SPEECH_LUFS + 20 * np.log10(volume)
        assert speech_level(said(voice, text)) == pytest.approx(expected, abs=0.3)


def test_a_voice_whose_loudness_is_known_is_not_measured() -> None:
    class Known(FakeVoice):
        loudness = -15.0

    english = Known(48000, 0.1)
    voice = Bilingual(english, None)
    voice.warm_up()
    assert english.spoken == []
    before = loudness(tone(0.5, 48000, 0.1))
    assert speech_level(said(voice, "hello")) == pytest.approx(before + SPEECH_LUFS + 15, abs=0.3)


def test_languages_for_later_are_left_alone_at_the_start() -> None:
    spanish = FakeVoice(24000, 0.2)
    voice = Bilingual(FakeVoice(22050, 0.1), None, others={"es": spanish}, later={"es"})
    voice.warm_up()
    assert spanish.spoken == []
    assert speech_level(said(voice, "¿Qué hora es?")) == pytest.approx(SPEECH_LUFS, abs=0.3)


def test_gain_does_not_follow_the_sentence() -> None:
    english = FakeVoice(48000, 0.1)
    voice = Bilingual(english, FakeVoice(24000, 0.5))
    voice.warm_up()
    english.level = 0.05
    soft = said(voice, "softly it is said")
    assert speech_level(soft) == pytest.approx(SPEECH_LUFS - 6, abs=0.3)


class Forceful(FakeVoice):
    """A voice that says a word alone three times as loud as in a sentence."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        level = self.level * (3 if len(text.split()) < 3 and len(text) < 8 else 1)
        self.spoken.append(text)
        yield tone(0.7, self.rate, level)

    def stream(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        for audio in self.synthesize(text, cancel):
            for part in np.array_split(audio.at_rate(SPEAK_RATE).samples, 3):
                yield Audio(part, SPEAK_RATE)


@pytest.mark.parametrize("text", ["Sure,", "好的，"])
def test_words_alone_are_no_louder_than_sentences(text: str) -> None:
    voice = Bilingual(Forceful(22_050, 0.05), Forceful(24_000, 0.05))
    voice.warm_up()
    sentence = {"Sure,": "I will tell you all of it now.", "好的，": "我现在就把它都告诉你听。"}[
        text
    ]
    alone, together = said(voice, text), said(voice, sentence)
    assert speech_level(alone) == pytest.approx(speech_level(together), abs=1.1)
    streamed = [piece.samples for piece in voice.stream(text, CancelToken())]
    np.testing.assert_allclose(np.concatenate(streamed), alone.samples, atol=1e-6)
    assert len(list(voice.stream(sentence, CancelToken()))) == 3, "others are not waited for"


def test_a_soft_word_stays_soft() -> None:
    voice = Bilingual(FakeVoice(22_050, 0.1), None)
    voice.warm_up()
    voice._voices["en"].level = 0.03  # type: ignore[attr-defined]
    assert speech_level(said(voice, "Sure,")) < SPEECH_LUFS - 8


def test_peaks_stay_under_the_ceiling() -> None:
    english = FakeVoice(48000, 0.01)
    voice = Bilingual(english, FakeVoice(24000, 0.5))
    voice.warm_up()
    english.level = 1.0
    loud = said(voice, "a long and very loud shout")
    assert 0.9 < np.abs(loud.samples).max() < 0.951


def test_a_silent_voice_stays_silent() -> None:
    voice = Bilingual(FakeVoice(48000, 0.0), FakeVoice(24000, 0.5))
    (piece,) = voice.synthesize("hush", CancelToken())
    assert not piece.samples.any()


def test_cancelling_ends_the_speech() -> None:
    english = FakeVoice(48000, 0.1)
    voice = Bilingual(english, FakeVoice(24000, 0.5))
    voice.warm_up()
    cancel = CancelToken()
    pieces = voice.synthesize("one two three 你好 你好", cancel)
    next(pieces)
    cancel.cancel()
    assert list(pieces) == []


def test_without_a_mandarin_voice_chinese_is_left_out() -> None:
    english = FakeVoice(48000, 0.1)
    voice = Bilingual(english, None)
    voice.warm_up()
    english.spoken.clear()
    assert len(list(voice.synthesize("It is 你好 in Chinese", CancelToken()))) == 4
    assert english.spoken == ["It is ", "in Chinese"]
    assert list(voice.synthesize("你好", CancelToken())) == []
    voice.close()
    assert english.closed


def test_pauses_follow_the_last_mark() -> None:
    assert pause_after("好。") == pause_after("Really?!”") == pause_after("Yes.") > 0
    assert 0 < pause_after("好，") < pause_after("好。")
    assert pause_after("Python ") == pause_after("a. b") == pause_after("") == 0


def test_trim_leaves_the_speech_and_the_pause() -> None:
    rate = 16000
    silence = np.zeros(rate, np.float32)
    speech = tone(0.5, rate, 0.3).samples
    trimmed = trim(Audio(np.concatenate([silence, speech, silence]), rate), pause_s=0.2)
    assert 0.7 <= trimmed.seconds <= 0.8
    assert not trimmed.samples[-int(0.2 * rate) :].any()
    assert abs(trimmed.samples[0]) < 1e-3


def test_trim_of_silence_is_nothing() -> None:
    assert len(trim(Audio(np.zeros(16000, np.float32), 16000), 0.3).samples) == 0
    assert len(trim(Audio(np.zeros(0, np.float32), 16000), 0.3).samples) == 0


def test_trim_of_sound_without_silence_does_not_click() -> None:
    trimmed = trim(tone(0.1, 16000, 0.5))
    assert len(trimmed.samples) == 1600
    assert abs(trimmed.samples[0]) == abs(trimmed.samples[-1]) == 0


MANY = ("en", "zh", "es", "ja", "hi", "fr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Qué hora es? It is late.", [("es", "¿Qué hora es?"), ("en", " It is late.")]),
        ("¿Qué significa 你好?", [("es", "¿Qué significa "), ("zh", "你好?")]),
        (
            "今日は Python を使います。",
            [("ja", "今日は "), ("en", "Python "), ("ja", "を使います。")],
        ),
        ("東京は日本の首都です。", [("ja", "東京は日本の首都です。")]),
        (
            "नमस्ते, मैं Python जानता हूँ।",
            [("hi", "नमस्ते, मैं "), ("en", "Python "), ("hi", "जानता हूँ।")],
        ),
        ("Il est 15 h, et c'est tout.", [("fr", "Il est 15\u00a0heures, et c'est tout.")]),
        ("你好。こんにちは。", [("zh", "你好。"), ("ja", "こんにちは。")]),
        ("Peace is سلام in Arabic.", [("en", "Peace is "), ("", "سلام "), ("en", "in Arabic.")]),
        ("The angle α is small.", [("en", "The angle alpha is small.")]),
    ],
)  # fmt: skip
def test_runs_of_many_languages(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(run.language, run.text) for run in runs(text, MANY)] == expected


def test_what_does_not_tell_its_language_is_in_that_of_the_conversation() -> None:
    assert [run.language for run in runs("Paris.", MANY, "fr")] == ["fr"]
    assert [run.language for run in runs("Paris.", MANY)] == ["en"]
    assert [run.language for run in runs("天気予報", MANY, "ja")] == ["ja"]


def test_sentences_of_one_language_are_kept_together_with_their_guests() -> None:
    found = passages("我喜欢 Python。你呢？ Well, I do.", MANY)
    assert [(one.language, [run.language for run in one.runs]) for one in found] == [
        ("zh", ["zh", "en", "zh"]),
        ("en", ["en"]),
    ]


class PolyglotVoice(FakeVoice):
    """Speaks guests itself."""

    def synthesize_runs(self, runs: Sequence[LanguageRun], cancel: CancelToken) -> Iterator[Audio]:
        return self.synthesize("|".join(run.text for run in runs), cancel)


def test_a_voice_that_can_speaks_the_guests_in_its_sentences_itself() -> None:
    english, mandarin = FakeVoice(48000, 0.1), PolyglotVoice(24000, 0.5)
    voice = Bilingual(english, mandarin)
    voice.warm_up()
    english.spoken.clear()
    mandarin.spoken.clear()
    list(voice.synthesize("我喜欢 Python。 Well, I like 你好.", CancelToken()))
    assert mandarin.spoken == ["我喜欢 |Python.", "你好."]
    assert english.spoken == [" Well, I like "]


def test_other_languages_have_voices_of_their_own() -> None:
    english, spanish = FakeVoice(48000, 0.1), FakeVoice(24000, 0.5)
    voice = Bilingual(english, None, others={"es": spanish})
    voice.warm_up()
    assert "taza de té" in spanish.spoken[0], "its loudness is measured in its own language"
    english.spoken.clear()
    spanish.spoken.clear()
    list(voice.synthesize("Hola, ¿qué hora es? It is late.", CancelToken()))
    voice.expect("es")
    list(voice.synthesize("Paris.", CancelToken()))
    assert (spanish.spoken, english.spoken) == (["Hola, ¿qué hora es?", "Paris."], [" It is late."])


def test_a_script_without_a_voice_is_told_once_and_the_rest_is_read() -> None:
    english = FakeVoice(48000, 0.1)
    voice = Bilingual(english, None)
    voice.warm_up()
    english.spoken.clear()
    list(voice.synthesize("Peace is سلام in Arabic.", CancelToken()))
    list(voice.synthesize("שלום", CancelToken()))
    told = language("en").said.unreadable
    assert english.spoken == ["Peace is ", "in Arabic.", told]


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("你あア好é¿ñ2 .да।नम'عب1,ß—"), max_size=30))
def test_no_character_of_many_scripts_is_lost(text: str) -> None:
    said = "".join(run.text for run in runs(text, ("en", "es", "ja", "hi", "ru"), "es"))
    assert all(said.count(char) >= text.count(char) for char in "あアéñданमعب")
