"""The mouth of what is known to be spoken."""

import numpy as np
import pytest

from daemon.face.lips import contours
from daemon.face.portrait import MouthReader
from daemon.face.shapes import BITE, OPEN, PARAMETERS, PRESS, ROUND, TONGUE, WIDE
from daemon.face.spoken import SpokenShapes, visemes_of
from daemon.face.visemes import VISEMES, Floats
from daemon.media import Audio, Mouth, Phone
from daemon.voice.kokoro.symbols import MARKS, TOKENS
from daemon.worker import CancelToken

RATE = 16_000


def phones(text: str, each_s: float = 0.1) -> tuple[Phone, ...]:
    size = round(each_s * RATE)
    return tuple(Phone(char, i * size, (i + 1) * size) for i, char in enumerate(text))


def shapes(text: str, each_s: float = 0.1) -> SpokenShapes:
    spoken = SpokenShapes(25)
    spoken.add(phones(text, each_s), RATE, 0.0)
    return spoken


def at(spoken: SpokenShapes, time_s: float) -> Floats:
    shape = spoken.at(time_s)
    assert shape is not None
    return shape


def read(audio: Audio, *others: Audio, fps: int = 25) -> list[Mouth]:
    reader, cancel = MouthReader(fps), CancelToken()
    reader.begin()
    return [m for piece in (audio, *others) for m in reader.read(piece, cancel)] + [
        *reader.finish()
    ]


def voiced(seconds: float) -> Floats:
    time = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 20))
    return np.asarray(0.1 * np.asarray(sound), np.float32)


def gap(mouth: Mouth) -> float:
    edge = contours(mouth)
    return float((edge.lower_inner - edge.upper_inner).max())


def test_every_symbol_of_kokoro_is_known() -> None:
    silent = set(MARKS) | set("\u0303ˈˌːʰʲ→↗↘↓ᵝ")
    unknown = [symbol for symbol in TOKENS if symbol not in silent and not visemes_of(symbol)]
    assert not unknown


def test_letters_share_a_symbols_time() -> None:
    glide, vowel, nasal = (VISEMES.index(name) for name in ("u w", "a", "k g h"))
    assert visemes_of("wa→ŋ") == (glide, vowel, nasal)
    assert visemes_of("ː") == ()
    assert visemes_of("I") == (vowel, VISEMES.index("i"))


def test_shapes_of_sounds() -> None:
    spoken = shapes("aiuflm")
    a, i, u, f, tongue, m = (at(spoken, 0.05 + 0.1 * k) for k in range(6))
    assert a[OPEN] > 0.8
    assert i[WIDE] > 0.5
    assert u[ROUND] > 0.6
    assert f[BITE] > 0.95
    assert f[OPEN] < 0.15
    assert tongue[TONGUE] > 0.5
    assert m[PRESS] == 1
    assert m[OPEN] == 0


def test_a_consonant_is_spoken_in_the_shape_of_its_vowel() -> None:
    oo, ee = at(shapes("uku"), 0.15), at(shapes("iki"), 0.15)
    assert oo[ROUND] > ee[ROUND] + 0.4
    assert ee[WIDE] > oo[WIDE] + 0.2


def test_nothing_is_known_beside_the_words() -> None:
    spoken = shapes("ama")
    assert spoken.at(-0.05) is None
    assert spoken.at(0.35) is None


def test_a_mark_prolongs_and_punctuation_rests() -> None:
    assert at(shapes("aːː"), 0.25)[OPEN] > 0.9
    assert np.abs(at(shapes("a,,"), 0.25)).max() < 0.01


def test_it_moves_without_a_jump() -> None:
    spoken = shapes("mabapufavelisa", 0.07)
    moves = np.diff([at(spoken, t) for t in np.arange(0, 0.97, 0.01)], axis=0)
    assert np.abs(moves).max() < 0.45


@pytest.mark.parametrize("fps", [25, 30])
@pytest.mark.parametrize("each_s", [0.03, 0.05, 0.08, 0.12])
def test_lips_are_closed_in_a_picture_of_each_m_b_and_p(fps: int, each_s: float) -> None:
    told = phones("amabapa" * 3, each_s)
    sound = voiced(told[-1].end / RATE)
    mouths = read(Audio(sound, RATE, told), fps=fps)
    for phone in told:
        first = int(np.ceil(phone.start / RATE * fps - 1))
        last = int(np.floor(phone.end / RATE * fps + 1))
        seen = [gap(mouth) for mouth in mouths[max(0, first) : last + 1]]
        if phone.symbol != "a":
            assert min(seen) < 0.5
        elif each_s >= 0.08:
            assert max(seen) > 6


@pytest.mark.parametrize("text", ["apapapa", "a.a.a.a", "amabamapa"])
def test_no_picture_opens_or_shuts_a_wide_mouth(text: str) -> None:
    told = phones(text, 0.16)
    opened = [mouth[OPEN] for mouth in read(Audio(voiced(told[-1].end / RATE), RATE, told))]
    assert max(opened) > 0.7
    assert np.abs(np.diff(opened)).max() < 0.5


def test_pressed_lips_keep_their_red() -> None:
    rest, pressed = (contours(at(shapes("m,,,"), time_s)) for time_s in (0.35, 0.05))
    for one, other in (("upper", "upper_inner"), ("lower_inner", "lower")):
        before, after = (
            np.ptp([getattr(e, one)[80], getattr(e, other)[80]]) for e in (rest, pressed)
        )
        assert after > 0.7 * before


def test_pieces_make_no_difference() -> None:
    told = phones("amabifupa")
    sound = voiced(0.9)
    whole = read(Audio(sound, RATE, told))
    cut = read(Audio(sound[:5000], RATE, told), Audio(sound[5000:], RATE))
    np.testing.assert_allclose(cut, whole, atol=1e-3)
    assert len(whole) == 23


def test_the_next_sentence_takes_over() -> None:
    sound = voiced(0.32)
    first = Audio(sound, RATE, phones("ama" + "." * 20))
    mouths = read(first, Audio(sound, RATE, phones("bab")))
    assert gap(mouths[9]) < 0.5
    assert max(gap(mouth) for mouth in mouths[10:14]) > 6


def test_a_silent_mouth_is_closed() -> None:
    silent = Audio(np.zeros(RATE, np.float32), RATE, phones("aaaaa"))
    assert max(gap(mouth) for mouth in read(silent)) < 0.01
    assert read(silent)[0].shape == (PARAMETERS,)
