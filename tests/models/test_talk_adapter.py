"""The default brain with the adapter that comes with it, as the settings have it from the start."""

import re

import pytest

from daemon.brain.history import History
from daemon.config import load, packaged_config
from daemon.stages import ChatModel
from daemon.worker import CancelToken

SETTINGS = load(packaged_config()).settings


@pytest.mark.parametrize(
    ("said", "asked", "answered"),
    [
        ("Hi, my name is Annika.", "What's my name?", r"\b[Yy]our name is Annika|[Yy]ou're Annika"),
        ("I live in Lisbon.", "Where do I live?", r"\b[Yy]ou live in Lisbon"),
        ("你好，我叫陆小满。", "我叫什么名字？", "你(?:的名字)?叫?是?陆小满"),
        ("我住在成都。", "我住在哪儿？", "你住在成都"),
    ],
)
def test_what_it_was_told_comes_back_in_the_second_person(
    brain: ChatModel, said: str, asked: str, answered: str
) -> None:
    history = History(SETTINGS.brain.persona, brain, 60)
    for words in (said, asked):
        answer = "".join(brain.reply(history.messages(words), CancelToken()))
        history.commit(words, answer)
    assert re.search(answered, answer), answer


@pytest.mark.parametrize("asked", ["What's the weather like today?", "今天天气怎么样？"])
def test_the_weather_is_not_made_up(brain: ChatModel, asked: str) -> None:
    history = History(SETTINGS.brain.persona, brain, 60)
    answer = "".join(brain.reply(history.messages(asked), CancelToken()))
    assert not re.search(r"\d|degrees|sunny|cloudy|rain|晴|多云|下雨|[一二三十]度", answer), answer
