"""Which adapter a model gets, and what is said of one that cannot be had."""

from hashlib import sha256
from pathlib import Path

import pytest

from daemon.brain import adapter, choice
from daemon.brain.adapter import find_adapter
from daemon.config import BrainSettings
from daemon.errors import SetupError
from daemon.store import manifest
from daemon.store.manifest import Adapter, load_default
from daemon.store.model_store import ModelStore

QWEN = "qwen2.5-coder-0.5b"
CONTENT = b"GGUF and so on"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The adapter that comes along, whole."""
    path = tmp_path / "talk" / "adapter.gguf"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    monkeypatch.setattr(adapter, "shipped", lambda name: tmp_path / name)
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    known = load_default()
    told = Adapter(path="talk/adapter.gguf", size=len(CONTENT), sha256=sha256(CONTENT).hexdigest())
    weight = known.weight(QWEN).model_copy(update={"adapter": told})
    weights = known.weights | {QWEN: weight}
    return ModelStore(tmp_path, known.model_copy(update={"weights": weights}))


def test_the_adapter_that_comes_along_is_the_one_that_the_list_of_models_tells() -> None:
    weight = load_default().weight(QWEN)
    assert weight.adapter is not None
    path = manifest.shipped(weight.adapter.path)
    content = path.read_bytes()
    assert (len(content), sha256(content).hexdigest()) == (
        weight.adapter.size,
        weight.adapter.sha256,
    )
    gguf = pytest.importorskip("gguf")
    told = gguf.GGUFReader(path).fields["adapter.base.sha256"].contents()
    assert told == weight.files[0].sha256, "it was made for another file"


def test_a_model_gets_its_own_and_others_none(store: ModelStore, shipped: Path) -> None:
    assert find_adapter("auto", QWEN, store) == shipped
    assert find_adapter("auto", "smollm2-135m", store) is None
    assert find_adapter("auto", "/m/qwen2.5-coder-0.5b.gguf", store) is None
    assert find_adapter("", QWEN, store) is None


def test_ones_own_is_taken_for_any_model(store: ModelStore, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    assert find_adapter(str(own), "smollm2-135m", store) == own
    with pytest.raises(SetupError, match="is no file") as caught:
        find_adapter(str(tmp_path / "none.gguf"), QWEN, store)
    assert "auto" in caught.value.fix


def test_one_that_is_damaged_or_missing_is_told_with_what_mends_it(
    store: ModelStore, shipped: Path
) -> None:
    shipped.write_bytes(b"GGUF and less")
    with pytest.raises(SetupError, match="is damaged") as damaged:
        find_adapter("auto", QWEN, store)
    shipped.unlink()
    with pytest.raises(SetupError, match="cannot be read: No such file") as missing:
        find_adapter("auto", QWEN, store)
    for caught in (damaged, missing):
        assert "install" in caught.value.fix or "make" in caught.value.fix


def test_with_another_way_of_talking_only_an_adapter_of_ones_own_is_used(
    shipped: Path, store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "_gguf", lambda _model, _store: tmp_path)
    assert choice.gguf_files(BrainSettings(), QWEN, store)[1] == shipped
    assert choice.gguf_files(BrainSettings(style="/s.json"), QWEN, store)[1] is None
    own = BrainSettings(style="/s.json", adapter=str(shipped))
    assert choice.gguf_files(own, QWEN, store)[1] == shipped
