"""A question within other people's talk, with the real ears and the real speaker encoder."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.config import load, packaged_config
from daemon.dialogue.filters import DialogueContext
from daemon.dialogue.speaker_identification import SpeakerIdentification
from daemon.dialogue.voice_gate import VoiceGate
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import EarEvent, SpeechEnded
from daemon.ears.speaker_id import FILE, WEIGHT, SpeakerEncoder
from daemon.ears.speech_detection import CHUNK, Silero, WebRtcVad
from daemon.ears.turn_detection import SmartTurn
from daemon.media import LISTEN_RATE, Audio, Samples
from daemon.people.person import Person, Profile
from daemon.people.voices import KnownVoices
from daemon.worker import CancelToken
from tests.fakes import VirtualWorker
from tests.virtual_time import run_virtual

LINDA = Person(1, "Linda", owner=True)
EARS = load(packaged_config()).settings.ears


@pytest.fixture(scope="module")
def voices(weights: Callable[[str], Path]) -> Iterator[KnownVoices]:
    known = KnownVoices(SpeakerEncoder(weights(WEIGHT) / FILE))
    yield known
    known.close()


def answered(
    weights: Callable[[str], Path], voices: KnownVoices, learnt: Samples, room: Samples
) -> list[tuple[float, float, float]]:
    """Return what one who answers Linda alone hears end: begin, end, and when that was noticed."""
    profile = Profile(LINDA, voices.voiceprints([Audio(learnt, LISTEN_RATE)], CancelToken()))
    silero = Silero(weights("silero-vad") / "silero_vad.onnx")
    turns = SmartTurn(weights("smart-turn") / "smart-turn.onnx")
    ears = Endpointer(EARS, WebRtcVad(EARS.gate), silero, turns)
    ears.tells_so_far = True
    ended: list[tuple[float, float, float]] = []

    async def load_voices() -> KnownVoices:
        return voices

    async def heard() -> AsyncIterator[EarEvent]:
        loop = asyncio.get_running_loop()
        for begin in range(0, len(room), CHUNK):
            await asyncio.sleep((begin + CHUNK) / LISTEN_RATE - loop.time())
            for event in ears.feed(room[begin : begin + CHUNK]):
                yield event

    async def main() -> None:
        speakers = SpeakerIdentification(VirtualWorker(0.03), load_voices, lambda: [profile])
        context = DialogueContext(answer_whom="known", people=[LINDA], follow_up_s=8.0)
        await speakers.refresh()
        async for event in VoiceGate(speakers, context).tell(heard()):
            if isinstance(event, SpeechEnded):
                said = event.utterance
                if (await speakers.identify(said.audio)).person is not None:
                    now = asyncio.get_running_loop().time()
                    ended.append((said.start / LISTEN_RATE, said.end / LISTEN_RATE, now))

    run_virtual(main())
    return ended


def test_a_sentence_amid_a_speech_is_cut_out_of_it(
    weights: Callable[[str], Path], voices: KnownVoices, audio_files: Path
) -> None:
    page = read_recording(audio_files / "lj-page.ogg", 60).samples
    speech = read_recording(audio_files / "jfk.flac", 60).samples * np.float32(0.4)
    question = read_recording(audio_files / "lj-unfinished.flac", 60).samples
    room = np.concatenate([speech[: 8 * LISTEN_RATE], question, speech, speech[:LISTEN_RATE]])
    begin = 8.0
    end = begin + len(question) / LISTEN_RATE
    [(began, ended, noticed)] = answered(weights, voices, page, room)
    assert began == pytest.approx(begin, abs=1.0)
    assert ended == pytest.approx(end, abs=1.0)
    assert noticed < end + 3.0, "the speech goes on for long"
