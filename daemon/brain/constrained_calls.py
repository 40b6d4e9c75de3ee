"""Calls of tools that are well formed because the model can write nothing else.

The model writes ``{"name": …, "arguments": {…}}``, one or several. Names are an enumeration of the
tools that are offered, arguments keep the tool's JSON Schema: llama.cpp, or llguidance within it,
lets only such tokens through as lead there.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from daemon.brain.here_and_now import without_note
from daemon.brain.json_tool_calls import CLOCK, ID_PREFIX
from daemon.brain.tool_router import Completer, next_tokens
from daemon.media import Message, Tool, ToolCall

MAX_CALLS = 4  # of one answer; more are not carried out
MAX_ARGUMENTS_TOKENS = 200  # a text that is to be noted is longer than most arguments
MAX_DEPTH = 5  # of a schema; deeper down anything goes
CERTAIN = 0.5  # the probability from which a first token is believed
_BEGIN = ("{", "[", "`", "<tool_call>")
_MORE = ("\n", ",", "{", " {")
# Small models close all brackets in one token, which ends no text that may hold brackets, and never
# end a fraction that may go on.
_LIMITS: dict[str, dict[str, Any]] = {
    "string": {"pattern": "^[^{}]*$"},
    "number": {"multipleOf": 0.0001},
}
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


_EXAMINATION = (
    (True, "What time is it now?"),
    (True, "现在几点了？"),
    (False, "My sister is called Anna."),
    (False, "谢谢你，晚安。"),
    (False, "I love this song."),
    (False, "How many legs does a spider have?"),
    (False, "What time is it now?", "It is ten past nine.", "Thanks, good night."),
)
"""Each whether a clock is to be called, and a conversation that ends with the question."""


def decides_itself(model: Completer, system: str) -> bool:
    """Try whether the model knows when to call a clock; ``system`` is what its chats begin with."""
    for wanted, *said in _EXAMINATION:
        messages = [
            Message("assistant" if number % 2 else "user", words)
            for number, words in enumerate(said)
        ]
        if system:
            messages.insert(0, Message("system", system))
        if wants_call(model, model.prompt(with_last_turn(messages), (CLOCK,))) is not wanted:
            return False
    return True


def wants_call(model: Completer, prompt: str) -> bool:
    """Whether the model begins a call rather than an answer."""
    return _probability(next_tokens(model, prompt), _BEGIN) >= CERTAIN


def write_calls(
    model: Completer, prompt: str, tools: Sequence[Tool], first: Tool | None = None
) -> list[ToolCall]:
    """Have the model write calls; ``first`` is what it calls first, if that is known.

    Returns none if it comes to no end. Raises ``StageError`` and ``Cancelled``.
    """
    calls: list[ToolCall] = []
    known = {tool.name: tool for tool in tools}
    written = prompt
    for number in range(MAX_CALLS):
        written += '{"name": "'
        tool = first if first and not number else known[_write_name(model, written, tuple(known))]
        written += f'{tool.name}", "arguments": '
        arguments = _write_arguments(model, written, tool)
        if arguments is None or any(
            (call.name, call.arguments) == (tool.name, arguments) for call in calls
        ):
            break
        calls.append(ToolCall(f"{ID_PREFIX}{number}", tool.name, arguments))
        written += arguments + "}"
        if _probability(next_tokens(model, written), _MORE) < CERTAIN:
            break
        written += "\n"
    return calls


def _write_name(model: Completer, prompt: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    grammar = "root ::= " + " | ".join(map(json.dumps, names))
    fields = {"grammar": grammar, "n_predict": 64, "temperature": 0}
    said = str(model.complete(prompt, fields)["content"])
    return said if said in names else next((n for n in names if n.startswith(said)), names[0])


def _write_arguments(model: Completer, prompt: str, tool: Tool) -> str | None:
    """Return arguments as JSON, ``None`` for what is none.

    A schema that neither library takes constrains nothing; what is written is mostly good, then.
    """
    fields = {
        "json_schema": safe_schema(tool.parameters),
        "n_predict": MAX_ARGUMENTS_TOKENS,
        "temperature": 0,
    }
    said = str(model.complete(prompt, fields)["content"]).lstrip()
    try:
        arguments, _ = json.JSONDecoder().raw_decode(said)
    except (ValueError, RecursionError):
        return None
    return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else None


def _probability(tokens: Mapping[str, float], begins: tuple[str, ...]) -> float:
    return sum(math.exp(score) for token, score in tokens.items() if token.startswith(begins))


def safe_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a tool's schema steers the writing: types, names, choices and nesting.

    The rest is for whoever checks values. A pattern or a reference may be refused, or cost seconds.
    """
    kept = _kept(schema, 0)
    if not isinstance(kept.get("properties"), dict):
        free = schema.get("additionalProperties")
        return {"type": "object"} if free else {"type": "object", **_closed({}, ())}
    return {**kept, "type": "object"}


def _kept(schema: object, depth: int) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return {"enum": schema["enum"]}
    if "const" in schema:
        return {"const": schema["const"]}
    for either in ("anyOf", "oneOf"):
        if isinstance(schema.get(either), list) and schema[either]:
            return {"anyOf": [_kept(one, depth + 1) for one in schema[either]]}
    kept: dict[str, Any] = {}
    kinds = schema.get("type")
    if kinds in _TYPES if isinstance(kinds, str) else _are_types(kinds):
        kept["type"] = kinds
        kept.update(_LIMITS.get(kinds, {}) if isinstance(kinds, str) else {})
    if isinstance(schema.get("properties"), Mapping):
        properties = {
            str(name): _kept(one, depth + 1) for name, one in schema["properties"].items()
        }
        required = schema.get("required")
        kept.update(_closed(properties, required if isinstance(required, list) else ()))
    if "items" in schema:
        kept["items"] = _kept(schema["items"], depth + 1)
    return kept


def _are_types(kinds: object) -> bool:
    return isinstance(kinds, list) and bool(kinds) and all(kind in _TYPES for kind in kinds)


def _closed(properties: dict[str, Any], required: Sequence[object]) -> dict[str, Any]:
    return {
        "properties": properties,
        "required": [name for name in required if name in properties],
        "additionalProperties": False,
    }


def with_last_turn(messages: Sequence[Message]) -> list[Message]:
    """Return the persona, the turn before and the question, which may follow that up.

    What time it is is left out: small models take it for an argument. llama.cpp keeps a prompt in
    memory if the next one begins otherwise, so there is a new line.
    """
    first = [
        Message("system", f"\n{message.content}")
        for message in messages[:1]
        if message.role == "system"
    ]
    said = [
        replace(message, content=without_note(message.content))
        for message in messages
        if message.role != "system" and not message.example
    ]
    return [*first, *said[-3:]]
