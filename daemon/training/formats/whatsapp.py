"""WhatsApp: the text that "Export chat" writes.

Android writes ``12/31/23, 10:59 PM - Name: words``, an iPhone ``[31.12.23, 22:59:10] Name: words``;
date, clock and language follow the telephone. Lines without a date go on with the message before.
A message without a name comes from WhatsApp itself.
"""

import re
from collections.abc import Iterator, Sequence

from daemon.training.chats import Said, text_or_media
from daemon.training.formats.clock import moment

_LINE = re.compile(
    r"\[?(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{1,4})\.?,? "
    r"(?P<early>上午|下午|凌晨|早上|中午|晚上)? ?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2}))? ?(?P<half>[AaPp]\.? ?[Mm]\.?)?"
    r"(?:\] ?| - )(?P<rest>.*)"
)
_SENDER = re.compile(r"(?:~ ?)?(?P<who>[^:]{1,100}?): ?(?P<text>.*)", re.DOTALL)
_NEWS = re.compile(  # what WhatsApp says under the name of a group or a person
    r"Messages and calls are end-to-end encrypted.*|消息和通话.*端到端加密.*|訊息.*端對端加密.*"
    r"|.*(?:created (?:this )?group|added you|changed the (?:subject|group)).*",
    re.DOTALL,
)
_MEDIA = re.compile(
    r"<[^<>]*(?:omitted|attached|省略|忽略|weggelassen|ausgeschlossen|omis|omitid[oa]|omesso)[^<>]*>"
    r"|(?:image|video|audio|sticker|GIF|document|Contact card|video note) omitted"
    r"|(?:图像|图片|视频|音频|贴图|文件|文档|GIF|影片|圖片|音訊|貼圖)\s?(?:已忽略|已略去|遗漏|忽略)"
    r"|\S+\.\w{2,5} \((?:file attached|文件附件|档案已附加)\).*"
    r"|(?:This message was deleted|You deleted this message|(?:您?已删除)?此消息(?:已删除)?)\.?"
    r"|(?:Missed (?:voice|video) call|未接语音通话|未接视频通话).*|null|<attached: .*",
    re.IGNORECASE | re.DOTALL,
)
_EDITED = re.compile(r"\s*<(?:This message was edited|此消息已编辑)>\s*\Z")
_MARKS = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " ", "\u200e": "", "\u200f": ""})


def is_whatsapp(head: str) -> bool:
    """Whether a file that begins with ``head`` is such an export."""
    return any(_match(line) for line in head.splitlines()[:50])


def read_whatsapp(lines: Iterator[str]) -> Iterator[Said]:
    """Yield the messages."""
    blocks: list[tuple[re.Match[str], list[str]]] = []
    for line in lines:
        if found := _match(line):
            blocks.append((found, [found["rest"]]))
        elif blocks:
            blocks[-1][1].append(line.translate(_MARKS))
    day_first = _day_first([found for found, _ in blocks])
    for found, words in blocks:
        yield _said("\n".join(words), _at(found, day_first))


def _match(line: str) -> re.Match[str] | None:
    return _LINE.fullmatch(line.translate(_MARKS).removeprefix("\ufeff"))


def _said(text: str, at: float | None) -> Said:
    found = _SENDER.fullmatch(text)
    if not found:
        return Said("", "", "", at, text, "system")
    who, words = found["who"].strip(), _EDITED.sub("", found["text"])
    if _NEWS.fullmatch(words):
        return Said("", who, "", at, words, "system")
    if _MEDIA.fullmatch(words.strip()):
        return Said("", who, "", at, "", "media")
    return text_or_media("", who, "", at, words)


def _day_first(found: Sequence[re.Match[str]]) -> bool:
    """Whether dates are day/month: no date says so, but all of a file together mostly do."""
    return not any(int(match["b"]) > 12 for match in found)


def _at(found: re.Match[str], day_first: bool) -> float | None:
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    year, month, day = (a, b, c) if a > 31 else (c, b, a) if day_first else (c, a, b)
    half = (found["half"] or "").upper()[:1]
    if found["early"]:
        half = "P" if found["early"] in ("下午", "晚上", "中午") else "A"
    return moment(
        year if year > 99 else 2000 + year,
        month,
        day,
        int(found["hour"]),
        int(found["minute"]),
        int(found["second"] or 0),
        half,
    )
