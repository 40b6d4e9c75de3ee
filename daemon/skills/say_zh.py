"""The sentences that the skills say, in Chinese."""

from collections.abc import Callable, Sequence
from datetime import datetime

from daemon.skills import outcomes
from daemon.skills.intents import (
    Impossible,
    Kind,
    Reason,
    SetAlarm,
    SetReminder,
    SetTimer,
    TellDate,
    TellTime,
    TellTimeUntil,
)
from daemon.skills.outcomes import Outcome, Scheduled, Trouble
from daemon.skills.say_memory_zh import REPLIES
from daemon.skills.spoken_zh import (
    about_day,
    clock,
    counted,
    due,
    length,
    listed,
    moment,
    number,
    time_there,
)

MAX_TOLD = 5  # entries of a list that are read out one by one
_KINDS: dict[Kind, str] = {"timer": "计时器", "alarm": "闹钟", "reminder": "提醒"}
_SWITCHED = {"persona": "角色", "voice": "声音", "face": "形象"}
_IMPOSSIBLE = {
    Reason.IN_THE_PAST: "这个时间已经过去了。",
    Reason.NO_SUCH_DATE: "没有这一天。",
    Reason.NO_SUCH_TIME: "没有这个时间。",
    Reason.NOT_POSITIVE: "时间得再长一点。",
    Reason.TOO_LONG: "时间太久了，我做不到。",
    Reason.NOT_REPEATABLE: "我只能按天重复，比如每天，或者每周一。",
}
_TROUBLES = {
    Trouble.DISK_FULL: "磁盘满了，没能记下来。",
    Trouble.NOT_KEPT: "抱歉，没能记下来。",
    Trouble.WAS_DAMAGED: "存计时器和清单的文件坏了，我把它放到一边，重新建了一个。",
    Trouble.TOO_MANY: "太多了，我记不下了，先删掉一些吧。",
    Trouble.NOT_HERE: "这个在这里做不了。",
    Trouble.NOTHING_SAID: "我还什么都没说呢。",
    Trouble.KEEPS_NOTHING: "你说的话我什么都没存。",
}


def sentence(outcome: Outcome, now: datetime) -> str:
    """Return what is said of an outcome."""
    return _SAY[type(outcome)](outcome, now)


def _called(entry: Scheduled, now: datetime) -> str:
    """Return what an entry is called among others: 十分钟的计时器."""
    if entry.kind == "reminder":
        return f"“{entry.name}”的提醒"
    if entry.name:
        return f"{entry.name}的{_KINDS[entry.kind]}"
    if entry.kind == "alarm":
        return f"{due(entry, now)}的闹钟"
    return f"{length(entry.length.total_seconds())}计时器" if entry.length else "计时器"


def _set(outcome: outcomes.WasSet, now: datetime) -> str:
    entry = outcome.entry
    if entry.kind == "timer":
        long = length((entry.length or entry.at - now).total_seconds())
        name = f"{entry.name}的" if entry.name else ""
        return f"改成{long}了。" if outcome.instead else f"好，{name}{long}，现在开始。"
    soon_s = outcomes.soon_s(entry, now)
    when = due(entry, now) if soon_s is None else f"{length(soon_s)}后"
    if entry.kind == "reminder" and soon_s is not None and not entry.name.startswith("你"):
        return f"好，{when}提醒你{entry.name}。"
    if entry.kind == "reminder":
        return f"好，{when}我提醒你：{entry.name}。"
    name = f"{entry.name}的" if entry.name else ""
    return f"{name}闹钟{'改' if outcome.instead else '定'}在{when}。"


def _missing(outcome: outcomes.Missing, _: datetime) -> str:
    match outcome.intent:
        case SetTimer():
            return "多长时间？"
        case SetAlarm():
            return "定在几点？"
        case SetReminder(text=""):
            return "要提醒你什么？"
        case SetReminder():
            return "什么时候提醒你？"
    return "要加什么？"


def _cancelled(outcome: outcomes.WasCancelled, now: datetime) -> str:
    if len(outcome.entries) == 1:
        return f"{_called(outcome.entries[0], now)}取消了。"
    return f"{_counted(outcome.entries)}都取消了。"


def _counted(entries: Sequence[Scheduled]) -> str:
    kinds = {entry.kind for entry in entries}
    return f"{counted(len(entries))}个{_KINDS[kinds.pop()] if len(kinds) == 1 else ''}"


def _none_found(outcome: outcomes.NoneFound, _: datetime) -> str:
    kind: Kind = getattr(outcome.intent, "kind", None) or "timer"
    if outcome.intent.name:
        return f"没有叫“{outcome.intent.name}”的{_KINDS[kind]}。"
    if getattr(outcome.intent, "which", None) is not None:
        return f"没有这样的{_KINDS[kind]}。"
    return {"timer": "现在没有计时器在走。", "alarm": "没有定闹钟。", "reminder": "没有提醒。"}[
        kind
    ]


def _which_one(outcome: outcomes.WhichOne, now: datetime) -> str:
    told = [_called(entry, now) for entry in outcome.entries[:MAX_TOLD]]
    return f"哪一个？{listed(told, '，还是')}？"


def _state(entry: Scheduled, now: datetime) -> str:
    if entry.kind == "timer":
        return f"{_called(entry, now)}还剩{length((entry.at - now).total_seconds())}"
    if entry.kind == "alarm":
        return f"{due(entry, now)}{f'，{entry.name}' if entry.name else ''}"
    return f"{due(entry, now)}，{entry.name}"


def _are_set(outcome: outcomes.AreSet, now: datetime) -> str:
    entries = outcome.entries
    if len(entries) == 1:
        entry = entries[0]
        if entry.kind == "timer" and not entry.name:
            return f"还剩{length((entry.at - now).total_seconds())}。"
        if entry.kind == "alarm":
            name = f"{entry.name}的" if entry.name else ""
            return f"{name}闹钟定在{due(entry, now)}。"
        return f"{_state(entry, now)}。"
    told = [_state(entry, now) for entry in entries[:MAX_TOLD]]
    if more := len(entries) - len(told):
        told.append(f"另外还有{counted(more)}个")
    return f"有{_counted(entries)}：{'；'.join(told)}。"


def _extended(outcome: outcomes.WasExtended, now: datetime) -> str:
    left = length((outcome.entry.at - now).total_seconds())
    return f"{'加' if outcome.seconds > 0 else '减'}了{length(abs(outcome.seconds))}，还剩{left}。"


def _rings(outcome: outcomes.Rings, now: datetime) -> str:
    return "".join(_ringing(entry, now) for entry in outcome.entries)


def _ringing(entry: Scheduled, now: datetime) -> str:
    if entry.kind == "timer":
        return f"你的{_called(entry, now)}好了。"
    if entry.kind == "alarm":
        return (
            f"{clock(entry.at.astimezone(now.tzinfo))}了。{f'{entry.name}。' if entry.name else ''}"
        )
    return f"提醒你：{entry.name}。"


def _missed(outcome: outcomes.WereMissed, now: datetime) -> str:
    told = [
        f"{moment(entry.at, now)}，{entry.name or _called(entry, now)}"
        if entry.name or entry.kind == "timer"
        else f"{moment(entry.at, now)}的闹钟"
        for entry in outcome.entries[:MAX_TOLD]
    ]
    if more := len(outcome.entries) - len(told):
        told.append(f"另外还有{counted(more)}个")
    return f"{'我没开着的时候错过了' if outcome.while_off else '刚才错过了'}：{'；'.join(told)}。"


def _list_name(name: str) -> str:
    known = {"shopping": "购物清单", "todo": "待办清单"}
    return known.get(name) or (name if name.endswith("单") else f"{name}清单")


def _added(outcome: outcomes.WasAdded, _: datetime) -> str:
    name = _list_name(outcome.list)
    new = [item for item in outcome.items if item not in outcome.already]
    told = f"{name}加上了{listed(new)}。" if new else ""
    if outcome.already:
        told += f"{listed(outcome.already)}本来就在{'' if new else name}上面。"
    return told


def _removed(outcome: outcomes.WasRemoved, _: datetime) -> str:
    name = _list_name(outcome.list)
    gone = [item for item in outcome.items if item not in outcome.missing]
    told = f"{listed(gone)}从{name}划掉了。" if gone else ""
    if outcome.missing:
        told += f"{'' if gone else name}上面没有{listed(outcome.missing)}。"
    return told


def _list_has(outcome: outcomes.ListHas, _: datetime) -> str:
    name = _list_name(outcome.list)
    return f"{name}上有{listed(outcome.items)}。" if outcome.items else f"{name}是空的。"


def _cleared(outcome: outcomes.WasCleared, _: datetime) -> str:
    name = _list_name(outcome.list)
    return f"{name}清空了。" if outcome.items else f"{name}本来就是空的。"


def _impossible(outcome: Impossible, _: datetime) -> str:
    if outcome.reason is Reason.NO_SUCH_NAME:
        return f"没有叫“{outcome.said}”的。"
    return _IMPOSSIBLE[outcome.reason]


def _volume(outcome: outcomes.VolumeIs, _: datetime) -> str:
    if outcome.at_limit:
        return f"已经是最{'大' if outcome.level >= 1 else '小'}音量了。"
    return f"音量百分之{number(round(100 * outcome.level))}。"


def _pace(outcome: outcomes.PaceIs, _: datetime) -> str:
    if outcome.at_limit:
        return f"已经是最{'快' if outcome.value > 1 else '慢'}的语速了。"
    if outcome.value == 1:
        return "好，恢复正常语速。"
    return f"好，现在是正常语速的百分之{number(round(100 * outcome.value))}。"


def _sleeps(outcome: outcomes.Sleeps, _: datetime) -> str:
    return f"晚安。叫我“{outcome.wake_word}”我就醒。" if outcome.wake_word else "晚安。"


_SAY: dict[type, Callable[..., str]] = {
    outcomes.WasSet: _set,
    outcomes.Missing: _missing,
    outcomes.WasCancelled: _cancelled,
    outcomes.NoneFound: _none_found,
    outcomes.WhichOne: _which_one,
    outcomes.AreSet: _are_set,
    outcomes.WasSnoozed: lambda outcome, now: (
        f"好，{length((outcome.entry.at - now).total_seconds())}后再叫你。"
    ),
    outcomes.WasExtended: _extended,
    outcomes.WasDismissed: lambda outcome, _: "好。" if outcome.entries else "现在没有响的。",
    outcomes.Rings: _rings,
    outcomes.WereMissed: _missed,
    outcomes.WasAdded: _added,
    outcomes.WasRemoved: _removed,
    outcomes.ListHas: _list_has,
    outcomes.WasCleared: _cleared,
    outcomes.VolumeIs: _volume,
    outcomes.PaceIs: _pace,
    outcomes.Introduced: lambda outcome, _: f"我是{outcome.name or '你的助手'}。",
    outcomes.IsNoPerson: lambda outcome, _: (
        f"我是{outcome.double_of}的数字分身，不是本人。我说的话、声音和样子都是电脑生成的。"
        if outcome.double_of
        else "我是电脑程序，不是真人。"
    ),
    outcomes.Switched: lambda outcome, _: f"好，{_SWITCHED[outcome.kind]}换成{outcome.name}了。",
    outcomes.Sleeps: _sleeps,
    outcomes.IsAwake: lambda _, __: "我醒着呢。",
    **REPLIES,
    outcomes.Failed: lambda outcome, _: _TROUBLES[outcome.trouble],
    TellTime: time_there,
    TellDate: about_day,
    TellTimeUntil: lambda outcome, now: f"还有{length((outcome.at - now).total_seconds())}。",
    Impossible: _impossible,
}
