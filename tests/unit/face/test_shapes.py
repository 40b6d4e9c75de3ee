import numpy as np
import pytest

from daemon.face.shapes import (
    OPEN,
    PARAMETERS,
    SHAPES,
    TEETH,
    VOICE,
    MouthShapes,
)
from daemon.face.visemes import VISEMES, VisemeNetwork
from daemon.media import Samples

RATE = 24_000
NETWORK = VisemeNetwork()
FORMANTS = {
    "ah": ((730, -1), (1090, -5), (2440, -28)),
    "ee": ((270, -4), (2290, -24), (3010, -28)),
    "aw": ((570, 0), (840, -7), (2410, -34)),
}
"""Hz and dB of a man's vowels: Peterson and Barney, "Control Methods Used in a Study of the
Vowels" (1952), table II."""


def vowel(name: str, seconds: float, pitch: float = 120) -> Samples:
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    sound = np.zeros(count)
    for harmonic in range(1, int(7000 / pitch)):
        hz = harmonic * pitch
        gain = 0.0
        for formant, level in FORMANTS[name]:
            resonance = abs(1 - (hz / formant) ** 2 + 1j * hz * 90 / formant**2)
            gain += 10 ** (level / 20) * 90 / formant / resonance
        sound += gain * np.sin(2 * np.pi * hz * time + harmonic**2)
    edge = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.02 * RATE))
    return np.asarray(sound / np.abs(sound).max() * edge * 0.3, np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def mouths(sound: Samples, fps: float = 25) -> Samples:
    return np.array(MouthShapes(RATE, fps, NETWORK).feed(sound))


def held(sound: Samples) -> Samples:
    """The mouth in the middle of a sound with silence around it."""
    shapes = mouths(np.concatenate([silence(0.2), sound, silence(0.2)]))
    return np.asarray(shapes[round((0.1 + len(sound) / RATE / 2 + 0.1) * 25)])


def test_there_are_at_least_ten_distinct_shapes() -> None:
    assert set(SHAPES) == set(VISEMES)
    assert len({tuple(shape) for shape in SHAPES.values()}) >= 10


def test_cutting_does_not_matter() -> None:
    sound = np.concatenate([vowel("ah", 0.3), silence(0.1), vowel("ee", 0.31), vowel("aw", 0.3)])
    whole = mouths(sound)
    random = np.random.default_rng(4)
    for _ in range(3):
        cuts = np.sort(random.integers(0, len(sound), 9))
        shapes = MouthShapes(RATE, 25, NETWORK)
        pieces = [shapes.feed(piece) for piece in np.split(sound, cuts)]
        assert np.allclose(np.array([m for piece in pieces for m in piece]), whole, atol=1e-4)


@pytest.mark.parametrize("fps", [24, 25, 30])
def test_every_frame_but_the_last_60_ms_comes(fps: int) -> None:
    seconds = 1.0
    count = len(mouths(vowel("ah", seconds), fps))
    assert (seconds - 0.065) * fps - 1 < count <= seconds * fps


def test_an_open_vowel_opens_wider() -> None:
    # Vowels of three bare resonances; how real ones differ is tested on real speech.
    ah, ee, aw = (held(vowel(name, 0.4)) for name in ("ah", "ee", "aw"))
    assert ah[OPEN] > ee[OPEN] + 0.25
    assert max(np.abs(ah - ee).max(), np.abs(aw - ee).max()) > 0.25


def test_a_hiss_shows_teeth() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(round(0.3 * RATE)))
    spectrum[: round(0.3 * 4500)] = 0  # nothing below 4.5 kHz, as in an s
    hiss = np.fft.irfft(spectrum, round(0.3 * RATE)) * 0.05
    sound = np.concatenate([vowel("ah", 0.3), hiss.astype(np.float32), vowel("ah", 0.3)])
    shape = mouths(sound)[11]
    assert shape[TEETH] > 0.5
    assert shape[OPEN] < 0.3


def test_silence_is_a_closed_mouth() -> None:
    assert np.abs(mouths(silence(1))).max() == 0
    after = mouths(np.concatenate([vowel("ah", 0.4), silence(1.2)]))
    assert np.abs(after[-5:, :VOICE]).max() < 0.02


def test_faint_noise_keeps_it_closed() -> None:
    noise = np.random.default_rng(2).standard_normal(RATE).astype(np.float32)
    assert np.abs(mouths(noise * 10 ** (-70 / 20))).max() < 0.05
    shapes = mouths(np.concatenate([vowel("ah", 0.5), noise * 10 ** (-52 / 20)]))
    assert shapes[-8:, OPEN].max() < 0.05


@pytest.mark.parametrize("gain", [0.06, 0.3, 3.0])
def test_loudness_does_not_matter(gain: float) -> None:
    sound = np.concatenate([vowel("ah", 0.3), vowel("ee", 0.3), vowel("ah", 0.3)])
    plain, other = mouths(sound), mouths(sound * np.float32(gain))
    assert np.abs(plain - other)[3:].max() < 0.1


def test_a_held_vowel_does_not_tremble() -> None:
    shapes = mouths(vowel("ah", 1.0, pitch=117))[8:20]
    assert np.abs(np.diff(shapes[:, OPEN])).max() < 0.06


def test_vectors_stay_in_range() -> None:
    random = np.random.default_rng(3)
    loud = np.clip(random.standard_normal(RATE), -1, 1).astype(np.float32)
    shapes = mouths(np.concatenate([loud, vowel("ee", 0.4), np.ones(RATE, np.float32)]))
    assert shapes.shape[1] == PARAMETERS
    assert shapes.dtype == np.float32
    assert shapes.min() >= -0.01
    assert shapes.max() <= 1.01
    assert np.isfinite(shapes).all()
