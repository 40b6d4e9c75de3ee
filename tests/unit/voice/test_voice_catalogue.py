from pathlib import Path

import pytest

from daemon.errors import SetupError, StorageError
from daemon.voice.catalogue import (
    ConvertedVoiceSettings,
    NewVoice,
    checkpoints,
    find_voice,
    list_voices,
    voices_directory,
)

SOVITS = ConvertedVoiceSettings(
    kind="sovits", consent="2026-01-02", speaker='Ann "A"', transpose=-3, auto_f0=True
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def make(name: str, settings: ConvertedVoiceSettings = SOVITS) -> None:
    with NewVoice(name) as new:
        new.finish(settings)


def test_a_new_voice_is_found_as_it_was_made() -> None:
    make("ann")
    voice = find_voice("ann")
    assert voice.settings == SOVITS
    assert voice.directory == voices_directory() / "ann"
    assert "2026-01-02" in voice.statement and "ann" in voice.statement


def test_there_is_one_of_a_name() -> None:
    make("ann")
    with pytest.raises(SetupError, match="already") as error:
        make("ann")
    assert "voices remove ann" in error.value.fix


def test_a_voice_that_fails_to_be_made_leaves_nothing() -> None:
    with pytest.raises(RuntimeError), NewVoice("ann") as new:
        (new.directory / "half").write_text("x")
        raise RuntimeError
    assert not list(voices_directory().iterdir())


def test_a_full_disk_is_said() -> None:
    with pytest.raises(StorageError, match="No space"), NewVoice("ann"):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a b", "x" * 50])
def test_names_that_are_no_folder(name: str) -> None:
    with pytest.raises(SetupError, match="cannot be called"):
        NewVoice(name)


def test_chinese_names_are_fine() -> None:
    make("妈妈")
    assert find_voice("妈妈").name == "妈妈"


def test_a_near_name_is_suggested() -> None:
    make("mother")
    with pytest.raises(SetupError, match="no voice called") as error:
        find_voice("mothr")
    assert "mother" in error.value.fix


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind = ", "Invalid value"),
        ('kind = "robot"\nconsent = ""', "kind"),
        ('kind = "world"', "consent"),
        ('kind = "world"\nconsent = ""\nspeeker = "a"', "speeker"),
        ('kind = "sovits"\nconsent = ""\ntranspose = 90', "transpose"),
    ],
)
def test_a_broken_voice_is_told_and_spoils_no_other(text: str, reason: str) -> None:
    make("good")
    make("bad")
    (voices_directory() / "bad" / "voice.toml").write_text(text)
    good, bad = list_voices()
    assert [voice.name for voice in good] == ["good"]
    assert len(bad) == 1 and reason in str(bad[0])


def test_the_newest_checkpoint_is_the_one_of_most_steps(tmp_path: Path) -> None:
    for name in ("G_0.pth", "G_1000.pth", "G_200.pth", "D_4000.pth", "G_9.pth"):
        (tmp_path / name).touch()
    assert [path.name for path in checkpoints(tmp_path)][-1] == "G_1000.pth"
    make("ann")
    with pytest.raises(SetupError, match="no checkpoint"):
        find_voice("ann").checkpoint()
