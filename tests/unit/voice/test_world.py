"""WORLD itself is real here; voices are made of harmonics, so that what is right is known."""

from pathlib import Path

import numpy as np
import pytest

from daemon.errors import InputError, SetupError
from daemon.media import Audio, Samples
from daemon.voice import envelopes
from daemon.voice.envelopes import RATE
from daemon.voice.world import Timbre, World, measure
from daemon.worker import Cancelled, CancelToken

VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))


def voice(hz: float, tract: float, seconds: float = 3.0, rate: int = RATE) -> Audio:
    """Vowels of a person with a pitch and a vocal tract: formants of a man, times ``tract``."""
    times = np.arange(round(seconds * rate)) / rate
    pitch = hz * 2 ** (0.15 * np.sin(2 * np.pi * 0.9 * times))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    vowel = (np.arange(len(times)) / rate // 0.25).astype(int) % len(VOWELS)
    formants = np.array(VOWELS)[vowel] * tract
    sound = np.zeros(len(times))
    for number in range(1, int(rate / 2 / (hz * 1.2))):
        away = (number * pitch[:, None] - formants) / (60 + 0.05 * formants)
        sound += np.sin(number * phase) * (1 / (1 + away**2)).sum(axis=1) / number**0.5
    noise = np.random.default_rng(1).standard_normal(len(times)) * 0.002
    return Audio((0.2 * sound / np.abs(sound).max() + noise).astype(np.float32), rate)


@pytest.fixture(scope="module")
def man() -> Timbre:
    return measure([voice(120, 1.0)], CancelToken())


@pytest.fixture(scope="module")
def woman() -> Timbre:
    return measure([voice(210, 1.17)], CancelToken())


def test_a_voice_is_measured(man: Timbre, woman: Timbre) -> None:
    assert np.exp(man.pitch) == pytest.approx(120, rel=0.03)
    assert np.exp(woman.pitch) == pytest.approx(210, rel=0.03)
    assert 0.03 < man.spread < 0.2
    assert man.mean.shape == (envelopes.BANDS,)


def test_pitch_and_envelope_become_those_of_the_other(man: Timbre, woman: Timbre) -> None:
    source = voice(120, 1.0, seconds=2.0)
    made = World(woman, [man]).convert(source, CancelToken())
    assert len(made.samples) == len(source.samples) and made.rate == RATE
    now = measure([made], CancelToken())
    assert np.exp(now.pitch) == pytest.approx(210, rel=0.05)
    level = np.abs(now.mean - now.mean.mean() - woman.mean + woman.mean.mean()).mean()
    before = np.abs(man.mean - man.mean.mean() - woman.mean + woman.mean.mean()).mean()
    assert level < 0.7 * before


def test_each_piece_goes_to_the_source_that_it_sounds_like(man: Timbre, woman: Timbre) -> None:
    """The plain voice has a man for English and a woman for Chinese."""
    target = measure([voice(160, 1.08)], CancelToken())
    converter = World(target, [man, woman])
    for source in (voice(120, 1.0, 1.5), voice(210, 1.17, 1.5)):
        made = measure([converter.convert(source, CancelToken())], CancelToken())
        assert np.exp(made.pitch) == pytest.approx(160, rel=0.06)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_any_rate_and_length(man: Timbre, woman: Timbre, rate: int) -> None:
    for seconds in (0.0, 0.01, 0.05, 0.7):
        source = voice(120, 1.0, 1.0, rate).samples[: round(seconds * rate)]
        made = World(woman, [man]).convert(Audio(source, rate), CancelToken())
        assert len(made.samples) == len(Audio(source, rate).at_rate(RATE).samples)
        assert np.isfinite(made.samples).all()


def test_a_narrow_recording_does_not_take_the_treble_away(man: Timbre) -> None:
    telephone = measure([voice(120, 1.0, rate=8_000)], CancelToken())
    assert telephone.ceiling == 4_000
    source = voice(120, 1.0, 2.0)
    made = World(telephone, [man]).convert(source, CancelToken())

    def treble(samples: Samples) -> float:
        power = np.square(np.abs(np.fft.rfft(samples)))
        return float(power[len(power) // 2 :].sum() / power.sum())

    assert treble(made.samples) > 0.2 * treble(source.samples)


@pytest.mark.parametrize("kind", ["silence", "whisper"])
def test_sound_without_a_voice(kind: str, man: Timbre) -> None:
    noise = np.random.default_rng(2).standard_normal(2 * RATE).astype(np.float32) * 0.05
    sound = Audio(noise if kind == "whisper" else np.zeros_like(noise), RATE)
    with pytest.raises(InputError, match="no voice"):
        measure([sound], CancelToken())
    made = World(man).convert(sound, CancelToken())
    assert len(made.samples) == len(sound.samples) and np.isfinite(made.samples).all()


def test_without_sources_a_piece_is_its_own(woman: Timbre) -> None:
    made = World(woman).convert(voice(120, 1.0, 1.5), CancelToken())
    assert np.exp(measure([made], CancelToken()).pitch) == pytest.approx(210, rel=0.06)


def test_it_can_be_cancelled(man: Timbre, woman: Timbre) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        World(woman, [man]).convert(voice(120, 1.0), cancel)


def test_a_timbre_is_kept_in_a_file(tmp_path: Path, man: Timbre) -> None:
    man.save(tmp_path / "timbre.npz")
    back = Timbre.load(tmp_path / "timbre.npz")
    assert back.pitch == man.pitch and np.array_equal(back.covariance, man.covariance)


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "nan"])
def test_a_damaged_file_is_told(tmp_path: Path, man: Timbre, damage: str) -> None:
    path = tmp_path / "timbre.npz"
    man.save(path)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    elif damage == "other":
        np.savez(path, pitch=np.array(["x"], dtype=object))
    else:
        Timbre(np.nan, man.spread, man.mean, man.covariance, man.ceiling).save(path)
    with pytest.raises(SetupError, match="damaged"):
        Timbre.load(path)
