"""Which facts cannot both hold, and which can."""

import pytest

from daemon.memory.subjects import subject

REPLACED = [
    ("my dentist is Doctor Wu", "my new dentist is Doctor Li"),
    ("my dentist is called Doctor Wu", "my dentist is now Doctor Li"),
    ("我的牙医是吴医生", "我的新牙医是李医生"),
    ("I live in Berlin", "I live in Hamburg now"),
    ("我住在北京", "我现在住在上海"),
    ("the spare key is under the flowerpot", "the spare key is in the shed"),
    ("备用钥匙在花盆下面", "备用钥匙放在抽屉里了"),
    ("my shoe size is 43", "my shoe size is 44"),
    ("my exam is on the second of February", "my exam is on the ninth of March"),
    ("my favourite tea is lapsang", "my favourite tea is now earl grey"),
    ("我最喜欢的歌手是邓丽君", "我最喜欢的歌手是王菲"),
    ("I work at Siemens", "I work for Bosch now"),
    ("张老师的课在周二", "张老师的课改到周三晚上了"),
    ("the car is parked on level four", "the car is parked on level two"),
    ("the meeting is at nine", "the meeting is at ten"),
    ("my phone number is 555 123", "my phone number is 555 987"),
    ("我的车停在B区", "我的车停在C区"),
    ("my boss is Margaret", "my new boss is Tom"),
    ("my daughter's teacher is Mrs Hill", "my daughter's teacher is Mr Kay"),
    ("我女儿的老师姓王", "我女儿的老师姓刘"),
    ("the bins are collected on Tuesday", "the bins are collected on Friday now"),
]
BESIDE = [
    ("my dentist is Doctor Wu", "my doctor is Doctor Li"),
    ("my favourite tea is lapsang", "my favourite coffee is espresso"),
    ("I don't eat meat", "I don't eat fish"),
    ("I'm allergic to peanuts", "I'm allergic to penicillin"),
    ("我对花生过敏", "我对海鲜过敏"),
    ("my sister is a nurse", "my sister is in Paris"),
    ("my sister is a nurse", "my sister is a vegetarian"),
    (
        "my mother's birthday is on the third of May",
        "my father's birthday is on the fourth of June",
    ),
    ("I like tea", "I like coffee"),
    ("my exam is on the second of February", "my exam is in room four"),
    ("my daughter is called Lily", "my daughter is seven"),
    ("我儿子叫小宇", "我儿子在三年级"),
    ("the spare key is under the flowerpot", "the car key is in the drawer"),
    ("my car is green", "my car is fast"),
    ("my brother lives in Leeds", "my sister lives in Leeds"),
    ("Tom owes me forty euros", "Anna owes me twenty euros"),
    ("我妈妈的生日是中秋节", "我妈妈是老师"),
    ("我妈妈是老师", "我妈妈是上海人"),
    ("we're flying to Lisbon in May", "we're flying to Rome in July"),
    ("my daughter plays goalkeeper", "my daughter plays the piano"),
    ("my wife can't stand coriander", "my wife can't stand snakes"),
    ("the bins are collected on Tuesday", "the paper is collected on Friday"),
]


@pytest.mark.parametrize(("older", "newer"), REPLACED)
def test_the_newer_replaces_the_older(older: str, newer: str) -> None:
    assert subject(older) is not None
    assert subject(older) == subject(newer)


@pytest.mark.parametrize(("older", "newer"), BESIDE)
def test_both_hold(older: str, newer: str) -> None:
    assert subject(older) is None or subject(older) != subject(newer)
