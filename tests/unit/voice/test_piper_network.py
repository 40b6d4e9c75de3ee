"""A Piper voice cut in two makes the same sound, piece by piece."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from daemon.config import Settings
from daemon.media import SPEAK_RATE
from daemon.store.engines import prune
from daemon.store.model_store import open_store
from daemon.voice.onnx_graph import Graph
from daemon.voice.pacing import Longest
from daemon.voice.piper import Piper
from daemon.voice.piper_network import CutNetwork, Feeds, WholeNetwork, on_processor
from daemon.voice.plain_factory import LateVoice, PlainFactory
from daemon.voice.plain_voices import PlainVoice
from daemon.voice.vocoder import Window, find_decoder
from daemon.worker import CancelToken
from tests.tiny_piper import (
    CHANNELS,
    CONTEXT,
    FRAMES_PER_PHONEME,
    HOP,
    RATE,
    message,
    network,
    node,
    write_voice,
)


class Pieces:
    """A plan with pieces of given lengths, the last of them again and again."""

    def __init__(self, *lengths: int) -> None:
        self._lengths: Iterator[int] = iter(lengths)
        self._last = 1

    def frames(self, left: int) -> int:
        self._last = next(self._lengths, self._last)
        return self._last

    def made(self, seconds: float, frames: int) -> None:
        assert seconds >= 0 and frames > 0


def feeds(phonemes: int, speaker: int | None = None) -> Feeds:
    made = {
        "input": np.arange(3, 3 + phonemes)[None] % 20,
        "input_lengths": np.array([phonemes]),
        "scales": np.array([0.5, 0.8, 0.5], np.float32),
    }
    return made if speaker is None else made | {"sid": np.array([speaker])}


@pytest.mark.parametrize("lengths", [(1,), (2, 3, 50), (7,), (1000,)])
@pytest.mark.parametrize("speaker", [None, 1])
def test_pieces_are_the_whole(
    tmp_path: Path, lengths: tuple[int, ...], speaker: int | None
) -> None:
    path = write_voice(tmp_path, speakers=1 if speaker is None else 2)
    given = feeds(9, speaker)
    whole = onnxruntime.InferenceSession(path).run(None, dict(given))[0].reshape(-1)
    cut = on_processor(path, 1, tmp_path / "engines")
    assert isinstance(cut, CutNetwork)
    pieces = list(cut.speak(given, Pieces(*lengths)))
    assert len(pieces[0]) == min(lengths[0] * HOP, len(whole))
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
    if speaker is not None:
        other = np.concatenate(list(cut.speak(feeds(9, 0), Pieces(5))))
        assert np.abs(other - whole).max() > 0.01, "another speaker sounds otherwise"


def test_it_tells_how_long_each_symbol_is_before_it_makes_the_sound(tmp_path: Path) -> None:
    cut, told = on_processor(write_voice(tmp_path), 1, tmp_path / "engines"), list[object]()
    pieces = cut.speak(feeds(9), Pieces(5), lambda frames: told.append(frames.tolist()))
    next(pieces)
    assert told == [[1, 1, FRAMES_PER_PHONEME]]
    assert len(list(pieces)) > 1
    assert len(told) == 1


def test_where_it_is_cut(tmp_path: Path) -> None:
    decoder = find_decoder(Graph(write_voice(tmp_path)))
    assert decoder is not None
    assert (decoder.latent, decoder.output) == ("z", "output")
    assert decoder.window == Window(HOP, CONTEXT)


def test_no_smaller_window_would_do(tmp_path: Path) -> None:
    """The window is what the sound depends on: not less, and hardly more."""
    graph = Graph(write_voice(tmp_path))
    decoder = onnxruntime.InferenceSession(graph.part(["output"], ["z"]))
    frames = np.random.default_rng(1).standard_normal((1, CHANNELS, 40)).astype(np.float32)
    changed = frames.copy()
    changed[:, :, 20] += 1
    one, other = (
        decoder.run(None, {"z": given})[0].reshape(40, HOP) for given in (frames, changed)
    )
    differs = np.flatnonzero(np.abs(one - other).max(axis=1) > 0)
    assert CONTEXT - 1 <= 20 - differs[0] <= CONTEXT
    assert CONTEXT - 1 <= differs[-1] - 20 <= CONTEXT


UNKNOWN = {
    "an average over all time": [
        node("ReduceMean", "x", "mean", axes=[2]),
        node("Sub", "x mean", "y"),
    ],
    "two samples made one": [node("Conv", "x half", "y", kernel_shape=[2], strides=[2])],
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_is_not_known_runs_whole(tmp_path: Path, kind: str) -> None:
    path = write_voice(tmp_path, network(decoder=UNKNOWN[kind]))
    assert find_decoder(Graph(path)) is None


def test_frames_that_come_in_by_another_way_are_not_cut(tmp_path: Path) -> None:
    path = write_voice(tmp_path, network(decoder=[node("Mul", "x scales", "y")]))
    assert find_decoder(Graph(path)) is None


def test_graphs_within_the_graph_are_left_alone(tmp_path: Path) -> None:
    inner = 5, message((1, "then_branch"), (6, message((2, "inner"))), (20, 5))
    loop = 1, message((1, "x"), (2, "y"), (4, "If"), inner)
    with pytest.raises(ValueError, match="within the graph"):
        Graph(write_voice(tmp_path, network(decoder=[loop])))


@pytest.mark.parametrize("damage", [slice(0, 0), slice(0, 100), slice(0, -1), slice(1, None)])
def test_no_network(tmp_path: Path, damage: slice) -> None:
    with pytest.raises(ValueError):
        Graph(write_voice(tmp_path, network()[damage] or b"\0"))


def test_halves_are_kept_until_the_voice_changes(tmp_path: Path) -> None:
    engines = tmp_path / "engines"
    path = write_voice(tmp_path)
    on_processor(path, 1, engines)
    (place,) = engines.iterdir()
    before = {file: file.stat().st_mtime_ns for file in place.iterdir()}
    assert len(before) == 3
    on_processor(path, 1, engines)
    assert {file: file.stat().st_mtime_ns for file in place.iterdir()} == before
    path.write_bytes(network(seed=5))
    network_of_the_other = on_processor(path, 1, engines)
    (other,) = engines.iterdir()
    assert other != place, "what was made of the old file has gone"
    whole = onnxruntime.InferenceSession(path).run(None, dict(feeds(9)))[0].reshape(-1)
    sound = np.concatenate(list(network_of_the_other.speak(feeds(9), Pieces(5))))
    np.testing.assert_allclose(sound, whole, atol=1e-6)
    path.unlink()
    prune(engines)
    assert not list(engines.iterdir())


@pytest.mark.parametrize("name", ["before.ort", "decoder.ort", "voice.json"])
def test_damaged_halves_are_made_again(tmp_path: Path, name: str) -> None:
    engines = tmp_path / "engines"
    path = write_voice(tmp_path)
    on_processor(path, 1, engines)
    (place,) = engines.iterdir()
    (place / name).write_bytes(b"damaged")
    given = feeds(9)
    whole = onnxruntime.InferenceSession(path).run(None, dict(given))[0].reshape(-1)
    spoken = list(on_processor(path, 1, engines).speak(given, Pieces(5)))
    np.testing.assert_allclose(np.concatenate(spoken), whole, atol=1e-6)
    assert isinstance(on_processor(path, 1, engines), CutNetwork), "the next start has made it anew"


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "engines"
    blocked.write_text("a file")
    assert isinstance(on_processor(write_voice(tmp_path), 1, blocked), WholeNetwork)


def test_a_voice_streams_what_it_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for speakers in (1, 3):
        voice = Piper(write_voice(tmp_path, speakers=speakers))
        text = "I have a tiny voice. It says a lot, and I have not been trained!"
        whole = list(voice.synthesize(text, CancelToken()))
        assert len(whole) == 2 and {piece.rate for piece in whole} == {RATE}
        streamed = list(voice.stream(text, CancelToken()))
        assert len(streamed) > 4
        seconds = sum(piece.seconds for piece in whole)
        assert sum(piece.seconds for piece in streamed) == pytest.approx(seconds, abs=0.03)
        voice.close()


def test_a_cancelled_voice_stops_within_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    voice, cancel = Piper(write_voice(tmp_path)), CancelToken()
    pieces = voice.stream("I have a tiny voice, and it says a lot of things at once", cancel)
    next(pieces)
    cancel.cancel()
    assert not list(pieces)
    assert not list(voice.synthesize("Hello.", cancel))


def test_a_voice_that_is_made_late_streams_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = write_voice(tmp_path)
    found = PlainVoice(str(path), "piper", "de", "female", "", "MIT")
    voice = LateVoice(PlainFactory(Settings(), open_store()), found)
    text = "I have a tiny voice, and it says a lot of things at once"
    streamed = list(voice.stream(text, CancelToken()))
    assert len(streamed) > 1 and {piece.rate for piece in streamed} == {SPEAK_RATE}
    voice.close()


def test_longest_pieces_are_bounded() -> None:
    assert Longest(86.1).frames(10_000) == Longest(86.1).frames(10) == 103
