import numpy as np

from daemon.bench.speech import LONG, PAUSE_S, PAUSED, QUESTIONS, mixed
from daemon.media import LISTEN_RATE


def longest_silence_s(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    sound = np.flatnonzero(samples)
    return float(np.diff(sound).max() - 1) / LISTEN_RATE


def test_of_forty_questions_ten_of_each_language_have_a_pause() -> None:
    texts = [*QUESTIONS.items(), *LONG.items()]
    said = [text for _, several in texts for text in several]
    said += [half for several in PAUSED.values() for both in several for half in both]
    sounds = dict.fromkeys(said, np.ones(800, np.float32))
    clips = mixed(sounds, ["en", "zh"], np.random.default_rng(0))[:40]
    assert [clip.language for clip in clips[:4]] == ["en", "zh", "zh", "en"]
    pauses = [(clip.language, longest_silence_s(clip.samples)) for clip in clips]
    for language in ("en", "zh"):
        inside = [pause for spoken, pause in pauses if spoken == language and pause > 0]
        assert len(inside) == 10
        assert (min(inside), max(inside)) == PAUSE_S
