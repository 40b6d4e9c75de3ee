"""Forgetting: what is deleted from the memory's file leaves no trace in it, nor in its index."""

from collections.abc import Collection, Sequence

from daemon.memory.file import MemoryFile, remove
from daemon.memory.segments import indexed

LAST = 2**63 - 1  # number that SQLite can hold
# Facts with the turns in which they were told.
_TOLD_IN = (
    "FROM facts JOIN turns ON turns.conversation = facts.conversation"
    " AND turns.person IS facts.person AND instr(question, text) WHERE"
)


class ForgettingFile(MemoryFile):
    """The file, and what can be forgotten of it."""

    def has(self, conversation: int) -> bool:
        """Whether there is a conversation of that number."""
        found = "SELECT 1 FROM conversations WHERE id = ?"
        return 0 < conversation <= LAST and bool(self.rows(found, conversation))

    def forget_conversation(self, conversation: int) -> bool:
        """Forget a conversation and the facts told in it; False if there is none of that number."""
        known = self.has(conversation)
        if known:
            with self.forgetting() as db:
                told = "SELECT id, text FROM facts WHERE conversation = ?"
                self._drop_facts(db.execute(told, (conversation,)).fetchall())
                self._drop([conversation])
        self.wipe()
        return known

    def forget_fact(self, fact: int) -> bool:
        """Forget a fact; the conversation in which it was told stays."""
        known = []
        if 0 < fact <= LAST:
            known = self.rows("SELECT id, text FROM facts WHERE id = ?", fact)
        if known:
            with self.forgetting():
                self._drop_facts(known)
        self.wipe()
        return bool(known)

    def forget_told(self, numbers: Collection[int]) -> list[str]:
        """Forget turns with the facts told in them, and facts, below zero, with their turns.

        Return what was said in the turns that are gone.
        """
        facts: set[tuple[int, str]] = set()
        turns: set[tuple[int, str, str]] = set()
        for number in numbers:
            facts.update(self.rows("SELECT id, text FROM facts WHERE id = ?", -number))
            facts.update(self.rows(f"SELECT facts.id, text {_TOLD_IN} turns.id = ?", number))
            found = self.rows("SELECT id, question, answer FROM turns WHERE id = ?", number)
            told = f"SELECT turns.id, question, answer {_TOLD_IN} facts.id = ?"
            turns.update(found, self.rows(told, -number))
        if facts or turns:
            with self.forgetting():
                self._drop_facts(list(facts))
                self._drop_turns(list(turns))
                self._drop_empty()
        self.wipe()
        return [question for _, question, _ in turns]

    def forget_person(self, person: int) -> int:
        """Forget all that a person said, was answered and told; return how many turns that were.

        What others said in the same conversations stays.
        """
        turns = self.rows("SELECT id, question, answer FROM turns WHERE person = ?", person)
        facts = self.rows("SELECT id, text FROM facts WHERE person = ?", person)
        if turns or facts:
            with self.forgetting():
                self._drop_facts(facts)
                self._drop_turns(turns)
                self._drop_empty()
        self.wipe()
        return len(turns)

    def held_with(self, persona: str) -> list[int]:
        """Return the numbers of the conversations in which ``persona`` answered."""
        found = self.rows("SELECT id FROM conversations WHERE persona = ?", persona)
        return [number for (number,) in found]

    def forget_persona(self, persona: str) -> int:
        """Forget all conversations in which ``persona`` answered, and what was told in them.

        Return how many they were.
        """
        held = self.held_with(persona)
        if held:
            with self.forgetting() as db:
                told = "SELECT id, text FROM facts WHERE conversation = ?"
                for number in held:
                    self._drop_facts(db.execute(told, (number,)).fetchall())
                self._drop(held)
        self.wipe()
        return len(held)

    def forget_all(self) -> None:
        """Forget everything, also in files that were put aside because they were damaged."""
        with self.forgetting() as db:
            for table in ("conversations", "turns", "facts"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
            db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self.wipe()
        with self.errors():
            remove(self.path.parent.glob(f"{self.path.name}.damaged*"))

    def expire(self, before: float) -> int:
        """Forget conversations whose last turn is older; facts stay. Return how many."""
        old = [
            number
            for (number,) in self.rows(
                "SELECT conversations.id FROM conversations JOIN turns ON conversation ="
                " conversations.id GROUP BY conversations.id HAVING max(at) < ?",
                before,
            )
        ]
        if old:
            with self.forgetting() as db:
                self._drop(old)
                db.executemany(
                    "UPDATE facts SET conversation = NULL WHERE conversation = ?",
                    [(number,) for number in old],
                )
        self.wipe()
        return len(old)

    def _drop(self, conversations: list[int]) -> None:
        """Delete conversations with their turns and what the index has of them."""
        for number in conversations:
            told = "SELECT id, question, answer FROM turns WHERE conversation = ?"
            self._drop_turns(self.rows(told, number))
            self._db.execute("DELETE FROM conversations WHERE id = ?", (number,))

    def _drop_turns(self, turns: Sequence[tuple[int, str, str]]) -> None:
        """Delete turns, each with what was asked and answered in it; the index has to be told."""
        for number, question, answer in turns:
            self._unindex(number, question, answer)
            self._db.execute("DELETE FROM turns WHERE id = ?", (number,))

    def _drop_facts(self, facts: Sequence[tuple[int, str]]) -> None:
        for number, text in facts:
            self._unindex(-number, text)
            self._db.execute("DELETE FROM facts WHERE id = ?", (number,))

    def _unindex(self, number: int, question: str, answer: str = "") -> None:
        self._db.execute(
            "INSERT INTO words (words, rowid, question, answer) VALUES ('delete', ?, ?, ?)",
            (number, indexed(question), indexed(answer)),
        )

    def _drop_empty(self) -> None:
        self._db.execute(
            "DELETE FROM conversations WHERE id NOT IN (SELECT conversation FROM turns)"
        )
