"""Detectors that read the script off the samples: loud is speech, faint is only noise."""

import math

import numpy as np
import pytest

from daemon.config import EarsSettings, load, packaged_config
from daemon.ears.endpointing import IDLE_S, TURN_CHECK_INTERVAL_S, Endpointer
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.ears.speech_detection import CHUNK
from daemon.media import LISTEN_RATE, Samples, Utterance

DEFAULTS = load(packaged_config()).settings.ears
CHUNK_S = CHUNK / LISTEN_RATE


def sound(seconds: float, level: float) -> Samples:
    places = np.arange(round(seconds * LISTEN_RATE), dtype=np.float32)
    samples: Samples = level * np.sin(places * np.float32(0.6))
    return samples


def speech(seconds: float) -> Samples:
    return sound(seconds, 0.5)


def noise(seconds: float) -> Samples:
    return sound(seconds, 0.02)


def silence(seconds: float) -> Samples:
    return sound(seconds, 0.0)


def level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


class ScriptedGate:
    def passes(self, samples: Samples) -> bool:
        return level(samples) > 0.01


class ScriptedSpeech:
    def __init__(self) -> None:
        self.chunks = 0
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def probability(self, chunk: Samples) -> float:
        self.chunks += 1
        return 0.9 if level(chunk) > 0.1 else 0.1


class LaggingSpeech(ScriptedSpeech):
    """Goes on for three chunks after the speech, as Silero does at its worst."""

    def __init__(self) -> None:
        super().__init__()
        self._recent = [0.0] * 4

    def probability(self, chunk: Samples) -> float:
        self._recent = [*self._recent[1:], super().probability(chunk)]
        return max(self._recent)


class ScriptedTurns:
    """Answers as it is told, or is sure from its ``pause``-th pause on."""

    def __init__(self, *answers: float, pause: int = 0) -> None:
        self._answers = list(answers)
        self._pause = pause
        self._pauses = 0
        self.asked: list[float] = []  # seconds of sound shown

    def finished(self, samples: Samples) -> float:
        shown = len(samples) / LISTEN_RATE
        self._pauses += not self.asked or shown - self.asked[-1] > 2 * TURN_CHECK_INTERVAL_S
        self.asked.append(shown)
        if self._pause:
            return 0.9 if self._pauses >= self._pause else 0.1
        return self._answers.pop(0) if self._answers else 0.0


class Ears:
    def __init__(self, *answers: float, pause: int = 0, settings: EarsSettings = DEFAULTS) -> None:
        self.speech = ScriptedSpeech()
        self.turns = ScriptedTurns(*answers, pause=pause)
        self.endpointer = Endpointer(settings, ScriptedGate(), self.speech, self.turns)
        self.heard: list[tuple[float, EarEvent]] = []  # seconds fed until then
        self._fed = 0

    def hear(self, *pieces: Samples, by: int = CHUNK) -> list[EarEvent]:
        samples = np.concatenate(pieces)
        before = len(self.heard)
        for start in range(0, len(samples), by):
            piece = samples[start : start + by]
            self._fed += len(piece)
            for event in self.endpointer.feed(piece):
                self.heard.append((self._fed / LISTEN_RATE, event))
        return [event for _, event in self.heard[before:]]


def ends(events: list[EarEvent]) -> list[Utterance]:
    return [event.utterance for event in events if isinstance(event, SpeechEnded)]


def kinds(events: list[EarEvent]) -> list[type[EarEvent]]:
    return [type(e) for e in events if not isinstance(e, SpeechContinued)]


def test_a_turn_begins_goes_on_and_ends() -> None:
    ears = Ears(0.9)
    events = ears.hear(silence(1), speech(1), silence(1))
    assert kinds(events) == [SpeechStarted, SpeechFaded, SpeechPaused, SpeechEnded]
    started = events[0]
    assert isinstance(started, SpeechStarted)
    assert started.turn == 1
    assert started.at == pytest.approx(LISTEN_RATE, abs=CHUNK)
    assert DEFAULTS.min_speech_s <= started.voiced_s < DEFAULTS.min_speech_s + CHUNK_S
    counts = [event.voiced_s for event in events if isinstance(event, SpeechContinued)]
    assert counts == sorted(counts)
    assert counts[-1] == pytest.approx(1, abs=CHUNK_S)


def test_an_utterance_is_the_sound_at_its_place_with_pre_roll_and_tail() -> None:
    ears = Ears(0.9)
    samples = np.concatenate([noise(1), speech(1), noise(1)])
    (utterance,) = ends(ears.hear(samples, by=700))
    length = len(utterance.audio.samples)
    assert np.array_equal(utterance.audio.samples, samples[utterance.start :][:length])
    assert utterance.audio.rate == LISTEN_RATE
    pre_roll = (LISTEN_RATE - utterance.start) / LISTEN_RATE
    assert DEFAULTS.pre_roll_s - CHUNK_S < pre_roll < DEFAULTS.pre_roll_s + 2 * CHUNK_S
    tail = (utterance.start + length - utterance.end) / LISTEN_RATE
    assert 0.2 < tail < 0.35


@pytest.mark.parametrize("spoken_s", [0.5, 1.0, 1.013, 3.337])
def test_the_end_is_where_the_speech_ends_and_not_where_the_chunk_does(spoken_s: float) -> None:
    (utterance,) = ends(Ears(0.9).hear(noise(1), speech(spoken_s), noise(1)))
    assert utterance.end == pytest.approx((1 + spoken_s) * LISTEN_RATE, abs=0.01 * LISTEN_RATE)


def test_a_detector_that_lags_does_not_move_the_end() -> None:
    ears = Ears(0.9)
    ears.endpointer = Endpointer(DEFAULTS, ScriptedGate(), LaggingSpeech(), ears.turns)
    (utterance,) = ends(ears.hear(noise(1), speech(1), noise(1)))
    assert utterance.end == pytest.approx(2 * LISTEN_RATE, abs=0.01 * LISTEN_RATE)


def test_smart_turn_ends_the_turn_at_the_first_pause() -> None:
    ears = Ears(0.9)
    ears.hear(silence(1), speech(1), silence(1))
    event = ears.heard[-1][1]
    assert isinstance(event, SpeechEnded) and event.sure
    when = ears.heard[-1][0] - 2
    assert DEFAULTS.pause_s <= when <= DEFAULTS.pause_s + 2 * CHUNK_S
    assert len(ears.turns.asked) == 1


def test_an_unfinished_turn_is_asked_about_again_and_ends_at_the_longest_pause() -> None:
    ears = Ears()
    ears.hear(silence(1), speech(1), silence(3))
    when, event = ears.heard[-1]
    assert isinstance(event, SpeechEnded)
    assert not event.sure
    assert when - 2 == pytest.approx(DEFAULTS.max_pause_s, abs=2 * CHUNK_S)
    between = np.diff(ears.turns.asked)
    assert between == pytest.approx(TURN_CHECK_INTERVAL_S, abs=CHUNK_S)
    doubtful_s = DEFAULTS.max_pause_s - DEFAULTS.pause_s
    assert len(between) > doubtful_s / (TURN_CHECK_INTERVAL_S + CHUNK_S) - 1


def test_a_second_answer_may_end_the_turn() -> None:
    ears = Ears(0.1, 0.9)
    ears.hear(silence(1), speech(1), silence(3))
    expected = DEFAULTS.pause_s + TURN_CHECK_INTERVAL_S
    assert ears.heard[-1][0] - 2 == pytest.approx(expected, abs=2 * CHUNK_S)


def test_speech_after_a_pause_continues_the_turn() -> None:
    ears = Ears(pause=2)
    events = ears.hear(silence(1), speech(1), silence(0.5), speech(1), silence(2))
    assert kinds(events) == [SpeechStarted, *[SpeechFaded, SpeechPaused] * 2, SpeechEnded]
    (utterance,) = ends(events)
    assert utterance.end == pytest.approx(3.5 * LISTEN_RATE, abs=CHUNK)
    assert len(utterance.audio.samples) > 2.5 * LISTEN_RATE


def test_a_moment_of_silence_tells_what_may_be_all() -> None:
    ears = Ears(0.1, 0.9)
    events = ears.hear(noise(1), speech(0.6), silence(0.15), speech(0.5), silence(2))
    first, last = [event for event in events if isinstance(event, SpeechFaded)]
    (whole,) = ends(events)
    assert first.utterance.end == pytest.approx(1.6 * LISTEN_RATE, abs=0.01 * LISTEN_RATE)
    assert (last.utterance.start, last.utterance.end) == (whole.start, whole.end)


class WaningSpeech(ScriptedSpeech):
    """Is less sure of soft sound, as Silero is of the first moment of silence."""

    def probability(self, chunk: Samples) -> float:
        self._was = getattr(self, "_is", 0.0)
        self._is = super().probability(chunk)
        return 0.6 if self._is < self._was else self._is


def test_a_voice_that_wanes_is_read_before_it_counts_as_silent() -> None:
    late, early = Ears(0.1, 0.9), Ears(0.1, 0.9)
    late.endpointer = Endpointer(DEFAULTS, ScriptedGate(), LaggingSpeech(), late.turns)
    early.endpointer = Endpointer(DEFAULTS, ScriptedGate(), WaningSpeech(), early.turns)
    told = []
    for ears in (late, early):
        events = ears.hear(noise(1), speech(1.0), noise(2))
        (faded,) = [event for event in events if isinstance(event, SpeechFaded)]
        (whole,) = ends(events)
        assert (faded.utterance.start, faded.utterance.end) == (whole.start, whole.end)
        assert whole.end == pytest.approx(2 * LISTEN_RATE, abs=0.01 * LISTEN_RATE)
        told.append(faded.at)
    assert told[1] < told[0]


def test_speech_that_goes_on_uncertainly_is_not_cut_where_it_faded() -> None:
    class Unsure(ScriptedSpeech):
        def probability(self, chunk: Samples) -> float:
            sure = super().probability(chunk)
            return 0.6 if (self.chunks > 30 and sure > 0.5) or 40 < self.chunks < 44 else sure

    ears = Ears(0.1, 0.9)
    ears.endpointer = Endpointer(DEFAULTS, ScriptedGate(), Unsure(), ears.turns)
    events = ears.hear(noise(1), speech(0.32), noise(0.09), speech(0.5), noise(2))
    (whole,) = ends(events)
    assert whole.end == pytest.approx(1.91 * LISTEN_RATE, abs=0.02 * LISTEN_RATE)
    last = [event for event in events if isinstance(event, SpeechFaded)][-1]
    assert last.utterance.end == whole.end


def test_a_pause_tells_what_was_said_so_far() -> None:
    ears = Ears(pause=2)
    events = ears.hear(noise(1), speech(0.6), silence(0.5), speech(1), silence(2))
    first, second = [event for event in events if isinstance(event, SpeechPaused)]
    (whole,) = ends(events)
    assert first.at - first.utterance.end == pytest.approx(
        DEFAULTS.pause_s * LISTEN_RATE, abs=2 * CHUNK
    )
    assert first.utterance.end == pytest.approx(1.6 * LISTEN_RATE, abs=0.01 * LISTEN_RATE)
    length = len(first.utterance.audio.samples)
    assert np.array_equal(first.utterance.audio.samples, whole.audio.samples[:length])
    assert (first.voiced_s, second.voiced_s) == pytest.approx((0.6, 1.6), abs=2 * CHUNK_S)
    assert first.utterance.turn == second.utterance.turn == whole.turn


def test_turns_count_up_and_never_share_a_sample() -> None:
    ears = Ears(0.9, 0.9)
    first, second = ends(ears.hear(silence(1), speech(1), silence(0.4), speech(1), silence(2)))
    assert (first.turn, second.turn) == (1, 2)
    assert first.start + len(first.audio.samples) <= second.start <= 2.4 * LISTEN_RATE


@pytest.mark.parametrize("length_s", [0.01, 0.05, 0.1])
def test_a_click_is_no_turn(length_s: float) -> None:
    ears = Ears(0.9)
    assert ears.hear(silence(1), speech(length_s), silence(2)) == []
    assert ears.hear(*[speech(length_s), silence(0.5)] * 10) == []


def test_a_cough_that_just_passed_is_taken_back() -> None:
    ears = Ears(0.9)
    ears.endpointer = Endpointer(DEFAULTS, ScriptedGate(), LaggingSpeech(), ears.turns)
    events = ears.hear(noise(1), speech(0.15), noise(2), speech(1), noise(2))
    assert kinds(events) == [
        *(SpeechStarted, SpeechFaded, SpeechPaused, SpeechTooShort),
        *(SpeechStarted, SpeechFaded, SpeechPaused, SpeechEnded),
    ]
    (utterance,) = ends(events)
    assert utterance.turn == 2


def test_a_long_turn_is_cut_and_the_rest_begins_the_next() -> None:
    settings = DEFAULTS.model_copy(update={"max_utterance_s": 5.0})
    ears = Ears(0.9, settings=settings)
    samples = np.concatenate([noise(1), speech(8), noise(2)])
    first, second = ends(ears.hear(samples))
    assert first.audio.seconds == pytest.approx(5, abs=CHUNK_S)
    assert first.end == first.start + len(first.audio.samples) == second.start
    assert second.end == pytest.approx(9 * LISTEN_RATE, abs=CHUNK)
    assert ears.turns.asked == pytest.approx([second.audio.seconds], abs=0.1)


def test_silero_sleeps_while_the_gate_is_shut() -> None:
    ears = Ears(0.9)
    ears.hear(silence(20))
    assert ears.speech.chunks == 0
    ears.hear(speech(1), silence(20))
    assert ears.speech.chunks < 4 / CHUNK_S


def test_the_ears_are_idle_until_somebody_speaks_and_a_while_after_the_last_word() -> None:
    ears = Ears(1.0)
    idle = [ears.endpointer.idle]
    for piece in (silence(1), speech(1), silence(IDLE_S - 1), silence(3)):
        ears.hear(piece)
        idle.append(ears.endpointer.idle)
    assert idle == [True, True, False, False, True]


def test_what_the_gate_missed_is_heard_again() -> None:
    class Late(ScriptedGate):
        def __init__(self) -> None:
            self.chunks = 0

        def passes(self, samples: Samples) -> bool:
            self.chunks += super().passes(samples)
            return self.chunks > 8  # opens a quarter of a second late

    ears = Ears(0.9)
    ears.endpointer = Endpointer(DEFAULTS, Late(), ears.speech, ears.turns)
    events = ears.hear(silence(1), speech(1), silence(1))
    assert ears.speech.resets == 1
    started = events[0]
    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(LISTEN_RATE, abs=CHUNK)
    (utterance,) = ends(events)
    assert utterance.start < LISTEN_RATE


def test_the_end_of_a_recording_ends_the_turn() -> None:
    ears = Ears()
    ears.hear(silence(1), speech(1.005))
    (event,) = [e for e in ears.endpointer.finish() if not isinstance(e, SpeechContinued)]
    assert isinstance(event, SpeechEnded)
    assert event.utterance.end == pytest.approx(2.005 * LISTEN_RATE, abs=0.01 * LISTEN_RATE)
    assert ears.endpointer.finish() == []


def test_the_end_of_a_recording_after_a_click_is_nothing() -> None:
    ears = Ears()
    ears.hear(silence(1), speech(0.1))
    assert ears.endpointer.finish() == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30])
def test_broken_samples_are_survived(value: float) -> None:
    ears = Ears(0.9)
    ears.hear(np.full(LISTEN_RATE, value, np.float32))
    ears.endpointer.finish()
    (utterance,) = ends(ears.hear(silence(5), speech(1), silence(2)))
    assert np.isfinite(utterance.audio.samples).all()
    assert np.abs(utterance.audio.samples).max() <= 1


@pytest.mark.parametrize("size", [101, 480, 513, 5000])
def test_the_size_of_the_pieces_does_not_matter(size: int) -> None:
    samples = np.concatenate([noise(1), speech(0.7), silence(0.5), speech(0.3), noise(2)])
    whole = Ears(pause=2).endpointer.feed(samples)
    cut = Ears(pause=2).hear(samples, by=size)
    assert (
        kinds(cut) == kinds(whole) == [SpeechStarted, *[SpeechFaded, SpeechPaused] * 2, SpeechEnded]
    )
    ((one,), (other,)) = ends(cut), ends(whole)
    assert (one.start, one.end) == (other.start, other.end)
    assert np.array_equal(one.audio.samples, other.audio.samples)
