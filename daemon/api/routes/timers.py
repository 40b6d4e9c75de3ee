"""Timers, alarms and reminders. Moments are seconds since 1970."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path

from daemon.api.bodies import Number, RingingChoice, SnoozeRequest, TimerRequest
from daemon.api.services import Served
from daemon.api.skill_answers import TimerReport, TimerReports
from daemon.skills import requests
from daemon.skills.book import SkillBook
from daemon.skills.clock import read_clock
from daemon.skills.ringing import SNOOZE_S, Ringer

router = APIRouter(prefix="/timers", tags=["timers"])
Id = Annotated[Number, Path()]
ALL_THAT_RING, AS_USUAL = RingingChoice(), SnoozeRequest()


@router.get("")
async def timers(services: Served) -> TimerReports:
    """Return all that are set or ring, and those that were missed and are yet to be told."""
    rings = {entry.id for entry in _ringer(services).ringing}  # which the file may not take
    entries = (
        replace(entry, state="ringing") if entry.id in rings else entry
        for entry in _book(services).entries
    )
    return TimerReports.of(entries, read_clock())


@router.post("")
async def set_timer(services: Served, wanted: TimerRequest) -> TimerReport:
    """Set a timer, an alarm or a reminder: in ``words``, in ``seconds``, or ``at`` a wall time."""
    asked = requests.Wanted(**wanted.model_dump())
    entry = await _book(services).change(lambda store: requests.add(store, asked))
    return TimerReport.of(entry, read_clock())


@router.delete("")
async def cancel_all(services: Served) -> TimerReports:
    """Cancel all; returns them."""
    gone = await _book(services).change(lambda store: requests.cancel(store, None))
    return TimerReports.of(gone, read_clock())


@router.delete("/{number}")
async def cancel(services: Served, number: Id) -> TimerReports:
    """Cancel one, whether it rings or not; returns it."""
    gone = await _book(services).change(lambda store: requests.cancel(store, [number]))
    if not gone:
        raise requests.unknown(str(number))
    return TimerReports.of(gone, read_clock())


@router.post("/stop")
async def stop(services: Served, which: RingingChoice = ALL_THAT_RING) -> TimerReports:
    """Silence what rings; returns it."""
    stopped = await _ringer(services).dismiss(_ids(which))
    if not stopped:
        raise requests.nothing_rings()
    return TimerReports.of(stopped, read_clock())


@router.post("/snooze")
async def snooze(services: Served, which: SnoozeRequest = AS_USUAL) -> TimerReports:
    """Silence what rings, and let it ring again later; returns it as it is set now.

    Where nothing rings, what was silenced within two minutes is meant.
    """
    snoozed = await _ringer(services).snooze(which.seconds or SNOOZE_S, _ids(which))
    if not snoozed:
        raise requests.nothing_rings()
    return TimerReports.of(snoozed, read_clock())


def _ids(which: RingingChoice) -> list[int] | None:
    return None if which.id is None else [which.id]


def _book(services: Served) -> SkillBook:
    return services.daemon.require_running().skills.book


def _ringer(services: Served) -> Ringer:
    ringer = services.daemon.require_running().skills.ringer
    assert ringer is not None  # only a command that answers one question has none
    return ringer
