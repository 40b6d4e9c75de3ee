"""Which reading of the words counts: the real tokens, with readings that are told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from daemon.audio.files import read_recording
from daemon.ears.openvino.engine import OpenVinoWhisper
from daemon.ears.whisper import AT_FIRST, Whisper
from daemon.ears.whisper_engine import FRAMES, Decoded
from daemon.media import LISTEN_RATE, Audio
from daemon.worker import CancelToken


@pytest.fixture(scope="module")
def whisper(weights: Callable[[str], Path]) -> Iterator[Whisper]:
    part = Whisper(weights("whisper-base"), ["en"])
    yield part
    part.close()


SHORT, LONG = "What should I wear", "What should I wear when it rains?"


@pytest.mark.parametrize(
    ("short", "window", "words", "readings"),
    [
        # (text, mean log probability, probability that nobody spoke) with little padding and as
        # trained; None: nothing that has an end
        ((SHORT, -0.3, 0.1), None, SHORT, 1),
        # what a question lost, and what it was
        ((SHORT, -0.56, 0.1), (LONG, -0.09, 0.1), LONG, 2),
        ((LONG, -0.56, 0.1), (SHORT, -0.65, 0.1), LONG, 2),
        # noise for which the short window has words, and more confident ones
        ((SHORT, -0.8, 0.5), (LONG, -1.3, 0.7), "", 2),
        ((SHORT, -0.8, 0.5), None, "", 3),
        ((" yes" * 6, -0.2, 0.1), (SHORT, -0.6, 0.1), SHORT, 2),
        # a person who repeats themself
        ((" yes" * 6, -0.2, 0.1), (" no" * 6, -0.3, 0.1), "no no no no no no", 2),
    ],
)
def test_words_in_doubt_are_read_again_and_the_likelier_reading_counts(
    whisper: Whisper,
    monkeypatch: pytest.MonkeyPatch,
    short: tuple[str, float, float],
    window: tuple[str, float, float] | None,
    words: str,
    readings: int,
) -> None:
    tokenizer = whisper._tokenizers["en"]
    script = iter([short, window, None])
    read = []

    def decode(*_: object, **__: object) -> Decoded:
        said = next(script)
        read.append(said)
        if said is None:
            return Decoded([1], False, -2.0, 0.1)
        return Decoded(tokenizer.encode(said[0]), True, said[1], said[2])

    monkeypatch.setattr(whisper, "_decode", decode)
    second = Audio(np.zeros(LISTEN_RATE, np.float32), LISTEN_RATE)
    assert whisper.transcribe(second, CancelToken()).text == words
    assert len(read) == readings


def test_graphs_are_kept_and_made_anew_where_they_are_damaged(
    weights: Callable[[str], Path], audio_files: Path, tmp_path: Path
) -> None:
    folder, kept = weights("whisper-tiny-en"), tmp_path / "engines"
    samples = read_recording(audio_files / "question-en.wav", 60).samples
    texts = []

    def read() -> None:
        engine = OpenVinoWhisper(folder, 1, "f32", keep=kept)
        tokenizer = Tokenizer(engine.vocabulary, engine.multilingual, "transcribe", "en")
        engine.encode(pad_or_trim(engine.features(samples), FRAMES))
        engine.settle()
        texts.append(tokenizer.decode(engine.decode(tokenizer, 50).tokens))
        engine.close()

    read()
    (place,) = kept.iterdir()
    made = (place / "encoder.bin").stat().st_mtime_ns
    read()
    assert (place / "encoder.bin").stat().st_mtime_ns == made
    (place / "decoder.xml").write_text("no graph")
    read()
    assert not place.exists()
    read()
    (place / "encoder.bin").unlink()
    read()
    assert (place / "encoder.bin").exists()
    assert len(texts) == 5
    assert all(text.strip() == "What is the capital of France?" for text in texts)


def test_graphs_that_the_disk_does_not_take_are_made_in_memory(
    weights: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "engines").write_text("a file where a folder should be")
    engine = OpenVinoWhisper(weights("whisper-tiny-en"), 1, "f32", keep=tmp_path / "engines")
    engine.encode(np.zeros((80, 400), np.float32))
    engine.settle()
    engine.close()


def test_a_second_language_is_read_where_it_may_be_that_and_the_likelier_words_count(
    weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Whisper(weights("whisper-base"), ["en", "zh", "it", "pt"])
    told = {"it": (" Che hora son?", -0.9), "pt": (" Que horas são?", -0.2), "en": ("", -2.0)}
    heard = {"en": 0.02, "zh": 0.01, "it": 0.5, "pt": 0.4}
    read: list[str] = []

    def decode(language: str, _seconds: float, no_repeat: int = 0) -> Decoded:
        text, confidence = told[language]
        read.append(language)
        return Decoded(part._tokenizers[language].encode(text), True, confidence, 0.1)

    monkeypatch.setattr(part, "_decode", decode)
    monkeypatch.setattr(part._network, "languages_heard", lambda among: heard, raising=True)
    said = part.transcribe(Audio(np.zeros(LISTEN_RATE, np.float32), LISTEN_RATE), CancelToken())
    assert (said.text, said.language) == ("Que horas são?", "pt")
    assert read == ["it", "pt"]
    heard |= {"it": 0.01, "pt": 0.01, "en": 0.5, "zh": 0.45}
    assert part._languages(3, 0.02) == ["en"], "between these two there is no doubt"
    part.close()


def test_the_language_that_was_spoken_last_is_the_likeliest(
    weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Whisper(weights("whisper-base"), ["en", "it", "pt"])
    heard = {"en": 0.5, "it": 0.05, "pt": 0.01}
    monkeypatch.setattr(part._network, "languages_heard", lambda among: heard, raising=True)

    def decode(language: str, _seconds: float, no_repeat: int = 0) -> Decoded:
        text, confidence = {"pt": (" Que horas são?", -0.2), "en": (" Key auto", -1.0)}[language]
        return Decoded(part._tokenizers[language].encode(text), True, confidence, 0.1)

    monkeypatch.setattr(part, "_decode", decode)
    second = Audio(np.zeros(LISTEN_RATE, np.float32), LISTEN_RATE)
    heard |= {"pt": 0.8}
    assert part.transcribe(second, CancelToken()).language == "pt"
    heard |= {"pt": 0.03}
    assert part._languages(*AT_FIRST) == ["en", "pt"]
    assert part.transcribe(second, CancelToken()).text == "Que horas são?"
    part.understand(["en", "pt"])
    assert part._languages(*AT_FIRST) == ["en"], "nothing was said since"
    part.close()


def test_hindi_is_written_in_its_own_letters(weights: Callable[[str], Path]) -> None:
    part = Whisper(weights("whisper-base"), ["hi"])
    never = set(part._never["hi"])
    tokenizer = part._tokenizers["hi"]
    for text in ("کیا", "kya", "2026", "São", "你好", "που"):
        assert set(tokenizer.encode(text)) & never, text
    for text in ("क्या हाल है?", " कृपया मुझे, ज्ञान! ड़ढ़। क़"):
        assert not set(tokenizer.encode(text)) & never, text
    assert tokenizer.eot not in never
    part.close()
