"""Dialogues that are written out: small talk in talk.toml, facts and follow-ups in follow.toml."""

import random
import re
import tomllib
from collections.abc import Iterator

from models.talk.prompts import Dialogue, scene
from models.talk.wording import FOLDER, LANGUAGES, Draw, load

_PAIRED = re.compile(r"^\[([^\]]*)\](.*)=\[([^\]]*)\](.*)$", re.DOTALL)


def families() -> dict[str, dict[str, object]]:
    """Return all that are written out, by name."""
    return {**load("talk"), **load("follow")}


def packaged_persona(name: str) -> str:
    """Return the prompt of a persona that comes with the app."""
    path = FOLDER.parents[1] / "personas" / f"{name}.toml"
    return str(tomllib.loads(path.read_text(encoding="utf-8"))["prompt"])


def scripted(seed: int, share: float) -> Iterator[Dialogue]:
    """Yield ``share`` times as many of each family as its weight says, both languages equally."""
    for name, family in families().items():
        weight = family["weight"]
        assert isinstance(weight, int)
        for language in LANGUAGES:
            rng = random.Random(f"{seed} {name} {language}")
            scripts = family[language]
            assert isinstance(scripts, list)
            if not scripts:  # the persona speaks the other language only
                continue
            for number in range(max(len(scripts), round(weight * share / 2))):
                made = _played(name, language, scripts[number % len(scripts)], rng)
                if persona := family.get("persona"):
                    made.system = packaged_persona(str(persona))
                yield made


def _played(name: str, language: str, script: list[str], rng: random.Random) -> Dialogue:
    who = scene(rng)
    draw = Draw(language, rng, {"self": who.name(language)})
    turns: list[str] = []
    for line in script:
        if paired := _PAIRED.match(line):  # answers that belong to questions, in the same order
            asked, more_asked, said, more_said = paired.groups()
            questions, answers = asked.split("|"), said.split("|")
            number = rng.randrange(len(questions))
            turns.append(draw.person(questions[number] + more_asked))
            turns.append(draw.assistant(answers[number] + more_said))
        elif len(turns) % 2:
            turns.append(draw.assistant(line))
        else:
            turns.append(draw.person(line))
    return Dialogue(name, language, turns, who.system)
