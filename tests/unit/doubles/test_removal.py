"""What is removed is gone, wherever it was."""

from contextlib import closing
from pathlib import Path

import numpy as np

from daemon.config import Settings, load, user_config
from daemon.doubles import removal
from daemon.folders import cache_folder, doubles_folder
from daemon.memory.entries import NewEntry
from daemon.memory.file import memory_path
from daemon.memory.store import MemoryStore
from daemon.people.store import PeopleStore
from tests.unit.doubles.making import whole


def remember(persona: str, question: str) -> None:
    with closing(MemoryStore(memory_path())) as memory:
        memory.add(NewEntry(question, "Yes.", 1.0, fact=question), None, persona)


def anywhere(place: Path, words: bytes) -> list[Path]:
    """Return the files below ``place`` that hold, or are called, ``words``."""
    return [
        path
        for path in place.rglob("*")
        if words in str(path).encode() or (path.is_file() and words in path.read_bytes())
    ]


def test_everything_of_it_goes_and_nothing_else(tmp_path: Path) -> None:
    whole("Other")
    whole()
    remember("Zzyxa", "the secret platypus")
    remember("", "the other thing")
    vectors = np.eye(1, 192, dtype=np.float32)
    person = PeopleStore().add("Anna", vectors, "campplus", persona="Zzyxa")
    user_config().parent.mkdir(parents=True, exist_ok=True)
    user_config().write_text('[persona]\nname = "Zzyxa"\n[face]\nname = "Zzyxa"  # mine\n')
    settings = load().settings
    found, known = removal.traces("Zzyxa", settings), removal.fingerprints("Zzyxa")
    assert (found.conversations, found.people) == (1, (person.number,))
    assert set(found.settings) == {"persona.name", "face.name"}

    removal.unset(found, settings, None)
    removal.dismiss(found)
    removal.forget_conversations("Zzyxa")
    removal.delete_folder("Zzyxa")
    proof = removal.prove("Zzyxa", known)

    assert proof.left == () and proof.searched >= 3
    for words in (b"Zzyxa", b"platypus", b"ab" * 32):
        left = [path for path in anywhere(tmp_path, words) if "Other" not in path.parts]
        assert left == []
    assert (doubles_folder() / "Other" / "voice" / "timbre.npz").exists()
    assert (load().settings.persona.name, load().settings.face.name) == ("", "default")
    with closing(MemoryStore(memory_path())) as memory:
        assert [talk.title for talk in memory.conversations(9)] == ["the other thing"]


def test_a_copy_that_is_left_is_found() -> None:
    double = whole()
    known = removal.fingerprints("Zzyxa")
    copy = cache_folder() / "somewhere" / "else.bin"
    copy.parent.mkdir(parents=True)
    copy.write_bytes((double.folder / "voice" / "timbre.npz").read_bytes())
    note = cache_folder() / "note.json"
    note.write_text("x" * removal.CHUNK + '{"of": "' + "ab" * 32 + '"}')
    removal.delete_folder("Zzyxa")
    assert set(removal.prove("Zzyxa", known).left) == {copy, note}


def test_what_was_interrupted_goes_with_it() -> None:
    folder = whole().folder
    for left in (".Zzyxa.abc.part", ".Zzyxa.going"):
        (folder.parent / left).mkdir()
        (folder.parent / left / "double.toml").write_text("")
    removal.delete_folder("Zzyxa")
    assert not doubles_folder().exists()


def test_what_was_left_by_a_command_that_was_killed_is_found_without_the_double() -> None:
    """Killed while it removed one, or while it took one in."""
    double = whole()
    going = double.folder.with_name(".Zzyxa.going")
    double.folder.rename(going)
    assert removal.places("Zzyxa") == [going]
    assert removal.traces("Zzyxa", Settings()).files > 3
    known = removal.fingerprints("Zzyxa")
    assert b"ab" * 32 in known
    assert going / "double.toml" in removal.prove("Zzyxa", known).left
    removal.delete_folder("Zzyxa")
    assert not doubles_folder().exists()


def test_another_whose_name_begins_alike_is_none_of_it() -> None:
    whole("Zzyxa")
    whole("Zzyxander")
    known = removal.fingerprints("Zzyxa")
    removal.delete_folder("Zzyxa")
    assert removal.prove("Zzyxa", known).left == ()
    assert (doubles_folder() / "Zzyxander" / "double.toml").exists()


def test_one_that_is_damaged_can_be_removed() -> None:
    folder = whole().folder
    (folder / "double.toml").write_text("=")
    known = removal.fingerprints("Zzyxa")
    removal.delete_folder("Zzyxa")
    assert removal.prove("Zzyxa", known).left == ()


def test_settings_that_name_another_stay() -> None:
    assert removal.traces("Zzyxa", Settings()).settings == {}
