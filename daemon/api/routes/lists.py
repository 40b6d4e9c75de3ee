"""The shopping list, the to-do list and others."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from daemon.api.bodies import ItemsRequest, Name, Number
from daemon.api.services import Served
from daemon.api.skill_answers import ListReports
from daemon.errors import InputError
from daemon.i18n import tr
from daemon.skills import requests
from daemon.skills.book import SkillBook

router = APIRouter(prefix="/lists", tags=["lists"])


@router.get("")
async def lists(services: Served) -> ListReports:
    """Return all lists that something is on."""
    return ListReports.of(_book(services).items)


@router.post("")
async def add_items(services: Served, wanted: ItemsRequest) -> ListReports:
    """Put things on a list, unless they are on it already; returns all lists."""
    name = requests.canonical_list(wanted.list)
    book = _book(services)
    await book.change(lambda store: store.lists.add(name, wanted.items))
    return ListReports.of(book.items)


@router.delete("")
async def clear_list(
    services: Served, name: Annotated[Name, Query(alias="list", min_length=1)]
) -> ListReports:
    """Take everything off a list; returns all lists."""
    kept = requests.canonical_list(name)
    book = _book(services)
    await book.change(lambda store: store.lists.clear(kept))
    return ListReports.of(book.items)


@router.delete("/items/{number}")
async def remove_item(services: Served, number: Annotated[Number, Path()]) -> ListReports:
    """Take one thing off its list; returns all lists."""
    book = _book(services)
    found = [item for item in book.items if item.id == number]
    if not found:
        raise InputError(
            tr("Nothing of the number {number} is on a list.").format(number=number),
            requests.SHOW_LISTS,
        )
    await book.change(lambda store: store.lists.take_back(found))
    return ListReports.of(book.items)


def _book(services: Served) -> SkillBook:
    return services.daemon.require_running().skills.book
