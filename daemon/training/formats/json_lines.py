"""Questions and answers as training data: JSON, in the forms in which it is passed around.

Kept here, and by the original, as ``{"prompt": …, "response": …, "history": [[question, answer],
…]}``. Read are also ``messages`` (OpenAI's and GLM's fine-tuning), ``conversations`` (ChatGLM3,
ShareGPT, XTuner), bare lists of messages, ``instruction``, ``input``, ``output`` (Alpaca) and other
usual names, each also within an object that holds the list. Other files may call the columns
otherwise.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from daemon.errors import InputError
from daemon.files import atomic_write
from daemon.i18n import tr
from daemon.training.chats import MAX_HISTORY_TURNS, Exchange, QuestionAnswer, plain

TALKS = ("messages", "conversations", "conversation")
ASKING = {"user", "human", "prompter"}
ANSWERING = {"assistant", "gpt", "chatgpt", "bing", "bot", "model"}
ASKED = ("human", "user", "input", "question", "query")
ANSWERED = ("assistant", "gpt", "bot", "output", "answer", "response")
PAIRS = (("question", "answer"), ("query", "response"), ("input", "output"), ("content", "summary"))
SILENT = {"system", "developer"}  # what they say is told to a model, not asked


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are called."""

    prompt: str = "prompt"
    response: str = "response"
    history: str = "history"


def read_training_data(
    values: Iterable[tuple[int, object]], columns: Columns
) -> Iterator[Exchange]:
    """Yield the exchanges of values that come with the numbers of their lines.

    What has no question or no answer is left out. Raises ``InputError`` with the number of a line
    that is built otherwise.
    """
    for line, value in _gathered(values):
        try:
            found = list(_exchanges(value, columns))
        except InputError as error:
            raise InputError(
                tr("Line {line} cannot be read: {reason}").format(line=line, reason=error),
                error.fix,
            ) from None
        yield from (exchange for exchange in found if exchange.prompt and exchange.response)


def _gathered(values: Iterable[tuple[int, object]]) -> Iterator[tuple[int, object]]:
    """Put messages that stand by themselves, one after another, together to a talk."""
    talk: list[object] = []
    began = 0
    for line, value in values:
        if isinstance(value, dict) and _role(value) and "content" in value:
            began = began if talk else line
            talk.append(value)
            continue
        if talk:
            yield began, talk
            talk = []
        yield line, value
    if talk:
        yield began, talk


def _exchanges(value: object, columns: Columns, within: bool = False) -> Iterator[Exchange]:
    if isinstance(value, list) and value:
        yield from _talk(value)
        return
    if not isinstance(value, dict):
        raise InputError(tr("it holds no object"))
    talk = next((value[name] for name in TALKS if isinstance(value.get(name), list)), None)
    if columns.prompt in value and columns.response in value:
        yield _single(value, value[columns.prompt], value[columns.response], columns)
    elif talk is not None:
        yield from _talk(talk)
    elif "instruction" in value and "output" in value:
        asked = "\n".join(filter(None, (_text(value["instruction"]), _text(value.get("input")))))
        yield _single(value, asked, value["output"], columns)
    elif pair := next((pair for pair in PAIRS if all(name in value for name in pair)), None):
        yield _single(value, value[pair[0]], value[pair[1]], columns)
    elif (
        not within and len(lists := [list_ for list_ in value.values() if _of_objects(list_)]) == 1
    ):
        for inner in lists[0]:
            yield from _exchanges(inner, columns, within=True)
    else:
        raise _other_columns(value, columns)


def _of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _other_columns(value: Mapping[str, object], columns: Columns) -> InputError:
    option, name = next(
        (option, name)
        for option, name in (("prompt", columns.prompt), ("response", columns.response))
        if name not in value
    )
    known = ", ".join(plain(name)[:40] for name in list(value)[:20])
    return InputError(
        tr("there is no column {name}, only {known}").format(name=name, known=known),
        f"--{option}-column NAME",
    )


def _single(
    value: Mapping[str, object], prompt: object, response: object, columns: Columns
) -> Exchange:
    history = value.get(columns.history) or []
    if not isinstance(history, list):
        raise InputError(tr("the history must be a list of pairs"))
    return Exchange(_text(prompt), _text(response), tuple(_turn(turn) for turn in history))


def _talk(messages: list[object]) -> Iterator[Exchange]:
    """Yield an exchange for each answer; whoever else speaks, such as a tool, ends the question."""
    history: tuple[QuestionAnswer, ...] = ()
    asked = ""
    for side, said in groupby(_spoken(_spread(messages)), _side):
        turn = list(said)
        text = "\n".join(filter(None, map(_content, turn)))
        if side == "answers" and asked and text:
            if all(message.get("weight") != 0 for message in turn):
                yield Exchange(asked, text, history)
            history = (*history, (asked, text))[-MAX_HISTORY_TURNS:]
        asked = text if side == "asks" else ""


def _spread(messages: list[object]) -> Iterator[object]:
    """Make two messages of each that holds a question and its answer, and says no role."""
    for message in messages:
        pair = message if isinstance(message, dict) and not _role(message) else {}
        asked = next((name for name in ASKED if name in pair), None)
        answered = next((name for name in ANSWERED if name in pair), None)
        if asked and answered:
            yield {"role": "user", "content": pair[asked]}
            yield {"role": "assistant", "content": pair[answered]}
        else:
            yield message


def _spoken(messages: Iterable[object]) -> Iterator[Mapping[str, object]]:
    """Leave out what nobody says."""
    for message in messages:
        if not isinstance(message, dict):
            raise InputError(tr("its messages must be objects with a role and a content"))
        if _role(message) not in SILENT:
            yield message


def _side(message: Mapping[str, object]) -> str:
    role = _role(message)
    return "asks" if role in ASKING else "answers" if role in ANSWERING else "neither"


def _role(message: Mapping[str, object]) -> str:
    return str(message.get("role") or message.get("from") or "").lower()


def _content(message: Mapping[str, object]) -> str:
    """Return the words of a message; of a content in parts, of those that are text."""
    value = next((message[name] for name in ("content", "value", "text") if name in message), None)
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in value]
        return plain("".join(part for part in parts if isinstance(part, str)))
    return _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str | None):
        raise InputError(tr("questions and answers must be text"))
    return plain(value or "")


def _turn(turn: object) -> QuestionAnswer:
    if not isinstance(turn, list) or len(turn) != 2:
        raise InputError(tr("the history must be a list of pairs"))
    return _text(turn[0]), _text(turn[1])


def write_json_lines(path: Path, exchanges: Iterable[Exchange]) -> int:
    """Write the exchanges, whole or not at all, for the user's eyes only; return how many."""
    count = 0
    with atomic_write(path, private=True) as part, part.open("w", encoding="utf-8") as file:
        for exchange in exchanges:
            file.write(_line(exchange))
            count += 1
    return count


def _line(exchange: Exchange) -> str:
    value = {
        "prompt": exchange.prompt,
        "response": exchange.response,
        "history": [list(turn) for turn in exchange.history],
    }
    return json.dumps(value, ensure_ascii=False) + "\n"
