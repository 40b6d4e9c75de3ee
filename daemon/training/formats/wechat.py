"""WeChat: what its common export tools write.

- WeChatMsg (MemoTrace): a CSV file with ``StrContent`` and ``IsSender``, and pages that hold the
  messages as a list in JavaScript.
- PyWxDump and its kin: CSV files with ``msg`` (or ``content``) and ``is_sender``.
- WechatExporter for iPhone backups: pages of blocks.
"""

import csv
import re
from collections.abc import Iterator, Mapping

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chats import ChatMessage, text_or_media
from daemon.training.formats.clock import seconds
from daemon.training.formats.json_values import decoder
from daemon.training.formats.pages import elements, unescaped

ME, OTHER = "我", "对方"  # who sent it, where an export tells only that
TEXT, QUOTING, SYSTEM = "1", ("49", "57"), "10000"  # WeChat's own numbers for kinds of messages
QUOTE = "\n\n引用"  # what PyWxDump puts between an answer and the message that it quotes
MAX_FIELD_CHARS = 1_000_000  # characters
MAX_COLUMNS = 100  # the tools write 8 to 20


def is_wechat_csv(head: str) -> bool:
    """Whether a file that begins with ``head`` is such a table."""
    try:
        columns = set(next(csv.reader(head.lstrip().splitlines()[:1]), ()))
    except csv.Error:
        return False
    return {"IsSender", "StrContent"} <= columns or {"is_sender", "type_name"} <= columns


def read_wechat_csv(lines: Iterator[str]) -> Iterator[ChatMessage]:
    """Yield the messages of either kind of table.

    Raises ``InputError`` for a row that is no such one.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    rows = csv.DictReader((line + "\n" for line in lines), restval="")
    try:
        columns = rows.fieldnames or ()
        if len(columns) > MAX_COLUMNS:
            raise InputError(tr("It has {count} columns.").format(count=len(columns)))
        of = _wechatmsg if "StrContent" in columns else _pywxdump
        for row in rows:
            yield of(row)
    except csv.Error as error:
        raise InputError(
            tr("Line {line} cannot be read: {reason}").format(line=rows.line_num, reason=error)
        ) from None


def _wechatmsg(row: Mapping[str, str]) -> ChatMessage:
    mine = row["IsSender"] == "1"
    who = row.get("Remark") or row.get("NickName") or (ME if mine else OTHER)
    account = row.get("Sender") or ""
    at = seconds(row.get("CreateTime") or "") or seconds(row.get("StrTime") or "")
    chat, kind, text = row.get("TalkerId") or "", row.get("Type", TEXT), row["StrContent"]
    if kind == SYSTEM:
        return ChatMessage(chat, who, account, at, text, "system")
    if kind != TEXT or text.lstrip().startswith(("<msg", "<?xml", "<sysmsg")):
        return ChatMessage(chat, who, account, at, "", "media")
    return text_or_media(chat, who, account, at, text, stickers=True)


def _pywxdump(row: Mapping[str, str]) -> ChatMessage:
    mine = row["is_sender"] == "1"
    who = row.get("talker") or (ME if mine else OTHER)
    chat, kind = row.get("room_name") or "", row["type_name"]
    at, text = seconds(row.get("CreateTime") or ""), row.get("msg")
    if text is None:
        text = _inner(row.get("content") or "")
    if kind in ("系统通知", "拍一拍") or "撤回" in kind:
        return ChatMessage(chat, who, "", at, text, "system")
    if kind in ("引用回复", "引用", "quote"):
        text = text.split(QUOTE, 1)[0]
    elif kind not in ("文本", "text"):
        return ChatMessage(chat, who, "", at, "", "media")
    return text_or_media(chat, who, "", at, text, stickers=True)


def _inner(content: str) -> str:
    """Return the words of a ``content`` cell: text, or JSON with ``msg`` in it."""
    try:
        value = decoder().decode(content)
    except (ValueError, RecursionError):
        return content
    words = value.get("msg", "") if isinstance(value, dict) else content
    return words if isinstance(words, str) else ""


_LIST = re.compile(r"\bchatMessages\s*+=\s*+\[")
_KEY = re.compile(r"\s*+(\w++)\s*+:\s*+(?:'|(-?\d++)\s*+,?)")
_QUOTE = re.compile(r"\\.|'", re.DOTALL)
_COMMA = re.compile(r"\s*+,?")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PICTURE = re.compile(r"<img\b[^<>]*+>")  # emoticons are pictures here


def is_wechat_html(text: str) -> bool:
    """Whether a page is one of either tool."""
    return bool(_LIST.search(text)) or 'class="nt-box"' in text


def read_wechat_html(text: str) -> Iterator[ChatMessage]:
    """Yield the messages of a page."""
    if found := _LIST.search(text):
        yield from _listed(text, found.end())
    else:
        yield from _blocks(text)


def _listed(text: str, position: int) -> Iterator[ChatMessage]:
    while (position := _skip(text, position)) < len(text) and text[position] == "{":
        position += 1
        fields: dict[str, str] = {}
        while key := _KEY.match(text, position):
            position = key.end()
            if key[2] is None:
                end = _closing(text, position)
                if end < 0:
                    return
                fields[key[1]] = _plain(text[position:end])
                comma = _COMMA.match(text, end + 1)
                position = comma.end() if comma else end + 1
            else:
                fields[key[1]] = key[2]
        position = text.find("}", position) + 1
        if not position:
            return
        yield _from_list(fields)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


def _closing(text: str, position: int) -> int:
    """Return where the string that begins at ``position`` is closed, -1 where nowhere."""
    while (found := _QUOTE.search(text, position)) and found[0] != "'":
        position = found.end()
    return found.start() if found else -1


def _plain(text: str) -> str:
    text = _ESCAPE.sub(
        lambda found: {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1]), text
    )
    return unescaped(_PICTURE.sub("", text))


def _from_list(fields: Mapping[str, str]) -> ChatMessage:
    mine = fields.get("is_send") == "1"
    who = fields.get("displayname") or (ME if mine else OTHER)
    at, kind = seconds(fields.get("timestamp", "")), fields.get("type", "")
    if kind in ("0", SYSTEM):
        return ChatMessage("", who, "", at, "", "system")
    if kind != TEXT and (kind, fields.get("sub_type", "")) != QUOTING:
        return ChatMessage("", who, "", at, "", "media")
    return text_or_media("", who, "", at, fields.get("text", ""), stickers=True)


def _blocks(text: str) -> Iterator[ChatMessage]:
    for element in elements(text, ("msg",)):
        if "chat-notice" in element.classes or not element.has("nt-box"):
            yield ChatMessage("", "", "", None, "", "system")
            continue
        box = element.find("nt-box")
        assert box is not None
        mine = bool({"chat-right", "right"} & element.classes)
        names = ("name-right", "name-left", "dspname")
        who = next(filter(None, map(box.text, names)), "") or (ME if mine else OTHER)
        at = seconds(box.words().removeprefix(who))
        words = element.text("msg-text", outside="refermsg") or element.text(
            "dont-break-out", outside="refermsg"
        )
        yield text_or_media("", who, "", at, words, stickers=True)
