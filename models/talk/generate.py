"""Expand the templates to the dialogues that the adapter learns from.

    python -m models.talk.generate FOLDER [--seed N] [--share X]

writes ``train.jsonl`` and ``heldout.jsonl``. The same seed gives the same files. Which families are
held out is marked in the templates: what is measured on them is not the same wordings with other
names.
"""

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from models.talk.answered import answers, ordinary
from models.talk.clock import clock
from models.talk.prompts import Dialogue, add_notes
from models.talk.rehearsed import rehearsed
from models.talk.scripts import families, scripted
from models.talk.told import long_talks, told
from models.talk.tools import TOOLS, tools
from models.talk.wording import load

SEED = 16
SHARE = 0.62  # about 2,700 dialogues of 155 tokens, prompts included
# Families whose dialogues may stand in the middle of any other.
SMALL = (
    "sympathy", "joy", "statement", "unknowable", "opinion", "joke", "thanks", "cannot", "capital",
    "opposite", "sum", "day_after", "units", "animal", "questions", "repeat", "languages",
)  # fmt: skip
HELD_OUT_ORDINARY = 0.05  # of the ordinary questions


def held_out_families() -> set[str]:
    """Return the names of the families of which nothing is learnt."""
    written = {name for name, family in families().items() if family.get("heldout")}
    facts = {f"told_{name}" for name, fact in load("facts").items() if fact.get("heldout")}
    offered = {f"tool_{name}" for name, tool in TOOLS.items() if tool.get("heldout")}
    return written | facts | offered | {"clock_weekend", "ordinary_held_out"}


def generate(seed: int = SEED, share: float = SHARE) -> tuple[list[Dialogue], list[Dialogue]]:
    """Return what is learnt and what is held out; the larger ``share``, the more dialogues."""
    rng = random.Random(f"{seed} generate")
    learnt_answers, held_answers = {}, {}
    for language, some in answers().items():
        rng.shuffle(some)
        cut = round(len(some) * HELD_OUT_ORDINARY)
        held_answers[language], learnt_answers[language] = some[:cut], some[cut:]
    written = list(scripted(seed, share))
    small = [one for one in written if one.family in SMALL]
    made = list(
        chain(
            told(seed, share, learnt_answers),
            long_talks(seed, share, learnt_answers, small),
            written,
            clock(seed, share),
            tools(seed, share, learnt_answers),
            ordinary(seed, share, learnt_answers),
            rehearsed(seed, share),
        )
    )
    for one in ordinary(seed, 0, held_answers):
        one.family = "ordinary_held_out"
        made.append(one)
    for dialogue in made:
        add_notes(dialogue, rng)
    rng.shuffle(made)
    out = held_out_families()
    learnt = _without_doubles(one for one in made if one.family not in out)
    return learnt, _without_doubles(one for one in made if one.family in out)


def _without_doubles(dialogues: Iterable[Dialogue]) -> list[Dialogue]:
    kept: dict[str, Dialogue] = {}
    for one in dialogues:
        kept.setdefault("\n".join(one.turns), one)
    return list(kept.values())


def write(path: Path, dialogues: Sequence[Dialogue]) -> None:
    """Write dialogues, one a line."""
    lines = (json.dumps(one.record(), ensure_ascii=False) + "\n" for one in dialogues)
    path.write_text("".join(lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both files into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=SHARE)
    wanted = parser.parse_args(arguments)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    learnt, held_out = generate(wanted.seed, wanted.share)
    write(wanted.folder / "train.jsonl", learnt)
    write(wanted.folder / "heldout.jsonl", held_out)
    print(f"{len(learnt)} dialogues to learn, {len(held_out)} held out")


if __name__ == "__main__":
    main()
