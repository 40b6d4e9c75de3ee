"""Which Whisper hears: by name, by folder, or the largest that is quick enough."""

from pathlib import Path

import pytest

from daemon.config import EarsSettings
from daemon.ears.choice import model_folder
from daemon.errors import InputError, SetupError
from daemon.store.manifest import load
from daemon.store.model_store import ModelStore, open_store
from daemon.store.repository_pins import PinnedFile, RepositoryPin, parse_repository
from daemon.weights import needed_weights
from tests.unit.store.store_helpers import sha

SIZES = {"whisper-tiny-en": 1, "whisper-base": 3, "whisper-small": 5, "silero-vad": 9}
MANIFEST = "[profiles]\n[wheels]\n" + "".join(
    f"""
[weights.{name}]
description = {{ en = "x", zh = "x" }}
licence = "MIT"
[[weights.{name}.files]]
name = "model.bin"
size = {size}
sha256 = "{sha(b"x" * size)}"
hub = {{ repository = "a/b", revision = "main", path = "model.bin" }}
"""
    for name, size in SIZES.items()
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("daemon.ears.choice.PROCESSORS.others", lambda: 0.0)
    return ModelStore(tmp_path / "models", load(MANIFEST))


def lay_out(store: ModelStore, *names: str) -> None:
    for name in names:
        store.place(name).mkdir(parents=True)
        (store.place(name) / "model.bin").write_bytes(b"x" * SIZES[name])


class Clock:
    """Tells how quick a model is, and how often that was asked."""

    def __init__(self, **seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[str] = []

    def __call__(self, folder: Path, _: EarsSettings) -> float:
        self.asked.append(folder.name)
        return self.seconds[folder.name.removeprefix("whisper-")]


def test_a_name_is_that_weight_and_a_path_that_folder(store: ModelStore, tmp_path: Path) -> None:
    lay_out(store, "whisper-base", "whisper-small")
    assert model_folder(EarsSettings(model="whisper-base"), store) == store.place("whisper-base")
    own = tmp_path / "mine"
    assert model_folder(EarsSettings(model=str(own)), store) == own
    assert model_folder(EarsSettings(model="~/mine"), store) == Path.home() / "mine"
    with pytest.raises(SetupError, match="whisper-tiny-en has not been downloaded"):
        model_folder(EarsSettings(model="whisper-tiny-en"), store)


def test_a_repository_of_the_hub_is_named_with_the_command_that_fetches_it(
    store: ModelStore,
) -> None:
    ears = EarsSettings(model="hub:some/whisper@v1")
    with pytest.raises(SetupError, match="hub:some/whisper@v1 has not been downloaded") as caught:
        model_folder(ears, store)
    assert caught.value.fix == "digital-life models pull hub:some/whisper@v1"
    file = PinnedFile(name="model.bin", size=1, sha256=sha(b"x"))
    place = parse_repository(ears.model)
    store.remember_repository(RepositoryPin(place=place, commit="0" * 40, files=(file,)))
    with pytest.raises(SetupError, match="has not been downloaded"):
        model_folder(ears, store)
    folder = store.place("some--whisper---v1")
    (folder / "model.bin").write_bytes(b"x")
    assert model_folder(ears, store) == folder
    with pytest.raises(InputError, match="not of the form hub:OWNER/REPOSITORY"):
        model_folder(EarsSettings(model="hub:some"), store)


@pytest.mark.parametrize(
    ("small", "base", "taken", "asked"),
    [
        (0.39, 0.1, "whisper-small", ["whisper-small"]),
        (0.41, 0.1, "whisper-base", ["whisper-small"]),
        (0.41, 9.9, "whisper-base", ["whisper-small"]),  # there is no smaller one
    ],
)
def test_auto_is_the_largest_that_is_quick_enough(
    store: ModelStore, small: float, base: float, taken: str, asked: list[str]
) -> None:
    lay_out(store, "whisper-base", "whisper-small", "whisper-tiny-en", "silero-vad")
    ears, clock = EarsSettings(model="auto"), Clock(small=small, base=base)
    assert model_folder(ears, store, clock).name == taken
    assert clock.asked == asked
    assert model_folder(ears, store, clock).name == taken
    assert clock.asked == asked  # that is remembered


def test_auto_measures_again_what_was_replaced_and_on_a_busy_machine(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(store, "whisper-base", "whisper-small")
    ears, clock = EarsSettings(model="auto"), Clock(small=0.5)
    monkeypatch.setattr("daemon.ears.choice.PROCESSORS.others", lambda: 100.0)
    for _ in range(2):
        assert model_folder(ears, store, clock).name == "whisper-base"
    monkeypatch.setattr("daemon.ears.choice.PROCESSORS.others", lambda: 0.0)
    for _ in range(2):
        assert model_folder(ears, store, clock).name == "whisper-base"
    assert len(clock.asked) == 3
    assert model_folder(EarsSettings(model="auto", threads=1), store, Clock(small=0.1)).name == (
        "whisper-small"
    )


def test_auto_takes_only_what_knows_the_languages(store: ModelStore) -> None:
    with pytest.raises(SetupError, match="en, zh"):
        model_folder(EarsSettings(model="auto"), store)
    lay_out(store, "whisper-tiny-en")
    with pytest.raises(SetupError, match="en, zh"):
        model_folder(EarsSettings(model="auto"), store)
    english = EarsSettings(model="auto", languages=("en",))
    assert model_folder(english, store).name == "whisper-tiny-en"


def test_auto_passes_over_what_cannot_be_loaded(store: ModelStore) -> None:
    lay_out(store, "whisper-base", "whisper-small")
    ears = EarsSettings(model="auto")
    assert model_folder(ears, store).name == "whisper-base"  # a real try: these are no models


def test_only_a_named_recogniser_has_to_be_there(tmp_path: Path) -> None:
    from daemon.config import load as load_config
    from daemon.config import packaged_config

    settings = load_config(packaged_config()).settings
    store = open_store(str(tmp_path / "models"))
    assert "whisper-base" in needed_weights(settings, store)
    for model in ("auto", str(tmp_path), "~/whisper"):
        ears = settings.ears.model_copy(update={"model": model})
        named = needed_weights(settings.model_copy(update={"ears": ears}), store)
        assert not any("whisper" in name or name in ("auto", model) for name in named)
        assert "silero-vad" in named
    ears = settings.ears.model_copy(update={"model": "hub:some/whisper"})
    named = needed_weights(settings.model_copy(update={"ears": ears}), store)
    assert "hub:some/whisper" in named
