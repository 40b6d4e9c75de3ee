"""Who can answer, and being told who is to."""

from pathlib import Path

import pytest

from daemon.config import load, packaged_config
from daemon.dialogue.personas import find_persona, list_personas, own_personas, with_persona
from daemon.dialogue.voice_commands import wanted_persona
from daemon.errors import SetupError
from daemon.persona_switcher import greeting

SETTINGS = load(packaged_config()).settings
OWN = 'name = "Bo"\nprompt = "You are Bo."\n'


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own_personas().mkdir(parents=True)
    return own_personas()


def test_those_that_come_with_the_program() -> None:
    personas = list_personas(SETTINGS)
    assert [persona.id for persona in personas] == ["default", "luna", "oliver", "xiaomei"]
    assert personas[0].prompt == SETTINGS.brain.persona
    for persona in personas[1:]:
        for language in persona.languages or ("en", "zh"):
            assert greeting(persona, language) == persona.greeting[language]


def test_ones_own_go_before_and_broken_ones_are_left_out(
    own_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own_folder / "luna.toml").write_text('name = "Loony"\nprompt = "Be loony."\n')
    (own_folder / "bo.toml").write_text(OWN)
    (own_folder / "bad.toml").write_text('name = "Bad"\nprompt = ""\ncolour = 1\n')
    (own_folder / "worse.toml").write_text("name = ")
    ids = [persona.id for persona in list_personas(SETTINGS)]
    assert ids == ["default", "bo", "luna", "oliver", "xiaomei"]
    assert "bad.toml" in caplog.text and "worse.toml" in caplog.text
    assert find_persona("LOONY", SETTINGS).id == "luna"
    with pytest.raises(SetupError, match=r"bad\.toml.*prompt"):
        find_persona("bad", SETTINGS)
    with pytest.raises(SetupError, match="olivr") as caught:
        find_persona("olivr", SETTINGS)
    assert "oliver" in caught.value.fix
    with pytest.raises(SetupError):
        find_persona("../../etc/passwd", SETTINGS)


def test_a_persona_changes_what_it_names_and_nothing_else() -> None:
    luna = with_persona(SETTINGS, find_persona("露娜", SETTINGS))
    assert luna.brain.persona.startswith("You are Luna")
    assert luna.voice.speed == 0.9 and luna.voice.english == SETTINGS.voice.english
    assert luna.dialogue.name == "Luna" and "露娜" in luna.dialogue.wake_phrases
    assert luna.ears == SETTINGS.ears and luna.persona.name == "luna"
    assert with_persona(SETTINGS, find_persona("oliver", SETTINGS)).ears.languages == ("en",)
    assert with_persona(SETTINGS, find_persona("", SETTINGS)) == SETTINGS


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Talk to me as Luna.", "luna"),
        ("Please talk to me as Luna", "luna"),
        ("Talk to me is Lunar.", "luna"),
        ("Talk to me this Oliver.", "oliver"),
        ("Could you speak to me like Loona, please?", "luna"),
        ("Switch to Oliver.", "oliver"),
        ("Okay, switch back to Digital Life", "default"),
        ("Switch to digital live, please.", "default"),
        ("I want to talk to Olive.", "oliver"),
        ("Switch to Shaomei.", "xiaomei"),
        ("Switch to English.", None),
        ("Change to Paris", None),
        ("Talk to me about Luna.", None),
        ("Switch to Luna and then tell me about the history of the moon.", None),
        ("Who is Luna?", None),
        ("Let me talk to my mother", None),
        ("换成小美。", "xiaomei"),
        ("请切换到露那吧", "luna"),
        ("用露娜的声音跟我说话", "luna"),
        ("我想和小梅聊聊。", "xiaomei"),
        ("让奥利佛来陪我聊天", "oliver"),
        ("切换到Luna", "luna"),
        ("换成数字生命", "default"),
        ("换一个话题", None),
        ("我想和妈妈聊聊", None),
        ("露娜是谁？", None),
    ],
)  # fmt: skip
def test_spoken_orders(text: str, who: str | None) -> None:
    persona = wanted_persona(text, lambda: list_personas(SETTINGS))
    assert (persona.id if persona else None) == who


def test_files_are_looked_at_only_for_what_sounds_like_an_order() -> None:
    def never() -> list[object]:
        raise AssertionError("not asked for")

    assert wanted_persona("What is the capital of France?", never) is None  # type: ignore[arg-type]
    assert wanted_persona("今天天气怎么样？", never) is None  # type: ignore[arg-type]


def test_a_greeting_in_a_language_that_it_speaks(own_folder: Path) -> None:
    (own_folder / "bo.toml").write_text(OWN)
    bo, oliver = find_persona("bo", SETTINGS), find_persona("oliver", SETTINGS)
    assert greeting(bo, "en") == "Hello, I am Bo." and greeting(bo, "zh") == "你好，我是Bo。"
    assert greeting(oliver, "zh") == oliver.greeting["en"]
    assert greeting(find_persona("", SETTINGS), "zh") == "你好，我是数字生命。"
