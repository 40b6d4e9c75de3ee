"""Opens an export, whatever messenger it comes from."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chats import ChatMessage, Exchange, named
from daemon.training.formats import json_lines, json_values, qq, telegram, wechat, whatsapp

MAX_FILE_BYTES = 256_000_000  # bytes; a file is read as a whole
MAX_LINE_CHARS = 1_000_000  # characters; a novel has less
HEAD = 20_000  # characters by which a format is recognised
STEP = 1 << 20  # bytes read at a time
BOMS = (("utf-8", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))
_OF_FOUR = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")  # bytes of an emoji in GB18030
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Export:
    """What a file holds: messages, or exchanges that are made already."""

    format: str
    said: list[ChatMessage] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)


def read_export(path: Path, columns: json_lines.Columns) -> Export:
    """Read an export and say what it is.

    Raises ``InputError`` for a file that cannot be read, is no text, or is no export known here.
    """
    try:
        return parse_export(read_text(path), columns)
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path}: {error}", error.fix) from None


def parse_export(text: str, columns: json_lines.Columns) -> Export:
    """Read the text of an export and say what it is. Raises ``InputError``."""
    start = text[:HEAD].lstrip()
    if json_values.is_json(start):
        if (account := telegram.load(text)) is not None:
            return _export("Telegram JSON", telegram.read_telegram_json(account))
        found = json_lines.read_training_data(json_values.values(text), columns)
        return Export("JSON", exchanges=list(found))
    if start.startswith("<"):
        if wechat.is_wechat_html(text):
            return _export("WeChat HTML", wechat.read_wechat_html(text))
        if 'class="from_name"' in text:
            return _export("Telegram HTML", telegram.read_telegram_html(text))
    elif wechat.is_wechat_csv(start):
        return _export("WeChat CSV", wechat.read_wechat_csv(_lines(text.lstrip())))
    elif qq.is_qq(start):
        return _export("QQ", qq.read_qq(_lines(text.lstrip())))
    elif whatsapp.is_whatsapp(start):
        return _export("WhatsApp", whatsapp.read_whatsapp(start, _lines(text)))
    raise InputError(
        tr("this is no export that is known here."),
        tr(
            "Known are JSON, QQ (text), WeChat (CSV and HTML of the common tools), "
            "Telegram (JSON and HTML) and WhatsApp (text)."
        ),
    )


def _export(name: str, said: Iterable[ChatMessage]) -> Export:
    """Return an export in which names are as people see them."""
    seen: dict[str, str] = {}

    def shown(text: str) -> str:
        if text not in seen:
            seen[text] = named(text)
        return seen[text]

    return Export(
        name,
        [
            replace(one, chat=shown(one.chat), who=shown(one.who), account=shown(one.account))
            for one in said
        ],
    )


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, UTF-16, GB18030 or Latin-1, without byte-order marks."""
    try:
        data = _read_bytes(path)
    except OSError as error:
        raise InputError(
            tr("Cannot read {path}: {reason}").format(path=path, reason=error.strerror)
        ) from None
    return text_of(data, path)


def text_of(data: bytes, path: Path) -> str:
    """Return the text that the bytes of the file ``path`` are. Raises ``InputError``."""
    if not data.strip():
        raise InputError(tr("{path} is empty.").format(path=path))
    if data.startswith(ZIP):
        raise InputError(
            tr("{path} is a ZIP archive.").format(path=path),
            tr("Unpack it, and give the text file that is in it."),
        )
    text = _decoded(data)
    if text is None:
        raise InputError(
            tr("{path} is no text in UTF-8, UTF-16, GB18030 or Latin-1.").format(path=path)
        )
    return text.replace("\ufeff", "")


def _read_bytes(path: Path) -> bytes:
    """Return what an ordinary file holds now, however large it says to be; ``OSError``.

    A pipe or a device, which may have no end or give nothing, is not even waited for.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError(
                tr("{path} is no ordinary file.").format(path=path),
                tr("Give a file that holds an export."),
            )
        parts, size = [], 0
        while size <= MAX_FILE_BYTES and (part := os.read(handle, STEP)):
            parts.append(part)
            size += len(part)
    finally:
        os.close(handle)
    if size > MAX_FILE_BYTES:
        raise InputError(
            tr("{path} is larger than {limit} MB.").format(
                path=path, limit=MAX_FILE_BYTES // 1_000_000
            ),
            tr("Export a shorter time, and give all parts to one import."),
        )
    return b"".join(parts)


def _decoded(data: bytes) -> str | None:
    marked = [name for name, mark in BOMS if data.startswith(mark)]
    if not marked and b"\0" in data:
        marked = _unmarked_utf16(data[:HEAD])
        if not marked:
            return None
    western = ("cp1252",) if _is_western(data) else ()
    for encoding in marked or ("utf-8", *western, "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            cut = error.reason in ("unexpected end of data", "truncated data")
            if cut and not (before := data[: error.start]).isascii():
                return before.decode(encoding)  # the file ends within a character
    return None


def _is_western(data: bytes) -> bool:
    """Whether text that is not UTF-8 has single accented letters, and not Chinese characters.

    GB18030 takes "ö" and the letter behind it for a character; its own come in pairs of such bytes.
    """
    runs = [len(run) for run in _HIGH_BYTES.findall(_OF_FOUR.sub(b"", data[:STEP]))]
    return 2 * runs.count(1) > len(runs)


def _unmarked_utf16(head: bytes) -> list[str]:
    """Return the UTF-16 that a text with NUL bytes is in, if any: its line breaks tell."""
    for encoding in ("utf-16-le", "utf-16-be"):
        whole = head[: len(head) // 2 * 2].decode(encoding, "replace")
        if "\0" not in whole and ("\n" in whole or whole.startswith(("{", "[", "<"))):
            return [encoding]
    return []


def _lines(text: str) -> Iterator[str]:
    """Yield the lines, refusing one that no person wrote."""
    start, number = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        if end - start > MAX_LINE_CHARS:
            raise InputError(
                tr("Line {line} is longer than {limit} characters.").format(
                    line=number, limit=MAX_LINE_CHARS
                )
            )
        yield text[start:end].removesuffix("\r")
        start = end + 1
