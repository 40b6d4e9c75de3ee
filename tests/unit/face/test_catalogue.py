import io
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.errors import InputError, SetupError
from daemon.expression import Attitude
from daemon.face.catalogue import (
    ClipEntry,
    NoFace,
    add_clip,
    find_face,
    list_faces,
    own_face,
    own_faces_directory,
    remove_face,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


USES = {"talking": Attitude.SPEAKING, "idle": Attitude.IDLE}


def added(name: str, *sources: str) -> None:
    for source in sources:
        face = own_face(name)
        (face.directory / source).mkdir(parents=True)
        add_clip(face, ClipEntry(face.directory / source, f"{source}.mp4", USES[source]))


def test_own_faces_are_the_user_s(home: Path) -> None:
    added("me", "talking", "idle")
    face = find_face("me")
    assert face.directory == home / "digital-life" / "faces" / "me" == own_faces_directory() / "me"
    assert [(clip.source, clip.use) for clip in face.clips] == [
        ("talking.mp4", Attitude.SPEAKING),
        ("idle.mp4", Attitude.IDLE),
    ]
    assert face.description == "talking.mp4, idle.mp4"
    assert {face.name for face in list_faces()} == {"default", "me"}
    assert find_face("default").clips == ()


def test_faces_of_before_there_were_states_are_read(home: Path) -> None:
    added("me", "talking", "idle")
    described = own_face("me").directory / "face.toml"
    old = described.read_text().replace('state = "speaking"', "idle = false")
    described.write_text(old.replace('state = "idle"', "idle = true"))
    assert [clip.use for clip in find_face("me").clips] == [Attitude.SPEAKING, Attitude.IDLE]


def test_a_clip_added_again_is_there_once() -> None:
    added("me", "talking")
    face = own_face("me")
    add_clip(face, ClipEntry(face.clips[0].folder, 'a "quoted" 名字.mp4', Attitude.THINKING))
    (clip,) = find_face("me").clips
    assert (clip.source, clip.use) == ('a "quoted" 名字.mp4', Attitude.THINKING)


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "-x", "a" * 41, "two words"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(InputError, match="cannot be a face's name"):
        own_face(name)


@pytest.mark.parametrize("name", ["me", "数字生命", "Me-2_b"])
def test_names_that_can(name: str) -> None:
    added(name, "talking")
    assert find_face(name).name == name


def test_the_drawn_face_is_nobody_s_own() -> None:
    with pytest.raises(SetupError, match="comes with the program"):
        own_face("default")


def test_removing_leaves_nothing(home: Path) -> None:
    added("me", "talking")
    remove_face(find_face("me"))
    assert not (home / "digital-life" / "faces" / "me").exists()
    with pytest.raises(SetupError, match="no face called"):
        find_face("me")


def test_a_damaged_face_is_none(home: Path) -> None:
    added("me", "talking")
    (own_face("me").directory / "face.toml").write_text("[[clips]]\nfolder = 1\n")
    assert {face.name for face in list_faces()} == {"default"}


def test_the_commands(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    added("me", "talking")
    assert main(["faces", "list"]) == 0
    assert "talking.mp4" in capsys.readouterr().out
    assert main(["faces", "remove", "default"]) == 2
    assert main(["faces", "remove", "you"]) == 2
    assert main(["faces", "remove", "me"]) == 0
    assert main(["faces", "show", "me"]) == 2
    assert main(["faces", "add", str(home / "absent.mp4"), "--name", "me"]) == 3
    assert main(["faces", "add", str(home), "--name", "me"]) == 3
    assert main(["say", "Hello", "--face", "nobody", "--out", str(home / "x.mp4")]) == 2


def test_a_face_that_is_set_is_not_removed_unasked(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added("me", "talking")
    file = home / "c.toml"
    file.write_text('[face]\nname = "me"\n')
    remove = ["--config", str(file), "faces", "remove", "me"]
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(remove) == 2
    assert "is set" in capsys.readouterr().err
    assert find_face("me").clips
    assert main([*remove, "--yes"]) == 0
    with pytest.raises(NoFace):
        find_face("me")


def test_a_persona_s_face_is_not_removed_unasked(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added("me", "talking")
    personas = home / "config" / "digital-life" / "personas"
    personas.mkdir(parents=True)
    (personas / "ann.toml").write_text('name = "Ann"\nprompt = "You are Ann."\nface = "me"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["faces", "remove", "me"]) == 2
    assert "that of Ann" in capsys.readouterr().err
