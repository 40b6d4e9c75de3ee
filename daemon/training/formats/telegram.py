"""Telegram Desktop: ``result.json`` of one chat or of the whole account, and ``messages.html``.

Forwarded messages and those by bots count as media: they are not the sender's own words.
"""

from collections.abc import Iterator
from typing import Any

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chats import Said, text_or_media
from daemon.training.formats.clock import seconds
from daemon.training.formats.pages import Element, elements


def is_telegram(value: Any) -> bool:
    """Whether a JSON value is such an export."""
    return isinstance(value, dict) and ({"messages", "type"} <= value.keys() or "chats" in value)


def read_telegram_json(value: dict[str, Any]) -> Iterator[Said]:
    """Yield the messages of all chats. Raises ``InputError`` where it is built otherwise."""
    try:
        chats = [value] if "messages" in value else value["chats"]["list"]
        for chat in chats:
            name = str(chat.get("name") or chat.get("id") or "")
            for message in chat["messages"]:
                yield _from_json(name, message)
    except (AttributeError, KeyError, TypeError) as error:
        message = tr("This is not what Telegram exports: {reason}")
        raise InputError(message.format(reason=error)) from None


def _from_json(chat: str, message: dict[str, Any]) -> Said:
    who = str(message.get("from") or message.get("actor") or message.get("from_id") or "")
    account = str(message.get("from_id") or message.get("actor_id") or "")
    at = seconds(str(message.get("date_unixtime") or message.get("date") or ""))
    if message.get("type") != "message":
        return Said(chat, who, account, at, "", "system")
    if "forwarded_from" in message or "via_bot" in message:
        return Said(chat, who, account, at, "", "media")
    text = message.get("text", "")
    parts = text if isinstance(text, list) else [text]
    words = "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)
    return text_or_media(chat, who, account, at, words)


def read_telegram_html(text: str) -> Iterator[Said]:
    """Yield the messages of a page. A message that follows its own sender's has no name there."""
    chat, who = "", ""
    for element in elements(text, ("page_header", "message")):
        if "page_header" in element.classes:
            chat = element.text("text")
            continue
        if "service" in element.classes:
            yield Said(chat, "", "", None, "", "system")
            continue
        who = element.text("from_name", outside="forwarded") or who
        yield _from_page(chat, who, element)


def _from_page(chat: str, who: str, element: Element) -> Said:
    day, _, clock = element.title("date").partition(" ")
    at = seconds("-".join(reversed(day.split("."))) + " " + clock)
    if element.has("forwarded"):
        return Said(chat, who, "", at, "", "media")
    return text_or_media(chat, who, "", at, element.text("text"))
