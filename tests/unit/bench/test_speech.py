import numpy as np

from daemon.bench.speech import LONG, PAUSE_S, PAUSED, QUESTIONS, mixed, quietest, whole
from daemon.media import LISTEN_RATE


def longest_silence_s(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    sound = np.flatnonzero(samples)
    return float(np.diff(sound).max() - 1) / LISTEN_RATE


def test_of_forty_questions_ten_of_each_language_have_a_pause() -> None:
    texts = [*QUESTIONS.items(), *LONG.items()]
    said = [text for _, several in texts for text in several]
    said += [whole(language, *halves) for language in PAUSED for halves in PAUSED[language]]
    sounds = dict.fromkeys(said, np.ones(8_000, np.float32))
    clips = mixed(sounds, ["en", "zh"], np.random.default_rng(0))[:40]
    assert [clip.language for clip in clips[:4]] == ["en", "zh", "zh", "en"]
    pauses = [(clip.language, longest_silence_s(clip.samples)) for clip in clips]
    for language in ("en", "zh"):
        inside = [pause for spoken, pause in pauses if spoken == language and pause > 0]
        assert len(inside) == 10
        assert (min(inside), max(inside)) == PAUSE_S


def test_a_pause_goes_where_a_sentence_is_quiet() -> None:
    sound = np.ones(16_000, np.float32)
    sound[9_000:10_000] = 0.01
    assert 9_000 < quietest(sound, 0.5) < 10_000
    assert 9_000 < quietest(sound, 0.7) < 10_000
