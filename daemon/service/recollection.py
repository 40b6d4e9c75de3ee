"""What programs may ask of the memory."""

from dataclasses import asdict
from typing import Any

from daemon.dialogue.chat import Chat
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.memory.store import MemoryStore
from daemon.service.protocol import Forget, Recollect, Search, Show


async def recollect(chat: Chat, request: Recollect | Search | Show | Forget) -> dict[str, Any]:
    """Look at the memory, or forget; moments are seconds since 1970.

    What is forgotten is out of the prompt, too.
    """
    keeper = chat.keeper
    match request:
        case Recollect(limit=limit, before=before):
            return {
                "kept": keeper.settings.keep,
                "conversations": await keeper.look(_conversations, [], limit, before),
                "facts": await keeper.look(_facts, []),
            }
        case Search(text=text, limit=limit):
            return {"turns": await keeper.look(_search, [], text, limit)}
        case Show(conversation=number):
            turns = await keeper.look(_turns, [], number)
            if not turns:
                raise _unknown(number)
            return {"turns": turns}
        case Forget():
            await _forget(chat, request)
            return {}


async def _forget(chat: Chat, request: Forget) -> None:
    keeper = chat.keeper
    if request.everything:
        await keeper.forget_all()
        await chat.begin_again()
    elif request.conversation is not None:
        current = await keeper.is_current(request.conversation)
        if not await keeper.look(MemoryStore.forget_conversation, False, request.conversation):
            raise _unknown(request.conversation)
        await (chat.begin_again() if current else chat.recall())
    elif request.fact is not None:
        if not await keeper.look(MemoryStore.forget_fact, False, request.fact):
            raise InputError(
                tr("Nothing of the number f{number} is remembered.").format(number=request.fact),
                "digital-life memory list",
            )
        await chat.recall()


def _unknown(conversation: int) -> InputError:
    return InputError(
        tr("There is no conversation {number}.").format(number=conversation),
        "digital-life memory list",
    )


def _conversations(store: MemoryStore, limit: int, before: int | None) -> list[dict[str, Any]]:
    return [asdict(found) for found in store.conversations(limit, before)]


def _facts(store: MemoryStore) -> list[dict[str, Any]]:
    return [asdict(fact) for fact in store.facts()]


def _search(store: MemoryStore, text: str, limit: int) -> list[dict[str, Any]]:
    return [asdict(turn) for turn in store.search(text, limit)]


def _turns(store: MemoryStore, conversation: int) -> list[dict[str, Any]]:
    return [asdict(turn) for turn in store.turns(conversation)]
