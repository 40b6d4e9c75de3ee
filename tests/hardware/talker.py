"""The daemon's ears and loudspeaker without a conversation: it talks on and tells what it hears.

Run as ``python -m tests.hardware.talker MODE RECORDING...``; MODE is a value of ``[ears] echo``. It
prints one JSON object for each turn that its ears notice.
"""

import asyncio
import sys
from pathlib import Path

import numpy as np

from daemon.audio.files import read_recording
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.microphone import Microphone
from daemon.audio.player import wait_until_heard
from daemon.bench.sound_server import make_realtime
from daemon.components import Components
from daemon.config import load, packaged_config
from daemon.dialogue.mute import Mute
from daemon.ears.events import SpeechEnded, SpeechStarted, SpeechTooShort
from daemon.listening import listen
from daemon.media import SPEAK_RATE
from daemon.worker import CancelToken, Worker
from tests.hardware.probe import tell

SETTLE_S = 3.0  # a stream that was just opened does not know its moments yet


async def main(mode: str, recordings: list[str]) -> None:
    settings = load(packaged_config()).settings
    ears = settings.ears.model_copy(update={"echo": mode})
    sounds = [read_recording(Path(name), 60).at_rate(SPEAK_RATE).samples for name in recordings]
    speech = np.concatenate(sounds)
    loudspeaker = Loudspeaker("")
    listening = Worker("ears")

    def hear(cancel: CancelToken) -> None:
        components = Components(settings.model_copy(update={"ears": ears}))
        microphone = Microphone("", components.echo(loudspeaker.played))
        endpointer = components.endpointer()
        microphone.open()
        try:
            for event in listen(microphone, endpointer, Mute(), lambda: False, cancel):
                if isinstance(event, SpeechStarted | SpeechEnded | SpeechTooShort):
                    tell(event=type(event).__name__)
        finally:
            microphone.close()

    async def talk() -> None:
        await asyncio.sleep(SETTLE_S)
        tell(event="talking")
        while True:
            await loudspeaker.begin()
            await loudspeaker.play(speech)
            await wait_until_heard(loudspeaker, len(speech))

    loudspeaker.open()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.run(hear))
            group.create_task(talk())
    finally:
        await loudspeaker.close()
        await listening.close()


if __name__ == "__main__":
    make_realtime(0)  # what other programs do must not tear the sound
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
