"""The real voices, read back by the real recogniser.

Errors are counted against what was to be said, so they are the voice's and the recogniser's
together; the limits leave room for the recogniser's own slips over homophones.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from pypinyin import lazy_pinyin

from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio
from daemon.voice.bilingual import SPEECH_LUFS, Bilingual
from daemon.voice.loudness import loudness
from daemon.voice.mandarin import Mandarin
from daemon.voice.mandarin_numbers import spoken
from daemon.voice.mandarin_text import clauses
from daemon.voice.pacing import Pace
from daemon.voice.pauses import active_frames, frame_power
from daemon.voice.piper import Piper
from daemon.voice.piper_network import CutNetwork, on_processor
from daemon.worker import CancelToken

pytestmark = pytest.mark.timeout(600)  # a dozen sentences are recognised in a test

Weights = Callable[[str], Path]
Listen = Callable[[Audio, str], str]

ENGLISH = (
    "What is the capital of France?",
    "The sky looks blue because air scatters short wavelengths more than long ones.",
    "I have three cats, two dogs and one parrot.",
    "My favorite season is autumn, when the leaves turn red and yellow.",
    "Water boils at 100 degrees Celsius.",
    "She asked whether the train to London would arrive before noon.",
    "Please remember to bring your umbrella, it might rain this afternoon.",
    "The museum opens at 9 in the morning and closes at 5.",
    "A good night of sleep helps you to learn new things.",
    "He poured the coffee slowly and looked out of the window.",
    "The Moon goes around the Earth once every month.",
    "Thank you very much for your help, I really appreciate it.",
)
CHINESE = (
    "你好，今天天气怎么样？",
    "中国的首都是北京。",
    "现在是下午14:30，气温是25℃。",
    "我买了3个苹果和2公斤香蕉。",
    "今年增长了5%，这是一个好消息。",
    "人工智能可以帮助我们学习新的知识。",
    "对不起，我不知道你在说什么，请再说一遍。",
    "他每天早上六点起床，然后去跑步。",
    "月亮离地球大约38万公里。",
    "晚上最好不要喝太多咖啡。",
    "因为下雨，比赛推迟到了2024年3月5日。",
    "我很高兴认识你，我们明天一起去公园吧。",
)
MIXED = "我喜欢 Python 和 machine learning。"


@pytest.fixture(scope="module")
def voice(weights: Weights) -> Iterator[Bilingual]:
    onnxruntime.set_seed(1)  # Piper draws the melody of a sentence at random
    voice = Bilingual(Piper(weights("piper-joe")), Mandarin(weights("mandarin-baker")))
    voice.warm_up()
    yield voice
    voice.close()


@pytest.fixture(scope="module")
def speech(voice: Bilingual) -> dict[str, Audio]:
    return {text: say(voice, text) for text in (*ENGLISH, *CHINESE)}


@pytest.fixture(scope="module")
def listen(weights: Weights) -> Listen:
    ears = {code: Whisper(weights("whisper-base"), [code]) for code in ("en", "zh")}

    def transcribe(audio: Audio, language: str) -> str:
        return ears[language].transcribe(audio.at_rate(LISTEN_RATE), CancelToken()).text

    return transcribe


def say(voice: Bilingual, text: str) -> Audio:
    pieces = list(voice.synthesize(text, CancelToken()))
    assert {piece.rate for piece in pieces} == {SPEAK_RATE}
    return Audio(np.concatenate([piece.samples for piece in pieces]), SPEAK_RATE)


def streamed(voice: Bilingual, text: str) -> list[Audio]:
    pieces = list(voice.stream(text, CancelToken()))
    assert {piece.rate for piece in pieces} == {SPEAK_RATE}
    return pieces


def errors(said: list[str], heard: list[str]) -> int:
    """Count the substitutions, deletions and insertions between two sequences."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != got))
    return row[-1]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def syllables(text: str) -> list[str]:
    """The syllables without tones: equal for simplified and traditional spelling."""
    return lazy_pinyin(re.sub(r"[^\u4e00-\u9fff]", "", spoken(text)))


def speech_level(audio: Audio) -> float:
    return loudness(audio)


def test_english_is_understood(speech: dict[str, Audio], listen: Listen) -> None:
    heard = [listen(speech[text], "en") for text in ENGLISH]
    wrong = sum(errors(words(a), words(b)) for a, b in zip(ENGLISH, heard, strict=True))
    assert wrong <= 0.10 * sum(len(words(text)) for text in ENGLISH), heard


def test_chinese_is_understood(speech: dict[str, Audio], listen: Listen) -> None:
    heard = [listen(speech[text], "zh") for text in CHINESE]
    wrong = sum(errors(syllables(a), syllables(b)) for a, b in zip(CHINESE, heard, strict=True))
    assert wrong <= 0.15 * sum(len(syllables(text)) for text in CHINESE), heard


def test_both_languages_in_one_sentence(voice: Bilingual, listen: Listen) -> None:
    audio = say(voice, MIXED)
    assert syllables(listen(audio, "zh"))[:3] == ["wo", "xi", "huan"]
    assert {"python", "machine", "learning"} <= set(words(listen(audio, "en")))
    power = frame_power(audio)
    quiet = "".join(" " if active else "." for active in active_frames(power))
    assert max(map(len, quiet.strip(".").split())) < 40, "a gap of 0.4 s within the sentence"


def test_voices_are_equally_loud(speech: dict[str, Audio]) -> None:
    english = np.mean([speech_level(speech[text]) for text in ENGLISH])
    chinese = np.mean([speech_level(speech[text]) for text in CHINESE])
    assert english == pytest.approx(chinese, abs=1.5)
    assert chinese == pytest.approx(SPEECH_LUFS, abs=1.5)


def test_no_piece_clips_or_clicks(voice: Bilingual) -> None:
    for text in (*ENGLISH[:3], *CHINESE[:3], MIXED):
        for piece in voice.synthesize(text, CancelToken()):
            assert np.abs(piece.samples).max() <= 0.951
            assert abs(piece.samples[0]) < 0.01 and abs(piece.samples[-1]) < 0.01


def test_cancelling_ends_between_clauses(voice: Bilingual) -> None:
    cancel = CancelToken()
    pieces = voice.synthesize("你好，今天天气怎么样？我们去公园吧。", cancel)
    next(pieces)
    cancel.cancel()
    assert list(pieces) == []


@pytest.mark.parametrize("text", ["", "…", "😀", "[[a]]", "ǂ", "\x00", "龘龘", "嗯。", "a" * 300])
def test_odd_text_does_not_fail(voice: Bilingual, text: str) -> None:
    for piece in voice.synthesize(text, CancelToken()):
        assert np.isfinite(piece.samples).all()


def test_speed_changes_the_duration(weights: Weights) -> None:
    def seconds(voice: Piper | Mandarin, text: str) -> float:
        return sum(piece.seconds for piece in voice.synthesize(text, CancelToken()))

    for make, name, text in (
        (Piper, "piper-joe", "The museum opens at nine in the morning."),
        (Mandarin, "mandarin-baker", "月亮离地球大约三十八万公里"),
    ):
        slow, fast = (seconds(make(weights(name), speed), text) for speed in (0.5, 2.0))
        assert slow > 1.8 * fast


def test_the_mapper_knows_every_symbol(weights: Weights) -> None:
    mapper = json.loads((weights("mandarin-baker") / "baker_mapper.json").read_text("utf-8"))
    pangram = "".join(chr(code) for code in range(0x4E00, 0x9FA5, 7))
    wanted = {symbol for clause in clauses(pangram) for symbol in clause.symbols}
    assert len(wanted) > 150
    assert wanted <= mapper["symbol_to_id"].keys()


def test_the_first_sound_of_a_sentence_is_a_short_one(voice: Bilingual) -> None:
    for text in (ENGLISH[1], CHINESE[6]):
        pieces = streamed(voice, text)
        assert pieces[0].seconds < 0.5 * sum(piece.seconds for piece in pieces)


def test_a_voice_cut_in_two_makes_the_same_sound(weights: Weights, tmp_path: Path) -> None:
    path = weights("piper-joe") / "voice.onnx"
    cut = on_processor(path, 2, tmp_path)
    assert isinstance(cut, CutNetwork)
    feeds = {
        "input": np.arange(60)[None] % 40 + 3,
        "input_lengths": np.array([60]),
        "scales": np.array([0.0, 1.0, 0.0], np.float32),  # no noise, which is drawn at random
    }
    (whole,) = onnxruntime.InferenceSession(path).run(None, feeds)
    pace = Pace(86.0, 11)
    pace.handed(1.0)
    pieces = list(cut.speak(feeds, pace))
    assert len(pieces) > 1
    np.testing.assert_allclose(np.concatenate(pieces), whole.reshape(-1), atol=1e-4)


def test_streamed_chinese_is_the_same(weights: Weights) -> None:
    """But for 10 ms of the silence before it."""
    voice = Mandarin(weights("mandarin-baker"))
    for text in (CHINESE[1], CHINESE[5]):
        (whole,) = voice.synthesize(text, CancelToken())
        pieces = list(voice.stream(text, CancelToken()))
        assert len(pieces) > 1
        one = whole.at_rate(SPEAK_RATE).samples
        other = np.concatenate([piece.samples for piece in pieces])
        assert len(one) <= len(other) <= len(one) + 0.02 * SPEAK_RATE, text
        np.testing.assert_allclose(other[-len(one) :], one, atol=1e-3)
    voice.close()


def test_streamed_speech_is_understood(voice: Bilingual, listen: Listen) -> None:
    for text, language, units in ((ENGLISH[1], "en", words), (CHINESE[6], "zh", syllables)):
        sound = np.concatenate([piece.samples for piece in streamed(voice, text)])
        heard = listen(Audio(sound, SPEAK_RATE), language)
        assert errors(units(text), units(heard)) <= 0.2 * len(units(text)), heard
