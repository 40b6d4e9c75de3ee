"""Telegram Desktop: ``result.json`` of one chat or of the whole account, and ``messages.html``.

Forwarded messages and those by bots count as media: they are not the sender's own words. In a group
with topics each topic is a chat of its own; the export tells a message's topic by what it replies
to, as the first message of a topic is the one that made it.
"""

from collections.abc import Iterator, Mapping

from daemon.errors import InputError
from daemon.i18n import tr
from daemon.training.chats import ChatMessage, text_or_media
from daemon.training.formats.clock import seconds
from daemon.training.formats.json_values import decode, decoder
from daemon.training.formats.pages import Element, elements

KEPT = {"type", "messages", "chats", "left_chats", "list", "name", "id", "role", "text"} | {
    "text_entities", "from", "from_id", "actor", "actor_id", "date", "date_unixtime", "action",
    "title", "reply_to_message_id", "forwarded_from", "via_bot", "saved_from",
}  # fmt: skip


def load(text: str) -> dict[str, object] | None:
    """Return the export that a JSON text is, None where it is another one.

    Of each object only what is needed is kept while it is read: an export is mostly the rest.
    Raises ``InputError`` for an export that is broken.
    """
    if not any(mark in text for mark in ('"chats"', '"left_chats"', '"messages"')):
        return None
    start = len(text) - len(text.lstrip())
    line = text.count("\n", 0, start) + 1
    try:
        value, end = decode(decoder(_needed).raw_decode, text, start, line)
    except InputError:
        if '"date_unixtime"' in text:
            raise
        return None  # whoever reads it as other JSON will tell what is wrong
    whole = end == len(text) or not text[end:].strip()
    return value if whole and isinstance(value, dict) and _is_telegram(value) else None


def _needed(value: dict[str, object]) -> dict[str, object]:
    return {name: kept for name, kept in value.items() if name in KEPT}


def _is_telegram(value: Mapping[str, object]) -> bool:
    if "chats" in value or "left_chats" in value:
        return True
    messages = value.get("messages")
    if "type" not in value or not isinstance(messages, list):
        return False
    return not (messages and isinstance(messages[0], dict) and "role" in messages[0])


def read_telegram_json(value: Mapping[str, object]) -> Iterator[ChatMessage]:
    """Yield the messages of all chats, also of those that were left.

    Raises ``InputError`` where it is built otherwise.
    """
    if "messages" in value:
        yield from _chat(value)
    for name in ("chats", "left_chats"):
        chats = value.get(name)
        chats = chats.get("list") if isinstance(chats, dict) else chats
        for chat in _list(chats):
            yield from _chat(_object(chat))


def _chat(chat: Mapping[str, object]) -> Iterator[ChatMessage]:
    name = _first(chat, "name", "id")
    messages = [_object(message) for message in _list(chat.get("messages"))]
    topics = {
        _first(message, "id"): f"{name} / {_first(message, 'title', 'id')}"
        for message in messages
        if message.get("action") == "topic_created"
    }
    if not topics:
        yield from (_from_json(name, message) for message in messages)
        return
    parts: dict[str, list[ChatMessage]] = {}
    for message, topic in zip(messages, _topics(messages, topics, name), strict=True):
        parts.setdefault(topic, []).append(_from_json(topic, message))
    for part in parts.values():
        yield from part


def _topics(
    messages: list[Mapping[str, object]], topics: Mapping[str, str], outside: str
) -> Iterator[str]:
    """Yield the topic of each message, by the topic of the message that it replies to.

    A reply stands behind what it replies to, so each step is one look-up. In a file that was
    tampered with replies may point ahead or in a circle; those are outside of all topics.
    """
    known = dict(topics)
    for message in messages:
        key = _first(message, "id")
        topic = topics.get(key) or known.get(_first(message, "reply_to_message_id"), outside)
        known.setdefault(key, topic)
        yield topic


def _list(value: object) -> list[object]:
    if isinstance(value, list | None):
        return value or []
    raise _unlike("list", value)


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise _unlike("object", value)


def _unlike(wanted: str, value: object) -> InputError:
    return InputError(
        tr("This is not what Telegram exports: {reason}").format(
            reason=f"{type(value).__name__} ≠ {wanted}"
        )
    )


def _from_json(chat: str, message: Mapping[str, object]) -> ChatMessage:
    who = _first(message, "from", "actor", "from_id")
    account = _first(message, "from_id", "actor_id")
    at = seconds(_first(message, "date_unixtime")) or seconds(_first(message, "date"))
    if message.get("type") != "message":
        return ChatMessage(chat, who, account, at, "", "system")
    if any(mark in message for mark in ("forwarded_from", "via_bot", "saved_from")):
        return ChatMessage(chat, who, account, at, "", "media")
    return text_or_media(chat, who, account, at, _words(message))


def _first(value: Mapping[str, object], *names: str) -> str:
    """Return what the first of ``names`` that is there holds, if that is text or a number."""
    for name in names:
        if (found := value.get(name)) and isinstance(found, str | int):
            return str(found)
    return ""


def _words(message: Mapping[str, object]) -> str:
    text = message.get("text") or message.get("text_entities") or ""
    parts = text if isinstance(text, list) else [text]
    words = [part.get("text", "") if isinstance(part, dict) else part for part in parts]
    return "".join(word for word in words if isinstance(word, str))


def read_telegram_html(text: str) -> Iterator[ChatMessage]:
    """Yield the messages of a page. A message that follows its own sender's has no name there."""
    chat, who = "", ""
    for element in elements(text, ("page_header", "message")):
        if "page_header" in element.classes:
            chat = element.text("text")
            continue
        if "service" in element.classes:
            yield ChatMessage(chat, "", "", None, "", "system")
            continue
        who = element.text("from_name", outside="forwarded") or who
        yield _from_page(chat, who, element)


def _from_page(chat: str, who: str, element: Element) -> ChatMessage:
    day, _, clock = element.title("date").partition(" ")
    at = seconds("-".join(reversed(day[:20].split("."))) + " " + clock[:40])
    if element.has("forwarded"):
        return ChatMessage(chat, who, "", at, "", "media")
    who, _, bot = who.partition(" via @")
    return text_or_media(chat, who, "", at, "" if bot else element.text("text"))
