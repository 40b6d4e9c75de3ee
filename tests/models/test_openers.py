"""Openers of the default brain, spoken by the default voice and by a converted one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from daemon.audio.files import read_recording
from daemon.audio.player import MemoryPlayer
from daemon.brain.history import History
from daemon.config import load, packaged_config
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.openers import Openers
from daemon.dialogue.parts import Parts
from daemon.dialogue.reply import Reply
from daemon.dialogue.turn import Turn
from daemon.languages import language
from daemon.stages import ChatModel
from daemon.voice.bilingual import Bilingual
from daemon.voice.mandarin import Mandarin
from daemon.voice.piper import Piper
from daemon.voice.world import World, measure
from daemon.worker import CancelToken, Worker
from tests.fakes import FakeRecognizer, VirtualWorker
from tests.fakes import parts as scripted_parts
from tests.virtual_time import run

SETTINGS = load(packaged_config()).settings
RECORDING = Path(__file__).parent.parent / "audio" / "lj-page.ogg"


@pytest.fixture(scope="module")
def voice(weights: Callable[[str], Path]) -> Iterator[Bilingual]:
    made = Bilingual(Piper(weights("piper-joe")), Mandarin(weights("mandarin-baker")))
    made.warm_up()
    yield made
    made.close()


def spoken(brain: ChatModel, voice: Bilingual, question: str, parts: Parts) -> list[Reply]:
    """Ask twice, and return both answers."""
    replies = []

    async def main() -> None:
        workers = Worker("brain"), Worker("voice")
        for _ in range(2):
            history = History(SETTINGS.brain.persona, brain, 60)
            real = replace(
                parts,
                chat_model=brain,
                synthesizer=voice,
                history=history,
                thinking=workers[0],
                speaking=workers[1],
                lip_sync=None,
            )
            reply = Reply(Turn(1, question), real, MemoryPlayer(), None)
            await reply.run()
            replies.append(reply)
        for worker in workers:
            await worker.close()

    run(main())
    return replies


@pytest.mark.parametrize("question", ["Do you speak Chinese?", "鲸鱼是鱼吗？"])
def test_its_answer_begins_with_an_opener_and_is_the_same(
    brain: ChatModel, voice: Bilingual, question: str
) -> None:
    made = scripted_parts(FakeRecognizer(), None)  # type: ignore[arg-type]
    whole, _ = spoken(brain, voice, question, made)
    _, opened = spoken(brain, voice, question, replace(made, openers=Openers(SETTINGS)))
    assert opened.spoken[0].sentence.opener and not opened.spoken[1].sentence.opener
    assert opened.spoken[1].start == len(opened.spoken[0].audio.samples)
    assert opened.heard(10**9) == whole.heard(10**9)


def test_the_sound_is_that_of_the_converted_voice(brain: ChatModel, voice: Bilingual) -> None:
    plain = measure(
        list(voice.synthesize(language("en").said.calibration, CancelToken())), CancelToken()
    )
    person = measure([read_recording(RECORDING, 60, rate=None)], CancelToken())
    conversion = Conversion("somebody", VirtualWorker())
    conversion.use(World(person, [plain]))
    openers = Openers(SETTINGS)
    made = scripted_parts(FakeRecognizer(), None)  # type: ignore[arg-type]
    made = replace(made, openers=openers, conversion=conversion)
    first, second = spoken(brain, voice, "Do you speak Chinese?", made)
    opener = first.spoken[0]
    assert opener.sentence.opener
    kept = openers.sounds.get(opener.sentence.text)
    assert kept is not None
    for reply in (first, second):
        assert np.array_equal(reply.spoken[0].audio.samples, kept.samples)
