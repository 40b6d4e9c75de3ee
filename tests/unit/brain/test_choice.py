import json
from pathlib import Path

import pytest

from daemon.brain import choice
from daemon.brain.choice import Candidate, choose, make_brain, require_brain
from daemon.brain.hardware import GB, Hardware
from daemon.commands.brain_options import with_brain
from daemon.config import Settings, load, packaged_config
from daemon.errors import SetupError
from daemon.extras import install_command
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore

SETTINGS = load(packaged_config()).settings
SMALL = Candidate("llamacpp", "small", 1 * GB)
GGUF = Candidate("llamacpp", "/m/glm-edge.gguf", 3 * GB)
CHECKPOINT = Candidate("chatglm", "/m/chatglm3-6b", 12.5 * GB)
LARGE = Candidate("llamacpp", "/m/glm-4.gguf", 7 * GB)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, load_default())


def settings(**brain: object) -> Settings:
    told = SETTINGS.model_dump()
    told["brain"] |= brain
    return Settings.model_validate(told)


@pytest.mark.parametrize(
    ("machine", "expected", "passed"),
    [
        (Hardware(20 * GB, False, True), GGUF, ["too slow", "too slow"]),
        (Hardware(20 * GB, True, True), CHECKPOINT, []),
        (Hardware(20 * GB, True, False), LARGE, ["PyTorch"]),
        (Hardware(10 * GB, True, True), LARGE, ["12.5 GB of memory, 8.0 GB"]),
        (Hardware(4 * GB, False, True), GGUF, ["12.5 GB", "7.0 GB"]),
        (Hardware(2 * GB, False, True), SMALL, ["12.5 GB", "7.0 GB", "3.0 GB"]),
    ],
)
def test_the_largest_that_can_run_is_chosen(
    machine: Hardware, expected: Candidate, passed: list[str]
) -> None:
    found, why = choose([SMALL, CHECKPOINT, GGUF, LARGE], machine)
    assert found is expected
    assert len(why) == len(passed)
    assert all(reason in said for reason, said in zip(passed, why, strict=True))


def test_of_a_mixture_of_experts_only_what_works_slows() -> None:
    experts = Candidate("llamacpp", "glm-4.7-flash", 19 * GB, active_share=0.12)
    assert choose([SMALL, experts], Hardware(32 * GB, False, False))[0] is experts
    dense = Candidate("llamacpp", "dense", 19 * GB)
    assert choose([SMALL, dense], Hardware(32 * GB, False, False))[0] is SMALL


def test_none_that_can_run_is_an_error_that_says_why() -> None:
    with pytest.raises(SetupError, match=r"needs 1.0 GB") as caught:
        choose([SMALL], Hardware(0.5 * GB, False, False))
    assert caught.value.fix == "digital-life models pull"
    with pytest.raises(SetupError):
        choose([], Hardware(100 * GB, True, True))


def test_what_lies_in_the_models_directory_is_found(store: ModelStore) -> None:
    folder = store.directory / "chatglm3-6b"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "chatglm"}))
    (folder / "pytorch_model.bin").write_bytes(b"x" * 1000)
    other = store.directory / "bert"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (store.directory / "glm-edge.gguf").write_bytes(b"x" * 100)
    found = choice.candidates(settings().brain, store)
    assert {(one.kind, Path(one.model).name) for one in found} == {
        ("chatglm", "chatglm3-6b"),
        ("llamacpp", "glm-edge.gguf"),
    }


@pytest.mark.parametrize(
    ("brain", "expected"),
    [
        ({"kind": "llamacpp"}, "not been downloaded"),
        ({"kind": "llamacpp", "model": "nonsense"}, "No model is called"),
        ({"kind": "openai"}, "not been downloaded"),
        ({"kind": "chatglm", "model": "/nowhere"}, r"config\.json|not installed"),
    ],
)
def test_a_missing_model_is_told_before_anything_is_loaded(
    store: ModelStore, brain: dict[str, str], expected: str
) -> None:
    with pytest.raises(SetupError, match=expected):
        require_brain(settings(**brain), store)


def test_a_folder_is_no_gguf(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="folder") as caught:
        make_brain(settings(model=str(tmp_path)), store)
    assert "chatglm" in caught.value.fix


def test_without_pytorch_it_says_what_to_install(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetupError, match="torch") as caught:
        make_brain(settings(kind="chatglm"), store)
    assert caught.value.fix == install_command("chatglm")


def test_a_server_without_an_address_is_refused(store: ModelStore) -> None:
    with pytest.raises(SetupError, match="address"):
        make_brain(settings(kind="openai"), store)


class Options:
    def __init__(self, **told: str) -> None:
        self.brain = self.model = self.prefix = self.adapter = self.server = None
        self.__dict__.update(told)


def test_options_change_the_settings_for_one_run() -> None:
    changed = with_brain(SETTINGS, Options(brain="chatglm", model="/m", prefix="/p"))  # type: ignore[arg-type]
    assert (changed.brain.kind, changed.brain.model) == ("chatglm", "/m")
    assert (changed.brain.prefix, changed.brain.persona) == ("/p", "")
    assert with_brain(SETTINGS, Options(adapter="/a")).brain.persona == ""  # type: ignore[arg-type]
    own = with_brain(SETTINGS, Options(adapter="/a.gguf")).brain  # type: ignore[arg-type]
    assert (own.adapter, own.persona) == ("/a.gguf", SETTINGS.brain.persona)
    changed = with_brain(SETTINGS, Options(server="http://a/v1", model="glm-4"))  # type: ignore[arg-type]
    assert (changed.brain.kind, changed.brain.model) == ("openai", SETTINGS.brain.model)
    assert changed.brain.persona == SETTINGS.brain.persona
    assert (changed.server.url, changed.server.model) == ("http://a/v1", "glm-4")
    assert with_brain(SETTINGS, Options()) == SETTINGS  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="gopher"):
        with_brain(SETTINGS, Options(server="gopher://a"))  # type: ignore[arg-type]
