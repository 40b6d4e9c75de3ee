"""What is remembered, and forgetting it. Moments are seconds since 1970."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from daemon.api.answers import Done
from daemon.api.bodies import Limit, Number, Text
from daemon.api.services import Served
from daemon.dialogue.chat import Chat
from daemon.errors import InputError
from daemon.events import Forgotten
from daemon.i18n import tr
from daemon.memory.entries import Conversation, Fact, StoredTurn
from daemon.memory.store import MemoryStore

router = APIRouter(prefix="/memory", tags=["memory"])
Id = Annotated[Number, Path()]


class MemoryContents(BaseModel):
    """Whether conversations are kept, the newest of them, and all facts."""

    kept: bool
    conversations: list[Conversation]
    facts: list[Fact]


class Turns(BaseModel):
    """Turns of a conversation, or those that were looked for."""

    turns: list[StoredTurn]


@router.get("")
async def memory(
    services: Served,
    limit: Annotated[Limit, Query()] = 20,
    before: Annotated[Number | None, Query()] = None,
) -> MemoryContents:
    """Return the newest conversations, or those before ``before``, and all facts."""
    keeper = _chat(services).memory
    return MemoryContents(
        kept=keeper.settings.keep,
        conversations=await keeper.query(MemoryStore.conversations, [], limit, before),
        facts=await keeper.query(MemoryStore.facts, []),
    )


@router.get("/search")
async def search(
    services: Served, text: Annotated[Text, Query()], limit: Annotated[Limit, Query()] = 20
) -> Turns:
    """Return the newest turns with all words of ``text``."""
    return Turns(turns=await _chat(services).memory.query(MemoryStore.search, [], text, limit))


@router.get("/conversations/{number}")
async def conversation(services: Served, number: Id) -> Turns:
    """Return the turns of a conversation."""
    turns = await _chat(services).memory.query(MemoryStore.turns, [], number)
    if not turns:
        raise _unknown(number)
    return Turns(turns=turns)


@router.delete("")
async def forget_everything(services: Served) -> Done:
    """Forget everything; it is out of the prompt and off the page, too."""
    running = services.daemon.require_running()
    running.session.forget()  # what is being said would be kept when it ends
    await running.chat.memory.forget_all()
    await running.begin_again()
    services.daemon.bus.publish(Forgotten(everything=True))
    return Done()


@router.delete("/conversations/{number}")
async def forget_conversation(services: Served, number: Id) -> Done:
    """Forget a conversation."""
    running = services.daemon.require_running()
    chat = running.chat
    current = await chat.memory.is_current(number)
    if current:
        running.session.forget()
    if not await chat.memory.query(MemoryStore.forget_conversation, False, number):
        raise _unknown(number)
    await (running.begin_again() if current else chat.recall())
    services.daemon.bus.publish(Forgotten(everything=False))
    return Done()


@router.delete("/facts/{number}")
async def forget_fact(services: Served, number: Id) -> Done:
    """Forget a fact."""
    chat = _chat(services)
    if not await chat.memory.query(MemoryStore.forget_fact, False, number):
        raise InputError(
            tr("Nothing of the number f{number} is remembered.").format(number=number),
            "digital-life memory list",
        )
    await chat.recall()
    services.daemon.bus.publish(Forgotten(everything=False))
    return Done()


def _chat(services: Served) -> Chat:
    return services.daemon.require_running().chat


def _unknown(conversation: int) -> InputError:
    return InputError(
        tr("There is no conversation {number}.").format(number=conversation),
        "digital-life memory list",
    )
