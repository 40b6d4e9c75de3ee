"""``brain use`` with the real engine: a hub of our own serves GGUF files that are talked with."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon.brain.llamacpp import LlamaCpp
from daemon.brain.speed import measure
from daemon.cli import main
from daemon.config import load, packaged_config
from daemon.media import Message
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore, WeightState
from daemon.store.pins import with_pins
from tests import flash_gguf
from tests.unit.store.hub_server import COMMIT, HubServer, serving
from tests.unit.store.store_helpers import sha

REFERENCE = "hub:zai-org/tiny-glm/model-Q4_K_M.gguf@v1"
NAME = "zai-org--tiny-glm--model-Q4_K_M--v1"
THINKS = (
    "{% if add_generation_prompt and enable_thinking is defined and not enable_thinking %}"
    "<think>\n\n</think>\n\n{% endif %}"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path


@pytest.fixture(params=["Glm", "Glm4", "Flash"])
def glm(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Make a GLM of random weights, built as GLM-Edge, GLM-4-0414 and GLM-4.7-Flash are."""
    if request.param == "Flash":
        return flash_gguf.write(tmp_path / "flash.gguf")
    return make_gguf(tmp_path, request.param)


def make_gguf(folder: Path, kind: str, after: str = "") -> Path:
    pytest.importorskip("torch", reason="the chatglm extra is not installed")
    from tests import gguf_files
    from tests.models.test_chatglm_brain import TEMPLATE, make_glm

    checkpoint = make_glm(folder / "glm", kind, TEMPLATE + after)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    config["max_position_embeddings"] = 4096  # the persona alone is longer than 256 bytes
    (checkpoint / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return gguf_files.glm(checkpoint, folder / "glm.gguf", kind)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Callable[[bytes], HubServer]]:
    with ExitStack() as stack:

        def serve(contents: bytes) -> HubServer:
            made = stack.enter_context(serving(contents))
            monkeypatch.setenv("HF_ENDPOINT", made.address)
            return made

        yield serve


def store(home: Path) -> ModelStore:
    directory = home / "CACHE_HOME" / "digital-life" / "models"
    return ModelStore(directory, with_pins(load_default(), directory))


def in_settings(home: Path) -> str:
    return load(home / "CONFIG_HOME" / "digital-life" / "config.toml").settings.brain.model


def test_a_glm_build_is_fetched_verified_and_talked_with(
    glm: Path,
    home: Path,
    server: Callable[[bytes], HubServer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    contents = glm.read_bytes()
    hub = server(contents)
    hub.cut = len(contents) // 2
    assert main(["brain", "use", REFERENCE]) == 0
    paths = [path for path, _ in hub.asked]
    assert paths[0] == "/zai-org/tiny-glm/resolve/v1/model-Q4_K_M.gguf"
    assert set(paths[1:]) == {f"/zai-org/tiny-glm/resolve/{COMMIT}/model-Q4_K_M.gguf"}
    assert [wanted for _, wanted in hub.asked] == ["HEAD", None, f"bytes={hub.cut}-"]
    assert "The first clause came after" in capsys.readouterr().err
    assert in_settings(home) == NAME
    kept = store(home)
    assert kept.manifest.weight(NAME).files[0].sha256 == sha(contents)
    assert kept.verify(NAME).state is WeightState.READY
    assert main(["brain", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["brains"]
    [used] = [brain for brain in listed if brain["in_use"]]
    assert (used["name"], used["measured"]) == (NAME, True)
    assert used["first_clause_s"] is not None


def test_a_file_that_is_no_model_is_fetched_and_not_kept(
    home: Path, server: Callable[[bytes], HubServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server(b"GGUF, and then nothing that llama.cpp knows" * 1000)
    assert main(["brain", "use", REFERENCE]) == 2
    assert "cannot be loaded" in capsys.readouterr().err
    assert not (home / "CONFIG_HOME" / "digital-life" / "config.toml").exists()


def test_a_small_model_of_the_hub_answers_in_words(
    weights: Callable[[str], Path],
    home: Path,
    server: Callable[[bytes], HubServer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    server((weights("smollm2-135m") / "model.gguf").read_bytes())
    assert main(["brain", "use", REFERENCE]) == 0
    assert "rainbow" in capsys.readouterr().err.lower()
    assert in_settings(home) == NAME


def test_a_model_that_can_think_is_told_not_to(tmp_path: Path) -> None:
    path = make_gguf(tmp_path, "Glm4", THINKS)
    model = LlamaCpp(path, context_tokens=256, max_reply_tokens=8, temperature=0.0, top_p=1.0)
    try:
        question = [Message("user", "What?")]
        assert model._prompt(question, ()).endswith("<think>\n\n</think>\n\n")
        shown = [{"role": "user", "content": "What?"}]
        body = {"messages": shown, "max_tokens": 1}
        used = model.server.ask("POST", "/v1/chat/completions", body)["usage"]["prompt_tokens"]
        assert used == model.count_tokens(question)
    finally:
        model.close()


def test_glm_47_flash_begins_behind_a_thought_that_is_closed(tmp_path: Path) -> None:
    path = flash_gguf.write(tmp_path / "flash.gguf")
    model = LlamaCpp(path, context_tokens=256, max_reply_tokens=8, temperature=0.0, top_p=1.0)
    try:
        assert model._prompt([Message("user", "What?")], ()).endswith("<|assistant|></think>")
    finally:
        model.close()


def test_what_is_measured_is_a_speed(weights: Callable[[str], Path]) -> None:
    brain = load(packaged_config()).settings.brain
    speed = measure(weights("smollm2-135m") / "model.gguf", brain)
    assert speed.read > 0
    assert speed.write > 0
