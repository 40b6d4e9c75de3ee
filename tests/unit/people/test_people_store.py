"""The file of those who are known: private, whole, never lost, and rid of whoever is removed."""

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.errors import InputError, StorageError
from daemon.people.layout import MAX_EMBEDDINGS, MAX_PEOPLE, VERSION
from daemon.people.person import Embeddings, Person
from daemon.people.store import PeopleStore

ENCODER = "encoder-1"


def voice(seed: int, rows: int = 2, width: int = 8) -> Embeddings:
    made = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "people.json"


@pytest.fixture
def store(path: Path) -> PeopleStore:
    return PeopleStore(path)


def test_nobody_is_known_before_somebody_is_introduced(store: PeopleStore, path: Path) -> None:
    assert not store.people() and not store.profiles(ENCODER)
    assert not path.exists()


def test_who_is_introduced_is_known_to_others_who_read_the_file(
    store: PeopleStore, path: Path
) -> None:
    other = PeopleStore(path)
    assert other.people() == ()
    anna = store.add(
        "Anna", voice(1), ENCODER, owner=True, persona="luna", language="zh", tools=False
    )
    (profile,) = other.profiles(ENCODER)
    assert profile.person == anna == other.get(anna.number) == other.find("anna")
    assert anna == Person(anna.number, "Anna", True, "luna", "zh", False, anna.added)
    assert np.allclose(profile.embeddings, voice(1))
    assert profile.embeddings.dtype == np.float32 and not profile.embeddings.flags.writeable


def test_the_file_is_for_its_owner_alone(store: PeopleStore, path: Path) -> None:
    store.add("Anna", voice(1), ENCODER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)  # as a copy of it may be
    PeopleStore(path).people()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name", ["", "  ", "…", "A" * 41, "A\x1b[31m", "A\u202eB", "A\u200bB", "\ud800A", "a\x00b"]
)
def test_a_name_can_be_seen_and_said(store: PeopleStore, path: Path, name: str) -> None:
    with pytest.raises(InputError):
        store.add(name, voice(1), ENCODER)
    assert not path.exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "--yes", "小明", "O'Brien", 'a"; DROP', "%s{}"]
)
def test_a_name_is_only_a_name(store: PeopleStore, path: Path, name: str) -> None:
    store.add(name, voice(1), ENCODER)
    assert PeopleStore(path).find(name).name == name
    assert [file.name for file in path.parent.iterdir()] == ["people.json"]


def test_two_people_are_not_called_the_same(store: PeopleStore) -> None:
    anna = store.add("  Anna\t Müller ", voice(1), ENCODER)
    assert anna.name == "Anna Müller"
    for same in ("anna müller", "ANNA MU\u0308LLER", "Ａnna Müller"):
        with pytest.raises(InputError, match="Anna Müller"):
            store.add(same, voice(2), ENCODER)
    ben = store.add("Ben", voice(2), ENCODER)
    with pytest.raises(InputError):
        store.change(ben.number, name="anna Müller")
    assert store.change(anna.number, name="anna müller").name == "anna müller"


def test_the_first_is_the_owner_unless_it_is_said(store: PeopleStore) -> None:
    assert store.add("Anna", voice(1), ENCODER).owner
    assert not store.add("Ben", voice(2), ENCODER).owner
    for person in store.people():
        store.remove(person.number)
    assert not store.add("Cem", voice(3), ENCODER, owner=False).owner
    assert not store.add("Dana", voice(4), ENCODER).owner


def test_there_is_one_owner_or_none(store: PeopleStore) -> None:
    anna = store.add("Anna", voice(1), ENCODER)
    ben = store.add("Ben", voice(2), ENCODER, owner=True)
    assert [person.owner for person in store.people()] == [False, True]
    store.change(anna.number, owner=True)
    assert [person.owner for person in store.people()] == [True, False]
    store.change(ben.number, tools=False)  # says nothing of the owner
    assert [person.owner for person in store.people()] == [True, False]
    store.change(anna.number, owner=False)
    assert not any(person.owner for person in store.people())


def test_only_what_is_given_is_changed(store: PeopleStore) -> None:
    anna = store.add("Anna", voice(1), ENCODER, persona="luna", language="zh")
    changed = store.change(anna.number, language="")
    assert (changed.persona, changed.language, changed.tools) == ("luna", "", True)
    assert len(store.profiles(ENCODER)) == 1


def test_no_number_is_given_twice(store: PeopleStore, path: Path) -> None:
    numbers = set()
    for _ in range(30):
        anna = store.add("Anna", voice(1), ENCODER)
        numbers.add(store.remove(anna.number).number)
    path.unlink()
    numbers.add(store.add("Anna", voice(1), ENCODER).number)
    assert len(numbers) == 31


def test_more_of_a_voice_is_added_and_the_oldest_goes(store: PeopleStore) -> None:
    anna = store.add("Anna", voice(1, 2), ENCODER)
    store.enrol(anna.number, voice(2, MAX_EMBEDDINGS - 1), ENCODER)
    (profile,) = store.profiles(ENCODER)
    assert np.allclose(profile.embeddings, [voice(1, 2)[1], *voice(2, MAX_EMBEDDINGS - 1)])


def test_what_another_encoder_made_is_known_not_to_compare(store: PeopleStore) -> None:
    anna = store.add("Anna", voice(1), "old")
    assert store.profiles(ENCODER) == () and store.outdated(ENCODER) == (anna,)
    store.enrol(anna.number, voice(2, width=12), ENCODER)
    assert store.outdated(ENCODER) == () and store.profiles("old") == ()
    assert np.allclose(store.profiles(ENCODER)[0].embeddings, voice(2, width=12))


def test_so_many_can_be_known(store: PeopleStore, path: Path) -> None:
    anna = store.add("Anna", voice(1), ENCODER)
    table = json.loads(path.read_text())
    entry = table["people"][0]
    for number in range(1, MAX_PEOPLE):
        person = {**entry["person"], "number": -number, "name": f"P{number}", "owner": False}
        table["people"].append({**entry, "person": person})
    path.write_text(json.dumps(table))
    assert len(store.people()) == MAX_PEOPLE
    with pytest.raises(InputError, match=str(MAX_PEOPLE)):
        store.add("Ben", voice(2), ENCODER)
    store.remove(anna.number)
    store.add("Ben", voice(2), ENCODER)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"\xff\xfe nonsense",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"dimensions": 8', b'"dimensions": 7'),
        lambda data: data.replace(b'"dimensions": 8', b'"dimensions": 100000000'),
        lambda data: data.replace(b'"embeddings": "', b'"embeddings": "!'),
        lambda data: data.replace(b'"embeddings": "', b'"embeddings": "////'),
        lambda data: data.replace(b'"owner"', b'"other"'),
        lambda data: data.replace(b'"version": 1', b'"version": 0'),
        lambda _: b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_told_once_and_kept(
    store: PeopleStore, path: Path, damage: Callable[[bytes], bytes]
) -> None:
    store.add("Anna", voice(1), ENCODER)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(StorageError, match="damaged-1") as told:
        store.people()
    assert "Anna" not in told.value.message
    assert path.with_name("people.json.damaged-1").read_bytes() == damaged
    assert store.people() == ()
    store.add("Anna", voice(1), ENCODER)
    path.write_bytes(damaged)
    with pytest.raises(StorageError, match="damaged-2"):
        store.add("Ben", voice(2), ENCODER)


def test_a_file_of_a_later_version_stays(store: PeopleStore, path: Path) -> None:
    store.add("Anna", voice(1), ENCODER)
    table = json.loads(path.read_text()) | {"version": VERSION + 1, "more": []}
    path.write_text(json.dumps(table))
    for _ in range(2):
        with pytest.raises(StorageError, match="another version"):
            store.people()
        with pytest.raises(StorageError, match="another version"):
            store.add("Ben", voice(2), ENCODER)
    assert json.loads(path.read_text()) == table


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
def test_what_the_disk_refuses_is_said(store: PeopleStore, path: Path) -> None:
    store.add("Anna", voice(1), ENCODER)
    path.chmod(0)
    with pytest.raises(StorageError, match=r"people\.json"):
        PeopleStore(path).people()


def test_nothing_of_whoever_is_removed_is_left(store: PeopleStore, path: Path) -> None:
    anna = store.add("Anna-Lena", voice(1), ENCODER)
    aside = path.with_name("people.json.damaged-1")  # somebody may be in it, too
    aside.write_bytes(path.read_bytes()[:-20])
    ben = store.add("Ben", voice(2), ENCODER)
    raw = store.profiles(ENCODER)[0].embeddings.tobytes()
    assert base64.b64encode(raw)[:16] in path.read_bytes()
    assert store.remove(anna.number) == anna
    for file in path.parent.rglob("*"):
        data = file.read_bytes()
        for trace in (b"Anna", str(anna.number).encode(), raw[:12], base64.b64encode(raw)[:16]):
            assert trace not in data
    assert not aside.exists()
    assert store.people() == (ben,)
    with pytest.raises(InputError):
        store.remove(anna.number)


def test_whoever_is_not_known_is_not_found(store: PeopleStore) -> None:
    store.add("Anna", voice(1), ENCODER)
    with pytest.raises(InputError) as told:
        store.find("Anne")
    assert "Anna" in told.value.fix
    for action in (store.get, store.remove, lambda number: store.enrol(number, voice(1), ENCODER)):
        with pytest.raises(InputError, match="12345"):
            action(12345)
