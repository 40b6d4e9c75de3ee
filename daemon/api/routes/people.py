"""Those who are known by voice: introduced, changed and forgotten. Their voices are never told."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from daemon.api.answers import Done
from daemon.api.bodies import Name, Number, PersonChange
from daemon.api.services import Served, Services
from daemon.dialogue.person_choices import checked_language, checked_persona
from daemon.ears.speaker_id import WEIGHT
from daemon.errors import BusyError, InputError
from daemon.events import PeopleChanged
from daemon.i18n import tr
from daemon.people.names import checked_name
from daemon.people.person import Embeddings, Person
from daemon.people.store import PeopleStore

router = APIRouter(prefix="/people", tags=["people"])
Id = Annotated[Number, Path()]
PersonName = Annotated[Name, Query()]


class KnownPerson(BaseModel):
    """Somebody who is known."""

    number: int
    """Never given to anybody else."""
    name: str
    owner: bool
    """Whose computer it is."""
    persona: str
    """Who answers them; "" is whoever answers everybody."""
    language: str
    """The language they are answered in; "" is the one that they speak."""
    tools: bool
    """Whether tools may be called for them."""
    added: float
    """Seconds since 1970."""
    outdated: bool = False
    """Another network was used when they were introduced: they have to be recorded again."""


class KnownPeople(BaseModel):
    """All who are known, in the order in which they were introduced."""

    people: list[KnownPerson]


@router.get("")
async def people(services: Served) -> KnownPeople:
    """Return all who are known by voice."""
    store = _store(services)

    def look() -> list[KnownPerson]:
        outdated = store.outdated(WEIGHT)
        return [_told(person, person in outdated) for person in store.people()]

    return KnownPeople(people=await services.worker.run(lambda _: look()))


@router.post("")
async def introduce(services: Served, request: Request, name: PersonName) -> KnownPerson:
    """Introduce somebody called ``name``; the body is a sound file in which they alone speak."""
    checked_name(name)  # before a recording is looked at
    store, embeddings = _store(services), await _learn(services, request)
    return await _changed(services, partial(store.add, name, embeddings, WEIGHT))


@router.post("/refresh")
async def refresh_people(services: Served) -> Done:
    """Have it known that another program has changed the file."""
    services.daemon.bus.publish(PeopleChanged())
    return Done()


@router.post("/{number}/recordings")
async def record_person(services: Served, request: Request, number: Id) -> KnownPerson:
    """Add a recording to what is known of a voice; the body is a sound file."""
    store = _store(services)
    store.get(number)
    embeddings = await _learn(services, request)
    return await _changed(services, partial(store.enrol, number, embeddings, WEIGHT))


@router.patch("/{number}")
async def change_person(services: Served, number: Id, wanted: PersonChange) -> KnownPerson:
    """Change what is given; the rest stays."""
    running = services.daemon.require_running()
    settings, values = running.components.settings, wanted.model_dump(exclude_none=True)
    if wanted.persona is not None:
        values["persona"] = checked_persona(wanted.persona, settings)
    if wanted.language is not None:
        values["language"] = checked_language(wanted.language, settings)
    return await _changed(services, partial(_store(services).change, number, **values))


@router.delete("/{number}")
async def forget_person(services: Served, number: Id) -> Done:
    """Forget somebody: their voice, what was kept of what they said, and the conversation."""
    await services.daemon.require_running().forget_person(number)
    return Done()


def _store(services: Services) -> PeopleStore:
    return services.daemon.require_running().components.people


async def _changed(services: Services, change: partial[Person]) -> KnownPerson:
    person = await services.worker.run(lambda _: change())
    services.daemon.bus.publish(PeopleChanged())
    return _told(person)


def _told(person: Person, outdated: bool = False) -> KnownPerson:
    return KnownPerson(**asdict(person), outdated=outdated)


async def _learn(services: Services, request: Request) -> Embeddings:
    """Return what is known of the voice in the request's sound file.

    Raises ``InputError`` where it cannot be used, ``BusyError`` while another one is looked at.
    """
    from daemon.people.encoder import open_encoder
    from daemon.people.recordings import embeddings_of

    if services.learning.locked():
        raise BusyError(tr("Another recording is being looked at."))
    models = services.daemon.require_running().components.store
    async with services.learning, _recording(request) as path:
        try:
            return await services.worker.run(lambda _: embeddings_of(path, open_encoder(models)))
        except InputError as error:  # tells a path that nobody knows
            message = str(error).replace(str(path), tr("The recording"))
            raise InputError(message, error.fix) from None


@asynccontextmanager
async def _recording(request: Request) -> AsyncIterator[FilePath]:
    """Give what a request carries as a file that is on no disk."""
    handle = os.memfd_create("recording")
    try:
        async for piece in request.stream():
            os.write(handle, piece)
        yield FilePath(f"/proc/self/fd/{handle}")
    except ClientDisconnect:
        raise InputError(tr("The recording broke off.")) from None
    finally:
        os.close(handle)
