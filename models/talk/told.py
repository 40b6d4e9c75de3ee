"""Dialogues about the person: who is "I" and who is "you", from facts.toml."""

import random
from collections.abc import Iterator
from typing import Any, cast

from models.talk.answered import Answer
from models.talk.prompts import Dialogue, recalled, scene, some_time, spoken_day
from models.talk.wording import LANGUAGES, Draw, load, tidy

_FORMS = cast(dict[str, dict[str, Any]], load("forms")["told"])
_KEPT = (
    "relative",
    "kinswoman",
    "kinsman",
    "pet",
    "event",
    "thing",
)  # what somebody corrects themselves about
# "Who is Anna?" is answered otherwise than "What is my sister's name?"
_OWN_ANSWER = "="

Wordings = dict[str, list[str]]


class Person:
    """One person, and what they tell of themselves."""

    def __init__(
        self,
        language: str,
        rng: random.Random,
        facts: tuple[Wordings, Wordings],
        other: Answer,
    ) -> None:
        """Nothing has been said yet.

        ``facts`` are what a conversation is about, and another; ``other`` is what is talked of in
        between.
        """
        self.fact, self.second = facts
        self.other = other
        self.who = who = scene(rng)
        self.language = language
        self.rng = rng
        self.draw = Draw(language, rng, {"self": who.name(language)})
        self.told: list[str] = []
        self.turns: list[str] = []

    def tell(self, fact: Wordings, remember: bool, prefix: str = "") -> None:
        """Tell a fact, and have it acknowledged."""
        self.say(_FORMS[self.language]["remember" if remember else "tell"], fact, prefix)
        if remember or self.rng.random() < 0.35:
            noted = _FORMS[self.language]["noted" if remember else "heard"]
            self.answer(noted.replace("{yours}", self.rng.choice(fact["yours"])))
        else:
            self.answer(self.rng.choice(fact["react"]))

    def say(self, form: str, fact: Wordings, prefix: str = "") -> None:
        """Say a fact in the form that is given."""
        mine = self.draw.plain(self.rng.choice(fact["mine"]), 0)
        self.told.append(mine)
        self.turns.append(self.draw.person(prefix + form.replace("{mine}", mine)))

    def answer(self, form: str) -> None:
        """Let the assistant say something."""
        self.turns.append(self.draw.assistant(form))

    def ask(self, fact: Wordings, answers: str = "answer") -> None:
        """Ask for a fact."""
        asked = [one for one in fact["ask"] if answers == "answer" or _OWN_ANSWER not in one]
        question, _, own = self.rng.choice(asked).partition(_OWN_ANSWER)
        self.turns.append(self.draw.person(question))
        self.answer(own or self.rng.choice(fact[answers]))

    def chat(self, other: Answer) -> None:
        """Talk of something else in between."""
        self.turns += [other.question, other.answer]


def told(seed: int, share: float, others: dict[str, list[Answer]]) -> Iterator[Dialogue]:
    """Yield dialogues about each fact; ``others`` are talked of in between, by language."""
    facts = load("facts")
    for language in LANGUAGES:
        kept = {name: cast(Wordings, fact[language]) for name, fact in facts.items()}
        learnt = [name for name in kept if not facts[name].get("heldout")]
        for name, fact in kept.items():
            rng = random.Random(f"{seed} {name} {language}")
            # Names are what a conversation turns on.
            for number in range(round((42 if name == "name" else 24) * share)):
                second = kept[rng.choice([one for one in learnt if one != name])]
                plan = _PLANS[number % len(_PLANS)]
                person = Person(language, rng, (fact, second), rng.choice(others[language]))
                system = plan(person) or person.who.system
                yield Dialogue(f"told_{name}", language, person.turns, system, told=person.told)


def long_talks(
    seed: int, share: float, others: dict[str, list[Answer]], small: list[Dialogue]
) -> Iterator[Dialogue]:
    """Yield talks of eight to twelve turns: what was told first is asked at the end.

    ``others`` and the short talks in ``small`` come in between.
    """
    facts = load("facts")
    for language in LANGUAGES:
        rng = random.Random(f"{seed} long {language}")
        learnt = [
            cast(Wordings, fact[language]) for fact in facts.values() if not fact.get("heldout")
        ]
        fitting = [one.turns for one in small if one.language == language]
        for number in range(round(60 * share)):
            first = learnt[0] if number % 2 else rng.choice(learnt[1:])
            second = rng.choice([fact for fact in learnt[1:] if fact is not first])
            person = Person(language, rng, (first, second), rng.choice(others[language]))
            person.tell(first, remember=False)
            person.turns += rng.choice(fitting)
            person.tell(second, remember=rng.random() < 0.5)
            person.chat(person.other)
            person.turns += rng.choice(fitting)
            person.ask(first)
            person.turns += rng.choice(fitting)
            person.ask(second)
            yield Dialogue("told_long", language, person.turns, person.who.system, told=person.told)


def _soon(person: Person) -> str:
    person.tell(person.fact, remember=False)
    person.ask(person.fact)
    return ""


def _later(person: Person) -> str:
    person.tell(person.fact, remember=False)
    person.chat(person.other)
    person.ask(person.fact)
    return ""


def _remember(person: Person) -> str:
    person.tell(person.fact, remember=True)
    if person.rng.random() < 0.5:
        person.ask(person.fact)
    return ""


def _two(person: Person) -> str:
    person.tell(person.fact, remember=False)
    person.tell(person.second, remember=person.rng.random() < 0.3)
    person.ask(person.fact)
    if person.rng.random() < 0.5:
        person.ask(person.second)
    return ""


def _never(person: Person) -> str:
    if person.rng.random() < 0.4:
        person.tell(person.second, remember=False)
    person.ask(person.fact, "unknown")
    if person.rng.random() < 0.5:
        person.say(_FORMS[person.language]["tell"], person.fact)
        heard = _FORMS[person.language]["heard"].replace("{yours}", person.fact["yours"][0])
        person.answer(person.rng.choice([*person.fact["react"], heard]))
        person.ask(person.fact)
    return ""


def _corrected(person: Person) -> str:
    person.tell(person.fact, remember=False)
    person.draw = person.draw.again(_KEPT)
    form, noted = _FORMS[person.language]["correct"]
    mine = person.draw.plain(person.fact["mine"][0], 0)
    person.told.append(mine)
    person.turns.append(person.draw.person(form.replace("{mine}", mine)))
    person.answer(noted.replace("{yours}", person.fact["yours"][0]))
    person.ask(person.fact)
    return ""


def _mine_and_yours(person: Person) -> str:
    person.tell(person.fact, remember=False)
    asked, said = _FORMS[person.language]["your_name"]
    person.turns.append(person.draw.person(asked))
    person.answer(said)
    person.ask(person.fact)
    return ""


def _recalled(person: Person) -> str:
    lines = []
    for one in person.rng.sample([person.fact, person.second], 2):
        mine = person.draw.plain(person.rng.choice(one["mine"]), 0)
        if person.rng.random() < 0.5:
            lines.append(f"- They asked you to remember: “{mine}”")
        else:
            said = tidy(mine, person.language).rstrip("。")
            end = "." if person.language == "en" else "。"
            lines.append(f"- On {spoken_day(some_time(person.rng))} they said: “{said}{end}”")
    if person.rng.random() < 0.3:
        person.chat(person.other)
    person.ask(person.fact)
    return recalled(person.who.system, lines)


def _everything(person: Person) -> str:
    person.tell(person.fact, remember=False)
    person.tell(person.second, remember=False)
    person.turns.append(person.rng.choice(_FORMS[person.language]["everything"]))
    joined = " and " if person.language == "en" else "，"
    end = "." if person.language == "en" else "。"
    person.answer(f"{person.fact['yours'][0]}{joined}{person.second['yours'][0]}{end}")
    return ""


def _long(person: Person) -> str:
    hello, back, weather, unknown, thanks, welcome, bye, bye_back = _FORMS[person.language][
        "around"
    ]
    person.turns += [person.draw.person(hello), person.draw.assistant(back)]
    person.tell(person.fact, remember=False)
    if person.rng.random() < 0.5:
        person.turns += [person.draw.person(weather), person.draw.assistant(unknown)]
    else:
        person.chat(person.other)
    person.ask(person.fact)
    if person.rng.random() < 0.5:
        person.turns += [person.draw.person(thanks), person.draw.assistant(welcome)]
    else:
        person.turns += [person.draw.person(bye), person.draw.assistant(bye_back)]
    return ""


_PLANS = (
    _soon, _later, _remember, _two, _never, _recalled, _remember, _corrected, _mine_and_yours,
    _later, _two, _everything, _long, _long,
)  # fmt: skip
