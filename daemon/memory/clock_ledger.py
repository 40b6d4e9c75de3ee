"""Whether the clock can be believed, before anything is forgotten for its age.

A computer whose battery is empty starts in 1970, or in 2099; one such start must not make
everything old. So the memory keeps when the clock was last looked at. One that leapt ahead since is
believed only when it still says so a day later: after weeks without the program the oldest is
forgotten a day late, and after a start with a wrong clock nothing is.
"""

from dataclasses import dataclass, replace

DAY_S = 86_400.0
YEAR_S = 366 * DAY_S
LEAP_DAYS = 7  # a clock that is further ahead than this is doubted, or than half of what is kept


@dataclass(frozen=True, slots=True)
class ClockLedger:
    """What is known of the clock; moments in seconds since 1970."""

    seen: float
    """What it said when it was last believed."""
    doubted: float | None = None
    """What it said when it was first doubted since; ``None`` while it is believed."""
    since: int = 0
    """The newest turn that was kept before it was doubted."""


def leap_s(days: int) -> float:
    """How far the clock may be off from where it was last seen, where ``days`` are kept."""
    return min(LEAP_DAYS, days / 2) * DAY_S


def judge_clock(
    ledger: ClockLedger, now: float, days: int, newest: int
) -> tuple[ClockLedger, bool]:
    """Look at the clock, which says ``now``; return what is known, and whether to forget by it.

    ``newest`` is the newest turn. A clock that is behind makes nothing old, so it may always be
    used for that; but it is doubted like one that is ahead, for what it says of new turns.
    """
    near = abs(now - ledger.seen) <= leap_s(days)
    went_on = ledger.doubted is not None and ledger.doubted <= now <= ledger.doubted + YEAR_S
    if near or (went_on and now - (ledger.doubted or 0.0) >= DAY_S):
        return ClockLedger(now, None, newest), True
    if ledger.doubted is None:
        return ClockLedger(ledger.seen, now, newest), now < ledger.seen
    return (ledger if went_on else replace(ledger, doubted=now)), now < ledger.seen
