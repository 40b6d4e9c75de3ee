"""Conversations as files: JSON lines to learn from, or Markdown to read."""

import time
from collections.abc import Iterator
from pathlib import Path

from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.memory.store import MemoryStore
from daemon.training.chats import MAX_HISTORY_TURNS, Exchange
from daemon.training.chats import QuestionAnswer as Pair
from daemon.training.formats.json_lines import write_json_lines

MAX_CONVERSATIONS = 1_000_000  # conversations; more than anybody has


def write_export(store: MemoryStore, path: Path) -> int:
    """Write all conversations, the oldest first, for their owner's eyes only; return the turns.

    ``path`` ends in ``.jsonl`` or ``.md``. Raises ``StorageError``.
    """
    if path.suffix.lower() == ".jsonl":
        return write_json_lines(path, exchanges(store))
    count = 0
    with atomic_write(path, private=True) as part, part.open("w", encoding="utf-8") as file:
        for block in markdown(store):
            file.write(block)
            count += block.startswith("**")
    return count


def exchanges(store: MemoryStore) -> Iterator[Exchange]:
    """Yield the turns that were answered; a question that was not joins the next, as in prompts."""
    for talk in reversed(store.conversations(MAX_CONVERSATIONS)):
        history: tuple[Pair, ...] = ()
        asked = ""
        for turn in store.turns(talk.id):
            asked = "\n".join(filter(None, (asked, turn.question)))
            if turn.answer:
                yield Exchange(asked, turn.answer, history[-MAX_HISTORY_TURNS:])
                history, asked = (*history, (asked, turn.answer)), ""


def markdown(store: MemoryStore) -> Iterator[str]:
    """Yield the parts of a text: facts, headings, and a block that begins with ``**`` a turn."""
    if facts := store.facts():
        yield f"# {tr('you asked it to remember')}\n\n"
        yield "".join(f"- {_plain(fact.text)}\n" for fact in facts) + "\n"
    for talk in reversed(store.conversations(MAX_CONVERSATIONS)):
        yield f"# {time.strftime('%Y-%m-%d %H:%M', time.localtime(talk.began))} {talk.persona}\n\n"
        for turn in store.turns(talk.id):
            hour = time.strftime("%H:%M", time.localtime(turn.at))
            yield f"**{tr('you')}** ({hour}): {_plain(turn.question)}\n\n" + (
                f"{_plain(turn.answer)}\n\n" if turn.answer else ""
            )


def _plain(text: str) -> str:
    """Keep what was said from being taken for Markdown."""
    return "".join(
        f"\\{char}" if char in "\\`*_#<>[]|" else char for char in " ".join(text.split())
    )
