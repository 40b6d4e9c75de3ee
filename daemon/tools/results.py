"""What a tool returned, as the brain is told of it: words, and pictures for those that see."""

import base64
import binascii
import json
from typing import TYPE_CHECKING

from daemon.media import Picture, ToolResult

if TYPE_CHECKING:
    from mcp.types import CallToolResult, ContentBlock

MAX_PICTURES = 4  # of one result; each takes a brain a second or more to look at
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")  # what models take


def read_result(result: "CallToolResult") -> ToolResult:
    """Return the words of a result, also those of files in it, and its pictures.

    Each picture is told of in words, too, for brains that do not see; sounds are left out.
    """
    words: list[str] = []
    pictures: list[Picture] = []
    for part in result.content:
        picture = _picture(part)
        if picture is not None and len(pictures) < MAX_PICTURES:
            pictures.append(picture)
        if said := "(a picture)" if picture is not None else _words(part):
            words.append(said)
    if not words and result.structured_content is not None:
        return ToolResult(json.dumps(result.structured_content, ensure_ascii=False))
    return ToolResult("\n".join(words) or "(nothing)", tuple(pictures))


def _words(part: "ContentBlock") -> str:
    match part.type:
        case "text":
            return part.text
        case "resource":
            return getattr(part.resource, "text", "")  # one of bytes has none
        case "resource_link":
            return ": ".join(filter(None, (part.title or part.name, part.description)))
        case _:
            return ""


def _picture(part: "ContentBlock") -> Picture | None:
    """Return the picture in a part of a result, or in a file that is one."""
    if part.type == "image":
        kind, data = part.mime_type, part.data
    elif part.type == "resource":
        kind, data = part.resource.mime_type or "", getattr(part.resource, "blob", "")
    else:
        return None
    try:
        content = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        return None
    return Picture(kind, content) if content and kind in PICTURE_TYPES else None
