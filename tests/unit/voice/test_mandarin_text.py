import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

from daemon.voice.mandarin_numbers import spoken
from daemon.voice.mandarin_text import clauses, phonemes

INITIALS = {*"bcdfghjklmnpqrstxz", "^", "ch", "sh", "zh"}
OPEN = "a ai ao e ei er i ia iao ie ii iii iou o ou u ua uai uei uo v ve"
NASAL = "an ang en eng ian iang in ing iong ong uan uang uen ueng van vn"
FINALS = {*OPEN.split(), *NASAL.split()}
BREAKS = {"sil", "eos", "#0", "#1", "#3", "er5"}
SYMBOLS = INITIALS | BREAKS | {f"{final}{tone}" for final in FINALS for tone in range(1, 6)}


def heard(text: str) -> str:
    """The syllables of a text, with spaces between them and a bar between clauses."""
    spelled = []
    for clause in clauses(text):
        joined = " ".join(clause.symbols).replace(" #1 ", "/").replace(" #0 ", "/")
        joined = joined.removeprefix("sil ").removesuffix(" sil eos").replace(" #3 ", "/、/")
        spelled.append(joined.replace("^ ", "").replace(" ", "").replace("/", " "))
    return " | ".join(spelled)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3", "三"),
        ("10", "十"),
        ("12", "十二"),
        ("105", "一百零五"),
        ("200", "二百"),
        ("2000", "两千"),
        ("22000", "两万两千"),
        ("120000", "十二万"),
        ("1,234,567", "一百二十三万四千五百六十七"),
        ("1400000000", "十四亿"),
        ("100，200", "一百，二百"),
        ("007", "零零七"),
        ("3.14", "三点一四"),
        ("-5", "负五"),
        ("50%", "百分之五十"),
        ("-3%", "负百分之三"),
        ("3-5%", "百分之三到五"),
        ("3%-5%", "百分之三到百分之五"),
        ("0.5‰", "千分之零点五"),
        ("1/2", "二分之一"),
        ("½", "二分之一"),
        ("第1", "第一"),
        ("第2个", "第二个"),
        ("第1-3章", "第一到三章"),
        ("3:2", "三比二"),
        ("2+3=5", "二加三等于五"),
        ("5 - 3 = 2", "五减三等于二"),
    ],
)
def test_numbers(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2024年", "二零二四年"),
        ("2024年3月5日", "二零二四年三月五日"),
        ("2024 年 3 月 5 日", "二零二四年三月五日"),
        ("2024-03-05", "二零二四年三月五日"),
        ("2024/3/5", "二零二四年三月五日"),
        ("2020-2024年", "二零二零到二零二四年"),
        ("2000年", "二零零零年"),
        ("2000年前", "两千年前"),
        ("1000年", "一千年"),
        ("08年", "零八年"),
        ("90年代", "九十年代"),
        ("3/5", "五分之三"),
        ("14:30", "十四点三十分"),
        ("8:05", "八点零五分"),
        ("2:00", "两点整"),
        ("9:00-17:30", "九点整到十七点三十分"),
        ("99:99", "九十九比九十九"),
    ],
)
def test_dates_and_times(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("¥12.5", "十二点五元"),
        ("￥3万", "三万元"),
        ("$3", "三美元"),
        ("$1,299.90", "一千二百九十九点九美元"),
        ("5元/斤", "五元每斤"),
        ("3km", "三公里"),
        ("2km", "两公里"),
        ("60 km/h", "六十公里每小时"),
        ("100m²", "一百平方米"),
        ("25℃", "二十五摄氏度"),
        ("-5℃", "零下五摄氏度"),
        ("-5~3℃", "零下五到三摄氏度"),
        ("60kg", "六十公斤"),
        ("100米", "一百米"),
        ("3-5个", "三到五个"),
        ("1~2天", "一到两天"),
        ("2个", "两个"),
        ("２个", "两个"),
        ("12个", "十二个"),
        ("2小时", "两小时"),
        ("2楼", "二楼"),
        ("2月2号", "二月二号"),
        ("2年级", "二年级"),
        ("13812345678", "幺三八幺二三四五六七八"),
        ("138-1234-5678", "幺三八幺二三四五六七八"),
        ("010-12345678", "零幺零幺二三四五六七八"),
        ("拨打120", "拨打幺二零"),
        ("12345678", "一二三四五六七八"),
        ("192.168.1.1", "一九二点一六八点一点一"),
        ("GPT-4", "GPT-4"),
        ("5G", "5G"),
        ("Python 3.11", "Python 3.11"),
        ("用Python 3年了", "用Python 三年了"),
        ("16GB", "十六 GB"),
    ],
)
def test_measures_and_names(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("你好，今天天气怎么样？", "ni2 hao3 | jin1 tian1 tian1 qi4 zen3 me5 iang4"),
        ("很好", "hen2 hao3"),
        ("我很好", "uo3 hen2 hao3"),
        ("老李买好酒", "lao2 li3 mai2 hao2 jiou3"),
        ("给我两把雨伞", "gei2 uo3 liang2 ba3 v2 san3"),
        ("一个", "i2 ge4"),
        ("一天", "i4 tian1"),
        ("一百一十", "i4 bai3 i1 shiii2"),
        ("第一个", "di4 i1 ge4"),
        ("十一个人", "shiii2 i1 ge4 ren2"),
        ("一月一日", "i1 ve4 i1 riii4"),
        ("一九九八", "i1 jiou2 jiou3 ba1"),
        ("星期一去", "xing1 qi1 i1 qv4"),
        ("千万一定", "qian1 uan4 i2 ding4"),
        ("看一看", "kan4 i5 kan4"),
        ("不是", "bu2 shiii4"),
        ("不对", "bu2 duei4"),
        ("不好", "bu4 hao3"),
        ("好不好", "hao3 bu5 hao3"),
        ("一样", "i2 iang4"),
        ("苹果、香蕉", "ping2 guo3 、 xiang1 jiao1"),
    ],
)
def test_tones(text: str, syllables: str) -> None:
    assert heard(text) == syllables


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("花儿", "hua1er5"),
        ("一会儿", "i2 huei4er5"),
        ("女儿", "nv3 er2"),
        ("儿子", "er2 zii5"),
        ("银行行长", "in2 hang2 hang2 zhang3"),
        ("自行车", "zii4 xing2 che1"),
        ("音乐很快乐", "in1 ve4 hen3 kuai4 le4"),
        ("跑得很快", "pao3 de5 hen3 kuai4"),
        ("我得去", "uo2 dei3 qv4"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("世界地图", "shiii4 jie4 di4 tu2"),
        ("睡不着", "shuei4 bu4 zhao2"),
        ("三只猫", "san1 zhiii1 mao1"),
        ("朋友的妈妈", "peng2 iou5 de5 ma1 ma5"),
        ("天氣預報", "tian1 qi4 v4 bao4"),
        ("嗯", "en2"),
        ("2个", "liang3 ge4"),
        ("Hello!", ""),
        ("", ""),
        ("……", ""),
    ],
)
def test_readings(text: str, syllables: str) -> None:
    assert heard(text) == syllables


def test_every_syllable_has_symbols() -> None:
    written = {reading for readings in PINYIN_DICT.values() for reading in readings.split(",")}
    written |= {reading for phrase in PHRASES_DICT.values() for (reading, *_) in phrase}
    bases = {to_normal(reading, v_to_u=False) for reading in written}
    assert len(bases) > 400
    spelled = {base: phonemes(base) for base in bases}
    assert not {b for b, (start, end) in spelled.items() if {start} - INITIALS or {end} - FINALS}


def test_characters_are_read() -> None:
    for code in sorted(PINYIN_DICT)[::60]:  # about 700, from all over Unicode
        spelled = [symbol for clause in clauses(chr(code)) for symbol in clause.symbols]
        assert set(spelled) <= SYMBOLS, chr(code)


def test_pauses_follow_the_punctuation() -> None:
    comma, stop, nothing = (clause.pause_s for clause in clauses("你好，再见。好的"))
    assert 0 == nothing < comma < stop


def test_a_long_clause_is_cut_between_words() -> None:
    pieces = list(clauses("我们明天去公园散步" * 30))
    assert len(pieces) > 1
    assert all(sum(s[-1].isdigit() and s[0] != "#" for s in p.symbols) <= 40 for p in pieces)
    assert heard("我们明天去公园散步" * 30).replace(" | ", " ") == " ".join(
        [heard("我们明天去公园散步")] * 30
    )


@settings(max_examples=100, deadline=None)
@example("A0 0")
@given(
    st.text(st.sampled_from("0123456789.-:/%,年月日个第一不儿得地¥$km℃ 你好A，。、~"), max_size=30)
)
def test_any_mixture_of_numbers_is_read(text: str) -> None:
    once = spoken(text)
    assert spoken(once).replace(" ", "") == once.replace(" ", ""), "a space is not heard"
    assert {symbol for clause in clauses(text) for symbol in clause.symbols} <= SYMBOLS


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert {symbol for clause in clauses(text) for symbol in clause.symbols} <= SYMBOLS
