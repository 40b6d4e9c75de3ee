"""Calls that a model can only write well formed, against a scripted model."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from daemon.brain.constrained_calls import (
    MAX_CALLS,
    MAX_DEPTH,
    decides_itself,
    safe_schema,
    wants_call,
    with_last_turn,
    write_calls,
)
from daemon.brain.style import Style, StyleExample
from daemon.media import JsonObject, Message, Tool, ToolCall

LIGHT = Tool(
    "light",
    "Switch a light.",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room"],
    },
)
CLOCK = Tool("clock", "Tell the time.", {"type": "object", "properties": {}})


class Scripted:
    """Writes what is scripted, in its order; a number is how likely "{" or a new line follows."""

    def __init__(self, *script: str | float) -> None:
        self.script = list(script)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        return "|".join(message.content for message in messages) + "|"

    def pieces(self, text: str) -> list[str]:
        return list(text)

    def complete(self, prompt: str, fields: Mapping[str, object]) -> JsonObject:
        self.asked.append((prompt, dict(fields)))
        step = self.script.pop(0)
        if isinstance(step, str):
            return {"content": step}
        likely = [
            {"token": "{", "logprob": math.log(step * 0.9)},
            {"token": "\n", "logprob": math.log(step * 0.1)},
            {"token": "Yes", "logprob": math.log(1 - step)},
        ]
        return {"completion_probabilities": [{"top_logprobs": likely}]}


def test_whether_it_calls_is_a_matter_of_its_first_token() -> None:
    assert wants_call(Scripted(0.9), "")
    assert not wants_call(Scripted(0.4), "")


def test_names_and_arguments_are_constrained() -> None:
    model = Scripted("light", ' {"room": "厨房", "on": true}', 0.1)
    [call] = write_calls(model, "now: ", (LIGHT, CLOCK))
    assert call == ToolCall("bare-0", "light", '{"room": "厨房", "on": true}')
    (names, named), (before, constrained), (after, _) = model.asked
    assert named["grammar"] == 'root ::= "light" | "clock"'
    assert before == names + 'light", "arguments": '
    assert constrained["json_schema"]["required"] == ["room"]
    assert after == 'now: {"name": "light", "arguments": {"room": "厨房", "on": true}}'


def test_several_calls_are_made_in_one_answer() -> None:
    model = Scripted('{"room": "hall"}', 0.9, "clock", "{}", 0.1)
    calls = write_calls(model, "", (LIGHT, CLOCK), first=LIGHT)
    assert [(call.id, call.name, call.arguments) for call in calls] == [
        ("bare-0", "light", '{"room": "hall"}'),
        ("bare-1", "clock", "{}"),
    ]
    assert model.asked[2][0].endswith('{"room": "hall"}}\n{"name": "')


def test_a_model_that_never_stops_calling_is_stopped() -> None:
    again: list[str | float] = ["{}", 0.9]
    assert len(write_calls(Scripted(*again * 9), "", (CLOCK,))) == 1, "the same again is not meant"
    rooms: list[str | float] = [step for n in range(9) for step in (f'{{"room": "{n}"}}', 0.9)]
    assert len(write_calls(Scripted(*rooms), "", (LIGHT,))) == MAX_CALLS


@pytest.mark.parametrize("said", ["", '{"room": "kit', "[1]", "[" * 5000, "nothing"])
def test_arguments_that_come_to_no_end_are_no_call(said: str) -> None:
    assert write_calls(Scripted(said), "", (LIGHT,)) == []


def test_a_schema_that_nobody_kept_still_gives_arguments() -> None:
    # What a library refuses constrains nothing: the model goes on after the arguments.
    [call] = write_calls(Scripted(' {"room": "hall"}}\n{"na', 0.1), "", (LIGHT,))
    assert call.arguments == '{"room": "hall"}'


def test_of_a_schema_only_what_steers_is_kept() -> None:
    schema = {
        "$defs": {"room": {"type": "string"}},
        "type": "object",
        "title": "Arguments",
        "properties": {
            "room": {"$ref": "#/$defs/room"},
            "code": {"type": "string", "pattern": "^(?=x)[a-z]{1,9999}$", "maxLength": 100_000},
            "state": {"enum": ["on", "off"], "type": "string"},
            "level": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            "rooms": {"type": "array", "items": {"type": "string", "format": "x"}},
            "odd": {"type": "frob"},
            "both": {"type": ["string", "null"]},
        },
        "required": ["room", "nowhere", 3],
    }
    assert safe_schema(schema) == {
        "type": "object",
        "properties": {
            "room": {},
            "code": {"type": "string", "pattern": "^[^{}]*$"},
            "state": {"enum": ["on", "off"]},
            "level": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "rooms": {"type": "array", "items": {"type": "string", "pattern": "^[^{}]*$"}},
            "odd": {},
            "both": {"type": ["string", "null"]},
        },
        "required": ["room"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({}, {"type": "object", "properties": {}, "required": [], "additionalProperties": False}),
        ({"additionalProperties": True}, {"type": "object"}),
        ({"type": "object", "properties": 3, "additionalProperties": {}}, {"type": "object"}),
    ],
)
def test_arguments_are_an_object_whatever_a_schema_says(
    schema: dict[str, Any], kept: dict[str, Any]
) -> None:
    if schema.get("additionalProperties") == {}:
        kept = safe_schema({})
    assert safe_schema(schema) == kept


def test_a_schema_without_a_bottom_has_one() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(500):
        deep = {"type": "object", "properties": {"a": deep}}
    assert json.dumps(safe_schema(deep)).count("properties") < 4 * MAX_DEPTH


def test_a_follow_up_comes_with_the_turn_before_and_without_the_time() -> None:
    note = "(It is Monday, 30 November 2026, 19:16.)\n"
    messages = [
        Message("system", "Be kind."),
        Message("user", f"{note}Hello."),
        Message("assistant", "Hi."),
        Message("user", f"{note}What is the weather in Rome?"),
        Message("assistant", "Sunny."),
        Message("user", "（现在是2026年11月30日，星期一，19:16。）\n米兰呢？"),
    ]
    shown = [message.content for message in with_last_turn(messages)]
    assert shown == ["\nBe kind.", "What is the weather in Rome?", "Sunny.", "米兰呢？"]
    assert [message.content for message in with_last_turn(messages[1:2])] == ["Hello."]


def test_who_calls_for_whatever_it_is_told_has_to_be_asked() -> None:
    assert decides_itself(Scripted(0.9, 0.9, *[0.01] * 5), "Be kind.")
    assert not decides_itself(Scripted(*[0.9] * 7), "")
    assert not decides_itself(Scripted(*[0.01] * 7), "")


def test_examples_of_a_way_of_talking_are_no_turn_before() -> None:
    style = Style(messages=1, examples=(StyleExample(question="tea?", answer="lol yes"),))
    asked = Message("user", "What time is it?")
    prompt = [Message("system", "Robin"), *style.messages_of(1), asked]
    assert with_last_turn(prompt) == [Message("system", "\nRobin"), asked]
