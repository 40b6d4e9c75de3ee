"""Questions in each language, spoken by Kokoro, as Whisper hears them among eight languages.

Kokoro has no German and no Russian voice; espeak-ng speaks these.
"""

import io
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.ears.whisper import Whisper
from daemon.languages import codes, language
from daemon.media import LISTEN_RATE, Audio
from daemon.voice.kokoro.network import KokoroNetwork, open_network
from daemon.voice.kokoro.voice import Kokoro
from daemon.worker import CancelToken
from tests.hearing import sounds_like

pytestmark = pytest.mark.timeout(600)

QUESTIONS = {
    "af_heart": ("en", "What is the capital of Italy?"),
    "zf_xiaoxiao": ("zh", "明天会下雨吗？"),
    "ef_dora": ("es", "¿Cuál es la capital de Italia?"),
    "ff_siwis": ("fr", "Quelle est la capitale de l'Italie ?"),
    "if_sara": ("it", "Qual è la capitale della Francia?"),
    "pf_dora": ("pt", "Como você está?"),
    "jf_alpha": ("ja", "お名前は何ですか？"),
    "hm_omega": ("hi", "आपका नाम क्या है?"),
}
KOKORO = ["en", "zh", "es", "fr", "it", "pt", "ja", "hi"]
OTHERS = {
    "de": "Guten Tag. Was ist die Hauptstadt von Frankreich?",
    "ru": "Здравствуйте. Какой город столица Франции?",
}


@pytest.fixture(scope="module")
def whisper(weights: Callable[[str], Path]) -> Iterator[Whisper]:
    part = Whisper(weights("whisper-base"), codes())
    yield part
    part.close()


@pytest.fixture(scope="module")
def network(weights: Callable[[str], Path]) -> Iterator[KokoroNetwork]:
    network = open_network(weights("kokoro"))
    yield network
    network.close()


def spoken(network: KokoroNetwork, name: str, text: str) -> Audio:
    pieces = list(Kokoro(network, name).synthesize(text, CancelToken()))
    sound = Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate)
    return sound.at_rate(LISTEN_RATE)


def by_espeak(text: str, code: str) -> Audio:
    command = shutil.which("espeak-ng")
    assert command, "one of the system's packages that tests need"
    made = subprocess.run(
        [command, "-v", language(code).voices.espeak, "-s", "145", "--stdout", text],
        check=True,
        capture_output=True,
    ).stdout
    with wave.open(io.BytesIO(made)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(len(made)), "<i2") / np.float32(32768)
    return Audio(samples.astype(np.float32), rate)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("many", [True, False], ids=["eight languages", "two"])
def test_a_question_is_heard_in_its_language(
    whisper: Whisper, network: KokoroNetwork, name: str, many: bool
) -> None:
    code, text = QUESTIONS[name]
    whisper.understand(KOKORO if many else ["en", code] if code != "en" else ["en", "zh"])
    heard = whisper.transcribe(spoken(network, name, text), CancelToken())
    assert heard.language == code
    assert sounds_like(heard.text, text), heard.text


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_without_a_voice_of_ours_is_heard_among_all(whisper: Whisper, code: str) -> None:
    whisper.understand(codes())
    heard = whisper.transcribe(by_espeak(OTHERS[code], code), CancelToken())
    assert heard.language == code
    assert sounds_like(heard.text, OTHERS[code]), heard.text
