"""Dialogues with tools: called, not called, and their results told; from tools.toml.

The prompts are those of ``daemon/brain/json_tool_calls.py``: the system prompt, after a new line,
with the tools as Qwen's chat template writes them; a call as plain JSON; a result in brackets
after the question, and then no tools.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, cast

from daemon.brain.json_tool_calls import TOLD
from models.talk.answered import Answer
from models.talk.prompts import Dialogue, add_notes, scene
from models.talk.scripts import families
from models.talk.wording import LANGUAGES, LISTS, Draw, load

_BEFORE = """

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
"""
_AFTER = """
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>"""  # noqa: E501 (the template's own line)
# What the template begins with if there is no persona: so a new model is tried.
_NOBODY = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
_FAILURES = (
    "The tool failed: timeout",
    "The tool failed: not found",
    "The tool failed: no connection",
)

Tool = dict[str, Any]
_FORMS = cast(dict[str, dict[str, Any]], load("forms")["tools"])


def _load() -> tuple[dict[str, Tool], dict[str, Any]]:
    tools: dict[str, Any] = load("tools")
    return tools, tools.pop("values")


TOOLS, _VALUES = _load()
for _language in LANGUAGES:
    LISTS[_language].update(_VALUES[_language])


def described(name: str, titled: bool) -> str:
    """Return a tool as the template writes it; some servers give everything a title."""
    tool = TOOLS[name]
    properties = {}
    for parameter, kind in tool["parameters"].items():
        title = {"title": parameter.capitalize()} if titled else {}
        properties[parameter] = {**title, "type": kind}
    schema: dict[str, object] = {"type": "object", "properties": properties}
    if tool["required"]:
        schema["required"] = tool["required"]
    if titled:
        schema["title"] = f"{name}Arguments"
    function = {"name": name, "description": tool["description"], "parameters": schema}
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False)


def with_tools(system: str, names: list[str], titled: bool) -> str:
    """Return a system prompt that offers tools."""
    return system + _BEFORE + "\n".join(described(name, titled) for name in names) + _AFTER


def call(name: str, arguments: dict[str, Any], draw: Draw) -> str:
    """Return a call, its arguments filled; "#" marks what is to be a number."""
    filled: dict[str, Any] = {}
    for key, value in arguments.items():
        said = draw.plain(value).removeprefix("on ") if isinstance(value, str) else value
        filled[key] = int(said[1:]) if isinstance(said, str) and said[0] == "#" else said
    return json.dumps({"name": name, "arguments": filled}, ensure_ascii=False)


def tools(seed: int, share: float, others: dict[str, list[Answer]]) -> Iterator[Dialogue]:
    """Yield dialogues about each tool; ``others`` are questions for which none is called."""
    for name, tool in TOOLS.items():
        for language in LANGUAGES:
            rng = random.Random(f"{seed} {name} {language}")
            for number in range(round(14 * share)):
                form = tool[language][number % len(tool[language])]
                yield _called(name, language, form, rng)
                if number % 2:
                    yield _result(name, language, form, rng)
                if number % 3 == 0 and "follow" in form:
                    yield _followed(name, language, form, rng)
                if number % 4 == 0 and not tool.get("heldout"):  # the questions are the same
                    yield _declined(name, language, rng, others[language])
    for language in LANGUAGES:
        rng = random.Random(f"{seed} not offered {language}")
        for number in range(round(20 * share)):
            yield _not_offered(language, number % 4, rng)
    rng = random.Random(f"{seed} nobody")
    for _ in range(round(8 * share)):
        made = _called("clock", "en", TOOLS["clock"]["en"][0], rng)
        made.turns[0] = made.turns[0].rpartition("\n")[2]
        made.system = with_tools(_NOBODY, ["clock"], titled=False)
        yield made


def _not_offered(language: str, script: int, rng: random.Random) -> Dialogue:
    """Return a question of the weather or the news, which none of the tools knows."""
    asked, said = families()["unknowable"][language][script]  # type: ignore[index]
    draw = Draw(language, rng, {})
    offered = rng.sample(("switch_light", "set_heating", "play_music", "calendar"), 2)
    system = with_tools(f"\n{scene(rng).system}", offered, titled=False)
    turns = [draw.person(asked), draw.assistant(said)]
    return _noted(Dialogue("tool_not_offered", language, turns, system), rng)


def _offered(name: str, rng: random.Random) -> list[str]:
    others = [
        other for other in TOOLS if other not in (name, "clock") and not TOOLS[other].get("heldout")
    ]
    offered = [name, *rng.sample(others, rng.choice((0, 0, 1, 1, 2)))]
    rng.shuffle(offered)
    return offered


def _system(name: str, rng: random.Random) -> str:
    titled = rng.random() < 0.3
    return with_tools(f"\n{scene(rng).system}", _offered(name, rng), titled)


def _noted(dialogue: Dialogue, rng: random.Random) -> Dialogue:
    """Put the time before the questions, unless the clock is what is asked."""
    add_notes(dialogue, rng, 0.0 if "clock" in dialogue.family else 0.7)
    dialogue.noted = True
    return dialogue


def _called(name: str, language: str, form: Tool, rng: random.Random) -> Dialogue:
    draw = Draw(language, rng, {})
    turns = [draw.person(rng.choice(form["ask"])), call(name, form["call"], draw)]
    return _noted(Dialogue(f"tool_{name}", language, turns, _system(name, rng)), rng)


def _followed(name: str, language: str, form: Tool, rng: random.Random) -> Dialogue:
    """Return a follow-up, with the turn before it or, as the app may ask, without."""
    draw = Draw(language, rng, {})
    asked = draw.person(rng.choice(form["ask"]))
    said = draw.assistant(rng.choice(form["tell"]))
    follow = draw.person(rng.choice(form["follow"]))
    other = {key: _second(value) for key, value in form["call"].items()}
    turns = [follow, call(name, other, draw)]
    learn = [True]
    if rng.random() < 0.6:
        turns, learn = [asked, said, *turns], [False, True]
    made = Dialogue(f"tool_{name}", language, turns, _system(name, rng), learn=learn)
    return _noted(made, rng)


def _second(value: Any) -> Any:
    """Return a slot for another value: {city2} for {city}."""
    if not isinstance(value, str):
        return value
    return value.replace(".0}", "2.0}") if ".0}" in value else value.replace("}", "2}")


def _result(name: str, language: str, form: Tool, rng: random.Random) -> Dialogue:
    """Return the question again, and what the tool returned; no tools are offered."""
    draw = Draw(language, rng, {})
    asked = draw.person(rng.choice(form["ask"]))
    if rng.random() < 0.12:
        result, said = rng.choice(_FAILURES), draw.assistant(_FORMS[language]["failed"])
    else:
        result = draw.plain(form["result"])
        said = draw.assistant(rng.choice(form["tell"]))
    made = _noted(Dialogue(f"tool_{name}", language, [asked, said], scene(rng).system), rng)
    made.turns[0] += "\n" + TOLD[language].format(tool=name, result=result)
    return made


def _declined(name: str, language: str, rng: random.Random, others: list[Answer]) -> Dialogue:
    """Return a question for which nothing is to be called."""
    draw = Draw(language, rng, {})
    if rng.random() < 0.5:
        asked, _, said = rng.choice(_FORMS[language]["not_called"]).partition("=")
        turns = [draw.person(asked), draw.assistant(said)]
    else:
        turns = [*rng.choice(others)]
    return _noted(Dialogue(f"tool_{name}", language, turns, _system(name, rng)), rng)
