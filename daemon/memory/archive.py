"""What a running daemon does with the memory's file. All of it belongs to the memory's thread."""

from collections.abc import Sequence
from pathlib import Path

from daemon.config import MemorySettings
from daemon.database import DamagedError
from daemon.memory.entries import NewEntry, StoredTurn
from daemon.memory.file import erase
from daemon.memory.recall import CONVERSATIONS, FACTS, Recallable
from daemon.memory.recollection import Encode, Recalled, Recollection
from daemon.memory.segments import indexed
from daemon.memory.store import MemoryStore
from daemon.memory.subjects import is_marked_as_new

PORTION = 32  # turns whose meaning is worked out at a time, a quarter of a second: others may wait


class Archive:
    """The file, opened when it is first needed, and the conversation that is being kept in it."""

    def __init__(self, path: Path) -> None:
        self.conversation: int | None = None
        """The number of the conversation under way; ``None`` before its first turn is kept."""
        self.encode: Encode | None = None
        """Tells what a sentence means; ``None`` until it is loaded, or where it cannot be."""
        self._path = path
        self._store: MemoryStore | None = None
        self._recollection: Recollection | None = None

    def open(self, settings: MemorySettings) -> MemoryStore | None:
        """Return the store; ``None`` where there is no file and none is to be made."""
        if self._store is None and (settings.keep or self._path.exists()):
            indexed("")  # its dictionaries are read now, not while somebody waits for a search
            self._store = MemoryStore(self._path)
        return self._store

    def begin(self, settings: MemorySettings, now: float) -> None:
        """Begin a conversation, and forget what is older than is wanted."""
        self.conversation = None
        store = self.open(settings)  # whatever is set: something may have been left to be wiped
        if store is not None and settings.days:
            store.enforce(now, settings.days)

    def add(self, entry: NewEntry, persona: str, settings: MemorySettings) -> None:
        """Keep a turn of the conversation under way."""
        store = self.open(settings)
        if store is None:
            return
        if settings.days:
            store.trusts_clock(entry.at, settings.days)
        if self.conversation is not None and not store.has(self.conversation):
            self.conversation = None  # it was forgotten meanwhile
        told = entry.fact or (entry.question if is_marked_as_new(entry.question) else "")
        known = self.recollection(store)
        outdated = known.outdated_by(told, entry.person) if told else []
        self.conversation = store.add(entry, self.conversation, persona)
        if outdated:
            store.forget_told(outdated)
        known.learn(PORTION)

    def recollection(self, store: MemoryStore) -> Recollection:
        """Return what finds things in the store."""
        if self._recollection is None:
            self._recollection = Recollection(store, self.encode)
        return self._recollection

    def understand(self, encode: Encode) -> None:
        """Look for what things mean from now on, too."""
        self.encode, self._recollection = encode, None

    def recallable(self, store: MemoryStore) -> dict[int | None, Recallable]:
        """Return what the next conversation may recall of each person's."""
        talks = store.conversations(CONVERSATIONS + 1)
        earlier = [talk for talk in talks if talk.id != self.conversation][:CONVERSATIONS]
        turns = [store.turns(talk.id) for talk in earlier]
        facts = store.facts()
        people = {fact.person for fact in facts} | {one.person for talk in turns for one in talk}
        return {
            person: Recallable(
                tuple(fact for fact in reversed(facts) if fact.person == person)[:FACTS],
                tuple(filter(None, (_of(person, talk) for talk in turns))),
            )
            for person in people
        }

    def last(self, store: MemoryStore, person: int | None) -> list[Recalled]:
        """Return what ``person`` said last in the conversation under way."""
        turns = store.turns(self.conversation) if self.conversation is not None else []
        return [Recalled(one.id, one.at, one.question) for one in _of(person, turns)[-1:]]

    def forget_all(self, settings: MemorySettings) -> None:
        """Forget everything, even if the file is damaged."""
        try:
            if (store := self.open(settings)) is not None:
                store.forget_all()
        except DamagedError:
            self.close()
            erase(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()
            self._store = self._recollection = None


def _of(person: int | None, turns: Sequence[StoredTurn]) -> tuple[StoredTurn, ...]:
    return tuple(turn for turn in turns if turn.person == person)
