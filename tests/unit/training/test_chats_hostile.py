"""Files that are hostile or merely odd end in a message, in time that grows as they do.

The sizes are such that reading them in the square of their length would take minutes and more.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.cli import main
from daemon.errors import InputError
from daemon.training.chat_files import Export, read_export, read_text
from daemon.training.chats import ChatMessage, ImportCounts, choose, exchanges, named, people, plain
from daemon.training.formats.json_lines import Columns
from daemon.training.masking import mask, mask_said

LONG = 100_000  # characters

LINES = {
    "whatsapp": "1/1/24, 9:00 - A: {}\n",
    "iphone": "[1/1/24, 9:00:00] A: \u200e\n[1/1/24, 9:00:00] A: {}\n",
    "qq": "2023-03-01 12:00:00 A(12345)\n{}\n",
}
PAGES = {
    "telegram": '<div class="message"><p class="from_name">A</p><p class="text">{}</p></div>',
    "backup": '<p class="msg"><b class="nt-box"><i class="name-left">A</i></b>'
    '<b class="msg-text">{}</b></p>',
    "listed": "<p>chatMessages = [{{type:1, text: '{}', is_send:0, displayname:'A'}}]",
}
WORDS = [" ", "\u3000", "a", "1 ", "[图:", "<omitted ", "omitted ", "QQ\u3000", "QQ号", "a@", "@"]
WORDS += [
    "\u200e<a>",
    "\u200e",
    "“",
    " • ",
    "x:\n",
    "W: x (1 y)\n",
    "消息对象:",
    "\n",
    "\r",
    "<",
    "(",
]
MARKUP = ["<img ", "<!--", "<a ", "<a b='", '<a b="', "<p>", "</i>", "<p></i>", "&#9", "\\", "<"]


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def use(export: Export) -> None:
    """Do with an export what the command does."""
    found = people(export.said)
    masked = (mask_said(said, Counter()) for said in export.said)
    list(exchanges(masked, found[:1], ImportCounts()))


@pytest.mark.parametrize("name", LINES)
def test_no_message_takes_for_ever(name: str, tmp_path: Path) -> None:
    texts = [word * (LONG // len(word)) for word in WORDS]
    path = write(tmp_path / "export", "".join(map(LINES[name].format, texts)))
    export = read_export(path, Columns())
    use(export)
    assert len(export.said) >= len(WORDS)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("markup", MARKUP)
def test_no_page_takes_for_ever(name: str, markup: str, tmp_path: Path) -> None:
    text = PAGES[name].format(markup * (LONG // len(markup))) + 'class="from_name"'
    use(read_export(write(tmp_path / "export", "<html>" + text), Columns()))


WHOLE = {
    "deep list": '{"prompt": ' + "[" * LONG,
    "deep object": '{"a":' * LONG,
    "deep, closed": '{"prompt": "a", "response": ' + "[" * 9_000 + "]" * 9_000 + "}",
    "long number": '{"prompt": ' + "9" * LONG + ', "response": "b"}',
    "not a number": '{"prompt": NaN, "response": -Infinity}',
    "commas": '{"prompt": "a", "response": "b"}' + "," * LONG,
    "one side": '{"messages": [' + '{"role": "assistant", "content": "b"},' * 9_000 + "{}]}",
    "odd roles": '{"messages": [{"role": ["x"]}, {"from": {}, "value": 5}]}',
    "odd Telegram": '{"left_chats": {"list": [5]}}',
    "names that are lists": '{"type": "x", "messages": [{"type": "message", "from": [[]]}]}',
    "columns": "IsSender,StrContent," + "a," * LONG + "\n" + "1\n" * LONG,
    "an open quote": 'IsSender,StrContent\n1,"' + "a\n" * LONG,
    "a false header": '"IsSender,StrContent"\n1,2\n',
    "a deep cell": "is_sender,type_name,content\n1,文本," + "[" * 500_000 + "\n",
    "blanks behind a date": LINES["qq"].format("2023-03-01 12:00:00 " + " " * LONG + "x"),
    "open elements": '<div class="message">' * 20_000 + "</i>" * 20_000 + 'class="from_name"',
    "deep elements": '<div class="message">' + "<b>" * 20_000 + ' class="from_name"',
    "an open tag": '<p class="from_name" ' + "a " * LONG,
    "a long attribute": '<p class="from_name" ' + "a" * LONG + ">",
    "a reference": PAGES["telegram"].format("&#" + "9" * LONG + ";"),
    "open strings": "<script>chatMessages = [" + "{a:'" * LONG,
    "escapes": PAGES["listed"].format("\\n" * LONG),
    "dates that are none": "99/99/99, 9:00 - A: a\n0/0/0, 9:00 - B: b\n9999/1/1, 24:00 - A: c\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_no_file_crashes_it_or_takes_for_ever(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "export", WHOLE[name])
    out = tmp_path / "out.jsonl"
    code = main(["chats", "import", str(path), "--answers", "B", "--out", str(out)])
    assert code in (0, 3)
    told = "".join(capsys.readouterr().err.split())
    assert (code == 3) == bool(told) and len(told) < 2_000


def test_a_chat_of_one_sitting_takes_as_long_as_many(tmp_path: Path) -> None:
    messages = (ChatMessage("", "AB"[number % 2], "", None, "x") for number in range(200_000))
    found = people(ChatMessage("", name, "", None, "x") for name in "AB")
    assert sum(1 for _ in exchanges(messages, choose(found, "B"), ImportCounts())) == 100_000


def test_many_accounts_may_have_one_name(tmp_path: Path) -> None:
    messages = [
        {"type": "message", "from": "Milo", "from_id": f"user{number}", "text": "a"}
        for number in range(10_000)
    ]
    messages.insert(0, {"type": "message", "from": "Rosa", "from_id": "user", "text": "a"})
    path = write(tmp_path / "x", json.dumps({"type": "x", "messages": messages}))
    arguments = ["chats", "import", str(path), "--answers", "Milo"]
    assert main([*arguments, "--out", str(tmp_path / "out.jsonl")]) == 0


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null"), tmp_path):
        with pytest.raises(InputError, match="no ordinary file"):
            read_export(path, Columns())
    with pytest.raises(InputError, match="Too many levels"):
        read_export(tmp_path / "loop", Columns())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "ZIP archive"),
        (b"\xff\xfe\x00\xd8" * 100, "no text"),
        (b"\x00\x01\x02" * 100, "no text"),
        (b"\0" * 100, "no text"),
    ],
)
def test_what_is_no_text_is_said(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason):
        read_export(path, Columns())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
def test_marks_of_byte_order_may_be_anywhere(encoding: str, tmp_path: Path) -> None:
    line = '{"prompt": "早", "response": "早\u00e9"}\n'
    path = tmp_path / "export"
    path.write_bytes((line + "\ufeff" + line + "\n\ufeff\n" + line).encode(encoding))
    assert [made.response for made in read_export(path, Columns()).exchanges] == 3 * ["早\u00e9"]


def test_a_file_cut_off_within_a_character_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_bytes(
        LINES["whatsapp"].format("你好").encode() + b"1/1/24, 9:00 - A: ok" + "好".encode()[:2]
    )
    assert [said.text for said in read_export(path, Columns()).said] == ["你好", "ok"]


def test_half_characters_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "x", '{"prompt": "a\\ud83d", "response": "\\udc00b \\ud83d\\ude00"}')
    out = tmp_path / "out.jsonl"
    assert main(["chats", "import", str(path), "--out", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))["response"] == "b \U0001f600"


def test_names_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "x", "1/1/24, 9:00 - \x1b[2J\x07A\u202e\x9b: a\n1/1/24, 9:01 - B: b\n")
    assert main(["chats", "import", str(path), "--out", str(tmp_path / "o.jsonl")]) == 3
    assert not set(capsys.readouterr().err) & set("\x1b\x07\u202e\x9b")
    assert named("Zoe\u0308 \n" + "x" * 500) == "Zoë " + "x" * 96


def test_joined_signs_stay() -> None:
    assert plain("می‌رسد 👨‍👩‍👧\u200e") == "می‌رسد 👨‍👩‍👧"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("fuzz")


PIECES = st.sampled_from(
    [
        *WORDS, *MARKUP, *LINES.values(), *PAGES.values(), "{", "}", "[", "]", '"', ":", ",", "'",
        '{"prompt": "a", "response": "b"}', '{"messages": [', '"role": "user"', '"chats"', "</div>",
        "IsSender,StrContent\n", "is_sender,type_name,msg\n", "1,2,3\n", "<p class=msg>", "\ud800",
        "A: ", "null",
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "prompt", "response", "history", "messages", "role", "from", "content", "text", "type",
        "chats", "left_chats", "list", "id", "from_id", "action", "reply_to_message_id",
    ]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES | st.text(max_size=8), max_size=25))
def test_whatever_is_in_a_file_is_read_or_refused(folder: Path, pieces: list[str]) -> None:
    path = write(folder / "export", "".join(pieces))
    try:
        export = read_export(path, Columns())
    except InputError as error:
        assert str(error)
    else:
        use(export)


@pytest.mark.parametrize("text", ["", "a", "你好"])
def test_a_marked_file_that_ends_within_a_character_is_read_up_to_it(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "cut"
    path.write_bytes(f"\ufeff{text}é".encode()[:-1])
    assert read_text(path) == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xfe", b"\xef\xbb\xbf", b"[", b"<"]))
def test_whatever_bytes_a_file_has_it_is_read_or_refused(
    folder: Path, data: bytes, begin: bytes
) -> None:
    path = folder / "bytes"
    path.write_bytes(begin + data)
    try:
        use(read_export(path, Columns()))
    except InputError as error:
        assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_whatever_json_a_file_holds_it_is_read_or_refused(folder: Path, value: object) -> None:
    path = write(folder / "json", json.dumps(value))
    try:
        use(read_export(path, Columns()))
    except InputError as error:
        assert str(error)


def test_masking_takes_no_longer_than_the_text_is_long() -> None:
    for text in ("QQ" + "\u3000" * LONG, "QQ" + "号" * LONG, "+" + "1" * LONG, "a@" + "b" * LONG):
        mask(text, Counter())
