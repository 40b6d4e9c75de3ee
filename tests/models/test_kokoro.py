"""Kokoro's real network and voices, read back by Whisper base."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Audio
from daemon.voice.kokoro.halves import HalvedKokoro, WholeKokoro, load
from daemon.voice.kokoro.network import KokoroNetwork, open_network, voice_names
from daemon.voice.kokoro.voice import Kokoro
from daemon.voice.language_runs import LanguageRun, Polyglot
from daemon.voice.loudness import loudness
from daemon.worker import CancelToken
from tests.hearing import sounds_like

pytestmark = pytest.mark.timeout(600)

Weights = Callable[[str], Path]
Listen = Callable[[Audio, str], str]


@pytest.fixture(scope="module")
def network(weights: Weights) -> Iterator[KokoroNetwork]:
    network = open_network(weights("kokoro"))
    yield network
    network.close()


@pytest.fixture(scope="module")
def listen(weights: Weights) -> Listen:
    folder = weights("whisper-base")
    ears: dict[str, Whisper] = {}

    def transcribe(audio: Audio, language: str) -> str:
        whisper = ears.setdefault(language, Whisper(folder, [language]))
        return whisper.transcribe(audio.at_rate(LISTEN_RATE), CancelToken()).text

    return transcribe


def say(voice: Kokoro, text: str) -> Audio:
    pieces = list(voice.synthesize(text, CancelToken()))
    return Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)


def plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("af_heart", "en", "The capital of France is Paris, and it is a beautiful city."),
        ("bm_george", "en", "There are seven days in a week, and I like Sunday best."),
        ("zf_xiaoxiao", "zh", "法国的首都是巴黎，那里有很多好吃的东西。"),
        ("zm_yunxi", "zh", "你好，今天天气怎么样？"),
        ("ef_dora", "es", "La capital de Francia es París, una ciudad muy bonita."),
        ("ff_siwis", "fr", "La capitale de la France est Paris, une très belle ville."),
        ("if_sara", "it", "La capitale della Francia è Parigi, una bella città."),
        ("pf_dora", "pt", "A capital da França é Paris, uma cidade muito bonita."),
    ],
)
def test_voices_are_understood(
    network: KokoroNetwork, listen: Listen, name: str, language: str, text: str
) -> None:
    heard = listen(say(Kokoro(network, name), text), language)
    assert sounds_like(heard, text), heard


def test_all_54_voices_speak(network: KokoroNetwork) -> None:
    names = voice_names(network.directory)
    assert len(names) == 54
    for name in names:
        voice = Kokoro(network, name)
        (sound,) = voice.synthesize_runs([LanguageRun("en", "Hello there.")], CancelToken())
        assert 0.3 < sound.seconds < 3
        assert np.abs(sound.samples).max() > 0.05


def test_guests_are_spoken_in_the_same_voice(network: KokoroNetwork, listen: Listen) -> None:
    voice = Kokoro(network, "zf_xiaoxiao")
    assert isinstance(voice, Polyglot)
    heard = listen(say(voice, "他在 Microsoft 工作。"), "zh")
    assert "microsoft" in plain(heard) and "工作" in heard, heard


def test_clauses_come_one_by_one_and_stop_when_cancelled(network: KokoroNetwork) -> None:
    cancel = CancelToken()
    text = "This is the first clause, this is the second one. And this is the third, my friend."
    spoken = Kokoro(network, "af_heart").synthesize(text, cancel)
    next(spoken)
    cancel.cancel()
    assert next(spoken, None) is None


def test_pace_is_followed(network: KokoroNetwork) -> None:
    voice = Kokoro(network, "af_heart")
    seconds = []
    for speed in (1.0, 1.5):
        voice.set_speed(speed)
        seconds.append(say(voice, "The children play in the garden after school.").seconds)
    assert seconds[1] < 0.85 * seconds[0]


@pytest.mark.parametrize("text", ["…!?", "", "\u200b\u202e", "🧑‍💻"])
def test_nothing_to_say_is_silence(network: KokoroNetwork, text: str) -> None:
    assert not list(Kokoro(network, "af_heart").synthesize(text, CancelToken()))


def test_silence_that_is_not_computed_is_not_missed(weights: Weights, tmp_path: Path) -> None:
    folder = weights("kokoro")
    halved = load(folder / "kokoro.onnx", directory=tmp_path)
    assert isinstance(halved, HalvedKokoro)
    whole = KokoroNetwork(folder, WholeKokoro(folder / "kokoro.onnx", 2))
    quick = KokoroNetwork(folder, halved)
    text = "The children play in the garden,"
    sounds = [
        list(Kokoro(net, "af_heart").synthesize(text, CancelToken())) for net in (whole, quick)
    ]
    (one,), (other,) = sounds
    assert abs(one.seconds - other.seconds) < 0.05
    assert np.isclose(loudness(one), loudness(other), atol=1.0)


def test_damaged_halves_are_told_or_made_anew(weights: Weights, tmp_path: Path) -> None:
    network = weights("kokoro") / "kokoro.onnx"
    load(network, directory=tmp_path)
    (place,) = tmp_path.iterdir()
    (place / "decoder.onnx").unlink()
    assert isinstance(load(network, directory=tmp_path), HalvedKokoro)
    (place / "decoder.onnx").write_bytes(b"damaged")
    assert isinstance(load(network, directory=tmp_path), WholeKokoro)
    assert isinstance(load(network, directory=tmp_path), HalvedKokoro)
    (place / "decoder.onnx").unlink()
    (place / "decoder.onnx").symlink_to(place / "before.onnx")
    assert isinstance(load(network, directory=tmp_path), WholeKokoro), "another half"
    assert isinstance(load(network, directory=tmp_path), HalvedKokoro)
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    assert isinstance(load(network, directory=in_the_way), WholeKokoro)
