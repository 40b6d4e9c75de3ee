"""When a turn is taken for ended, without waiting: ``python -m tests.bench.turn_ends``.

The bench's sentences go through endpointer, Whisper and brain as fast as these are; only the
silence counts as time, and what Whisper and the brain took is added to it. Each sentence with a
place to pause gives two: its first half, after which somebody goes on 0.4 to 1 s later, and the
whole of it with the pause inside. An answer is taken to be heard as soon as the turn has ended,
which is stricter than ``bench live``: there it has to be made first.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daemon.bench.figures import Row, spread, table
from daemon.bench.speech import PAUSE_S, PAUSED, load_recordings, quietest, whole
from daemon.brain.end_of_utterance import (
    is_plainly_unfinished,
    is_plainly_whole,
    is_too_short_to_tell,
)
from daemon.brain.history import History
from daemon.commands.console import out
from daemon.components import Components
from daemon.config import load, packaged_config
from daemon.dialogue.thinking import end_of_sentence
from daemon.dialogue.turn import MAX_UNFINISHED_WAIT_S, is_complete
from daemon.dialogue.utterances import join_utterances
from daemon.ears.endpointing import Endpointer
from daemon.ears.events import SpeechEnded, SpeechFaded
from daemon.ears.speech_detection import CHUNK
from daemon.languages.guess import language_of
from daemon.media import LISTEN_RATE, Samples, Utterance
from daemon.stages import ChatModel, Recognizer
from daemon.worker import CancelToken

LEAD_S, TAIL_S = 0.5, 2.0
NOISE = 1e-4  # of full scale: no microphone is silent
LATE_S = 1.0
RESUMED_S = 0.26  # from when somebody goes on until that counts as speech
PAUSES_S = np.linspace(*PAUSE_S, 13)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was made of one sentence, or of half of one."""

    half: bool
    text: str
    after_s: float
    """From its true end until the turn had ended."""


class Replay:
    """The ears and the brain, asked as fast as they are."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._recognizer: Recognizer = components.recognizer()
        self._brain: ChatModel = components.brain()
        brain = components.settings.brain
        self._history = History(brain.persona, self._brain, brain.max_reply_tokens)
        self._recognizer.warm_up()
        self._brain.warm_up()

    def close(self) -> None:
        """Free the models."""
        self._brain.close()
        self._recognizer.close()

    def decide(self, sound: Samples, half: bool) -> Decision:
        """Play ``sound`` (``LISTEN_RATE``) and silence; tell when the turn had ended."""
        lead, tail = (np.zeros(round(s * LISTEN_RATE), np.float32) for s in (LEAD_S, TAIL_S))
        played = np.concatenate([lead, sound, tail])
        rng = np.random.default_rng(len(sound))
        played += rng.standard_normal(len(played)).astype(np.float32) * NOISE
        end = len(lead) + len(sound)
        said, faded_at, ended = hear(self._components.endpointer(), played)
        began = time.monotonic()
        words = self._recognizer.transcribe(said.audio, CancelToken()).text
        complete = is_complete(ended.sure, self._whole(words))
        known = (faded_at - end) / LISTEN_RATE + time.monotonic() - began
        wait_s = 0.0 if complete else MAX_UNFINISHED_WAIT_S
        return Decision(half, words, max((ended.at - end) / LISTEN_RATE, known, wait_s))

    def _whole(self, words: str) -> float | None:
        language = language_of(words, ("en", "zh"))
        if is_plainly_unfinished(words, language):
            return 0.0
        if is_too_short_to_tell(words):
            return None
        if is_plainly_whole(words):
            return 1.0
        return end_of_sentence(self._brain, self._history, words, language, None, "", CancelToken())


def hear(endpointer: Endpointer, sound: Samples) -> tuple[Utterance, int, SpeechEnded]:
    """Return what was said, the last moment of silence that was noticed, and the last end.

    Where a turn had ended in a pause, what follows belongs to it, as when its answer is not there
    yet.
    """
    said: Utterance | None = None
    faded: SpeechFaded | None = None
    ended: SpeechEnded | None = None
    for begin in range(0, len(sound), CHUNK):
        for event in endpointer.feed(sound[begin : begin + CHUNK]):
            if isinstance(event, SpeechFaded):
                faded = event
            elif isinstance(event, SpeechEnded):
                ended, said = event, join_utterances(said, event.utterance)
    assert said and faded and ended, "there is speech in it"
    return said, faded.at, ended


def measure(components: Components) -> list[Decision]:
    """Decide about all sentences of the bench."""
    settings = components.settings
    halves = {
        whole(language, *pair): len(pair[0]) / (len(pair[0]) + len(pair[1]))
        for language in settings.ears.languages
        for pair in PAUSED[language]
    }
    pauses = iter(np.resize(PAUSES_S, len(halves)))
    replay = Replay(components)
    found = []
    try:
        for _, text, sound in load_recordings(settings):
            if text in halves:
                joint = quietest(sound, halves[text])
                silence = np.zeros(round(next(pauses) * LISTEN_RATE), np.float32)
                found.append(replay.decide(sound[:joint], half=True))
                sound = np.concatenate([sound[:joint], silence, sound[joint:]])
            found.append(replay.decide(sound, half=False))
    finally:
        replay.close()
    return found


def rows(found: Sequence[Decision]) -> list[Row]:
    """Sum up."""
    halves = [one for one in found if one.half]
    wholes = [one.after_s for one in found if not one.half]
    cut = sum(float(np.mean(one.after_s < PAUSES_S + RESUMED_S)) for one in halves)
    late = sum(after_s >= LATE_S for after_s in wholes)
    summed = spread(wholes)
    text = f"median {summed.median:.2f}, p95 {summed.p95:.2f} s" if summed else ""
    return [
        Row(f"end of speech → end of turn, {len(wholes)} sentences", text),
        Row("  after a second or more", f"{late} / {len(wholes)}"),
        Row(
            "  ended in their pause, if the answer were there at once", f"{cut:.1f} / {len(halves)}"
        ),
    ]


if __name__ == "__main__":
    out.print(table(rows(measure(Components(load(packaged_config()).settings)))))
