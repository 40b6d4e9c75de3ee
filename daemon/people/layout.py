"""What the file of known people looks like: JSON, with voices as float32 in base64."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from daemon.people.person import Embeddings, Person

VERSION = 1
MAX_PEOPLE = 100  # each is compared with whatever is said, in microseconds
MAX_EMBEDDINGS = 40  # of a person; more would not make anybody known better
MAX_DIMENSIONS = 1024  # of what an encoder makes of a voice; those known have 192 to 512
MAX_BYTES = 32_000_000  # more than all of these together, in base64
UNIT_TOLERANCE = 1e-3  # of a unit vector's length; a flipped bit that matters changes it more


class NewerError(ValueError):
    """A later version of the program has written the file."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person and what is kept of their voice."""

    person: Person
    encoder: str
    """What made the embeddings; those of another do not compare."""
    embeddings: Embeddings


People = tuple[Enrolled, ...]
"""All who are known, in the order in which they were introduced."""


def _from_base64(text: object) -> bytes:
    if not isinstance(text, str | bytes):
        raise ValueError("no text")
    return base64.b64decode(text, validate=True)


_Base64 = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda raw: base64.b64encode(raw).decode(), return_type=str),
]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    person: Person
    encoder: Annotated[str, Field(max_length=200)]
    dimensions: Annotated[int, Field(ge=1, le=MAX_DIMENSIONS)]
    embeddings: _Base64


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: int
    people: Annotated[list[_Entry], Field(max_length=MAX_PEOPLE)]


def encoded(people: Iterable[Enrolled]) -> bytes:
    """Return the file's bytes."""
    entries = [
        _Entry(
            person=one.person,
            encoder=one.encoder,
            dimensions=one.embeddings.shape[1],
            embeddings=base64.b64encode(one.embeddings.astype("<f4").tobytes()),
        )
        for one in people
    ]
    return _File(version=VERSION, people=entries).model_dump_json(indent=1).encode()


def decoded(data: bytes) -> People:
    """Return those in a file. Raises ``ValueError`` if it is damaged, and ``NewerError``."""
    try:
        file = _File.model_validate_json(data)
    except ValidationError as error:
        if _version(data) > VERSION:
            raise NewerError from error
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"]))  # its text would quote what is in the file
        raise ValueError(f"{where}: {problem['type']}") from error
    if file.version != VERSION:
        raise NewerError if file.version > VERSION else ValueError(f"version: {file.version}")
    people = tuple(Enrolled(one.person, one.encoder, _numbers(one)) for one in file.people)
    numbers = {one.person.number for one in people}
    if len(numbers) < len(people) or sum(one.person.owner for one in people) > 1:
        raise ValueError("people: the same number twice, or two owners")
    return people


def _numbers(entry: _Entry) -> Embeddings:
    row = 4 * entry.dimensions
    count, rest = divmod(len(entry.embeddings), row)
    if rest or not 1 <= count <= MAX_EMBEDDINGS:
        raise ValueError("embeddings: another length")
    made = np.frombuffer(entry.embeddings, "<f4").reshape(count, entry.dimensions)
    lengths = np.linalg.norm(made.astype(np.float64), axis=1)
    if not (np.abs(lengths - 1) < UNIT_TOLERANCE).all():
        raise ValueError("embeddings: no unit vectors")
    made = made.astype(np.float32)
    made.setflags(write=False)  # everybody who asks has the same
    return made


def _version(data: bytes) -> int:
    try:
        found = json.loads(data)["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return found if isinstance(found, int) else 0
