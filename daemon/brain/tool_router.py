"""Which tool a question is about, for models that cannot tell while they answer.

A small model makes the answer up, or calls for whatever it is told: Qwen2.5-Coder 0.5B sees a call
in "My sister is called Anna". Asked for nothing but the name of a tool, or none, after an example
of each, it decides much better, and better still if each name's probability is compared to that
after words which say nothing: a model likes some names more than others, whatever is asked. How far
a tool has to lead is measured, too, for each set of tools: further than after small talk. If the
turn before called a tool, the model is shown that with words that follow up, and with no others: it
would go on calling.

Source: Zhao et al., "Calibrate Before Use: Improving Few-Shot Performance of Language Models",
2021; the examples of the tools are their own descriptions.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from daemon.brain.here_and_now import without_note
from daemon.brain.sentences import has_chinese
from daemon.media import JsonObject, Message, Tool

MARGIN = 0.4  # nats by which a tool has to lead further; tried on conversations that no test uses
MAX_KNOWN = 64  # questions whose decisions are remembered
MAX_DESCRIPTION_CHARS = 160  # characters of a tool's description; it is read twice
NONE = "none"
SMALL_TALK = {
    "en": ("How was your day?", "Who painted the Mona Lisa?"),
    "zh": ("你今天过得怎么样？", "《蒙娜丽莎》是谁画的？"),
}
SAYS_NOTHING = ("…", "Hmm.", "嗯。", "OK.", "Well…", "好的。")

# How words begin or end that only follow up what was said before.
_FOLLOW_UP = re.compile(
    r"^(?:and|also|now|then|what about|how about|the same|this time)\b"
    r"|\b(?:too|instead|as well)\W*$"
    r"|^(?:那|还有|再|换|同样)|也|呢[？?。！!]*$",
    re.IGNORECASE,
)

# What needs no tool, though it sounds much like it.
_ORDINARY = (
    "Hello, how are you today?",
    "How many legs does a spider have?",
    "我很喜欢这部电影。",
    "三加四等于几？",
    "I really like that film.",
    "Explain how a car engine works.",
    "你能讲个故事吗？",
    "Thank you, that's all.",
    "法国的首都在哪里？",
    "My brother is called Tom.",
)


Context = tuple[str, str] | None
"""The question before and the tool that was called for it, if one was."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Completer(Protocol):
    """A language model that goes on from a prompt, token by token."""

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """Return messages as its chat template writes them, up to where it is to go on."""

    def pieces(self, text: str) -> list[str]:
        """Return the tokens of ``text``."""

    def complete(self, prompt: str, fields: Mapping[str, object]) -> JsonObject:
        """Return the answer of llama.cpp's ``/completion``.

        Raises ``StageError`` and ``Cancelled``.
        """


def next_tokens(model: Completer, prompt: str, count: int = 200) -> dict[str, float]:
    """Return the likeliest next tokens, each with the logarithm of its probability."""
    answer = model.complete(prompt, {"n_predict": 1, "n_probs": count, "temperature": 0})
    found: dict[str, float] = {}
    for entry in answer["completion_probabilities"][0]["top_logprobs"]:
        found.setdefault(entry["token"], entry["logprob"])
    return found


class ToolRouter:
    """Chooses tools, and remembers what was chosen. Belongs to the model's thread."""

    def __init__(self) -> None:
        self._tools: tuple[Tool, ...] = ()
        self._prior: dict[str, float] = {}
        self._decided: OrderedDict[str, str] = OrderedDict()
        self._bars: OrderedDict[tuple[Context, str], float] = OrderedDict()

    def choose(
        self, model: Completer, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Tool | None:
        """Return the tool that the last message is about, ``None`` if it is about none."""
        self._measure(model, tools)
        *before, question = [without_note(one.content) for one in messages if one.role == "user"]
        context = self._context(before) if _FOLLOW_UP.search(question) else None
        name, lead = self._lead(model, context, question)
        language = "zh" if has_chinese(question) else "en"
        chosen = name if lead > self._bar(model, context, language) else NONE
        _remember(self._decided, question, chosen)
        return next((tool for tool in tools if tool.name == chosen), None)

    def prepare(self, model: Completer, messages: Sequence[Message], tools: Sequence[Tool]) -> None:
        """Read and measure, for a next question, what does not depend on it."""
        self._measure(model, tools)
        before = [without_note(one.content) for one in messages if one.role == "user"][:-1]
        for language in SMALL_TALK:
            self._bar(model, self._context(before), language)

    def _context(self, before: Sequence[str]) -> Context:
        decided = self._decided.get(before[-1], NONE) if before else NONE
        known = any(tool.name == decided for tool in self._tools)
        return (before[-1], decided) if known else None

    def _measure(self, model: Completer, tools: Sequence[Tool]) -> None:
        """Measure which names the model likes anyway."""
        if tuple(tools) == self._tools and self._prior:
            return
        self._tools, self._prior = tuple(tools), {}
        self._bars.clear()
        measured = [self._scores(model, None, words) for words in SAYS_NOTHING]
        self._prior = {
            name: sum(scores[name] for scores in measured) / len(measured) for name in measured[0]
        }

    def _bar(self, model: Completer, context: Context, language: str) -> float:
        """Return how far a tool has to lead."""
        bar = self._bars.get((context, language))
        if bar is None:
            leads = [self._lead(model, context, said)[1] for said in SMALL_TALK[language]]
            bar = max(leads) + MARGIN
            _remember(self._bars, (context, language), bar)
        return bar

    def _lead(self, model: Completer, context: Context, question: str) -> tuple[str, float]:
        """Return the likeliest tool, and by how much it is likelier than none."""
        scores = self._scores(model, context, question)
        lead = {name: score - self._prior[name] for name, score in scores.items()}
        nothing = lead.pop(NONE)
        name = max(lead, key=lead.__getitem__)
        return name, lead[name] - nothing

    def _scores(self, model: Completer, context: Context, question: str) -> dict[str, float]:
        """Return the logarithm of each name's probability."""
        messages = self._examples()
        if context:
            messages += _example(*context)
        prompt = model.prompt([*messages, Message("user", question)], ())
        names = {tool.name: model.pieces(tool.name) for tool in self._tools}
        return name_scores(model, prompt, {**names, NONE: model.pieces(NONE)})

    def _examples(self) -> list[Message]:
        described = {tool.name: _description(tool) for tool in self._tools}
        listed = "\n".join(
            f"- {tool.name}({', '.join(_parameters(tool))}): {described[tool.name]}"
            for tool in self._tools
        )
        messages = [
            Message(
                "system",
                "You decide which tool is needed for what the user says. Answer with the name of "
                f"one tool, or with none.\n{listed}\n- none: Talk, thanks, feelings, opinions, "
                "jokes, stories, sums, and what is in every book.",
            )
        ]
        ordinary = list(_ORDINARY)
        for name, description in described.items():
            if ordinary:
                messages += _example(ordinary.pop(0), NONE)
            messages += _example(description, name)
        for said in ordinary:
            messages += _example(said, NONE)
        return messages


def name_scores(
    model: Completer, prompt: str, names: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Return how likely each name follows, as a logarithm, up to where it differs from others."""
    found: dict[str, float] = {}
    groups: list[tuple[str, float, list[str], int]] = [("", 0.0, list(names), 0)]
    while groups:
        prefix, reached, group, depth = groups.pop()
        tokens = next_tokens(model, prompt + prefix)
        floor = min(tokens.values())
        parted: dict[str, list[str]] = {}
        for name in group:
            pieces = names[name]
            parted.setdefault(pieces[depth] if depth < len(pieces) else "", []).append(name)
        for piece, members in parted.items():
            score = reached + tokens.get(piece, floor)
            if len(members) > 1 and piece and math.isfinite(score):
                groups.append((prefix + piece, score, members, depth + 1))
            else:
                found.update(dict.fromkeys(members, score))
    return found


def _remember(known: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    while len(known) > MAX_KNOWN:
        known.popitem(last=False)


def _example(said: str, name: str) -> list[Message]:
    return [Message("user", said), Message("assistant", name)]


def _description(tool: Tool) -> str:
    return tool.description[:MAX_DESCRIPTION_CHARS] or tool.name.replace("_", " ")


def _parameters(tool: Tool) -> list[str]:
    known = tool.parameters.get("properties")
    return [str(name) for name in known] if isinstance(known, Mapping) else []
