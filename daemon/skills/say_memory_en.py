"""The sentences about what it remembers, in English."""

from collections.abc import Callable
from datetime import datetime

from daemon.skills.memory_outcomes import Keeps, MayKeep, WasForgotten, WasTold
from daemon.skills.spoken_en import calendar_day

_MAY_KEEP = (
    "To remember that, I would keep what you say and what I answer in a file on this computer that "
    "only you can read; shall I?"
)
_KEEPS = {
    True: "All right, I'll remember that.",
    False: "All right, I keep nothing, and I won't ask again.",
}


def _was_told(outcome: WasTold, now: datetime) -> str:
    if not outcome.said:
        return f"You haven't told me anything{f' about {outcome.about}' * bool(outcome.about)}."
    days = [at.astimezone(now.tzinfo).date() for at, _ in outcome.said]
    told = [
        f"{'today' if day == now.date() else f'on {calendar_day(day, now.date())}'}: {_bare(text)}"
        for day, (_, text) in zip(days, outcome.said, strict=True)
    ]
    return f"You told me {'; '.join(told)}."


def _bare(text: str) -> str:
    """Return a sentence as it can stand within another."""
    return text.strip().rstrip(".!?;,")


REPLIES: dict[type, Callable[..., str]] = {
    WasTold: _was_told,
    WasForgotten: lambda outcome, _: f"Forgotten: {'; '.join(map(_bare, outcome.said))}.",
    MayKeep: lambda _, __: _MAY_KEEP,
    Keeps: lambda outcome, _: _KEEPS[outcome.agreed],
}
