"""The engine that computes is the one that was quicker here, or the one that is set."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from daemon.brain import engine_choice
from daemon.brain.engine_choice import Engine, calibrate, choose_engine
from daemon.config import BrainSettings, load, packaged_config
from daemon.errors import SetupError

BRAIN = load(packaged_config()).settings.brain


def with_engine(engine: str) -> BrainSettings:
    return BRAIN.model_validate({**BRAIN.model_dump(), "engine": engine})


class Stopwatch:
    """Time that only engines let pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class PacedEngine:
    """Takes as long as it is told to; the first answer longer."""

    def __init__(self, clock: Stopwatch, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.prompts: list[str] = []
        self.closed = False

    def complete(self, prompt: str, _fields: Mapping[str, object], _cancel: object) -> object:
        self.clock.now += self.seconds if self.prompts else 10 * self.seconds
        self.prompts.append(prompt)
        return {}

    def close(self) -> None:
        self.closed = True


class Engines:
    """Both engines, which are as quick as ``seconds`` says; one that it lacks cannot be loaded."""

    def __init__(self, clock: Stopwatch) -> None:
        self.seconds: dict[Engine, float] = {"openvino": 0.3, "llama.cpp": 0.5}
        self.loaded: list[tuple[Engine, PacedEngine]] = []
        self._clock = clock

    def load(self, engine: Engine, *_more: object) -> PacedEngine:
        if engine not in self.seconds:
            raise SetupError("broken")
        self.loaded.append((engine, PacedEngine(self._clock, self.seconds[engine])))
        return self.loaded[-1][1]


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engines:
    clock = Stopwatch()
    engines = Engines(clock)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(engine_choice, "unsupported", lambda _path: "")
    monkeypatch.setattr(engine_choice, "_load", engines.load)
    monkeypatch.setattr("daemon.brain.engine_choice.time.perf_counter", clock)
    return engines


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.mark.usefixtures("engines")
def test_llamacpp_computes_until_it_was_measured(model: Path) -> None:
    assert choose_engine(BRAIN, model, None).engine == "llama.cpp"


@pytest.mark.parametrize(("openvino", "quicker"), [(0.3, "openvino"), (0.7, "llama.cpp")])
def test_the_quicker_one_computes_from_then_on(
    engines: Engines, model: Path, openvino: float, quicker: str
) -> None:
    engines.seconds["openvino"] = openvino
    calibrate(BRAIN, model, None)
    chosen = choose_engine(BRAIN, model, None)
    assert chosen.engine == quicker
    assert chosen.seconds == pytest.approx({"openvino": openvino, "llama.cpp": 0.5})
    assert "0.50" in str(chosen)


def test_it_is_measured_once(engines: Engines, model: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        calibrate(BRAIN, model, None, told.append)
    assert told == ["OpenVINO", "llama.cpp"]
    assert [engine for engine, _ in engines.loaded] == ["openvino", "llama.cpp"]
    assert all(one.closed for _, one in engines.loaded)


def test_nothing_is_remembered_from_one_prompt_to_the_next(engines: Engines, model: Path) -> None:
    calibrate(BRAIN, model, None)
    for _, one in engines.loaded:
        assert len({prompt[:2] for prompt in one.prompts}) == len(one.prompts)


def test_another_file_or_adapter_is_measured_anew(engines: Engines, model: Path) -> None:
    calibrate(BRAIN, model, None)
    adapter = model.with_name("adapter.gguf")
    adapter.write_bytes(b"GGUF")
    calibrate(BRAIN, model, adapter)
    model.write_bytes(b"GGUF and more")
    assert not choose_engine(BRAIN, model, None).seconds
    assert len(engines.loaded) == 4


def test_an_engine_that_fails_has_lost(engines: Engines, model: Path) -> None:
    del engines.seconds["openvino"]
    calibrate(BRAIN, model, None)
    assert choose_engine(BRAIN, model, None).engine == "llama.cpp"
    calibrate(BRAIN, model, None)
    assert len(engines.loaded) == 1


@pytest.mark.parametrize("engine", ["openvino", "llama.cpp"])
def test_the_one_that_is_set_computes_without_being_measured(
    engines: Engines, model: Path, engine: str
) -> None:
    brain = with_engine(engine)
    calibrate(brain, model, None)
    assert choose_engine(brain, model, None).engine == engine
    assert not engines.loaded


def test_a_model_that_openvino_cannot_run(
    engines: Engines, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "unsupported", lambda _path: "its architecture is mamba")
    calibrate(BRAIN, model, None)
    assert choose_engine(BRAIN, model, None).engine == "llama.cpp"
    assert not engines.loaded
    with pytest.raises(SetupError, match="mamba"):
        choose_engine(with_engine("openvino"), model, None)
