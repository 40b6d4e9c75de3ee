"""The way of Digital Life DL-B: each stage waits for the whole of the one before.

With our models and recordings, stage by stage: Whisper's window of half a minute, the whole answer,
its whole speech. What the turn's end and the loudspeaker take is left out, so that the figure is
the least it can be.
"""

import statistics
import time

from daemon.bench.figures import Row
from daemon.bench.speech import load_script
from daemon.config import Settings
from daemon.ears import whisper
from daemon.loading import Loader
from daemon.media import LISTEN_RATE, Audio, Message
from daemon.worker import CancelToken

QUESTIONS = 10


def rows(settings: Settings) -> list[Row]:
    """Answer a few questions so."""
    clips = load_script(settings).questions[:QUESTIONS]
    loader = Loader(settings)
    parts = ears, brain, voice = loader.recognizer(), loader.brain(), loader.voice()
    spare, whisper.SPARE_FRAMES = whisper.SPARE_FRAMES, whisper.FRAMES
    try:
        for part in parts:
            part.warm_up()
        took = []
        for clip in clips:
            begin = time.perf_counter()
            heard = ears.transcribe(Audio(clip.samples, LISTEN_RATE), CancelToken())
            persona = Message("system", settings.brain.persona)
            prompt = [persona, Message("user", heard.text)]
            answer = "".join(brain.reply(prompt, CancelToken()))
            list(voice.synthesize(answer, CancelToken()))
            took.append(time.perf_counter() - begin)
    finally:
        whisper.SPARE_FRAMES = spare
        for part in parts:
            part.close()
    figure = f"median {statistics.median(took):.2f}, longest {max(took):.2f} s"
    return [Row(f"the original's way, {QUESTIONS} questions: your turn's end → sound", figure)]
