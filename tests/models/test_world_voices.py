"""WORLD voices on real speech: more like the person wanted, and as well understood."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from daemon.audio.files import read_recording
from daemon.bench.sound_server import write_wav
from daemon.cli import main
from daemon.ears.whisper import Whisper
from daemon.media import LISTEN_RATE, Audio
from daemon.voice import english_text
from daemon.voice.catalogue import TIMBRE, find_voice
from daemon.voice.piper import Piper
from daemon.voice.speaker import FILE, VoiceEncoder
from daemon.voice.world import Timbre, World, measure
from daemon.worker import CancelToken
from tests.models import test_voices
from tests.models.test_voices import ENGLISH, errors

pytestmark = pytest.mark.timeout(600)

Weights = Callable[[str], Path]
Listen = Callable[[Audio], str]
PEOPLE = ("lj-page.ogg", "jfk.flac")

# Piper draws the melody of each sentence at random, and of twelve sentences one that is misheard
# may cost 7 %: over six draws a voice lost between 3 % less and 6 % more words than the plain one.
# So each is judged over several draws, where it was 2.4 % at most.
TAKES = 3


@pytest.fixture(scope="module")
def speech(weights: Weights) -> list[Audio]:
    onnxruntime.set_seed(1)  # Piper draws the melody of a sentence at random
    piper = Piper(weights("piper-joe"))
    spoken = []
    for text in ENGLISH * TAKES:
        pieces = list(piper.synthesize(text, CancelToken()))
        spoken.append(Audio(np.concatenate([p.samples for p in pieces]), pieces[0].rate))
    return spoken


@pytest.fixture(scope="module")
def people(audio: Path) -> dict[str, Audio]:
    return {name: read_recording(audio / name, 60, rate=None) for name in PEOPLE}


@pytest.fixture(scope="module")
def audio() -> Path:
    return Path(__file__).parent.parent / "audio"


@pytest.fixture(scope="module")
def converted(speech: list[Audio], people: dict[str, Audio]) -> dict[str, list[Audio]]:
    plain = measure(speech[:4], CancelToken())
    made = {}
    for name, person in people.items():
        converter = World(measure([person], CancelToken()), [plain])
        made[name] = [converter.convert(sentence, CancelToken()) for sentence in speech]
    return made


def joined(sentences: list[Audio]) -> Audio:
    samples = [sentence.at_rate(LISTEN_RATE).samples for sentence in sentences]
    return Audio(np.concatenate(samples), LISTEN_RATE)


@pytest.mark.parametrize("name", PEOPLE)
def test_it_comes_nearer_to_the_person(
    weights: Weights,
    speech: list[Audio],
    people: dict[str, Audio],
    converted: dict[str, list[Audio]],
    name: str,
) -> None:
    """By Resemblyzer, for which two recordings of one person are 0.75 to 0.95 alike."""
    pytest.importorskip("torch")
    encoder = VoiceEncoder(weights("speaker-encoder") / FILE)
    person = encoder.embed(people[name].at_rate(LISTEN_RATE).samples)
    before = float(person @ encoder.embed(joined(speech).samples))
    after = float(person @ encoder.embed(joined(converted[name]).samples))
    assert after > before + 0.1, (before, after)
    assert after > 0.65, (before, after)
    others = [other for other in PEOPLE if other != name]
    for other in others:
        stranger = encoder.embed(people[other].at_rate(LISTEN_RATE).samples)
        assert after > float(stranger @ encoder.embed(joined(converted[name]).samples))


def words(text: str) -> list[str]:
    """Return the words as they are spoken: who hears "3 cats" has heard three words."""
    return test_voices.words(english_text.spoken(text))


def wrong(sentences: list[Audio], listen: Listen) -> float:
    """Return the share of words that are misheard."""
    said = [words(text) for text in ENGLISH * TAKES]
    heard = [words(listen(sentence)) for sentence in sentences]
    return sum(errors(a, b) for a, b in zip(said, heard, strict=True)) / sum(map(len, said))


@pytest.fixture(scope="module")
def listen(weights: Weights) -> Listen:
    ears = Whisper(weights("whisper-base"), ["en"])
    return lambda audio: ears.transcribe(audio.at_rate(LISTEN_RATE), CancelToken()).text


@pytest.fixture(scope="module")
def wrong_anyway(speech: list[Audio], listen: Listen) -> float:
    """The share that is misheard in the plain voice."""
    return wrong(speech, listen)


@pytest.mark.parametrize("name", PEOPLE)
def test_it_is_still_understood(
    converted: dict[str, list[Audio]], listen: Listen, wrong_anyway: float, name: str
) -> None:
    assert wrong(converted[name], listen) <= wrong_anyway + 0.05


@pytest.mark.parametrize("name", PEOPLE)
def test_length_and_loudness_are_kept(
    speech: list[Audio], converted: dict[str, list[Audio]], name: str
) -> None:
    for plain, made in zip(speech, converted[name], strict=True):
        assert abs(plain.seconds - made.seconds) < 0.001
        assert np.abs(made.samples).max() <= 0.951


def test_four_seconds_make_a_voice_and_a_warning(
    people: dict[str, Audio],
    weights: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights("silero-vad")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    page = people["lj-page.ogg"]
    short = tmp_path / "short.wav"
    write_wav(short, Audio(page.samples[: 5 * page.rate], page.rate))
    assert main(["voices", "add", "short", "--from", str(short), "--yes"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "s of speech; half a minute is wanted" in told
    timbre = Timbre.load(find_voice("short").directory / TIMBRE)
    whole = measure([page], CancelToken())
    assert abs(timbre.pitch - whole.pitch) < 0.25, "it is this person's pitch"
