"""The sentences about what it remembers, in Chinese."""

from collections.abc import Callable
from datetime import datetime

from daemon.skills.memory_outcomes import Keeps, MayKeep, WasForgotten, WasTold
from daemon.skills.spoken_zh import calendar_day

_MAY_KEEP = "要记住这件事，我得把你说的话和我的回答存在这台电脑上一个只有你能读的文件里，可以吗？"
_KEEPS = {True: "好，我记住了。", False: "好，我什么都不存，以后也不再问。"}


def _was_told(outcome: WasTold, now: datetime) -> str:
    if not outcome.said:
        return f"你没跟我说过{f'{outcome.about}的事' if outcome.about else '什么'}。"
    days = [at.astimezone(now.tzinfo).date() for at, _ in outcome.said]
    told = [
        f"{'今天' if day == now.date() else calendar_day(day, now.date())}说：{_bare(text)}"
        for day, (_, text) in zip(days, outcome.said, strict=True)
    ]
    return f"你{'；'.join(told)}。"


def _bare(text: str) -> str:
    """Return a sentence as it can stand within another."""
    return text.strip().rstrip("。！？；，.!?")


REPLIES: dict[type, Callable[..., str]] = {
    WasTold: _was_told,
    WasForgotten: lambda outcome, _: f"好，忘掉了：{'；'.join(map(_bare, outcome.said))}。",
    MayKeep: lambda _, __: _MAY_KEEP,
    Keeps: lambda outcome, _: _KEEPS[outcome.agreed],
}
