"""``digital-life double``, as a person at a terminal or a script meets it."""

import argparse
import json
from pathlib import Path

import pytest

from daemon.api import client
from daemon.commands import double, double_list, faces, voices
from daemon.commands.double_option import add_double_option, choosing_double, with_double
from daemon.config import Settings, load, user_config
from daemon.doubles.store import find_double
from daemon.errors import DigitalLifeError, InputError, SetupError
from daemon.face.catalogue import Face, find_face
from daemon.face.clip import ClipWriter, FaceTrack
from daemon.folders import doubles_folder
from daemon.voice.catalogue import ConvertedVoiceSettings
from tests.faces import POINTS, skin
from tests.unit.doubles.making import homes

LEAVE = ("--consent", "It is me.", "--yes")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and makers that take what they are given."""
    for name, path in homes(tmp_path).items():
        monkeypatch.setenv(name, path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "me.wav").write_bytes(b"RIFF")
    (tmp_path / "me.png").write_bytes(b"picture")

    def nobody(*_: object) -> None:
        raise client.NotRunning

    def learn(
        paths: list[Path], directory: Path, settings: Settings, yes: bool
    ) -> ConvertedVoiceSettings:
        if any(b"noise" in path.read_bytes() for path in paths):
            raise InputError("There is too little speech.")
        (directory / "timbre.npz").write_bytes(b"".join(path.read_bytes() for path in paths))
        return ConvertedVoiceSettings(kind="world", consent="2020-01-01")

    def prepare(source: object, options: object, settings: Settings, face: Face) -> Path:
        folder = face.directory / str(len(face.clips))
        writer = ClipWriter(folder, 0)
        writer.add(skin())
        writer.finish(FaceTrack(POINTS[None], POINTS[:1].repeat(2, 1), [(0, 1)]))
        writer.close()
        return folder

    monkeypatch.setattr(client, "Client", nobody)
    monkeypatch.setattr(double_list, "Client", nobody)
    monkeypatch.setattr(voices, "learn_voice", learn)
    monkeypatch.setattr(faces, "prepare_clip", prepare)
    monkeypatch.setattr("daemon.face.source.probe_media", lambda path: path)
    return tmp_path


def run(*words: object, config: Path | None = None) -> int:
    parser = argparse.ArgumentParser(prog="digital-life")
    double.register(parser.add_subparsers())
    arguments = parser.parse_args(["double", *map(str, words)])
    arguments.config = config
    code = arguments.run(arguments, load(config).settings)
    assert isinstance(code, int)
    return code


def test_one_command_makes_it_and_says_what_is_next(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--voice", place / "me.wav", "--face", place / "me.png", *LEAVE)
    assert run("create", "Lin", *given) == 0
    made = find_double("Lin")
    assert made.parts == ("voice", "face") and made.record.consent == "It is me."
    assert [source.name for source in made.record.sources] == ["me.wav", "me.png"]
    assert str(place) not in (made.folder / "double.toml").read_text(), "names, not where they lay"
    shown = capsys.readouterr()
    assert "Lin" in shown.out and "digital-life run --double Lin" in shown.err
    assert run("create", "Lin", *given) == 0, "what is there is not made again"
    assert "already" in capsys.readouterr().err


def test_what_fails_leaves_nothing_and_what_was_made_stays(place: Path) -> None:
    (place / "bad.wav").write_bytes(b"noise")
    with pytest.raises(InputError, match="too little"):
        run("create", "Lin", "--voice", place / "bad.wav", *LEAVE)
    assert list(doubles_folder().iterdir()) == []
    run("create", "Lin", "--face", place / "me.png", *LEAVE)
    with pytest.raises(InputError, match="too little"):
        run("add", "Lin", "--voice", place / "bad.wav", "--yes")
    assert find_double("Lin").parts == ("face",)
    assert run("add", "Lin", "--voice", place / "me.wav", "--yes") == 0
    assert find_double("Lin").parts == ("voice", "face")


def test_a_voice_is_replaced_only_by_one_that_is_whole(place: Path) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    timbre = find_double("Lin").folder / "voice" / "timbre.npz"
    (place / "bad.wav").write_bytes(b"noise")
    with pytest.raises(InputError):
        run("add", "Lin", "--voice", place / "bad.wav")
    assert timbre.read_bytes() == b"RIFF"
    (place / "better.wav").write_bytes(b"better")
    run("add", "Lin", "--voice", place / "better.wav")
    assert timbre.read_bytes() == b"better"
    assert [source.name for source in find_double("Lin").record.sources] == ["better.wav"]


def test_another_face_takes_the_place_of_the_old(place: Path) -> None:
    run("create", "Lin", "--face", place / "me.png", *LEAVE)
    (place / "other.png").write_bytes(b"another")
    run("add", "Lin", "--face", place / "other.png")
    assert [path.name for path in (find_double("Lin").folder / "face").iterdir() if path.is_dir()]
    assert [clip.source for clip in find_face("Lin").clips] == ["other.png"]


def test_without_leave_or_files_nothing_begins(place: Path) -> None:
    with pytest.raises(SetupError, match="agree") as caught:
        run("create", "Lin", "--voice", place / "me.wav", "--yes")
    assert "--consent" in caught.value.fix, "yes is no consent"
    with pytest.raises(InputError, match="does not exist"):
        run("create", "Lin", "--voice", place / "none.wav", *LEAVE)
    with pytest.raises(InputError, match="cannot be called"):
        run("create", "../Lin", *LEAVE)
    with pytest.raises(SetupError, match="added"):
        run("create", "Lin", *LEAVE)
        run("add", "Lin")


def test_step_by_step_each_can_be_skipped_and_comes_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["It is me.", "", f"'{place / 'none.png'}'", f"'{place / 'me.png'}'", ""])
    monkeypatch.setattr("builtins.input", lambda: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)

    def probe(path: Path) -> Path:
        if not path.exists():
            raise InputError(f"{path} does not exist.")
        return path

    monkeypatch.setattr("daemon.face.source.probe_media", probe)
    assert run("create", "Lin") == 0
    assert find_double("Lin").parts == ("face",)
    typed = iter([str(place / "me.wav"), ""])
    assert run("create", "Lin") == 0
    assert find_double("Lin").parts == ("voice", "face")
    assert next(typed, None) is None, "the face was not asked for again"


def test_list_and_show(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    assert "create NAME" in capsys.readouterr().out
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    capsys.readouterr()
    run("list", "--json")
    (told,) = json.loads(capsys.readouterr().out)["doubles"]
    assert (told["name"], told["parts"], told["consent"]) == ("Lin", ["voice"], "It is me.")
    run("show", "Lin")
    shown = capsys.readouterr().out
    assert "me.wav" in shown and "It is me." in shown
    with pytest.raises(SetupError, match="no double"):
        run("show", "Lim")


def test_use_is_written_into_the_settings(place: Path) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    run("use", "Lin")
    assert load().settings.persona.name == "Lin"
    run("use", "default")
    assert load().settings.persona.name == ""
    with pytest.raises(SetupError, match="no double"):
        run("use", "luna")


def test_removed_it_is_gone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    run("use", "Lin")
    with pytest.raises(SetupError, match="answer"):
        run("remove", "Lin")
    assert run("remove", "Lin", "--yes") == 0
    shown = capsys.readouterr().out
    assert "nothing of it is left" in shown and "persona.name" in shown
    assert load(user_config()).settings.persona.name == ""
    with pytest.raises(SetupError):
        run("remove", "Lin", "--yes")


def test_a_copy_that_is_left_is_named(place: Path) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    kept = place / "data" / "digital-life" / "note"
    kept.write_text(find_double("Lin").record.sources[0].sha256)
    with pytest.raises(DigitalLifeError, match="left") as caught:
        run("remove", "Lin", "--yes")
    assert str(kept) in str(caught.value)


def test_export_and_import(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("create", "Lin", *LEAVE)
    file = place / "lin.double"
    with pytest.raises(SetupError, match="answer"):
        run("export", "Lin", file)
    assert run("export", "Lin", file, "--yes") == 0
    run("remove", "Lin", "--yes")
    with pytest.raises(SetupError, match="answer"):
        run("import", file)
    assert "It is me." in capsys.readouterr().err, "whoever takes it in sees the consent"
    assert run("import", file, "--yes") == 0
    assert find_double("Lin").record.consent == "It is me."


def chat(place: Path, answers: int = 30) -> Path:
    """Return an export of WhatsApp in which Lin has her way of talking."""
    folder = place / "exports"
    folder.mkdir(exist_ok=True)
    topics = ["tea", "trains", "snow", "dogs", "piano", "maths", "rivers", "ghosts", "jazz", "moss"]
    lines = []
    for number in range(answers):
        topic = f"{topics[number % 10]} {topics[number // 10]}"
        lines += [
            f"[05.03.24, 10:{number:02}:00] Bo: What about {topic} today?",
            f"[05.03.24, 10:{number:02}:30] Lin Yue: haha {topic}, totally splendid 🙂",
        ]
    (folder / "chat.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "notes.txt").write_text("Nobody says anything here.\n")
    return folder


def test_the_way_of_talking_comes_with_the_rest(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("create", "Lin", "--chats", chat(place), "--answers", "Lin Yue", *LEAVE) == 0
    made = find_double("Lin")
    shown = capsys.readouterr()
    assert made.parts == ("chats",) and "30" in shown.out
    assert "notes.txt" in shown.err, "what gave nothing is named"
    assert [source.name for source in made.record.sources if "chat.txt" in source.name]
    settings = with_double(option("--double", "Lin"), Settings())
    assert settings.brain.style == str(made.folder / "style.json")
    run("show", "Lin")
    assert "splendid" in capsys.readouterr().out
    style = made.folder / "style.json"
    assert "piano" in style.read_text()
    assert run("forget", "Lin", "--about", "piano") == 0
    assert "piano" not in style.read_text()
    run("export", "Lin", place / "lin.double", "--yes")
    run("remove", "Lin", "--yes")
    assert not style.exists()
    run("import", place / "lin.double", "--yes")
    assert find_double("Lin").parts == ("chats",)


def test_whose_chats_they_are_is_ticked_in_a_list(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["It is me.", "", "", str(chat(place)), "7", str(chat(place)), "2"])
    monkeypatch.setattr("builtins.input", lambda: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run("create", "Lin") == 0
    shown = capsys.readouterr().err
    assert "1  Bo (30)" in shown and "2  Lin Yue (30)" in shown and "one of the numbers" in shown
    assert find_double("Lin").parts == ("chats",)


def test_chats_of_somebody_else_or_too_few(place: Path) -> None:
    for answers, name, said in ((30, "Anna", "Lin Yue"), (3, "Lin Yue", "3 answers")):
        with pytest.raises(InputError) as caught:
            run("create", "Lin", "--chats", chat(place, answers), "--answers", name, *LEAVE)
        assert said in f"{caught.value} {caught.value.fix}"
    with pytest.raises(InputError):
        run("create", "Lin", "--chats", place / "me.png", "--answers", "Lin", *LEAVE)
    assert list(doubles_folder().iterdir()) == []


def option(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_double_option(parser)
    return parser.parse_args(words)


def test_the_option_brings_all_of_it(place: Path) -> None:
    run("create", "Lin", "--voice", place / "me.wav", "--face", place / "me.png", *LEAVE)
    chosen = choosing_double(option("--double", "Lin"), Settings())
    assert chosen.persona.name == "Lin" and chosen.voice.name == ""
    whole = with_double(option("--double", "Lin"), Settings())
    assert whole.voice.name == whole.face.name == "Lin" and "Lin" in whole.brain.persona
    assert with_double(option(), chosen) == whole, "one that is set in the settings, too"
    assert with_double(option(), Settings()) == Settings()
    with pytest.raises(SetupError, match="no double"):
        with_double(option("--double", "luna"), Settings())
