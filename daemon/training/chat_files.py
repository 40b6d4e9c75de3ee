"""Opens an export, whatever messenger it comes from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chats import Exchange, Said
from daemon.training.formats import json_lines, qq, telegram, wechat, whatsapp

LARGEST_FILE = 256_000_000  # bytes; a page or a JSON file is read as a whole
LONGEST_LINE = 1_000_000  # characters; a novel has less
HEAD = 20_000  # characters by which a format is recognised
BOMS = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))


@dataclass(frozen=True, slots=True)
class Export:
    """What a file holds: messages, or exchanges that are made already."""

    format: str
    said: list[Said] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)


def read_export(path: Path, columns: json_lines.Columns) -> Export:
    """Read an export and say what it is.

    Raises ``InputError`` for a file that cannot be read, is no text, or is no export known here.
    """
    text = read_text(path)
    try:
        return _read(text, columns, path)
    except InputError as error:
        raise InputError(f"{path}: {error}", error.fix) from None


def _read(text: str, columns: json_lines.Columns, path: Path) -> Export:
    head = text[:HEAD]
    start = head.lstrip()[:1]
    if start == "{" and telegram.is_telegram(value := _json(text)):
        return Export("Telegram JSON", list(telegram.read_telegram_json(value)))
    if json_lines.is_json_lines(head):
        return Export(
            "JSON lines", exchanges=list(json_lines.read_json_lines(_lines(text), columns))
        )
    if start == "<":
        if wechat.is_wechat_html(text):
            return Export("WeChat HTML", list(wechat.read_wechat_html(text)))
        if 'class="from_name"' in text:
            return Export("Telegram HTML", list(telegram.read_telegram_html(text)))
    elif wechat.is_wechat_csv(head):
        return Export("WeChat CSV", list(wechat.read_wechat_csv(_lines(text))))
    elif qq.is_qq(head):
        return Export("QQ", list(qq.read_qq(_lines(text))))
    elif whatsapp.is_whatsapp(head):
        return Export("WhatsApp", list(whatsapp.read_whatsapp(_lines(text))))
    raise InputError(
        tr("this is no export that is known here."),
        tr(
            "Known are JSON lines, QQ (text), WeChat (CSV and HTML of the common tools), "
            "Telegram (JSON and HTML) and WhatsApp (text)."
        ),
    )


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, UTF-16 (with its mark) or GB18030."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InputError(
                tr("{path} is larger than {limit} MB.").format(
                    path=path, limit=LARGEST_FILE // 1_000_000
                ),
                tr("Export a shorter time, and give all parts to one import."),
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            tr("Cannot read {path}: {reason}").format(path=path, reason=error.strerror)
        ) from None
    if not data.strip():
        raise InputError(tr("{path} is empty.").format(path=path))
    marked = [name for name, mark in BOMS if data.startswith(mark)]
    if not marked and b"\0" in data:
        raise _no_text(path)
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _no_text(path)


def _no_text(path: Path) -> InputError:
    return InputError(tr("{path} is no text in UTF-8, UTF-16 or GB18030.").format(path=path))


def _lines(text: str) -> Iterator[str]:
    """Yield the lines, refusing one that no person wrote."""
    start, number = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        if end - start > LONGEST_LINE:
            raise InputError(
                tr("Line {line} is longer than {limit} characters.").format(
                    line=number, limit=LONGEST_LINE
                )
            )
        yield text[start:end].removesuffix("\r")
        start = end + 1


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
