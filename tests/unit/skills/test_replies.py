"""What the skills say, in both languages."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daemon.skills import intents as wanted
from daemon.skills import outcomes as came
from daemon.skills.replies import reply

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 30, 18, 30, tzinfo=BERLIN)  # a Monday
TODAY = NOW.date()


def timer(seconds: float, name: str = "") -> came.Scheduled:
    length = timedelta(seconds=seconds)
    return came.Scheduled("timer", name, NOW + length, length)


def alarm(when: str, name: str = "", repeat: tuple[int, ...] = ()) -> came.Scheduled:
    at = datetime.fromisoformat(f"2026-{when}").replace(tzinfo=BERLIN)
    return came.Scheduled("alarm", name, at, None, repeat)


TEN = timer(600)
SEVEN = alarm("12-01 07:00")
WEEKDAYS = alarm("12-01 06:30", repeat=(0, 1, 2, 3, 4))
SOON = came.Scheduled("reminder", "drink water", NOW + timedelta(minutes=3))
DENTIST = came.Scheduled("reminder", "call the dentist", NOW + timedelta(days=1))

SENTENCES: list[tuple[came.Outcome, str, str]] = [
    (came.WasSet(TEN), "Ten minutes, starting now.", "好，十分钟，现在开始。"),
    (came.WasSet(timer(750)), "12 minutes and 30 seconds, starting now.",
     "好，十二分三十秒，现在开始。"),
    (came.WasSet(timer(5400)), "1 hour and 30 minutes, starting now.",
     "好，一个半小时，现在开始。"),
    (came.WasSet(TEN, instead=True), "Ten minutes instead.", "改成十分钟了。"),
    (came.WasSet(SEVEN), "Your alarm is set for tomorrow at 7 a.m.", "闹钟定在明天早上七点。"),
    (came.WasSet(WEEKDAYS), "Your alarm is set for 6:30 a.m. on weekdays.",
     "闹钟定在工作日早上六点半。"),
    (came.WasSet(DENTIST), "I'll remind you tomorrow at 6:30 p.m.: call the dentist.",
     "好，明天晚上六点半我提醒你：call the dentist。"),
    (came.WasSet(SOON), "I'll remind you in three minutes: drink water.",
     "好，三分钟后提醒你drink water。"),
    (came.WasSet(replace(SOON, at=NOW + timedelta(seconds=1798.5))),
     "I'll remind you in 30 minutes: drink water.", "好，半小时后提醒你drink water。"),
    (came.WasSet(replace(SOON, at=NOW + timedelta(seconds=29.8))),
     "I'll remind you in 30 seconds: drink water.", "好，三十秒后提醒你drink water。"),
    (came.WasSet(replace(SOON, at=NOW + timedelta(seconds=1830))),
     "I'll remind you at 7 p.m.: drink water.", "好，今天晚上七点我提醒你：drink water。"),
    (came.WasSet(alarm("11-30 18:50")), "Your alarm will ring in 20 minutes.",
     "闹钟定在二十分钟后。"),
    (came.Missing(wanted.SetTimer(None)), "For how long?", "多长时间？"),
    (came.Missing(wanted.SetAlarm(None)), "For what time?", "定在几点？"),
    (came.Missing(wanted.SetReminder(None, "eat")), "When should I remind you?",
     "什么时候提醒你？"),
    (came.Missing(wanted.SetReminder(NOW, "")), "What should I remind you of?", "要提醒你什么？"),
    (came.Missing(wanted.AddToList("todo", ())), "What should I put on it?", "要加什么？"),
    (came.WasCancelled((TEN,)), "Your ten-minute timer is cancelled.", "十分钟计时器取消了。"),
    (came.WasCancelled((TEN, TEN)), "Two timers cancelled.", "两个计时器都取消了。"),
    (came.NoneFound(wanted.Query("timer")), "There's no timer running.", "现在没有计时器在走。"),
    (came.NoneFound(wanted.Cancel("alarm")), "There's no alarm set.", "没有定闹钟。"),
    (came.WhichOne((TEN, timer(60, "tea"))), "Which one: the ten-minute timer or the tea timer?",
     "哪一个？十分钟计时器，还是tea的计时器？"),
    (came.AreSet((TEN,)), "Ten minutes left.", "还剩十分钟。"),
    (came.AreSet((SEVEN, WEEKDAYS)),
     "Two alarms: tomorrow at 7 a.m.; at 6:30 a.m. on weekdays.",
     "有两个闹钟：明天早上七点；工作日早上六点半。"),
    (came.WasSnoozed(TEN), "I'll ring again in ten minutes.", "好，十分钟后再叫你。"),
    (came.WasExtended(TEN, 120), "Two minutes more. Ten minutes left.", "加了两分钟，还剩十分钟。"),
    (came.WasDismissed((TEN,)), "OK.", "好。"),
    (came.Rings((TEN,)), "Your ten-minute timer is done.", "你的十分钟计时器好了。"),
    (came.Rings((SEVEN,)), "It's 7 a.m.", "早上七点了。"),
    (came.Rings((DENTIST,)), "Here's your reminder: call the dentist.",
     "提醒你：call the dentist。"),
    (came.WereMissed((alarm("11-30 07:00"),), while_off=True),
     "While I was off: the 7 a.m. alarm, at 7 a.m.", "我没开着的时候错过了：今天早上七点的闹钟。"),
    (came.WasAdded("shopping", ("milk", "eggs")), "Milk and eggs added to your shopping list.",
     "购物清单加上了milk和eggs。"),
    (came.WasAdded("todo", ("tax",), ("tax",)), "Tax is already on your to-do list.",
     "tax本来就在待办清单上面。"),
    (came.WasRemoved("shopping", ("milk", "tea"), ("tea",)),
     "Milk taken off your shopping list. Tea isn't on it.", "milk从购物清单划掉了。上面没有tea。"),
    (came.ListHas("shopping", ("milk", "eggs", "bread")),
     "On your shopping list: milk, eggs and bread.", "购物清单上有milk、eggs和bread。"),
    (came.ListHas("packing", ()), "Your packing list is empty.", "packing清单是空的。"),
    (came.WasCleared("todo", 3), "Your to-do list is empty now.", "待办清单清空了。"),
    (came.VolumeIs(0.6), "Volume at 60 percent.", "音量百分之六十。"),
    (came.PaceIs(1.0), "Back to my usual pace.", "好，恢复正常语速。"),
    (came.Introduced("Luna"), "I'm Luna.", "我是Luna。"),
    (came.IsNoPerson(""), "I'm a computer program, not a person.", "我是电脑程序，不是真人。"),
    (came.IsNoPerson("Lin"), "I'm a digital double of Lin, not Lin in person. "
     "A computer makes what I say, and my voice and face.",
     "我是Lin的数字分身，不是本人。我说的话、声音和样子都是电脑生成的。"),
    (came.Sleeps("Hey Luna"), 'Good night. Say "Hey Luna" to wake me.',
     "晚安。叫我“Hey Luna”我就醒。"),
    (came.Failed(came.Trouble.DISK_FULL), "The disk is full, so I couldn't keep that.",
     "磁盘满了，没能记下来。"),
    (wanted.TellTime(), "It's 6:30 p.m.", "现在是晚上六点半。"),
    (wanted.TellTime("Asia/Tokyo", "Tokyo"), "It's 2:30 a.m. on Tuesday in Tokyo.",
     "Tokyo现在是明天凌晨两点半。"),
    (wanted.TellDate(TODAY, "date"), "Today is Monday, November 30.",
     "今天是十一月三十号，星期一。"),
    (wanted.TellDate(date(2026, 12, 1), "weekday"), "Tomorrow is Tuesday, December 1.",
     "明天是十二月一号，星期二。"),
    (wanted.TellDate(date(2026, 7, 4), "weekday"), "July 4 was a Saturday.", "七月四号是星期六。"),
    (wanted.TellDate(date(2027, 1, 5), "date"), "That is Tuesday, January 5, 2027.",
     "那天是二〇二七年一月五号，星期二。"),
    (wanted.TellDate(date(2026, 12, 25), "days", "Christmas"), "25 days until Christmas.",
     "离Christmas还有二十五天。"),
    (wanted.TellDate(date(2026, 12, 25), "weeks", "Christmas"),
     "Three weeks and four days until Christmas.", "离Christmas还有三周零四天。"),
    (wanted.TellDate(TODAY, "days", "Diwali"), "Diwali is today.", "今天就是Diwali。"),
    (wanted.TellDate(TODAY, "week"), "It's week 49.", "这周是今年的第四十九周。"),
    (wanted.TellTimeUntil(NOW + timedelta(hours=5.5)), "5 hours and 30 minutes from now.",
     "还有五个半小时。"),
    (wanted.Impossible(wanted.Reason.NO_SUCH_DATE), "There's no such day.", "没有这一天。"),
    (wanted.Impossible(wanted.Reason.NO_SUCH_NAME, "bob"), "I don't have one called bob.",
     "没有叫“bob”的。"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "english", "chinese"), SENTENCES)
def test_what_is_said(outcome: came.Outcome, english: str, chinese: str) -> None:
    assert reply(outcome, "en", NOW) == english
    assert reply(outcome, "zh", NOW) == chinese


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_has_a_sentence(language: str) -> None:
    for reason in wanted.Reason:
        assert reply(wanted.Impossible(reason, "x"), language, NOW)
    for trouble in came.Trouble:
        assert reply(came.Failed(trouble), language, NOW)


def test_noon_and_midnight_have_names() -> None:
    noon = wanted.TellTime()
    assert reply(noon, "en", NOW.replace(hour=12, minute=0)) == "It's noon."
    assert reply(noon, "en", NOW.replace(hour=0, minute=0)) == "It's midnight."
    assert reply(noon, "zh", NOW.replace(hour=0, minute=5)) == "现在是凌晨零点零五分。"


@pytest.mark.parametrize(
    ("outcome", "english", "chinese"),
    [
        (came.VolumeIs(1.0, at_limit=True), "That's as loud as I get.", "已经是最大音量了。"),
        (came.VolumeIs(0.1, at_limit=True), "That's as quiet as I get.", "已经是最小音量了。"),
        (came.PaceIs(2.0, at_limit=True), "That's as fast as I can talk.", "已经是最快的语速了。"),
        (came.PaceIs(0.5, at_limit=True), "That's as slow as I can talk.", "已经是最慢的语速了。"),
    ],
)
def test_what_goes_no_further_is_told(outcome: came.Outcome, english: str, chinese: str) -> None:
    assert [reply(outcome, tongue, NOW) for tongue in ("en", "zh")] == [english, chinese]
