"""Questions in each language, spoken by espeak-ng, as Whisper hears them among all languages."""

import io
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from daemon.ears.whisper import Whisper
from daemon.languages import codes, language
from daemon.media import Audio
from daemon.worker import CancelToken

QUESTIONS = {
    "en": "What is the capital of France?",
    "es": "Buenos días. ¿Cuál es la capital de Francia?",
    "it": "Buongiorno. Qual è la capitale della Francia?",
    "de": "Guten Tag. Was ist die Hauptstadt von Frankreich?",
    "ru": "Здравствуйте. Какой город столица Франции?",
}
"""In the languages that espeak-ng speaks well enough for the smallest multilingual Whisper."""
ALIKE = 0.6  # of the letters: espeak-ng is a machine from the last century


@pytest.fixture(scope="module")
def whisper(weights: Callable[[str], Path]) -> Iterator[Whisper]:
    part = Whisper(weights("whisper-base"), codes())
    yield part
    part.close()


def say(text: str, code: str) -> Audio:
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


@pytest.mark.parametrize("code", QUESTIONS)
def test_a_question_is_heard_in_its_language(whisper: Whisper, code: str) -> None:
    heard = whisper.transcribe(say(QUESTIONS[code], code), CancelToken())
    assert heard.language == code
    alike = SequenceMatcher(None, heard.text.casefold(), QUESTIONS[code].casefold()).ratio()
    assert alike > ALIKE, heard.text
