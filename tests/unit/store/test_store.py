"""The manifest, and what the store says about weights that are there or not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import SetupError
from daemon.store import verify
from daemon.store.manifest import load_default
from daemon.store.model_store import ModelStore, WeightState, default_directory
from tests.unit.store.store_helpers import (
    FIRST,
    SECOND,
    lay_out_talk,
    make_store,
    manifest,
)


@pytest.fixture
def checksums(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    computed: list[str] = []
    real = verify.sha256

    def counting(path: Path, *rest: object) -> str:
        computed.append(path.name)
        return real(path)

    monkeypatch.setattr(verify, "sha256", counting)
    yield computed


def test_the_packaged_manifest_holds_what_the_settings_name() -> None:
    known = load_default()
    expected = {"whisper-base", "qwen2.5-coder-0.5b", "piper-joe", "kokoro"}
    assert expected <= {weight.name for weight in known.profile("default")}
    assert not [weight.name for weight in known.profile("default") if weight.restriction]
    assert {weight.name for weight in known.profile("tiny")} <= known.weights.keys()
    assert [file.name for file in known.weight("whisper-base").files] == [
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    assert known.weight("mandarin-baker").restriction


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(SetupError, match="Did you mean whisper-base"):
        load_default().weight("whisper-bas")
    with pytest.raises(SetupError, match="Did you mean tiny"):
        load_default().profile("tinny")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('wheel = "two"', 'wheel = "three"'),
        (f"size = {len(SECOND)} }}", f"size = {len(SECOND) + 1} }}"),
        ('"listen"', '"lisen"'),
        ('name = "ear.bin"', 'name = "../ear.bin"'),
        ("licence =", "license ="),
        ("[profiles]", "[profiles"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(old: str, new: str) -> None:
    with pytest.raises(SetupError, match="list of models"):
        manifest(**{old: new})


def test_a_missing_weight_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="has not been downloaded") as caught:
        make_store(tmp_path).path("talk")
    assert caught.value.fix == "digital-life models pull talk"


def test_an_incomplete_weight_names_the_file(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    (lay_out_talk(store) / "labels.json").unlink()
    with pytest.raises(SetupError, match=r"incomplete: labels\.json missing"):
        store.path("talk")


@pytest.mark.parametrize("contents", [FIRST, FIRST + SECOND + b"x", SECOND + FIRST])
def test_a_damaged_weight_names_the_file_and_the_command(tmp_path: Path, contents: bytes) -> None:
    store = make_store(tmp_path)
    (lay_out_talk(store) / "voice.bin").write_bytes(contents)
    with pytest.raises(SetupError, match=r"damaged: voice\.bin") as caught:
        store.path("talk")
    assert caught.value.fix == "digital-life models pull talk"


def test_a_checksum_is_computed_once(tmp_path: Path, checksums: list[str]) -> None:
    store = make_store(tmp_path)
    place = lay_out_talk(store)
    assert store.path("talk") == place
    assert sorted(checksums) == ["labels.json", "voice.bin"]
    assert store.path("talk") == place
    assert len(checksums) == 2


def test_a_touched_file_is_computed_again(tmp_path: Path, checksums: list[str]) -> None:
    store = make_store(tmp_path)
    place = lay_out_talk(store)
    store.path("talk")
    checksums.clear()
    os.utime(place / "voice.bin", ns=(1, 1))
    store.path("talk")
    assert checksums == ["voice.bin"]


def test_damage_that_keeps_size_and_time_is_found_by_verify(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    voice = lay_out_talk(store) / "voice.bin"
    store.path("talk")
    before = voice.stat()
    voice.write_bytes(SECOND + FIRST)
    os.utime(voice, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.status("talk").state is WeightState.READY
    assert store.verify("talk").damaged == ("voice.bin",)
    assert store.status("talk").state is WeightState.DAMAGED


def test_a_stamp_does_not_outlive_a_new_checksum_in_the_manifest(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    lay_out_talk(store)
    store.path("talk")
    old = store.manifest.weight("talk").files[0].sha256
    newer = ModelStore(store.directory, manifest(**{old: "0" * 64}))
    assert newer.status("talk").damaged == ("voice.bin",)


@pytest.mark.parametrize("stamp", ["", "[]", '{"voice.bin": 3}', "\udcff"])
def test_a_broken_stamp_costs_only_time(tmp_path: Path, stamp: str) -> None:
    store = make_store(tmp_path)
    place = lay_out_talk(store)
    (place / ".verified.json").write_bytes(stamp.encode(errors="surrogateescape"))
    assert store.path("talk") == place


def test_verify_tells_how_far_it_is(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    lay_out_talk(store)
    seen: list[int] = []
    store.verify("talk", seen.append)
    assert sum(seen) == store.manifest.weight("talk").size


def test_remove_takes_its_own_files_only(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    place = lay_out_talk(store)
    store.path("talk")
    (place / "voice.bin.part").write_bytes(b"12345")
    (place / "notes.txt").write_text("mine")
    assert store.remove("talk") == store.manifest.weight("talk").size + 5
    assert [path.name for path in place.iterdir()] == ["notes.txt"]
    assert store.remove("talk") == 0


def test_the_default_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "digital-life" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert default_directory() == Path.home() / ".cache" / "digital-life" / "models"
