"""Exports of messengers → questions and answers."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.errors import InputError
from daemon.training.chat_files import MAX_LINE_CHARS, read_export
from daemon.training.chats import (
    ChatMessage,
    Exchange,
    ImportCounts,
    choose,
    exchanges,
    people,
    plain,
)
from daemon.training.formats.clock import seconds
from daemon.training.formats.json_lines import Columns
from daemon.training.masking import mask

CHATS = Path(__file__).parents[2] / "golden" / "chats"
DEFAULT = Columns()


def read(path: Path, name: str | None, counted: ImportCounts | None = None) -> list[Exchange]:
    export = read_export(path, DEFAULT)
    if export.exchanges:
        return export.exchanges
    chosen = choose(people(export.said), name)
    return list(exchanges(export.said, chosen, counted or ImportCounts()))


def told(made: list[Exchange]) -> list[tuple[str, str, int]]:
    return [(exchange.prompt, exchange.response, len(exchange.history)) for exchange in made]


EXPECTED: dict[str, tuple[str, list[tuple[str, str, int]]]] = {
    "qq.txt": (
        "林同学",  # a name of later; the number makes both names one person
        [
            ("早\n今天打算干什么？", "去图书馆\n你要一起吗\n地铁站见", 0),
            ("好，我电话 13812345678", "收到，十点见", 1),
            ("昨天谢谢你", "别客气", 0),
            ("这周读什么？\n我推荐《边城》", "我也想读《边城》", 0),
        ],
    ),
    "qq_english.txt": ("Ben", [("What shall we read?", "Something short, please.", 0)]),
    "qq_exporter.txt": (
        "小林",
        [("睡了吗？\n时间不早了", "还没，在看书", 0), ("早点睡", "好的\n晚安", 1)],
    ),
    "wechat_msg.csv": (
        "wxid_lin",
        [
            ("周末有空吗", "有空啊，\n去哪儿？", 0),
            ("爬山，微信号 laowang_66 拉你进群", "好", 1),
        ],
    ),
    "wechat_dump.csv": ("我", [("到家了吗", "刚到", 0), ("早点休息", "晚安", 1)]),
    "wechat_dump_old.csv": ("我", [("在忙吗", "不忙，说吧", 0)]),
    "wechat_msg.html": (
        "小林",
        [
            ("周末去'爬山'吗？", "好啊，\n几点 {七点}, type:1 <出发>？", 0),
            ("七点半", "行", 1),
        ],
    ),
    "wechat_backup.html": (
        "小林",
        [("吃了吗？\n没吃一起", "吃 <火锅> 吧", 0), ("走", "马上到", 1)],
    ),
    "telegram.json": (
        "user222",
        [
            ("Have you seen this?", "No, what is it?\nIs it like mine?", 0),
            ("Call me at +49 170 1234567", "I will.", 0),
        ],
    ),
    "telegram.html": ("Ben", [("Shall we really go?\nIt rains & rains.", "Let us go.", 0)]),
    "whatsapp_android.txt": (
        "Ben",
        [
            ("Happy new year, almost!", "Almost: one hour\nand one minute.", 0),
            ("Now! Write to ann@example.com", "Happy new year!", 1),
        ],
    ),
    "whatsapp_iphone.txt": ("Ben", [("Bist du da?", "Ja.\nKomm rein.", 0)]),
    "whatsapp_chinese.txt": ("小林", [("在吗", "在的", 0)]),
    "original.jsonl": (
        "",
        [
            ("风扇不转是怎么回事？", "先看看水温，用电脑能读数据流吗？", 0),
            ("95 度", "那要查线路了，我的邮箱是 lin@example.com", 1),
            ("作业怎么存到手机上？", "我也不知道啊", 0),
        ],
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_format_is_read(name: str) -> None:
    person, expected = EXPECTED[name]
    assert told(read(CHATS / name, person)) == expected


def test_every_sample_is_expected() -> None:
    others = {"columns.jsonl", "whatsapp_languages.toml"}
    assert {path.name for path in CHATS.iterdir()} - others == set(EXPECTED)


def test_what_is_left_out_is_counted() -> None:
    counted = ImportCounts()
    read(CHATS / "qq.txt", "林同学", counted)
    assert (counted.messages, counted.media, counted.system) == (15, 1, 2)
    assert (counted.unanswered, counted.conversations) == (1, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    text = (CHATS / "qq.txt").read_text(encoding="utf-8-sig")
    path = tmp_path / "export.txt"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert told(read(path, "林同学")) == EXPECTED["qq.txt"][1]


def test_columns_can_be_called_otherwise() -> None:
    columns = Columns("question", "answer", "before")
    made = read_export(CHATS / "columns.jsonl", columns).exchanges
    assert made == [
        Exchange("Are you there?", "Always.", (("Hello", "Hi!"),)),
        Exchange("Good.", "Isn't it?"),
    ]


def said(who: str, text: str, at: float | None = 0, chat: str = "") -> ChatMessage:
    return ChatMessage(chat, who, "", at, text)


def test_a_long_silence_and_another_chat_begin_anew() -> None:
    messages = [
        said("a", "1"),
        said("b", "2", 60),
        said("a", "3", 60 + 4 * 3600),
        said("b", "4", 61 + 4 * 3600),
        said("a", "5", 62 + 4 * 3600, "other"),
        said("b", "6", 63 + 4 * 3600, "other"),
    ]
    made = list(exchanges(messages, choose(people(messages), "b"), ImportCounts()))
    assert told(made) == [("1", "2", 0), ("3", "4", 0), ("5", "6", 0)]


def test_the_history_is_bounded() -> None:
    messages = [said("ab"[number % 2], str(number), number) for number in range(100)]
    made = list(exchanges(messages, choose(people(messages), "b"), ImportCounts()))
    assert len(made) == 50
    assert max(len(exchange.history) for exchange in made) == 4
    assert made[-1].history[-1] == ("96", "97")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 13812345678 or 138 1234 5678", "call [phone] or [phone]"),
        ("+86 138-1234-5678, 010-12345678", "[phone], [phone]"),
        ("+1 (555) 010-9999", "[phone]"),
        ("a.b+c@mail.example.com!", "[mail]!"),
        ("身份证 11010519491231002X。", "身份证 [id]。"),
        ("卡号 6222 0212 3456 7890 123", "卡号 [number]"),
        ("卡号 6222021234567890123", "卡号 [number]"),
        ("加我QQ：12345678", "加我QQ：[account]"),
        ("微信号是lin_2023", "微信号是[account]"),
        ("wxid_abc123 在", "[account] 在"),
        ("2023-03-01 09:00 见，3.14159265358，共 12345 元", None),
        ("QQ 空间，微信 发给我", None),
        ("IP 是 192.168.100.200", None),
    ],
)
def test_personal_data_is_masked(text: str, expected: str | None) -> None:
    counted: Counter[str] = Counter()
    assert mask(text, counted) == (text if expected is None else expected)
    assert bool(counted) == (expected is not None)


@pytest.mark.parametrize("text", ["a", "1", "1 ", "+", "[图:", "<omitted ", "QQ", "a.", "@"])
def test_no_text_takes_for_ever(text: str, tmp_path: Path) -> None:
    long = text * (200_000 // len(text))
    mask(plain(long, stickers=True), Counter())
    path = tmp_path / "chat.txt"
    path.write_text(f"1/1/24, 9:00 - A: {long}\n1/1/24, 9:01 - B: ok\n", encoding="utf-8")
    assert len(read_export(path, DEFAULT).said) == 2


def test_a_whole_account_is_many_chats(tmp_path: Path) -> None:
    one = json.loads((CHATS / "telegram.json").read_text(encoding="utf-8"))
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"about": "", "chats": {"list": [one, {**one, "name": "Cy"}]}}))
    made = read(path, "Ben")
    assert told(made) == 2 * EXPECTED["telegram.json"][1]


def test_texts_are_tidied() -> None:
    assert plain(" a\u200b  b \r\n\r\n c\x07 ") == "a b\nc"
    assert plain("https://example.com/x?y=1") == ""
    assert plain("[图片]看[微笑]这[文件：a.pdf]个", stickers=True) == "看这个"
    assert plain("[note] stays", stickers=True) == "[note] stays"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01 00:00:10", 10.0),
        ("1970/1/1 1:00 AM", 3600.0),
        ("1970-01-01 12:00:00 PM", 43200.0),
        ("1970-01-01T00:01:00+01:00", 60.0),
        ("1677632400", 1677632400.0),
        ("1677632400000", 1677632400.0),
        ("2023-02-31 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_times(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


def run(tmp_path: Path, *arguments: str) -> tuple[int, Path]:
    out = tmp_path / "chats.jsonl"
    return main(["chats", "import", *arguments, "--out", str(out)]), out


def test_the_command_writes_masked_lines_that_only_the_user_may_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(tmp_path, str(CHATS / "qq.txt"), "--answers", "1002345678")
    assert code == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines[1] == {
        "prompt": "好，我电话 [phone]",
        "response": "收到，十点见",
        "history": [["早\n今天打算干什么？", "去图书馆\n你要一起吗\n地铁站见"]],
    }
    assert out.stat().st_mode & 0o777 == 0o600
    shown = capsys.readouterr().out
    assert "小林" in shown and "phone 1" in shown
    assert told(read(out, None)) == [(*pair, n) for *pair, n in told(read(out, None))]


def test_personal_data_can_be_kept_and_formats_mixed(tmp_path: Path) -> None:
    files = [str(CHATS / name) for name in ("wechat_dump.csv", "original.jsonl", "qq.txt")]
    code, out = run(tmp_path, *files, "--answers", "我", "--keep-personal-data")
    assert code == 0
    text = out.read_text(encoding="utf-8")
    assert "lin@example.com" in text and "刚到" in text
    assert [path.name for path in tmp_path.iterdir()] == ["chats.jsonl"]


@pytest.mark.parametrize("name", ["Nobody", None])
def test_names_are_listed_when_nobody_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str | None
) -> None:
    code, out = run(tmp_path, str(CHATS / "qq.txt"), *(["--answers", name] if name else []))
    assert code == 3 and not out.exists()
    told = " ".join(capsys.readouterr().err.split())
    assert "小林 (1002345678)" in told and "阿明 (1008765432)" in told and "--answers" in told


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"\n \n", "empty"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0", "no text"),
    "other encoding": ("日本語。これは".encode("euc-jp") + b"\xff\xff", "no text"),
    "prose": (b"Dear diary,\nnothing happened.\n", "known here"),
    "page": (b"<html><body>Hello</body></html>", "known here"),
    "table": (b"a,b\n1,2\n", "known here"),
    "other JSON": (b'{\n "a": 1\n}\n', "no column prompt, only a"),
    "broken line": (b'{"prompt": "a", "response": "b"}\n{"prompt": \n', "Line 2"),
    "other columns": (b'{"q": "a", "a": "b"}\n', "no column prompt, only q, a"),
    "numbers": (b'{"prompt": 1, "response": "b"}\n', "must be text"),
    "bad history": (b'{"prompt": "a", "response": "b", "history": [["x"]]}\n', "pairs"),
    "huge line": (
        b'{"prompt": "a", "response": "b"}\n{"prompt": "' + b"a" * MAX_LINE_CHARS + b'"}\n',
        "line 2 is longer",
    ),
    "huge message": (
        b"2023-03-01 12:00:00 A(12345)\n" + b"a" * (MAX_LINE_CHARS + 1),
        "Line 2 is longer",
    ),
    "broken Telegram": (b'{"type": "x", "messages": [1]}', "not what Telegram"),
    "nobody speaks": (b'{"type": "x", "messages": []}', "Nobody writes"),
    "no answer": (b"2023-03-01 12:00:00 A(12345)\nhello\n", "not one answer"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    data, reason = BAD[name]
    path = tmp_path / "export"
    path.write_bytes(data)
    code, out = run(tmp_path, str(path), "--answers", "A")
    told = " ".join(capsys.readouterr().err.split())
    assert (code, out.exists()) == (3, False), told
    assert reason in told


@pytest.mark.parametrize(
    ("line", "option"), [('{"q": 1}', "prompt"), ('{"prompt": ""}', "response")]
)
def test_another_column_says_how_to_name_it(tmp_path: Path, line: str, option: str) -> None:
    path = tmp_path / "lines"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=f"no column {option}") as caught:
        read(path, None)
    assert caught.value.fix == f"--{option}-column NAME"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_export(tmp_path / "none", DEFAULT)


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 300_000_000)
    with pytest.raises(InputError, match="larger than"):
        read_export(path, DEFAULT)


def test_no_place_to_write(tmp_path: Path) -> None:
    source = str(CHATS / "qq.txt")
    assert main(["chats", "import", source, "--out", str(tmp_path / "no" / "x.jsonl")]) == 5
