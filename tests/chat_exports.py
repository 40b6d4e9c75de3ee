"""Exports of messengers, written from the answers of four invented persons.

``golden/doubles/`` has ninety questions and answers of each, written by hand. Two talk English and
two Chinese, each pair as differently as people do. Forty of each are held out.
"""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "golden" / "doubles"
Pairs = Sequence[tuple[str, str]]
NAMES = {
    "robin": ("Robin", "Rob 🤘"),
    "edith": ("Edith Marlowe", "E. Marlowe"),
    "xiaoyu": ("小雨", "雨仔"),
    "laochen": ("老陈", "陈建国"),
}
"""What each is called in two messengers."""
HELD_OUT = 40


def answers(person: str, held_out: bool = False) -> Pairs:
    """Return questions with a person's answers, those to learn from or those held out."""
    rows = (FOLDER / f"{person}.tsv").read_text("utf-8").splitlines()
    pairs = [(question, answer) for question, answer in (row.split("\t") for row in rows)]
    taken = set(range(1, 2 * HELD_OUT, 2))
    return [pair for at, pair in enumerate(pairs) if (at in taken) == held_out]


def _times(count: int) -> list[datetime]:
    """Return times of messages: three exchanges a day, two minutes to an answer."""
    first = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
    return [
        first + timedelta(days=at // 6, minutes=20 * (at % 6 // 2) + 2 * (at % 2))
        for at in range(count)
    ]


def _lines(pairs: Pairs, who: str, other: str) -> list[tuple[datetime, str, str]]:
    said = [(name, text) for pair in pairs for name, text in zip((other, who), pair, strict=True)]
    return [(at, *one) for at, one in zip(_times(len(said)), said, strict=True)]


def whatsapp(pairs: Pairs, who: str, other: str) -> str:
    """Return the text that "Export chat" writes on Android."""
    lines = [
        f"{at:%m/%d/%y, %H:%M} - {name}: {text}\n" for at, name, text in _lines(pairs, who, other)
    ]
    return "".join(lines)


def telegram(pairs: Pairs, who: str, other: str) -> str:
    """Return a ``result.json``."""
    messages = [
        {
            "id": number,
            "type": "message",
            "date": f"{at:%Y-%m-%dT%H:%M:%S}",
            "date_unixtime": str(int(at.timestamp())),
            "from": name,
            "from_id": "user1" if name == who else "user2",
            "text": text,
        }
        for number, (at, name, text) in enumerate(_lines(pairs, who, other), 1)
    ]
    chat = {"name": other, "type": "personal_chat", "id": 7, "messages": messages}
    return json.dumps(chat, ensure_ascii=False)


def qq(pairs: Pairs, who: str, other: str) -> str:
    """Return the text of QQ's message manager."""
    numbers = {who: 10001, other: 10002}
    head = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n消息对象:x\n\n"
    return head + "".join(
        f"{at:%Y-%m-%d %H:%M:%S} {name}({numbers[name]})\n{text}\n\n"
        for at, name, text in _lines(pairs, who, other)
    )


def wechat(pairs: Pairs, who: str, other: str) -> str:
    """Return the CSV of WeChatMsg."""
    file = io.StringIO()
    file.write("localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,")
    file.write("StrTime,Remark,NickName,Sender\n")
    table = csv.writer(file)
    for number, (at, name, text) in enumerate(_lines(pairs, who, other)):
        sent = int(name == who)
        row = [number, 5, 1, 0, sent, int(at.timestamp()), "", text, at, "", name, f"wxid_{sent}"]
        table.writerow(row)
    return file.getvalue()


def write(person: str, folder: Path, held_out: bool = False) -> Path:
    """Write a person's chats, half of them from each of two messengers; return the folder.

    One lies in an archive, and files lie beside them that are none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pairs = answers(person, held_out)
    half = len(pairs) // 2
    one, two = NAMES[person]
    chinese = person in ("xiaoyu", "laochen")
    first = qq(pairs[:half], one, "小明") if chinese else whatsapp(pairs[:half], one, "Alex")
    (folder / "chat.txt").write_text(first, encoding="utf-8")
    second = wechat(pairs[half:], two, "小明") if chinese else telegram(pairs[half:], two, "Alex")
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("chats/messages.csv" if chinese else "result.json", second)
    (folder / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100))
    (folder / "notes.txt").write_text("Buy milk.\n", encoding="utf-8")
    return folder
