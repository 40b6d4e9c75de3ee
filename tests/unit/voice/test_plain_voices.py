"""Which plain voices there are, which of them speaks a language, and names that no voice has."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.config import Settings
from daemon.config.state import with_values
from daemon.errors import SetupError
from daemon.store.manifest import Manifest, load_default
from daemon.store.model_store import ModelStore
from daemon.voice.kokoro.levels import levels
from daemon.voice.named import plain_named, values_for
from daemon.voice.plain_factory import PlainFactory, speaking_names
from daemon.voice.plain_voices import KOKORO, KOKORO_VOICES, find_plain, is_there, plain_voices
from daemon.voice.voice_choice import has_kokoro, speaking_voices
from tests.unit.store.store_helpers import sha

FILES = {
    "kokoro": {"kokoro.onnx": b"a network", "voices.npz": b"packs"},
    "piper-joe": {"voice.onnx": b"joe", "voice.onnx.json": b"{}"},
    "mandarin-baker": {"fastspeech2.tflite": b"f", "mb_melgan.tflite": b"m"},
}


def small() -> Manifest:
    """The packaged manifest with files of a few bytes."""
    known = load_default()
    weights = dict(known.weights)
    for name, files in FILES.items():
        made = [
            file.model_copy(update={"size": len(files[file.name]), "sha256": sha(files[file.name])})
            for file in weights[name].files
            if file.name in files
        ]
        weights[name] = weights[name].model_copy(update={"files": tuple(made)})
    return known.model_copy(update={"weights": weights})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return ModelStore(tmp_path / "models", small())


def lay_out(store: ModelStore, *names: str) -> None:
    for name in names:
        store.place(name).mkdir(parents=True, exist_ok=True)
        for file, data in FILES[name].items():
            (store.place(name) / file).write_bytes(data)


def chosen(store: ModelStore, quick: bool = True, **voice: Any) -> dict[str, str]:
    settings = with_values(Settings(), {f"voice.{key}": value for key, value in voice.items()})
    found = speaking_voices(settings.voice, store, quick)
    return {code: voice.name for code, voice in found.items()}


def test_all_54_are_known_with_language_and_sex(store: ModelStore) -> None:
    found = [voice for voice in plain_voices(store) if voice.engine == "kokoro"]
    assert len(found) == len(KOKORO_VOICES) == len(set(KOKORO_VOICES)) == 54
    languages = [voice.language for voice in found]
    counts = {code: languages.count(code) for code in set(languages)}
    assert counts == {
        "en": 28, "zh": 8, "ja": 5, "es": 3, "fr": 1, "hi": 4, "it": 2, "pt": 3
    }  # fmt: skip
    assert all(voice.licence == "Apache-2.0" and not voice.restriction for voice in found)
    assert find_plain("zm_yunxi", store).sex == "male"
    assert find_plain("bf_emma", store).language == "en"


def test_pipers_voices_have_their_own_names(store: ModelStore) -> None:
    joe = find_plain("piper-joe", store)
    assert (joe.language, joe.sex, joe.engine, joe.licence) == ("en", "male", "piper", "CC0-1.0")
    baker = find_plain("mandarin-baker", store)
    assert baker.engine == "fastspeech2" and "non-commercial" in baker.restriction


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("af_hart", "af_heart"), ("zf_xiaoxao", "zf_xiaoxiao"), ("piper-jo", "piper-joe")],
)
def test_the_closest_names_are_told(store: ModelStore, name: str, nearest: str) -> None:
    for find in (find_plain, plain_named):
        with pytest.raises(SetupError, match=name) as caught:
            find(name, store)
        assert nearest in caught.value.fix


def test_a_name_like_no_other_points_to_the_list(store: ModelStore) -> None:
    with pytest.raises(SetupError) as caught:
        find_plain("☃", store)
    assert caught.value.fix == "digital-life voices list"


def test_kokoro_speaks_where_it_is_there_and_quick(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # the extra is there
    lay_out(store, *FILES)
    found = chosen(store)
    assert (found["en"], found["zh"], found["es"]) == ("af_heart", "zf_xiaoxiao", "ef_dora")
    assert set(found) == {"en", "zh", "ja", "es", "fr", "hi", "it", "pt"}


def test_without_its_extra_japanese_is_not_spoken(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(store, *FILES)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "ja" not in chosen(store)
    assert "ja" not in chosen(store, others=("jm_kumo",))
    assert not is_there(find_plain("jf_alpha", store), store)
    assert is_there(find_plain("ff_siwis", store), store)


def test_where_it_is_slow_piper_speaks(store: ModelStore) -> None:
    lay_out(store, *FILES)
    found = chosen(store, quick=False)
    assert (found["en"], found["zh"]) == ("piper-joe", "mandarin-baker")
    assert found["fr"] == "ff_siwis"  # slow, but nothing else speaks it


def test_slow_kokoro_is_better_understood_than_espeak(store: ModelStore) -> None:
    lay_out(store, "kokoro", "piper-joe")
    assert chosen(store, quick=False)["zh"] == "zf_xiaoxiao"


def test_without_kokoro_piper_speaks_and_nothing_else_changes(store: ModelStore) -> None:
    lay_out(store, "piper-joe", "mandarin-baker")
    assert chosen(store) == {"en": "piper-joe", "zh": "mandarin-baker"}


@pytest.mark.parametrize("left", ["kokoro.onnx", "voices.npz"])
def test_half_of_kokoro_is_no_kokoro(store: ModelStore, left: str) -> None:
    lay_out(store, *FILES)
    for file in FILES[KOKORO]:
        if file != left:
            (store.place(KOKORO) / file).unlink()
    assert not has_kokoro(store)
    assert chosen(store)["en"] == "piper-joe"
    with pytest.raises(SetupError, match="incomplete") as caught:
        chosen(store, engine="kokoro")
    assert caught.value.fix == "digital-life models pull kokoro"


def test_a_pack_of_another_size_is_damage(store: ModelStore) -> None:
    lay_out(store, *FILES)
    (store.place(KOKORO) / "voices.npz").write_bytes(b"pac")
    assert chosen(store)["en"] == "piper-joe"
    with pytest.raises(SetupError, match="damaged"):
        chosen(store, engine="kokoro")


def test_the_engine_may_be_set(store: ModelStore) -> None:
    lay_out(store, *FILES)
    assert chosen(store, engine="piper")["en"] == "piper-joe"
    assert chosen(store, quick=False, engine="kokoro")["en"] == "af_heart"


def test_names_are_taken_whatever_the_engine(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # the extra is there
    lay_out(store, *FILES)
    found = chosen(
        store, quick=False, english="bf_emma", mandarin="zm_yunxi", others=("em_alex", "jm_kumo")
    )
    assert (found["en"], found["zh"], found["es"], found["ja"], found["fr"]) == (
        "bf_emma",
        "zm_yunxi",
        "em_alex",
        "jm_kumo",
        "ff_siwis",
    )


@pytest.mark.parametrize(
    "voice",
    [{"english": "zf_xiaoxiao"}, {"mandarin": "af_heart"}, {"others": ("af_heart",)}],
)
def test_a_voice_of_another_language_is_refused(store: ModelStore, voice: dict[str, Any]) -> None:
    lay_out(store, *FILES)
    with pytest.raises(SetupError):
        chosen(store, **voice)


def test_a_named_mandarin_voice_that_is_not_there_has_a_stand_in(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    lay_out(store, "kokoro", "piper-joe")
    assert chosen(store, quick=False, mandarin="mandarin-baker")["zh"] == "zf_xiaoxiao"
    assert "mandarin-baker" in caplog.text


def test_a_file_of_pipers_tells_its_language(store: ModelStore, tmp_path: Path) -> None:
    lay_out(store, *FILES)
    path = tmp_path / "de_DE-thorsten-medium.onnx"
    path.write_bytes(b"")
    path.with_name(path.name + ".json").write_text(json.dumps({"espeak": {"voice": "de"}}))
    assert find_plain(str(path), store).language == "de"
    assert chosen(store, others=(str(path),))["de"] == str(path)
    assert is_there(find_plain(str(path), store), store)


@pytest.mark.parametrize("config", ["", "{", "[]", '{"espeak": 1}'])
def test_a_file_without_a_language_is_refused(
    store: ModelStore, tmp_path: Path, config: str
) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(b"")
    path.with_name(path.name + ".json").write_text(config)
    with pytest.raises(SetupError, match="cannot be read"):
        find_plain(str(path), store)


def test_a_voice_becomes_the_setting_of_its_language(store: ModelStore) -> None:
    settings = with_values(Settings(), {"voice.others": ("ef_dora", "jf_alpha")})
    assert values_for("am_puck", settings, store) == {"voice.english": "am_puck", "voice.name": ""}
    assert values_for("zm_yunxi", settings, store)["voice.mandarin"] == "zm_yunxi"
    assert values_for("em_alex", settings, store)["voice.others"] == ("jf_alpha", "em_alex")
    assert values_for("", settings, store) == {"voice.name": ""}


def test_a_pack_that_is_wrong_inside_leaves_piper(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its checksum was right once; only loading shows that the network is none."""
    lay_out(store, *FILES)
    monkeypatch.setattr("daemon.voice.plain_factory.kokoro_is_quick", lambda _store: True)
    made: list[str] = []

    def make(factory: PlainFactory, found: object) -> object:
        name = str(getattr(found, "name", ""))
        if name in KOKORO_VOICES:
            raise SetupError("Kokoro cannot be used")
        made.append(name)
        raise Made

    class Made(Exception):
        pass

    monkeypatch.setattr(PlainFactory, "make", make)
    with pytest.raises(Made):
        PlainFactory(Settings(), store).every_language()
    assert made == ["piper-joe"]
    assert "Kokoro cannot be used" in caplog.text


def test_names_are_told_even_where_a_setting_is_wrong(store: ModelStore) -> None:
    settings = with_values(Settings(), {"voice.english": "nobody"})
    assert speaking_names(settings, store) == {"en": "nobody", "zh": "auto"}


def test_known_levels_are_of_kokoros_voices() -> None:
    known = levels()
    assert known.keys() <= set(KOKORO_VOICES)
    assert all(-35 < level < -10 for level in known.values())


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "..", "\u202eeoj", "🧑\u200d💻", "a\nb", "\ud800", "x" * 100_000, ""),
        *("../../etc/passwd.onnx", "~nobody-at-all/x.onnx", "\0.onnx", "\udcff.onnx"),
        *("x" * 5000 + ".onnx", "\x1b[2J.onnx"),
    ],
)
def test_what_is_no_name_is_told_on_a_short_line(store: ModelStore, name: str) -> None:
    with pytest.raises(SetupError) as caught:
        find_plain(name, store)
    assert caught.value.message.isprintable() and len(caught.value.message) < 200
