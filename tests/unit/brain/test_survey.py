"""Which model is the best here: by what fits, how quick it is, and how well it talks."""

from pathlib import Path

import pytest

from daemon.brain import speed
from daemon.brain.hardware import GB, Hardware, memory_need
from daemon.brain.speed import BrainSpeed
from daemon.brain.survey import MAX_FIRST_CLAUSE_S, Brain, best, require_room, survey
from daemon.config import BrainSettings, Settings
from daemon.errors import SetupError
from daemon.store.manifest import load, load_default
from daemon.store.model_store import ModelStore
from tests.unit.store.store_helpers import sha

LARGE = Hardware(64 * GB, False, False)
SMALL = b"weights of a small model"


def entry(name: str, size: int, quality: int, languages: str, sha256: str) -> str:
    return f"""
[weights.{name}]
description = {{ en = "Talks", zh = "会说话" }}
licence = "MIT"
[weights.{name}.brain]
languages = "{languages}"
tools = "no"
parameters = {size / 1e9}
cache_bytes = 1000
quality = {quality}
[[weights.{name}.files]]
name = "model.gguf"
size = {size}
sha256 = "{sha256}"
"""


MANIFEST = "[profiles]\n[wheels]\n" + "".join(
    [
        entry("here", len(SMALL), 1, "zh en", sha(SMALL)),
        entry("twice", 2 * len(SMALL), 2, "zh en +3", "1" * 64),
        entry("alike", 2 * len(SMALL), 2, "zh en", "2" * 64),
        entry("english", 2 * len(SMALL), 3, "en", "3" * 64),
        entry("slow", 10**6, 5, "zh en", "4" * 64),
        entry("slower", 10**7, 6, "zh en", "5" * 64),
        entry("vast", 60 * 10**9, 6, "zh en", "6" * 64),
    ]
)


MANY_AND_SIX = ("qwen3-0.6b", "smollm3-3b")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(speed, "is_busy", lambda: False)
    monkeypatch.setattr(speed, "measure", lambda path, brain: BrainSpeed(200.0, 50.0))
    made = ModelStore(tmp_path / "models", load(MANIFEST))
    made.place("here").mkdir(parents=True)
    (made.place("here") / "model.gguf").write_bytes(SMALL)
    return made


def settings(model: str = "here", **more: object) -> BrainSettings:
    return Settings.model_validate({"brain": {"model": model, **more}}).brain


def names(brains: list[Brain]) -> list[str]:
    return [brain.name for brain in brains]


def test_the_best_comes_first_and_what_cannot_run_last(store: ModelStore) -> None:
    found = survey(store, settings(), LARGE)
    assert names(found) == ["english", "twice", "alike", "here", "slow", "slower", "vast"]
    assert [it.measured for it in found] == [it.name == "here" for it in found]
    assert [it.installed for it in found] == [it.name == "here" for it in found]
    assert [it.in_use for it in found] == [it.name == "here" for it in found]


def test_the_one_to_propose_fits_is_quick_and_speaks_all_languages(store: ModelStore) -> None:
    found = survey(store, settings(), LARGE)
    for languages, name in ((("en", "zh"), "twice"), (("en",), "english")):
        proposed = best(found, languages)
        assert proposed is not None
        assert proposed.name == name
    assert best(found, ("en", "fr")) is None
    assert best([it for it in found if it.name in ("slow", "vast")], ("en",)) is None


def test_a_model_that_names_two_of_a_hundred_languages_speaks_ours() -> None:
    known = load_default().weights
    many, six = (Brain(n, known[n], 1, 1.0, True, False, None, True, "") for n in MANY_AND_SIX)
    assert many.speaks(("en", "zh", "fr", "hi"))
    assert six.speaks(("en", "fr", "es")) and not six.speaks(("en", "zh"))


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(store: ModelStore) -> None:
    vast = survey(store, settings(), LARGE)[-1]
    assert vast.refusal == "needs 60.4 GB of memory, 51.2 GB can be used"
    with pytest.raises(SetupError, match=r"vast cannot run here: it needs 60.4 GB of memory, 51.2"):
        require_room("vast", vast.need, LARGE)
    require_room("here", memory_need(len(SMALL), 4096), LARGE)


def test_numbers_of_a_refusal_never_look_as_if_it_fitted(store: ModelStore) -> None:
    vast = survey(store, settings(), LARGE)[-1]
    with pytest.raises(SetupError, match=r"needs 60.4 GB of memory, 60.3 GB"):
        require_room("vast", vast.need, Hardware((vast.need - 1) / 0.8, False, False))


def test_keys_and_values_of_a_longer_context_take_more(store: ModelStore) -> None:
    short, long = (
        survey(store, settings(context_tokens=tokens), LARGE)[0].need for tokens in (1024, 4096)
    )
    assert long - short == 3072 * 1000


def test_only_what_is_there_is_measured_and_only_once(store: ModelStore) -> None:
    told: list[str] = []
    for _ in range(2):
        survey(store, settings(), LARGE, told.append)
    assert told == ["here"]


def test_without_anything_measured_nothing_is_claimed(store: ModelStore) -> None:
    (store.place("here") / "model.gguf").unlink()
    found = survey(store, settings(), LARGE)
    assert all(it.speed is None and not it.quick for it in found)
    assert best(found, ("en",)) is None


def test_a_model_that_cannot_be_loaded_is_not_measured(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> BrainSpeed:
        raise SetupError("damaged")

    monkeypatch.setattr(speed, "measure", fail)
    assert all(it.speed is None for it in survey(store, settings(), LARGE))


def test_a_file_of_ones_own_is_listed_while_it_is_in_use(store: ModelStore, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"mine")
    found = {it.name: it for it in survey(store, settings(str(mine)), LARGE)}
    assert (found[str(mine)].in_use, found[str(mine)].measured) == (True, True)
    assert best([found[str(mine)]], ("en",)) is None
    assert str(mine) not in names(survey(store, settings(), LARGE))


def test_another_kind_of_brain_is_none_of_these(store: ModelStore) -> None:
    assert not any(it.in_use for it in survey(store, settings(kind="openai"), LARGE))


def test_the_catalogue_leads_with_the_family_and_knows_where_each_file_is() -> None:
    brains = [it for it in load_default().weights.values() if it.brain]
    assert [it.name for it in brains[:5]] == [
        *("chatglm3-6b", "glm-edge-1.5b", "glm-edge-4b", "glm-4-9b-0414", "glm-4.7-flash"),
    ]
    for brain in brains:
        assert brain.unpinned or brain.files[0].hub or brain.files[0].members
        for file in brain.files:
            assert file.name == "model.gguf"
            if file.hub:
                assert len(file.hub.revision) == 40


def test_in_each_class_that_has_one_a_glm_is_offered_first() -> None:
    first: dict[int, str] = {}
    for weight in load_default().weights.values():
        if weight.brain:
            first.setdefault(weight.brain.quality, weight.name)
    assert {quality for quality, name in first.items() if "glm" in name} == {2, 3, 4, 5, 6}


def test_quick_is_what_talking_bears() -> None:
    assert BrainSpeed(200.0, 50.0).first_clause_s < MAX_FIRST_CLAUSE_S
