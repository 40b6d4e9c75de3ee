"""The real detectors and the real recogniser on real speech."""

import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from faster_whisper.audio import pad_or_trim

from daemon.audio.files import read_recording
from daemon.config import EarsEngine, load, packaged_config
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
)
from daemon.ears.speech_detection import CHUNK, Silero, WebRtcVad
from daemon.ears.turn_detection import SmartTurn
from daemon.ears.whisper import Whisper
from daemon.errors import SetupError
from daemon.media import LISTEN_RATE, Audio, Samples, Utterance
from daemon.worker import Cancelled, CancelToken
from tests.bench.words import distance

Weights = Callable[[str], Path]
SETTINGS = load(packaged_config()).settings.ears

UNFINISHED = "And it is worth mention in passing that, as an example of fine typography,"
FINISHED = "has never been surpassed."
JFK = (
    "And so, my fellow Americans: ask not what your country can do for you, "
    "ask what you can do for your country."
)


def read(audio_files: Path, name: str) -> Samples:
    return read_recording(audio_files / name, 60).samples


def silence(seconds: float) -> Samples:
    """A quiet room."""
    noise = np.random.default_rng(1).standard_normal(round(seconds * LISTEN_RATE), np.float32)
    return np.float32(2e-4) * noise


def cough() -> Samples:
    times = np.arange(round(0.3 * LISTEN_RATE)) / LISTEN_RATE
    burst = np.random.default_rng(2).normal(size=len(times))
    spectrum = np.fft.rfft(burst)
    spectrum *= np.exp(-(((np.fft.rfftfreq(len(times), 1 / LISTEN_RATE) - 800) / 900) ** 2))
    burst = np.fft.irfft(spectrum, len(times)) * np.exp(-times * 10) * (1 - np.exp(-times * 270))
    return np.asarray(0.8 * burst / np.abs(burst).max(), np.float32)


def noises() -> dict[str, Samples]:
    """Sounds that are no speech, four seconds each."""
    count = 4 * LISTEN_RATE
    times = np.arange(count) / LISTEN_RATE
    random = np.random.default_rng(3)
    spectrum = np.fft.rfft(random.normal(size=count))
    fan = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), count)
    chord = sum(np.sin(2 * np.pi * pitch * times) for pitch in (261.6, 329.6, 392.0, 523.3))
    keys = random.normal(size=count) * (np.arange(count) % 2700 < 60)
    return {
        "nothing": np.zeros(count, np.float32),
        "hiss": (0.05 * random.normal(size=count)).astype(np.float32),
        "fan": (0.05 * fan / fan.std()).astype(np.float32),
        "mains hum": (0.3 * np.sin(2 * np.pi * 50 * times)).astype(np.float32),
        "chord": (0.08 * np.asarray(chord)).astype(np.float32),
        "keyboard": (0.4 * keys).astype(np.float32),
        "cough": np.concatenate([silence(1.85), cough(), silence(1.85)]),
    }


def word_error_rate(said: str, heard: str) -> float:
    """Levenshtein's distance between the words, a share of those said."""
    plain = str.maketrans("", "", string.punctuation)
    one, other = (text.lower().translate(plain).split() for text in (said, heard))
    return distance(one, other) / len(one)


@pytest.fixture(scope="module")
def silero(weights: Weights) -> Silero:
    return Silero(weights("silero-vad") / "silero_vad.onnx")


@pytest.fixture(scope="module")
def smart_turn(weights: Weights) -> SmartTurn:
    return SmartTurn(weights("smart-turn") / "smart-turn.onnx")


@pytest.fixture
def endpointer(silero: Silero, smart_turn: SmartTurn) -> Endpointer:
    silero.reset()
    return Endpointer(SETTINGS, WebRtcVad(SETTINGS.gate), silero, smart_turn)


@pytest.fixture(scope="module", params=["openvino", "ctranslate2"])
def whisper(weights: Weights, request: pytest.FixtureRequest) -> Iterator[Whisper]:
    part = Whisper(weights("whisper-base"), ["en", "zh"], engine=request.param)
    yield part
    part.close()


def hear(endpointer: Endpointer, *pieces: Samples) -> tuple[list[EarEvent], list[Utterance]]:
    samples = np.concatenate(pieces)
    events: list[EarEvent] = [
        event
        for start in range(0, len(samples), 700)
        for event in endpointer.feed(samples[start : start + 700])
        if not isinstance(event, SpeechContinued | SpeechFaded | SpeechPaused)
    ]
    return events, [event.utterance for event in events if isinstance(event, SpeechEnded)]


def test_silero_knows_speech_from_noise(silero: Silero, audio_files: Path) -> None:
    def mean(samples: Samples) -> float:
        silero.reset()
        starts = range(0, len(samples) - CHUNK + 1, CHUNK)
        return float(np.mean([silero.probability(samples[at : at + CHUNK]) for at in starts]))

    assert mean(read(audio_files, "lj-unfinished.flac")) > 0.85
    assert all(mean(noise) < 0.1 for noise in noises().values())


def test_the_gate_lets_speech_through_and_silence_not(audio_files: Path) -> None:
    gate = WebRtcVad(SETTINGS.gate)
    assert not any(gate.passes(silence(0.032)) for _ in range(100))
    assert gate.passes(read(audio_files, "lj-finished.flac"))


@pytest.mark.parametrize(("gap_s", "loudness"), [(0.0, 1.0), (0.25, 1.0), (0.25, 0.01)])
def test_smart_turn_knows_a_finished_sentence(
    smart_turn: SmartTurn, audio_files: Path, gap_s: float, loudness: float
) -> None:
    def finished(voiced: Samples) -> float:
        samples = np.concatenate([voiced, silence(gap_s)])
        return smart_turn.finished(np.float32(loudness) * samples)

    assert finished(read(audio_files, "lj-finished.flac")) > 0.9
    assert finished(np.trim_zeros(read(audio_files, "question-en.wav"), "b")) > 0.9
    assert finished(read(audio_files, "lj-unfinished.flac")) < 0.2


def test_smart_turn_takes_any_length(smart_turn: SmartTurn, audio_files: Path) -> None:
    whole = read(audio_files, "jfk.flac")
    for samples in (whole[:1], whole, np.concatenate([whole, whole]), np.empty(0, np.float32)):
        assert 0 <= smart_turn.finished(samples) <= 1


@pytest.mark.parametrize(
    ("name", "starts_s", "ends_s"),
    [
        # by the level of the recording: the last 10 ms above -30 dB of its loudest
        ("lj-finished.flac", 0.00, 1.67),
        ("question-en.wav", 0.40, 1.95),
        ("question-zh.wav", 0.40, 1.89),
    ],
)
def test_an_utterance_is_where_the_speech_is(
    endpointer: Endpointer, audio_files: Path, name: str, starts_s: float, ends_s: float
) -> None:
    events, found = hear(endpointer, silence(1), read(audio_files, name), silence(3))
    (utterance,) = found
    started = events[0]
    assert isinstance(started, SpeechStarted)
    assert started.at / LISTEN_RATE - 1 == pytest.approx(starts_s, abs=0.07)
    assert utterance.end / LISTEN_RATE - 1 == pytest.approx(ends_s, abs=0.05)
    assert utterance.start < started.at


def test_a_pause_inside_a_sentence_does_not_end_it(
    endpointer: Endpointer, whisper: Whisper, audio_files: Path
) -> None:
    _, found = hear(
        endpointer,
        silence(1),
        read(audio_files, "lj-unfinished.flac"),
        silence(0.5),  # from 0.8 s on the words decide, which the conversation knows
        read(audio_files, "lj-finished.flac"),
        silence(3),
    )
    (utterance,) = found
    heard = whisper.transcribe(utterance.audio, CancelToken()).text
    assert word_error_rate(f"{UNFINISHED} {FINISHED}", heard) < 0.12


@pytest.mark.parametrize("name", list(noises()))
def test_noise_is_no_turn(endpointer: Endpointer, name: str) -> None:
    events, _ = hear(endpointer, silence(1), noises()[name], silence(2))
    assert events == []


def test_speech_in_noise_is_a_turn(endpointer: Endpointer, audio_files: Path) -> None:
    speech = np.concatenate([silence(2), read(audio_files, "question-en.wav"), silence(2)])
    fan = np.resize(noises()["fan"], len(speech))
    events, found = hear(endpointer, (speech + 0.5 * fan).astype(np.float32))
    assert len(found) == 1
    assert len(events) == 2


@pytest.mark.parametrize(
    ("name", "said", "most"),
    [
        ("lj-unfinished.flac", UNFINISHED, 0.15),  # "mentioning"; "has" for "as"
        ("lj-finished.flac", FINISHED, 0),
        ("jfk.flac", JFK, 0),
    ],
)
def test_english_is_written_down(
    whisper: Whisper, audio_files: Path, name: str, said: str, most: float
) -> None:
    heard = whisper.transcribe(Audio(read(audio_files, name), LISTEN_RATE), CancelToken())
    assert heard.language == "en"
    assert word_error_rate(said, heard.text) <= most
    assert heard.text == heard.text.strip()


def test_chinese_is_written_down_in_simplified_characters(
    whisper: Whisper, audio_files: Path
) -> None:
    sound = Audio(read(audio_files, "question-zh.wav"), LISTEN_RATE)
    heard = whisper.transcribe(sound, CancelToken())
    assert heard.language == "zh"
    assert re.sub(r"\W", "", heard.text) == "中国的首都是哪里"


@pytest.mark.parametrize("name", ["question-en.wav", "jfk.flac"])
def test_both_engines_are_as_sure_of_the_same_words(
    weights: Weights, audio_files: Path, name: str
) -> None:
    samples = read(audio_files, name)
    found = []
    for engine in get_args(EarsEngine)[1:]:
        part = Whisper(weights("whisper-base"), ["en", "zh"], engine=engine)
        network = part._network
        features = network.features(samples)
        network.encode(pad_or_trim(features, 3000))
        heard = network.languages_heard(("en", "zh"))
        language = max(heard, key=lambda code: heard[code])
        first, again = (network.decode(part._tokenizers[language], 100) for _ in range(2))
        assert first == again  # what was written before is forgotten
        assert network.decode(part._tokenizers[language], 3).tokens == first.tokens[:3]
        measured = network.decode(part._tokenizers[language], 30, ends=False)
        assert (len(measured.tokens), measured.ended) == (30, False)
        without = network.decode(part._tokenizers[language], 20, never=first.tokens[:1])
        assert first.tokens[0] not in without.tokens
        found.append((language, first))
        part.close()
    (one, ours), (other, theirs) = found
    assert one == other
    assert ours.tokens == theirs.tokens
    assert ours.ended and theirs.ended
    assert ours.confidence == pytest.approx(theirs.confidence, abs=0.05)
    assert ours.no_speech == pytest.approx(theirs.no_speech, abs=0.05)


@pytest.mark.parametrize(
    ("name", "seconds"), [*((name, 4.0) for name in noises()), ("fan", 0.3), ("nothing", 0.0)]
)
def test_noise_is_no_text(whisper: Whisper, name: str, seconds: float) -> None:
    samples = noises()[name][: round(seconds * LISTEN_RATE)]
    assert whisper.transcribe(Audio(samples, LISTEN_RATE), CancelToken()).text == ""


def test_one_language_is_not_detected(weights: Weights, audio_files: Path) -> None:
    chinese = Whisper(weights("whisper-base"), ["zh"])
    sound = Audio(read(audio_files, "question-en.wav"), LISTEN_RATE)
    assert chinese.transcribe(sound, CancelToken()).language == "zh"
    quiet = Audio(noises()["fan"], LISTEN_RATE)
    assert chinese.transcribe(quiet, CancelToken()).text == ""
    chinese.close()


def test_a_recording_longer_than_the_window_is_heard_to_its_end(
    whisper: Whisper, audio_files: Path
) -> None:
    jfk = read(audio_files, "jfk.flac")
    # The first window holds the same words twice: that is no loop.
    sound = Audio(np.concatenate([jfk, silence(1), jfk, silence(8), jfk]), LISTEN_RATE)
    heard = whisper.transcribe(sound, CancelToken())
    assert word_error_rate(" ".join([JFK] * 3), heard.text) == 0


def test_text_without_an_end_is_no_text(
    whisper: Whisper, audio_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Audio(read(audio_files, "jfk.flac"), LISTEN_RATE)
    monkeypatch.setattr("daemon.ears.whisper.TOKENS_PER_S", 0)
    assert whisper.transcribe(sound, CancelToken()).text == ""
    monkeypatch.setattr("daemon.ears.whisper.SPARE_TOKENS", 40)
    assert word_error_rate(JFK, whisper.transcribe(sound, CancelToken()).text) == 0


def test_a_cancelled_recogniser_stops(whisper: Whisper) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        whisper.transcribe(Audio(silence(1), LISTEN_RATE), cancel)


@pytest.mark.parametrize("engine", ["openvino", "ctranslate2"])
def test_an_english_model_refuses_chinese(
    weights: Weights, audio_files: Path, engine: EarsEngine
) -> None:
    directory = weights("whisper-tiny-en")
    with pytest.raises(SetupError, match="zh"):
        Whisper(directory, ["en", "zh"], engine=engine)
    english = Whisper(directory, ["en"], engine=engine)
    heard = english.transcribe(
        Audio(read(audio_files, "question-en.wav"), LISTEN_RATE), CancelToken()
    )
    assert heard.language == "en"
    assert word_error_rate("What is the capital of France?", heard.text) == 0
    assert english.transcribe(Audio(noises()["fan"], LISTEN_RATE), CancelToken()).text == ""
    english.close()


def test_a_missing_or_damaged_model_is_refused(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"has no model\.bin"):
        Whisper(tmp_path, ["en"])
    for file in weights("whisper-base").iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "model.bin").unlink()
    (tmp_path / "model.bin").write_bytes(b"cut short")
    with pytest.raises(SetupError, match="cannot be loaded"):
        Whisper(tmp_path, ["en"])
