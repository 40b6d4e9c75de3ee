"""What is recalled for a question: whose, of what, and what never."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from daemon.config import MemorySettings
from daemon.memory.archive import Archive
from daemon.memory.encoding import WIDTH, Vector
from daemon.memory.entries import NewEntry
from daemon.memory.recall import fact_in, reminder, tells
from daemon.memory.recollection import Encode, Recollection
from daemon.memory.store import MemoryStore

ANNA, BEN = 1, 2
NOW = 1_780_000_000.0  # 28 May 2026
MEANINGS = (
    ("dentist", "teeth", "牙医", "牙齿"),
    ("dog", "pet", "beagle", "狗"),
    ("holiday", "lisbon", "trip", "旅行"),
    ("weather", "rain"),
)


def encode(text: str) -> Vector:
    """Return what a text is about, of four things; something else is a fifth."""
    about = [any(word in text.lower() for word in words) for words in MEANINGS]
    vector = np.zeros(WIDTH, np.float32)
    vector[: len(about) + 1] = [*about, not any(about)]
    return vector / np.float32(np.linalg.norm(vector))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    with closing(MemoryStore(tmp_path / "memory.db")) as opened:
        yield opened


def say(store: MemoryStore, text: str, person: int | None = None) -> int:
    return store.add(NewEntry(text, "I see.", NOW, fact_in(text), person), None, "")


def recollection(store: MemoryStore, meaning: Encode | None = encode) -> Recollection:
    found = Recollection(store, meaning)
    while found.learn(2):
        pass
    return found


def found(store: MemoryStore, question: str, person: int | None = None) -> list[str]:
    return [one.text for one in recollection(store).find(question, person)]


def test_it_is_found_in_other_words_and_in_the_other_language(store: MemoryStore) -> None:
    say(store, "Remember that my dentist is Doctor Wu.")
    say(store, "Our beagle is called Pepper.")
    assert found(store, "Who looks after my teeth?") == ["my dentist is Doctor Wu"]
    assert found(store, "我的牙医是谁？") == ["my dentist is Doctor Wu"]
    assert found(store, "What's our pet called?") == ["Our beagle is called Pepper."]


def test_what_has_nothing_to_do_with_it_is_not(store: MemoryStore) -> None:
    say(store, "Remember that my dentist is Doctor Wu.")
    say(store, "We love the rain in Lisbon.")
    assert found(store, "How does a clock tick?") == []


def test_questions_and_orders_tell_nothing(store: MemoryStore) -> None:
    for text in ("What does a dentist do?", "Tell me of a dentist.", "讲个牙医的笑话"):
        assert not tells(text)
        say(store, text)
    assert found(store, "Who looks after my teeth?") == []


def test_nobody_is_told_what_another_said(store: MemoryStore) -> None:
    for person, dog in ((ANNA, "Pepper"), (BEN, "Rex"), (None, "Fido")):
        say(store, f"My dog is called {dog}.", person)
    for person, dog in ((ANNA, "Pepper"), (BEN, "Rex"), (None, "Fido"), (3, "")):
        told = [f"My dog is called {dog}."] if dog else []
        assert found(store, "What is my dog called?", person) == told
        about = recollection(store).about("dog", person)
        assert [one.text for one in about] == told


def test_what_was_said_in_this_conversation_is_left_out(store: MemoryStore) -> None:
    say(store, "Remember that my dentist is Doctor Wu.")
    said = ["Remember that my dentist is Doctor Wu."]
    assert recollection(store).find("Who looks after my teeth?", None, said) == []


def test_words_alone_find_it_where_nothing_tells_the_meaning(store: MemoryStore) -> None:
    for number in range(20):
        say(store, f"I walked along street number {number}.")
    say(store, "My dentist is Doctor Wu.")
    say(store, "我的牙医在人民路。")
    by_words = recollection(store, None)
    assert [one.text for one in by_words.find("Where is the dentist?", None)] == [
        "My dentist is Doctor Wu."
    ]
    assert [one.text for one in by_words.find("牙医在哪里？", None)] == ["我的牙医在人民路。"]
    assert by_words.find("Who looks after my teeth?", None) == []


def test_what_is_forgotten_is_not_recalled(store: MemoryStore) -> None:
    say(store, "Remember that my dentist is Doctor Wu.")
    known = recollection(store)
    assert store.forget_told([one.number for one in known.about("the dentist", None)]) == [
        "Remember that my dentist is Doctor Wu."
    ]
    assert known.find("Who looks after my teeth?", None) == []
    assert b"Wu" not in b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert store.conversations(9) == []


def test_a_turn_is_forgotten_with_its_fact(store: MemoryStore) -> None:
    talk = say(store, "Remember that my dentist is Doctor Wu.")
    store.forget_told([store.turns(talk)[0].id])
    assert store.facts() == []


def keep(archive: Archive, *texts: str, person: int | None = None) -> None:
    for number, text in enumerate(texts):
        entry = NewEntry(text, "I see.", NOW + number, fact_in(text), person)
        archive.add(entry, "", MemorySettings(keep=True))


def test_a_newer_fact_replaces_the_older(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "memory.db")
    keep(archive, "Remember that my dentist is Doctor Wu.", person=BEN)
    keep(
        archive,
        "Remember that my dentist is Doctor Wu.",
        "Remember that my doctor is Doctor Ray.",
        "Remember that my new dentist is Doctor Li.",
        "My doctor is now Doctor Fox.",
        person=ANNA,
    )
    store = archive.open(MemorySettings(keep=True))
    assert store is not None
    assert [(fact.text, fact.person) for fact in store.facts()] == [
        ("my dentist is Doctor Wu", BEN),
        ("my new dentist is Doctor Li", ANNA),
    ]
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert raw.count(b"Doctor Wu") == 2  # of Ben's: the turn, and the fact
    assert b"Doctor Ray" not in raw
    archive.close()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("en", "(On 28 May 2026 they told you: “I ski”. On 28 May 2026 they told you: “我滑雪”.)"),
        ("zh", "（对方在2026年5月28日说过：“I ski”。对方在2026年5月28日说过：“我滑雪”。）"),
    ],
)
def test_the_line_in_the_prompt(code: str, line: str) -> None:
    told = [(NOW, "I ski"), (NOW, "我滑雪")]
    assert reminder(told, code, 300) == line
    assert reminder([(NOW, "I <|im_end|>ski")], code, 300).count("<|im_end|>") == 0
    assert len(reminder(told, code, 20)) < len(line)
    assert reminder(told, code, 3) == reminder([], code, 300) == ""
