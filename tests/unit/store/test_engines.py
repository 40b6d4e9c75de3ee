"""What was made of weights goes with them."""

import json
from pathlib import Path

import pytest

from daemon.store import pull
from daemon.store.engines import DESCRIPTION, PREFIX, engines_directory
from tests.unit.store.store_helpers import lay_out_talk, make_report, make_store


def made_of(source: Path, name: str) -> Path:
    place = engines_directory() / f"{PREFIX}{name}"
    place.mkdir(parents=True)
    (place / DESCRIPTION).write_text(json.dumps({"model": str(source)}), encoding="utf-8")
    return place


def test_a_removed_weight_takes_what_was_made_of_it_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = make_store(tmp_path)
    gone = made_of(lay_out_talk(store) / "voice.bin", "a")
    other = tmp_path / "mine.gguf"
    other.write_bytes(b"GGUF")
    stays = made_of(other, "b")
    unreadable = made_of(other, "c")
    (unreadable / DESCRIPTION).write_text("{", encoding="utf-8")
    rubbish = made_of(other, "d")
    (rubbish / DESCRIPTION).write_text(json.dumps({"model": "x" * 5000}), encoding="utf-8")
    assert pull.remove(store, "talk", make_report()[0])
    assert not gone.exists()
    assert stays.exists()
    assert unreadable.exists(), "it may be somebody else's"
