"""Those who are known by voice: introduced, looked up, changed, and forgotten."""

import difflib
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from daemon.errors import InputError
from daemon.folders import data_folder
from daemon.i18n import tr
from daemon.people.file import PeopleFile
from daemon.people.layout import MAX_EMBEDDINGS, MAX_PEOPLE, Enrolled, People
from daemon.people.names import checked_name, same_name
from daemon.people.person import Embeddings, Person, Profile

# Numbers are drawn, not counted: nobody gets that of one removed, even if the file was lost.
NUMBERS = 2**48


def people_path() -> Path:
    """Where those who are known are, in XDG's data directory."""
    return data_folder() / "people.json"


class PeopleStore:
    """The file; may be used from any thread.

    All raise ``StorageError`` where it cannot be read or written. Of a damaged file that is raised
    once: it is put aside then, and nobody is known any more.
    """

    def __init__(self, path: Path | None = None) -> None:
        """``path``: the file, if not the user's own; it need not be there."""
        self._file = PeopleFile(path or people_path())

    def people(self) -> tuple[Person, ...]:
        """Return all, in the order in which they were introduced."""
        return tuple(one.person for one in self._file.read())

    def profiles(self, encoder: str) -> tuple[Profile, ...]:
        """Return those whose voices ``encoder`` knows, with what it made of them."""
        return tuple(
            Profile(one.person, one.embeddings)
            for one in self._file.read()
            if one.encoder == encoder
        )

    def outdated(self, encoder: str) -> tuple[Person, ...]:
        """Return those whose voices another encoder knew: they have to be recorded again."""
        return tuple(one.person for one in self._file.read() if one.encoder != encoder)

    def find(self, name: str) -> Person:
        """Return the one of that name. Raises ``InputError`` with a suggestion."""
        people = self.people()
        for person in people:
            if same_name(person.name, name.strip()):
                return person
        message = tr("Nobody called “{name}” is known.").format(name=name)
        near = difflib.get_close_matches(name, [person.name for person in people], 1, 0.5)
        suggestion = tr("Did you mean “{name}”?").format(name=near[0]) if near else ""
        raise InputError(message, suggestion or "digital-life people list")

    def get(self, number: int) -> Person:
        """Return the one of that number. Raises ``InputError``."""
        return _at(self._file.read(), number).person

    def add(
        self,
        name: str,
        embeddings: Embeddings,
        encoder: str,
        *,
        owner: bool | None = None,
        persona: str = "",
        language: str = "",
        tools: bool = True,
    ) -> Person:
        """Introduce somebody by (n, d) that ``encoder`` made of their voice.

        ``owner``: ``None`` if they are the first; whoever was it is not any more if this one is.
        Raises ``InputError`` for a name that cannot be, or is taken, and when too many are known.
        """
        made = _checked(embeddings)

        def add(people: People) -> People:
            _require_free(name, people)
            if len(people) >= MAX_PEOPLE:
                raise InputError(
                    tr("{count} people are known, the most there can be.").format(count=MAX_PEOPLE),
                    "digital-life people remove NAME",
                )
            is_owner = not people if owner is None else owner
            person = Person(
                _new_number(people),
                checked_name(name),
                is_owner,
                persona,
                language,
                tools,
                time.time(),
            )
            return (*_without_owner(people, is_owner), Enrolled(person, encoder, made))

        return self._file.change(add)[-1].person

    def enrol(self, number: int, embeddings: Embeddings, encoder: str) -> Person:
        """Add (n, d) to what is known of somebody's voice; ``InputError`` if there is no such.

        The newest are kept; what another encoder made is dropped.
        """
        made = _checked(embeddings)

        def enrol(people: People) -> People:
            known = _at(people, number)
            alike = known.encoder == encoder and known.embeddings.shape[1] == made.shape[1]
            all_of_it = np.concatenate((known.embeddings, made)) if alike else made
            newer = Enrolled(known.person, encoder, all_of_it[-MAX_EMBEDDINGS:])
            return tuple(newer if one is known else one for one in people)

        return _at(self._file.change(enrol), number).person

    def change(
        self,
        number: int,
        *,
        name: str | None = None,
        owner: bool | None = None,
        persona: str | None = None,
        language: str | None = None,
        tools: bool | None = None,
    ) -> Person:
        """Change what is given of somebody; ``InputError`` for a name that cannot be."""

        def change(people: People) -> People:
            known = _at(people, number)
            others = tuple(one for one in people if one is not known)
            if name is not None:
                _require_free(name, others)
            old = known.person
            new = replace(
                old,
                name=old.name if name is None else checked_name(name),
                owner=old.owner if owner is None else owner,
                persona=old.persona if persona is None else persona,
                language=old.language if language is None else language,
                tools=old.tools if tools is None else tools,
            )
            return tuple(
                replace(one, person=new) if one.person.number == number else one
                for one in _without_owner(people, bool(owner))
            )

        return _at(self._file.change(change), number).person

    def remove(self, number: int) -> Person:
        """Forget somebody, also in files that were put aside; ``InputError`` if there is no such.

        What else is known of them, such as in the memory, is their caller's to remove, before this.
        """
        gone = self.get(number)
        self._file.change(
            lambda people: tuple(one for one in people if one.person.number != number)
        )
        self._file.remove_put_aside()
        return gone


def _at(people: People, number: int) -> Enrolled:
    for one in people:
        if one.person.number == number:
            return one
    raise InputError(
        tr("Nobody with the number {number} is known.").format(number=number),
        "digital-life people list",
    )


def _require_free(name: str, people: Sequence[Enrolled]) -> None:
    wanted = checked_name(name)
    for one in people:
        if same_name(one.person.name, wanted):
            raise InputError(
                tr("Somebody called “{name}” is known already.").format(name=one.person.name),
                "digital-life people list",
            )


def _without_owner(people: People, other: bool) -> People:
    """Return the same; if another becomes the owner, none of these is."""
    if not other:
        return people
    return tuple(replace(one, person=replace(one.person, owner=False)) for one in people)


def _new_number(people: People) -> int:
    taken = {one.person.number for one in people}
    while (number := 1 + secrets.randbelow(NUMBERS)) in taken:
        pass
    return number


def _checked(embeddings: Embeddings) -> Embeddings:
    made = np.array(embeddings[-MAX_EMBEDDINGS:], np.float32)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    assert len(made) and np.isfinite(lengths).all() and lengths.all(), made.shape
    return np.asarray(made / lengths, np.float32)
