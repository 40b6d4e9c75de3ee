"""``digital-life double`` where commands are killed, come together, or are told nonsense."""

import io
import json
from pathlib import Path

import pytest

from daemon.commands import double_archive, double_chats
from daemon.doubles.store import find_double, only_command
from daemon.errors import InputError, SetupError
from daemon.folders import doubles_folder
from tests.unit.commands import test_double_command
from tests.unit.commands.test_double_command import LEAVE, chat, run

place = test_double_command.place


def test_what_a_killed_command_left_is_removed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    find_double("Lin").folder.rename(doubles_folder() / ".Lin.going")
    assert run("remove", "Lin", "--yes") == 0
    assert "nothing of it is left" in capsys.readouterr().out
    assert not doubles_folder().exists()
    with pytest.raises(SetupError, match="no double"):
        run("remove", "Lin", "--yes")
    with pytest.raises(InputError, match="cannot be called"):
        run("remove", "../*", "--yes")


def test_removing_one_says_nothing_of_another_that_is_called_alike(place: Path) -> None:
    run("create", "Lina", *LEAVE)
    run("create", "Lin", *LEAVE)
    assert run("remove", "Lin", "--yes") == 0
    assert find_double("Lina").name == "Lina"


def test_two_commands_at_once_do_not_work_on_one(place: Path) -> None:
    run("create", "Lin", "--voice", place / "me.wav", *LEAVE)
    before = find_double("Lin")
    for words in (
        ("create", "Lin", "--face", place / "me.png", *LEAVE),
        ("add", "Lin", "--face", place / "me.png"),
        ("forget", "Lin", "--about", "tea"),
        ("export", "Lin", place / "lin.double", "--yes"),
        ("remove", "Lin", "--yes"),
    ):
        with only_command("Lin"), pytest.raises(InputError, match="Another command"):
            run(*words)
    assert find_double("Lin") == before and before.parts == ("voice",)
    run("add", "Lin", "--face", place / "me.png")
    assert len(find_double("Lin").record.sources) == 2


def test_a_clip_that_was_never_used_does_not_stay(place: Path) -> None:
    run("create", "Lin", *LEAVE)
    face = find_double("Lin").folder / "face"
    (face / "0123456789abcdef").mkdir(parents=True)
    (face / "0123456789abcdef" / "frames.jpg").write_bytes(b"another face")
    run("add", "Lin", "--face", place / "me.png")
    assert not (face / "0123456789abcdef").exists()
    assert find_double("Lin").has("face")


@pytest.mark.parametrize("number", ["0", "-1", "3", "2.0", "Lin", "1 0"])
def test_a_number_that_is_not_in_the_list_is_nobody(
    place: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    typed = iter(["It is me.", "", "", str(chat(place)), number, ""])
    monkeypatch.setattr("builtins.input", lambda: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run("create", "Lin") == 0
    assert find_double("Lin").parts == ()


def test_what_is_forgotten_is_forgotten_in_a_running_daemon(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Daemon:
        def get(self, path: str) -> dict[str, str]:
            return {"persona": "Lin"}

        def post(self, path: str) -> None:
            asked.append(path)

    run("create", "Lin", "--chats", chat(place), "--answers", "Lin Yue", *LEAVE)
    monkeypatch.setattr(double_chats, "Client", Daemon)
    with pytest.raises(InputError, match="forget"):
        run("forget", "Lin", "--about", " ")
    run("forget", "Lin", "--about", "zeppelins")
    assert asked == []
    run("forget", "Lin", "--about", "piano")
    assert asked == ["settings/reload"]


@pytest.mark.parametrize("typed", [b"", b"\n", b"\xff\xfe\n", b"x" * 10_000])
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_passphrase_is_text_that_ends(
    place: Path, monkeypatch: pytest.MonkeyPatch, typed: bytes, errors: str
) -> None:
    run("create", "Lin", *LEAVE)
    stdin = io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8", errors=errors)
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(SetupError, match="passphrase"):
        run("export", "Lin", place / "lin.double", "--encrypt")
    assert not (place / "lin.double").exists()
    assert double_archive.MAX_PASSPHRASE_CHARS < 10_000


def test_what_a_style_says_of_a_person_is_for_its_owner_only(place: Path) -> None:
    run("create", "Lin", "--chats", chat(place), "--answers", "Lin Yue", *LEAVE)
    run("export", "Lin", place / "lin.double", "--yes")
    folder = find_double("Lin").folder
    private = (folder / "style.json", folder / "double.toml", place / "lin.double")
    assert [path.stat().st_mode & 0o777 for path in private] == [0o600] * 3
    assert doubles_folder().stat().st_mode & 0o077 == 0
    assert json.loads((folder / "style.json").read_text())["messages"] > 0
