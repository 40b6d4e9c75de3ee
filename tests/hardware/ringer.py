"""A loudspeaker that speaks, rings over its speech, and once more when it is silent.

Run as ``python -m tests.hardware.ringer RECORDING``; prints where the reply was when it rang, and
where after it.
"""

import asyncio
import json
import sys
from pathlib import Path

from daemon.audio.chime import make_chime
from daemon.audio.files import read_recording
from daemon.audio.loudspeaker import Loudspeaker
from daemon.audio.player import POLL_S, wait_until_heard
from daemon.cli import leave
from daemon.media import SPEAK_RATE

SPEECH_S = 5  # of the recording
RING_AT = SPEAK_RATE  # samples of the reply


async def speak_and_ring(recording: Path) -> None:
    loudspeaker = Loudspeaker("")
    await asyncio.to_thread(loudspeaker.open)
    try:
        speech = read_recording(recording, 60, SPEAK_RATE).samples[: SPEECH_S * SPEAK_RATE]
        await loudspeaker.begin()
        playing = asyncio.create_task(loudspeaker.play(speech))
        await wait_until_heard(loudspeaker, RING_AT)
        loudspeaker.overlay.ring("timer", 1.0)
        print(json.dumps({"rang": loudspeaker.audible()}), flush=True)
        await playing
        await wait_until_heard(loudspeaker, len(speech))
        print(json.dumps({"ended": loudspeaker.audible()}), flush=True)
        await asyncio.sleep(1)
        loudspeaker.overlay.ring("reminder", 1.0)
        while loudspeaker.overlay.sounds:  # noqa: ASYNC110 (as the player's POLL_S says)
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(len(make_chime("timer")) / SPEAK_RATE)  # the device is behind
        print(json.dumps({"silent": loudspeaker.audible()}), flush=True)
    finally:
        await loudspeaker.close()


if __name__ == "__main__":
    asyncio.run(speak_and_ring(Path(sys.argv[1])))
    sys.exit(leave(0))
