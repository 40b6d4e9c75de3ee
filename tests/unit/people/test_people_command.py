"""``digital-life people`` without a daemon, as a person or a script meets it."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from daemon.api import client
from daemon.audio import files
from daemon.cli import main
from daemon.ears import speaker_id
from daemon.ears.speaker_id import WEIGHT
from daemon.errors import InputError
from daemon.memory.entries import NewEntry
from daemon.memory.file import memory_path
from daemon.memory.store import MemoryStore
from daemon.people import encoder, identify, recordings
from daemon.people.person import Embeddings, Speaker
from daemon.people.store import PeopleStore, people_path

VOICES = {"anna": 1, "ben": 2}


def voice_in(heard: list[str], _encoder: object) -> Embeddings:
    if "noise.wav" in heard:
        raise InputError("There is too much noise.")
    dice = np.random.default_rng(VOICES[heard[0].split("-")[0].split(".")[0]])
    return dice.standard_normal((2 * len(heard), 8)).astype(np.float32)


def sound_of(path: Path, _max_s: float) -> object:
    return path.name


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(encoder, "open_encoder", lambda _store: None)
    monkeypatch.setattr(recordings, "voiceprints_of", voice_in)
    monkeypatch.setattr(files, "read_recording", sound_of)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["people", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


Run = Callable[..., tuple[int, str, str]]


def test_somebody_is_introduced_and_listed(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0 and "people add NAME --from" in out
    code, out, _ = run("add", "Anna", "--from", "anna-1.wav", "anna-2.wav")
    assert code == 0 and "Anna is the owner" in out
    code, out, _ = run("add", "Ben", "--from", "ben.wav", "--language", "zh", "--no-tools")
    assert code == 0 and "Ben is known" in out and "owner" not in out
    code, out, _ = run("list", "--json")
    anna, ben = json.loads(out)["people"]
    assert (anna["name"], anna["owner"], anna["tools"], anna["outdated"]) == (
        "Anna",
        True,
        True,
        False,
    )
    assert (ben["language"], ben["tools"]) == ("zh", False)
    assert "embeddings" not in out
    assert len(PeopleStore().profiles(WEIGHT)[0].embeddings) == 4
    code, out, _ = run("list")
    assert "Anna" in out and "* the owner" in out


def test_who_is_known_is_asked_for_before_more_is_learnt(run: Run) -> None:
    run("add", "Anna", "--from", "anna-1.wav")
    code, _, err = run("add", "anna", "--from", "anna-2.wav")
    assert code == 2 and "--yes" in err
    assert len(PeopleStore().profiles(WEIGHT)[0].embeddings) == 2
    assert run("add", "anna", "--from", "anna-2.wav", "--persona", "default", "--yes")[0] == 0
    (profile,) = PeopleStore().profiles(WEIGHT)
    assert len(profile.embeddings) == 4 and profile.person.persona == "default"
    assert profile.person.owner and profile.person.tools


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "  ", "--from", "anna.wav"), 3, "letter or digit"),
        (("add", "Anna", "--from", "noise.wav"), 3, "too much noise"),
        (("add", "Anna", "--from", "anna.wav", "--language", "xx"), 3, "en, zh"),
        (("add", "Anna", "--from", "anna.wav", "--persona", "nobody"), 3, "nobody"),
        (("rename", "Anna", "Anne"), 3, "people list"),
        (("set", "Anna", "--no-tools"), 3, "people list"),
        (("remove", "Anna", "--yes"), 3, "people list"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    run: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    found, _, err = run(*words)
    assert found == code and told in err
    assert not people_path().exists()


def test_what_is_given_is_changed(run: Run) -> None:
    run("add", "Anna", "--from", "anna.wav")
    run("add", "Ben", "--from", "ben.wav")
    assert run("rename", "ben", "Benjamin")[0] == 0
    assert run("set", "Benjamin", "--owner", "--language", "en", "--no-tools")[0] == 0
    anna, ben = PeopleStore().people()
    assert (anna.owner, ben.name, ben.owner, ben.language, ben.tools) == (
        False,
        "Benjamin",
        True,
        "en",
        False,
    )
    assert run("set", "Benjamin", "--tools", "--no-owner", "--language", "")[0] == 0
    ben = PeopleStore().find("benjamin")
    assert (ben.owner, ben.language, ben.tools) == (False, "", True)
    code, _, err = run("set", "Anna")
    assert code == 2 and "people set --help" in err
    code, _, err = run("rename", "Anna", "benjamin")
    assert code == 3 and "already" in err


def test_of_another_encoder_it_is_said_that_they_have_to_be_recorded_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "Anna", "--from", "anna.wav")
    monkeypatch.setattr(speaker_id, "WEIGHT", "another")
    code, _, err = run("list")
    assert code == 0 and 'people add "Anna" --from' in err


@pytest.mark.parametrize("known", [True, False])
def test_whose_voice_it_is_is_told_as_json(
    run: Run, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    run("add", "小明", "--from", "anna.wav")
    person = PeopleStore().people()[0] if known else None
    monkeypatch.setattr(identify, "identify", lambda *_: Speaker(person, 0.8349))
    speech = SimpleNamespace(samples=np.zeros(16_000, np.float32))
    monkeypatch.setattr(files, "read_recording", lambda *_: speech)
    ears = SimpleNamespace(embed=lambda _: np.ones(8, np.float32))
    monkeypatch.setattr(encoder, "open_encoder", lambda _store: ears)
    name = '"小明"' if known else "null"
    assert run("test", "x.wav", "--json") == (0, f'{{"name": {name}, "score": 0.83}}\n', "")
    assert ("小明" in run("test", "x.wav")[1]) is known


@pytest.fixture
def daemons(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """A daemon that notes what it is asked."""
    asked: list[tuple[str, str]] = []

    class Client:
        def post(self, path: str) -> None:
            asked.append(("POST", path))

        def delete(self, path: str, _timeout_s: float) -> None:
            asked.append(("DELETE", path))

    monkeypatch.setattr(client, "Client", Client)
    monkeypatch.setattr("daemon.commands.people.Client", Client)
    monkeypatch.setattr("daemon.commands.people_options.Client", Client)
    yield asked


def test_a_daemon_is_told_what_has_changed_and_forgets_by_itself(
    run: Run, daemons: list[tuple[str, str]]
) -> None:
    run("add", "Anna", "--from", "anna.wav")
    run("rename", "Anna", "Anne")
    run("set", "Anne", "--no-tools")
    assert daemons == [("POST", "people/refresh")] * 3
    number = PeopleStore().find("Anne").number
    assert run("remove", "Anne", "--yes")[0] == 0
    assert daemons[3:] == [("DELETE", f"people/{number}")]
    assert PeopleStore().people()  # that was the daemon's to do


def test_nothing_of_whoever_is_removed_is_left_in_any_file(run: Run, tmp_path: Path) -> None:
    run("add", "Annabella", "--from", "anna.wav")
    run("add", "Ben", "--from", "ben.wav")
    anna, ben = PeopleStore().people()
    with closing(MemoryStore(memory_path())) as memory:
        for person, food in ((anna, "zucchini"), (ben, "marzipan")):
            said = f"Remember that {person.name} likes {food}"
            memory.add(NewEntry(said, f"Noted, {person.name}.", 1e9, said, person.number), None, "")
    raw = PeopleStore().profiles(WEIGHT)[0].embeddings.tobytes()
    code, _, err = run("remove", "annabella")
    assert code == 2 and "cannot be undone" in err
    code, out, _ = run("remove", "annabella", "--yes")
    assert code == 0 and "Forgotten" in out
    assert PeopleStore().people() == (ben,)
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    coded = base64.b64encode(raw)
    for trace in (b"nnabella", b"zucchini", str(anna.number).encode(), raw[:8], coded[:10]):
        assert trace not in left
    assert b"marzipan" in left
