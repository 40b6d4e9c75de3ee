"""What was told is told again, forgotten, or kept at all, without the model."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from daemon.skills.grammar import understand
from daemon.skills.intents import AddToList, Cancel, Intent, Names
from daemon.skills.memory_intents import Consent, ForgetSaid, Recollect, Remember
from daemon.skills.memory_outcomes import Keeps, MayKeep, WasForgotten, WasTold
from daemon.skills.memory_skill import carry_out
from daemon.skills.outcomes import Failed, Outcome, Trouble
from daemon.skills.replies import reply

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
TOLD = datetime(2026, 5, 3, 9, tzinfo=UTC)


def wanted(text: str, previous: Intent | None = None) -> Intent | None:
    return understand(text, "", NOW, Names(), previous)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("What did I tell you about the dentist?", "the dentist"),
        ("Tell me, what did I say about my mother's birthday?", "my mother's birthday"),
        ("What have I told you about Lisbon?", "Lisbon"),
        ("Did I tell you about the cello lessons?", "the cello lessons"),
        ("Have I ever mentioned Clara?", "Clara"),
        ("What do you remember about the car?", "the car"),
        ("What did I ask you to remember?", ""),
        ("What do you know about me?", ""),
        ("我跟你说过牙医的什么？", "牙医"),
        ("我跟你说过关于牙医的事吗？", "牙医"),
        ("关于牙医我跟你说过什么？", "牙医"),
        ("我告诉过你牙医的什么事？", "牙医"),
        ("我跟你说过牙医吗？", "牙医"),
        ("你还记得关于车的什么？", "车"),
        ("我让你记住了什么？", ""),
        ("你记得我什么？", ""),
    ],
)
def test_what_was_told(text: str, about: str) -> None:
    assert wanted(text) == Recollect(about)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Forget that.", ""),
        ("Please forget that.", ""),
        ("Forget what I just said.", ""),
        ("Don't remember that.", ""),
        ("Forget what I said about the dentist.", "the dentist"),
        ("Forget everything I told you about Tom.", "Tom"),
        ("Can you forget everything you know about my job?", "my job"),
        ("忘掉那个。", ""),
        ("把那个忘了吧。", ""),
        ("忘掉我刚才说的。", ""),
        ("忘掉我说过的关于牙医的话。", "牙医"),
        ("把我跟你说的关于牙医的事忘掉。", "牙医"),
        ("忘掉关于牙医的事。", "牙医"),
    ],
)
def test_what_is_to_be_forgotten(text: str, about: str) -> None:
    assert wanted(text) == ForgetSaid(about)


@pytest.mark.parametrize(
    "text",
    [
        "What did I do wrong?", "What do you know about black holes?", "I forgot my keys.",
        "Never forget what your mother said.", "What did Churchill say about Russia?",
        "What did she tell you about me?", "Forget about it, let's talk of something else.",
        "我忘了带钥匙。", "你知道黑洞的什么？", "别忘了带伞。", "他跟你说过什么？",
        "我跟你说过多少次了！",
    ],
)  # fmt: skip
def test_what_is_neither(text: str) -> None:
    assert not isinstance(wanted(text), Recollect | ForgetSaid)


def test_forget_that_belongs_to_what_was_before() -> None:
    assert wanted("Forget that.", AddToList("shopping", ("milk",))) == Cancel(None)
    assert wanted("Forget that.", Recollect("the dentist")) == ForgetSaid("the dentist")
    assert wanted("忘掉那个。", Recollect("牙医")) == ForgetSaid("牙医")


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        ("Yes.", True), ("Yes, please.", True), ("OK", True), ("No.", False),
        ("No, thanks.", False),
        ("好的。", True), ("可以。", True), ("不用了。", False), ("不要。", False),
    ],
)  # fmt: skip
def test_the_answer_to_whether_it_may(answer: str, given: bool) -> None:
    asked = Remember("Remember that I ski.", 3)
    assert wanted(answer, asked) == Consent(asked, given)


class Kept:
    """A memory that knows one thing of one person."""

    keeps = may_ask = True

    def __init__(self) -> None:
        self.said = ["my dentist is Doctor Wu."]
        self.allowed: list[tuple[str, int | None]] = []

    async def told(self, about: str, person: int | None) -> Sequence[tuple[datetime, str]]:
        return [(TOLD, text) for text in self.said if person == 1]

    async def forget(self, about: str, person: int | None, said: str) -> Sequence[str]:
        gone, self.said = self.said, []
        return gone

    async def allow(self, said: str, person: int | None) -> None:
        self.allowed.append((said, person))

    async def never_ask(self) -> None:
        self.may_ask = False


def outcome(memory: Kept | None, intent: Recollect | ForgetSaid | Remember | Consent) -> Outcome:
    told = asyncio.run(carry_out(memory, intent, "…", 1)).outcome
    assert not isinstance(told, str)
    return told


def test_it_is_carried_out() -> None:
    memory, asked = Kept(), Remember("Remember that I ski.", 1)
    assert outcome(memory, Recollect("teeth")) == WasTold(
        "teeth", ((TOLD, "my dentist is Doctor Wu."),)
    )
    assert outcome(memory, ForgetSaid()) == WasForgotten(("my dentist is Doctor Wu.",))
    assert outcome(memory, ForgetSaid("teeth")) == WasTold("teeth", ())
    assert outcome(memory, asked) == MayKeep()
    assert outcome(memory, Consent(asked, given=True)) == Keeps(agreed=True)
    assert memory.allowed == [("Remember that I ski.", 1)]
    assert outcome(memory, Consent(asked, given=False)) == Keeps(agreed=False)
    assert not memory.may_ask
    memory.keeps = False
    assert outcome(memory, Recollect("teeth")) == Failed(Trouble.KEEPS_NOTHING)
    assert outcome(None, Recollect("teeth")) == Failed(Trouble.NOT_HERE)


@pytest.mark.parametrize(
    ("language", "came_of_it", "said"),
    [
        (
            "en",
            WasTold("x", ((TOLD, "my dentist is Doctor Wu."), (NOW, "I ski."))),
            "You told me on May 3: my dentist is Doctor Wu; today: I ski.",
        ),
        ("zh", WasTold("x", ((TOLD, "我的牙医是吴医生。"),)), "你五月三号说：我的牙医是吴医生。"),
        ("en", WasTold("the cat", ()), "You haven't told me anything about the cat."),
        ("zh", WasTold("", ()), "你没跟我说过什么。"),
        ("en", WasForgotten(("I ski.", "I sail")), "Forgotten: I ski; I sail."),
        ("zh", WasForgotten(("我滑雪。",)), "好，忘掉了：我滑雪。"),
    ],
)
def test_it_is_told_with_the_day(language: str, came_of_it: Outcome, said: str) -> None:
    assert reply(came_of_it, language, NOW) == said
