"""Dialogues as the tokens that a model of Qwen's reads, with the answers that are learned."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from daemon.training.examples import Example

MAX_TOKENS = 700  # of a dialogue; the few that are longer would take the memory of ten


class Writer(Protocol):
    """What is needed of a tokenizer of transformers'."""

    def apply_chat_template(
        self, conversation: Sequence[dict[str, str]], *, return_dict: bool
    ) -> list[int]:
        """Return the tokens of a conversation."""

    def convert_tokens_to_ids(self, tokens: str) -> int:
        """Return the id of a token."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the tokens of a text."""


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records that ``generate`` wrote."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def answers(ids: Sequence[int], opening: Sequence[int], end: int) -> list[range]:
    """Return where the answers are, each with the ``end`` mark and without its ``opening``.

    What the template itself writes is never learned, the end of an answer is: without it a model
    would not know when to stop.
    """
    found = []
    width = len(opening)
    start = 0
    while start <= len(ids) - width:
        if list(ids[start : start + width]) != list(opening):
            start += 1
            continue
        begin = start + width
        start = ids.index(end, begin) + 1
        found.append(range(begin, start))
    return found


def example(record: dict[str, Any], writer: Writer) -> Example | None:
    """Return a dialogue to learn from; ``None`` if it is too long or nothing of it is learned.

    ``record["train"]`` tells which answers are learned. What comes after the last is left out.
    """
    ids = writer.apply_chat_template(record["messages"], return_dict=False)
    opening = [
        writer.convert_tokens_to_ids("<|im_start|>"),
        *writer.encode("assistant\n", add_special_tokens=False),
    ]
    found = answers(ids, opening, writer.convert_tokens_to_ids("<|im_end|>"))
    wanted = [place for place, learn in zip(found, record["train"], strict=True) if learn]
    if not wanted or wanted[-1].stop > MAX_TOKENS:
        return None
    last = wanted[-1]
    return Example(tuple(ids[: last.stop]), last.start, tuple(wanted[:-1]))
