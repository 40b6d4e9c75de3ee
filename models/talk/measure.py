"""What the brain knows and how it calculates, with and without the adapter.

    python -m models.talk.measure OUT.json [--adapter FILE]

A fixed set of about 150 facts and as many sums, in English and in Chinese, each asked by itself
with the default persona at temperature 0. An answer counts if the word or number is in it.
"""

import argparse
import json
import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cn2an
from unicode_rbnf import RbnfEngine

from daemon.brain.llamacpp import LlamaCpp
from daemon.config.brains import PERSONA
from daemon.media import Message
from daemon.store.model_store import open_store
from daemon.worker import CancelToken

SUMS = 150  # in each language
MAX_REPLY_TOKENS = 40
_NUMERALS = "零一二三四五六七八九十百"
_ENGLISH = RbnfEngine.for_language("en")


@dataclass(frozen=True, slots=True)
class Item:
    """A question, and the words of which one must be in the answer."""

    kind: str
    language: str
    question: str
    accepted: tuple[str, ...]

    def right(self, answer: str) -> bool:
        """Whether the answer has one of them: not eight for eighty, nor 八 for 十八."""
        text = answer.replace(",", "")
        return any(_whole(word).search(text) for word in self.accepted)


def _whole(word: str) -> re.Pattern[str]:
    """Return what finds a word; one with a capital, such as a chemical symbol, as it is written."""
    inner = next((kind for kind in ("A-Za-z0-9-", _NUMERALS) if re.match(f"[{kind}]", word)), "")
    edges = (f"(?<![{inner}])", f"(?![{inner}])") if inner else ("", "")
    return re.compile(
        re.escape(word).join(edges), re.NOFLAG if word != word.lower() else re.IGNORECASE
    )


def facts() -> Iterator[Item]:
    """Yield the facts of measure.toml."""
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    for table in tables.values():
        for asked, known, asked_zh, known_zh in table["rows"]:
            yield Item("facts", "en", table["en"].format(asked), tuple(known.split("|")))
            yield Item("facts", "zh", table["zh"].format(asked_zh), tuple(known_zh.split("|")))


def sums(count: int = SUMS) -> Iterator[Item]:
    """Yield sums, differences and products in words, the same each time."""
    rng = random.Random("sums to measure")
    ways = (
        ("What is {} plus {}?", "{}加{}等于多少？", 3, 60),
        ("What is {} minus {}?", "{}减{}等于多少？", 3, 60),
        ("What is {} times {}?", "{}乘以{}等于多少？", 2, 12),
    )
    for number in range(count):
        english, chinese, least, most = ways[number % len(ways)]
        one, two = rng.randint(least, most), rng.randint(least, most)
        if "minus" in english:
            one, two = max(one, two) + 1, min(one, two)
        result = {"+": one + two, "-": one - two, "*": one * two}["+-*"[number % len(ways)]]
        words = (_words(one), _words(two))
        yield Item("sums", "en", english.format(*words), (str(result), _words(result)))
        han = [cn2an.an2cn(value) for value in (one, two, result)]
        yield Item("sums", "zh", chinese.format(*han[:2]), (str(result), han[2]))


def _words(number: int) -> str:
    return str(_ENGLISH.format_number(number).text)


def ask(model: LlamaCpp, items: Sequence[Item]) -> list[dict[str, object]]:
    """Return each question with its answer and whether it is right."""
    asked = []
    for item in items:
        prompt = [Message("system", PERSONA), Message("user", item.question)]
        answer = "".join(model.reply(prompt, CancelToken()))
        asked.append(
            {
                "kind": item.kind,
                "language": item.language,
                "question": item.question,
                "answer": answer,
                "right": item.right(answer),
            }
        )
    return asked


def shares(asked: Sequence[dict[str, object]]) -> dict[str, float]:
    """Return the percentage right of each kind in each language."""
    kinds = sorted({f"{one['kind']} {one['language']}" for one in asked})
    grouped = {
        kind: [one["right"] for one in asked if f"{one['kind']} {one['language']}" == kind]
        for kind in kinds
    }
    return {kind: round(100 * sum(map(bool, of)) / len(of), 1) for kind, of in grouped.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask everything, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args(arguments)
    model = LlamaCpp(
        open_store().path("qwen2.5-coder-0.5b") / "model.gguf",
        context_tokens=1024,
        max_reply_tokens=MAX_REPLY_TOKENS,
        temperature=0.0,
        top_p=1.0,
        threads=wanted.threads,
        system_prompt=PERSONA,
        adapter=wanted.adapter,
    )
    try:
        asked = ask(model, [*facts(), *sums()])
    finally:
        model.close()
    text = json.dumps({"right": shares(asked), "asked": asked}, ensure_ascii=False, indent=1)
    wanted.out.write_text(text + "\n", encoding="utf-8")
    print(shares(asked), f"of {len(asked)}")


if __name__ == "__main__":
    main()
