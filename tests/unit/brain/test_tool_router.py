"""Which tool a question is about, against a model whose probabilities are scripted."""

import math
from collections.abc import Mapping, Sequence

from daemon.brain.tool_router import MAX_KNOWN, NONE, SAYS_NOTHING, ToolRouter, name_scores
from daemon.media import JsonObject, Message, Tool

LIGHT = Tool("set_light", "Switch a light.", {"properties": {"room": {"type": "string"}}})
HEATING = Tool("set_heating", "Set the heating.", {})
MUSIC = Tool("play", "Play music.", {})
TOOLS = (LIGHT, HEATING, MUSIC)
PIECES = {"set_light": ["set", "_light"], "set_heating": ["set", "_heating"], "play": ["play"]}


class Liking:
    """Likes to say "set_light", whatever is asked; a word of the question may outweigh that."""

    def __init__(self, **words: str) -> None:
        self.words = words
        self.prompts: list[str] = []

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        assert not tools
        return "\n".join(f"{one.role}: {one.content}" for one in messages) + "\nassistant: "

    def pieces(self, text: str) -> list[str]:
        return PIECES.get(text, [text])

    def complete(self, prompt: str, fields: Mapping[str, object]) -> JsonObject:
        self.prompts.append(prompt)
        question, _, begun = prompt.rpartition("user: ")[2].partition("\nassistant: ")
        likes = {"set_light": -1.0, "set_heating": -12.0, "play": -12.0, NONE: -1.0}
        for word, name in self.words.items():
            if word in question:
                likes[name] += 12.0
        tokens: dict[str, float] = {}
        for name, score in likes.items():
            first, *rest = self.pieces(name)
            if not begun:
                tokens[first] = max(score, tokens.get(first, -math.inf))
            elif first == begun:
                tokens[rest[0]] = score - max(likes["set_light"], likes["set_heating"])
        found = [{"token": token, "logprob": score} for token, score in tokens.items()]
        return {"completion_probabilities": [{"top_logprobs": found}]}


def asked(*questions: str) -> list[Message]:
    messages: list[Message] = []
    for question in questions:
        messages += [Message("user", question), Message("assistant", "Yes.")]
    return messages[:-1]


def test_a_tool_is_chosen_by_what_a_question_adds_to_a_liking() -> None:
    model, router = Liking(dark="set_light", cold="set_heating", song="play"), ToolRouter()
    assert router.choose(model, asked("It is dark here."), TOOLS) is LIGHT
    assert router.choose(model, asked("I want a song."), TOOLS) is MUSIC
    assert router.choose(model, asked("It is Tuesday."), TOOLS) is None


def test_names_that_begin_alike_are_told_apart() -> None:
    scores = name_scores(Liking(cold="set_heating"), "user: cold\nassistant: ", PIECES)
    assert scores["set_heating"] > scores["set_light"]
    twice = {"set": ["set"], "set_light": ["set", "_light"]}
    assert set(name_scores(Liking(), "user: …\nassistant: ", twice)) == {"set", "set_light"}


def test_a_follow_up_is_shown_how_the_question_before_was_decided() -> None:
    model, router = Liking(song="play"), ToolRouter()
    router.choose(model, asked("I want a song."), TOOLS)
    note = "(It is Monday, 30 November 2026, 19:16.)\n"
    router.choose(model, asked("Hello.", f"{note}I want a song.", "And another."), TOOLS)
    assert any(
        prompt.endswith("user: I want a song.\nassistant: play\nuser: And another.\nassistant: ")
        for prompt in model.prompts
    )


def test_what_stands_alone_is_decided_alone() -> None:
    model, router = Liking(song="play"), ToolRouter()
    router.choose(model, asked("I want a song."), TOOLS)
    model.prompts.clear()
    router.choose(model, asked("I want a song.", "She sings well."), TOOLS)
    assert not any("I want a song." in prompt for prompt in model.prompts)


def test_what_does_not_depend_on_the_question_is_measured_once() -> None:
    model, router = Liking(), ToolRouter()
    router.prepare(model, asked("Hello."), TOOLS)
    first = len(model.prompts)
    assert first >= len(SAYS_NOTHING)
    router.prepare(model, asked("Hello."), TOOLS)
    assert len(model.prompts) == first
    router.prepare(model, asked("Hello."), (MUSIC,))
    assert len(model.prompts) > first


def test_what_was_decided_long_ago_is_forgotten() -> None:
    model, router = Liking(), ToolRouter()
    for number in range(MAX_KNOWN + 5):
        router.choose(model, asked(f"Question {number}."), (MUSIC,))
    assert len(router._decided) == MAX_KNOWN
