"""Examples in JSON, in the forms in which they are passed around; chats of Telegram's account."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import InputError
from daemon.training.chat_files import read_export
from daemon.training.formats.json_lines import Columns

PAIRS = [("早", "早啊"), ("吃了吗", "吃了")]
SINGLE = [{"prompt": asked, "response": said, "history": None} for asked, said in PAIRS]
TALKS = [
    [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    for asked, said in PAIRS
]
SHARED = [
    [{"from": "human", "value": asked}, {"from": "gpt", "value": said}] for asked, said in PAIRS
]
ALPACA = [{"instruction": asked, "input": "", "output": said} for asked, said in PAIRS]


def lines(values: list[Any]) -> str:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values)


FORMS = {
    "lines": lines(SINGLE),
    "lines with commas": ",\n".join(map(json.dumps, SINGLE)) + ",\n",
    "one line": "".join(map(json.dumps, SINGLE)),
    "list": json.dumps(SINGLE),
    "pretty list": "\n\n" + json.dumps(SINGLE, indent=2, ensure_ascii=False) + "\n",
    "list with a last comma": json.dumps(SINGLE)[:-1] + ",\n]",
    "pretty objects": "\n".join(json.dumps(value, indent=2) for value in SINGLE),
    "messages": lines([{"messages": talk} for talk in TALKS]),
    "messages in a list": json.dumps([{"messages": talk, "type": "chatml"} for talk in TALKS]),
    "conversations": lines([{"id": "x", "conversations": talk} for talk in TALKS]),
    "ShareGPT": json.dumps([{"conversations": talk, "system": "Be brief."} for talk in SHARED]),
    "lists of messages": json.dumps(TALKS),
    "Alpaca": json.dumps(ALPACA, indent=1),
    "a list within an object": json.dumps({"version": 2, "data": SINGLE}),
    "talks within an object": json.dumps({"train": [{"messages": talk} for talk in TALKS]}),
    "bare messages in a list": json.dumps([message for talk in TALKS for message in talk]),
    "bare messages in lines": lines([message for talk in TALKS for message in talk]),
    "XTuner": json.dumps(
        [{"conversation": [{"system": "", "input": a, "output": b}]} for a, b in PAIRS]
    ),
    "pairs of a talk": json.dumps(
        {"conversation": [{"human": a, "assistant": b} for a, b in PAIRS]}
    ),
    "questions": lines([{"question": asked, "answer": said} for asked, said in PAIRS]),
    "ADGEN": lines([{"content": asked, "summary": said} for asked, said in PAIRS]),
    "a mark of UTF-8 before each line": "\n".join(f"\ufeff{json.dumps(one)}" for one in SINGLE),
}


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text(FORMS[name], encoding="utf-8")
    made = read_export(path, Columns()).exchanges
    assert [(exchange.prompt, exchange.response) for exchange in made] == PAIRS


def read(tmp_path: Path, value: Any) -> list[tuple[str, str, int]]:
    path = tmp_path / "data"
    path.write_text(json.dumps(value), encoding="utf-8")
    made = read_export(path, Columns()).exchanges
    return [(exchange.prompt, exchange.response, len(exchange.history)) for exchange in made]


def test_a_talk_is_an_exchange_for_each_answer(tmp_path: Path) -> None:
    talk = [
        {"role": "system", "content": "You are kind."},
        {"role": "assistant", "content": "not an answer"},
        {"role": "user", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": "2"}, {"type": "image_url"}]},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "4"},
        {"role": "assistant", "content": "shown, not learnt", "weight": 0},
        {"role": "user", "content": "5"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "6"},
        {"role": "assistant", "content": "of the tool, nobody asked for it"},
        {"role": "User", "content": "7"},
        {"role": "assistant", "content": "8"},
    ]
    assert read(tmp_path, {"messages": talk}) == [("1\n2", "3", 0), ("7", "8", 2)]


def test_an_input_stands_behind_the_instruction(tmp_path: Path) -> None:
    value = {"instruction": "Say it in French", "input": "tea", "output": "thé", "history": []}
    assert read(tmp_path, value) == [("Say it in French\ntea", "thé", 0)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"prompt": "a", "completion": "b"}', "no column response, only prompt, completion"),
        ('[{"prompt": "a", "response": "b"}', "cut off"),
        ('{"messages": ["a"]}', "must be objects with a role"),
        ('{"prompt": "a", "response": "b"}\n{"prompt": "a"', "Line 2"),
        ("[\n\n[5]]", "Line 3 cannot be read"),
        ("[5]", "known here"),
    ],
)
def test_what_is_built_otherwise_is_told_with_its_line(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read_export(path, Columns())


def telegram(number: int, who: str, text: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "type": "message", "from": who, "from_id": who, "text": text} | more


def said(tmp_path: Path, value: Any) -> list[tuple[str, str, str]]:
    path = tmp_path / "result.json"
    path.write_text("\ufeff" + json.dumps(value), encoding="utf-8")
    return [(one.chat, one.who, one.text) for one in read_export(path, Columns()).said if one.text]


def test_chats_that_were_left_are_read(tmp_path: Path) -> None:
    now = {"name": "Rosa", "type": "personal_chat", "messages": [telegram(1, "Rosa", "a")]}
    old = {"name": "Old", "type": "private_group", "messages": [telegram(1, "Milo", "b")]}
    account = {"about": "", "chats": {"list": [now]}, "left_chats": {"about": "", "list": [old]}}
    assert said(tmp_path, account) == [("Rosa", "Rosa", "a"), ("Old", "Milo", "b")]
    del account["chats"]
    assert said(tmp_path, account) == [("Old", "Milo", "b")]


def test_texts_in_parts_are_joined_and_what_is_forwarded_is_not_theirs(tmp_path: Path) -> None:
    parts = [
        "see ",
        {"type": "text_link", "text": "this", "href": "x"},
        {"type": "bold", "text": "!"},
    ]
    messages = [
        telegram(1, "Rosa", parts),
        telegram(2, "Rosa", "", text_entities=[{"type": "plain", "text": "new"}]),
        telegram(3, "Rosa", "not hers", forwarded_from=None),
    ]
    chat = {"name": "Rosa", "type": "personal_chat", "messages": messages}
    assert said(tmp_path, chat) == [("Rosa", "Rosa", "see this!"), ("Rosa", "Rosa", "new")]


def test_topics_are_chats_of_their_own_even_if_replies_go_in_circles(tmp_path: Path) -> None:
    messages = [
        {"id": 1, "type": "service", "action": "topic_created", "title": "Tea"},
        {"id": 2, "type": "service", "action": "topic_created", "title": "Cups"},
        telegram(3, "Rosa", "a", reply_to_message_id=1),
        telegram(4, "Milo", "b", reply_to_message_id=2),
        telegram(5, "Milo", "c", reply_to_message_id=3),
        telegram(6, "Milo", "d", reply_to_message_id=7),
        telegram(7, "Milo", "e", reply_to_message_id=6),
    ]
    assert said(tmp_path, {"name": "Us", "type": "private_supergroup", "messages": messages}) == [
        ("Us / Tea", "Rosa", "a"),
        ("Us / Tea", "Milo", "c"),
        ("Us / Cups", "Milo", "b"),
        ("Us", "Milo", "d"),
        ("Us", "Milo", "e"),
    ]
