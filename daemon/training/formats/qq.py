"""QQ: the message manager's text export, and that of QQ Chat Exporter for today's QQ.

The message manager writes a head for each conversation and blocks of a time with a name, followed
by the words::

    ================================================================
    消息对象:Lin
    ================================================================

    2023-03-01 12:00:00 Lin(10001)
    你好

A group shows ranks before names (``【管理员】``) and numbers or mail addresses after them. On an
English system it is ``8:43:38 PM``. QQ Chat Exporter writes ``name:``, ``时间: …``, ``内容: …``.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from daemon.training.chats import ChatMessage, text_or_media
from daemon.training.formats.clock import seconds

_HEAD = re.compile(r"消息对象[:：](?P<chat>.*)")
_FRAME = re.compile(r"=+|消息分组[:：].*|消息记录（此消息记录为文本格式，不支持重新导入）")
_STAMP = r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}:\d{2}(?: [AP]M)?"
_MESSAGE = re.compile(rf"(?P<at>{_STAMP}) (?:【[^】]*】)?(?P<who>.*)")
_ACCOUNT = re.compile(r"(?:\((\d{5,12})\)|<([^<>\s@]{1,64}@[^<>\s]{1,255})>)\Z")
MAX_ACCOUNT_CHARS = 330  # characters of a mail address with its brackets
_SYSTEM = {"10000", "1000000", "80000000"}  # system messages, the same in groups, anonymous members
_NEWS = re.compile(
    r"(?:你|对方|.{1,24})(?:撤回了一条消息|已成功接收了?.*文件.*|拍了拍.*)|你已下载文件.*"
    r"|.{1,40}(?:加入本群|退出本群|加入了群聊|退出了群聊|被管理员禁言.*)。?"
)

_EXPORTER = "[QQChatExporter"
_NAME = re.compile(r"(?P<who>.{1,200}):")
_TIME = re.compile(rf"时间: (?P<at>{_STAMP})")
_CHAT = re.compile(r"聊天名称: (?P<chat>.*)")
_END = re.compile(r"(?:资源: \d+ 个文件|提及: .*|回复: .*|=+)")


class _Begun(NamedTuple):
    who: str
    account: str
    at: float | None


def is_qq(head: str) -> bool:
    """Whether a file that begins with ``head`` is such an export."""
    if head.startswith(_EXPORTER) or "不支持重新导入" in head or _HEAD.search(head):
        return True
    return any((found := _begun(line)) and found.account for line in head.splitlines())


def read_qq(lines: Iterator[str]) -> Iterator[ChatMessage]:
    """Yield the messages of either export."""
    first = next(lines, "")
    if first.startswith(_EXPORTER):
        yield from _exporter(lines)
        return
    chat, message, words = "", None, list[str]()
    for line in chain((first,), lines):
        if found := _begun(line):
            if message:
                yield _said(chat, message, words)
            message, words = found, []
        elif head := _HEAD.fullmatch(line):
            if message:
                yield _said(chat, message, words)
            chat, message, words = head["chat"].strip(), None, []
        elif message and not _FRAME.fullmatch(line):
            words.append(line)
    if message:
        yield _said(chat, message, words)


def _begun(line: str) -> _Begun | None:
    """Return who begins to say something in a line, None where it is no such line."""
    found = _MESSAGE.match(line)
    if not found:
        return None
    who = found["who"].rstrip()
    account = _ACCOUNT.search(who, max(len(who) - MAX_ACCOUNT_CHARS, 0))
    if not account:
        return _Begun(who, "", seconds(found["at"]))
    return _Begun(who[: account.start()].strip(), account[1] or account[2], seconds(found["at"]))


def _said(chat: str, message: _Begun, words: list[str]) -> ChatMessage:
    account, at = message.account, message.at
    who, text = message.who or account, "\n".join(words).strip()
    if account in _SYSTEM or who == "系统消息" or _NEWS.fullmatch(text):
        return ChatMessage(chat, who, account, at, text, "system")
    return text_or_media(chat, who, account, at, text, stickers=True)


def _exporter(lines: Iterator[str]) -> Iterator[ChatMessage]:
    chat, who, before = "", "", ""
    at: float | None = None
    words: list[str] | None = None
    for line in lines:
        if found := _TIME.fullmatch(line):
            name = _NAME.fullmatch(before)
            if words is not None:
                yield _exported(chat, who, at, words[:-1] if name else words)
            who = name["who"] if name else "系统消息"
            at, words = seconds(found["at"]), []
        elif words is None:
            chat = head["chat"] if (head := _CHAT.fullmatch(line)) else chat
        elif line.startswith("内容: "):
            words.append(line.removeprefix("内容: "))
        elif not _END.fullmatch(line) and not line.startswith("  - "):
            words.append(line)
        before = line
    if words is not None:
        yield _exported(chat, who, at, [line for line in words if not _OUTRO.fullmatch(line)])


_OUTRO = re.compile(r"\s*导出完成|总计导出 \d+ 条消息|导出时间: .*")


def _exported(chat: str, who: str, at: float | None, words: list[str]) -> ChatMessage:
    text = "\n".join(words).strip()
    if who == "系统消息" or _NEWS.fullmatch(text):
        return ChatMessage(chat, who, "", at, text, "system")
    return text_or_media(chat, who, "", at, text, stickers=True)
