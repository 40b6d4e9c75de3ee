"""Style: how often an answer is taken for the person's, and not for the plain brain's.

Four invented persons (``tests/chat_exports.py``): fifty of their answers are learned from, forty
are held out. The judge is a naive Bayes classifier of runs of one to four characters. It has read
what the person answered to the fifty questions, and what the brain answers to such without a style;
it then reads what the brain answers, with the style, to the forty held out. Beside it stands what
it makes of the person's own held-out answers and of the plain brain's: how good a judge it is.

A harder judge has to choose among all who talk the language, and the plain brain.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from daemon.bench.figures import Row
from daemon.brain.choice import make_brain
from daemon.brain.history import History
from daemon.brain.style import Style
from daemon.config import load, packaged_config
from daemon.config.state import with_values
from daemon.stages import ChatModel
from daemon.store.model_store import open_store
from daemon.training.chat_sources import read_chats
from daemon.training.style import learn
from daemon.worker import CancelToken
from tests.chat_exports import NAMES, answers, write

NOW = datetime(2026, 11, 30, 18, 20)
GOAL = 0.75
MAX_RUN = 4  # characters that are looked at together
PERSONA = {
    "robin": "You are Robin, talking with a friend.",
    "edith": "You are Edith Marlowe, talking with a friend.",
    "xiaoyu": "你是小雨，在和朋友说话。",
    "laochen": "你是老陈，在和朋友说话。",
}
LANGUAGE = {"robin": "en", "edith": "en", "xiaoyu": "zh", "laochen": "zh"}


class Judge:
    """Tells whose a text is, from texts of each author."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._counts = {
            who: Counter(r for t in said for r in runs(t)) for who, said in texts.items()
        }
        self._known = len(set().union(*self._counts.values()))

    def author(self, text: str) -> str:
        """Return the likeliest, all being as likely before a word is read."""
        return max(self._counts, key=lambda who: self._likely(who, text))

    def _likely(self, who: str, text: str) -> float:
        counts = self._counts[who]
        total = counts.total() + self._known
        return sum(math.log((counts[run] + 1) / total) for run in runs(text))


def runs(text: str) -> list[str]:
    """Return all runs of up to ``MAX_RUN`` characters; line breaks are spaces."""
    text = f" {' '.join(text.split())} "
    return [text[at : at + n] for n in range(1, MAX_RUN + 1) for at in range(len(text) - n + 1)]


def style_of(person: str) -> Style:
    """Learn it from the exports."""
    with tempfile.TemporaryDirectory() as folder:
        return learn(read_chats([write(person, Path(folder))]), NAMES[person]).style


def asked(
    model: ChatModel, persona: str, style: Style | None, questions: Sequence[str]
) -> list[str]:
    """Return the answers, each in a conversation of its own."""
    history = History(persona, model, 120, lambda: NOW)
    history.style = style
    return [
        "".join(model.reply(history.messages(question), CancelToken())) for question in questions
    ]


def main() -> None:
    """Measure; ``--plain FILE`` keeps the plain brain's answers for the next time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--plain", type=Path, help="JSON with the plain brain's answers")
    parser.add_argument("--show", action="store_true", help="print the answers")
    arguments = parser.parse_args()
    settings = load(packaged_config()).settings
    store = open_store(settings.models.directory)
    model = make_brain(settings, store)
    kept = arguments.plain
    plain = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    try:
        for person in NAMES:
            for half, held_out in (("learned", False), ("held out", True)):
                questions = [question for question, _ in answers(person, held_out)]
                key = f"{LANGUAGE[person]} {half}"
                if key not in plain:
                    plain[key] = asked(model, settings.brain.persona, None, questions)
        if kept:
            kept.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    finally:
        model.close()
    model = make_brain(with_values(settings, {"brain.adapter": ""}), store)  # as with a style
    try:
        for person in arguments.persons:
            for row in rows(model, person, plain, arguments.show):
                sys.stdout.write(f"{row.name}: {row.value} {row.goal}\n")
                sys.stdout.flush()
    finally:
        model.close()


def rows(
    model: ChatModel, person: str, plain: Mapping[str, Sequence[str]], show: bool
) -> list[Row]:
    """Measure one person."""
    code, held_out = LANGUAGE[person], answers(person, held_out=True)
    own = {one: [said for _, said in answers(one)] for one in NAMES if LANGUAGE[one] == code}
    style = style_of(person)
    begin = time.perf_counter()
    made = asked(model, PERSONA[person], style, [question for question, _ in held_out])
    seconds = (time.perf_counter() - begin) / len(made)
    if show:
        for (question, said), answer in zip(held_out, made, strict=True):
            sys.stdout.write(f"{question}\n   {said}\n   {answer}\n")
    two = Judge({person: own[person], "": plain[f"{code} learned"]})
    all_ = Judge({**own, "": plain[f"{code} learned"]})

    def share(judge: Judge, texts: Sequence[str]) -> float:
        return statistics.mean(judge.author(text) == person for text in texts)

    ours = share(two, made)
    return [
        Row(f"{person}: ours taken for theirs", f"{ours:.0%}", f"{GOAL:.0%}", ours >= GOAL),
        Row(f"{person}: their own", f"{share(two, [said for _, said in held_out]):.0%}"),
        Row(f"{person}: the plain brain's", f"{share(two, plain[f'{code} held out']):.0%}"),
        Row(f"{person}: ours, among all persons", f"{share(all_, made):.0%}"),
        Row(f"{person}: seconds an answer", f"{seconds:.2f}"),
    ]


if __name__ == "__main__":
    main()
