"""Carries out what is wanted of lists."""

from typing import TypeAlias

from daemon.skills.book import SkillBook
from daemon.skills.intents import AddToList, ClearList, ReadList, RemoveFromList
from daemon.skills.list_table import list_name
from daemon.skills.outcomes import ListHas, Missing, WasAdded, WasCleared, WasRemoved
from daemon.skills.timer_skill import CarriedOut

ListIntent: TypeAlias = AddToList | RemoveFromList | ReadList | ClearList


async def carry_out(book: SkillBook, intent: ListIntent) -> CarriedOut:
    """Do what is wanted. Raises ``StorageError`` and ``InputError``."""
    name = intent.list
    match intent:
        case AddToList(items=()):
            return CarriedOut(Missing(intent))
        case AddToList(items=items):
            added = await book.change(lambda store: store.lists.add(name, items))
            there = {item.text.casefold() for item in added}
            already = tuple(text for text in items if text.casefold() not in there)
            return CarriedOut(
                WasAdded(name, tuple(item.text for item in added), already),
                lambda: book.change(lambda store: store.lists.take_back(added)),
            )
        case RemoveFromList(items=items):
            removed = await book.change(lambda store: store.lists.remove(name, items))
            gone = {item.text.casefold() for item in removed}
            missing = tuple(text for text in items if text.casefold() not in gone)
            return CarriedOut(
                WasRemoved(name, tuple(item.text for item in removed), missing),
                lambda: book.change(lambda store: store.lists.restore(removed)),
            )
        case ReadList():
            texts = tuple(item.text for item in book.items if item.list == list_name(name))
            return CarriedOut(ListHas(name, texts))
        case ClearList():
            cleared = await book.change(lambda store: store.lists.clear(name))
            return CarriedOut(
                WasCleared(name, len(cleared)),
                lambda: book.change(lambda store: store.lists.restore(cleared)),
            )
