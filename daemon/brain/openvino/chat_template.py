"""A model's own chat template, in a sandbox: it is a program that comes with the weights."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from daemon.brain.completions import failure, to_openai_messages, to_openai_tools
from daemon.i18n import tr
from daemon.media import JsonObject, Message, Tool

# What expressions of a template raise; Jinja only renames some of it.
_FAILURES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
MAX_CHARS = 4_000_000  # of a prompt; many times what fits into a context


class ChatTemplate:
    """Writes conversations as one model reads them; raises ``ValueError`` for no template."""

    def __init__(self, source: str, tokens: Mapping[str, str]) -> None:
        """``tokens`` are names that templates know, such as ``bos_token``, and their texts."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals.update(raise_exception=_refuse, strftime_now=_now, **tokens)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise ValueError(str(error)) from error

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """Return the prompt up to where the model is to answer. Raises ``StageError``."""
        told = [_with_arguments(message) for message in to_openai_messages(messages)]
        try:
            pieces = self._template.generate(
                messages=told,
                tools=to_openai_tools(tools).get("tools"),
                add_generation_prompt=True,
                enable_thinking=False,  # a person is waiting: no thinking before the answer
            )
            return _joined(pieces)
        except _FAILURES as error:
            raise failure(tr("its chat template refuses the conversation"), str(error)) from error


def _joined(pieces: Iterator[str]) -> str:
    written, length = [], 0
    for piece in pieces:
        written.append(piece)
        length += len(piece)
        if length > MAX_CHARS:
            raise ValueError("endless")
    return "".join(written)


def _with_arguments(message: dict[str, object]) -> dict[str, object]:
    """Return a message whose calls have their arguments as objects, which templates write out."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [_opened(call) for call in calls]}


def _opened(call: JsonObject) -> JsonObject:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"])
    except ValueError:
        return call
    return {**call, "function": {**function, "arguments": arguments}}


def _to_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(reason: str) -> None:
    raise TemplateError(reason)


def _now(form: str) -> str:
    return datetime.now().strftime(form)
