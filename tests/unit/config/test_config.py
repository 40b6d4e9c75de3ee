import argparse
import tomllib
from pathlib import Path

import pytest

from daemon.commands import console
from daemon.commands.inspect import show_config
from daemon.config import Settings, catalogue, load, packaged_config, pages
from daemon.config.field import SettingInfo
from daemon.config.file import as_toml
from daemon.errors import SetupError
from daemon.i18n import speaking, tr


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_packaged_file_holds_every_setting_with_its_default() -> None:
    assert load(packaged_config()).settings == Settings()
    written = tomllib.loads(packaged_config().read_text(encoding="utf-8"))
    assert [f"{section}.{key}" for section in written for key in written[section]] == [*catalogue()]


def test_what_is_made_from_the_settings_is_up_to_date() -> None:
    assert packaged_config().read_text(encoding="utf-8") == pages.config_toml()
    for language, name in (("en", "settings.md"), ("zh", "settings.zh.md")):
        page = packaged_config().parent / "docs" / name
        assert page.read_text(encoding="utf-8") == pages.settings_page(language), "make settings"


@pytest.mark.parametrize("info", catalogue().values(), ids=lambda info: str(info.name))
def test_a_setting_is_explained_in_both_languages(info: SettingInfo) -> None:
    english = info.description, pages.purpose(info.section)
    with speaking("zh"):
        chinese = tr(info.description), tr(pages.purpose(info.section))
    assert not set(english) & set(chinese)


def test_a_users_file_needs_only_what_it_changes(tmp_path: Path) -> None:
    loaded = load(settings_file(tmp_path, "[voice]\nspeed = 1.25\n"))
    assert loaded.settings.voice.speed == 1.25
    assert loaded.settings.voice.english == load(packaged_config()).settings.voice.english


def test_the_users_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load().source == packaged_config()
    (tmp_path / "digital-life").mkdir()
    mine = settings_file(tmp_path / "digital-life", '[log]\nlevel = "debug"\n')
    assert load().source == mine
    assert load().settings.log.level == "debug"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(packaged_config()).settings.voice.speed = 2.0


@pytest.mark.parametrize(
    ("text", "line", "says", "suggests"),
    [
        ("[ears]\n\npause = 1\n", 3, "ears.pause", "pause_s"),
        ("[eers]\n", 1, "[eers]", "ears"),
        ("[face]\nfps = 25\nwidth = 1281\n", 3, "even", ""),
        ('[ears]\nlanguages = ["xx"]\n', 2, "en, zh, de", ""),
        ('[ears]\npause_s = "long"\n', 2, "number", ""),
        ("[ears]\npause_s = 2.0\nmax_pause_s = 1.0\n", 1, "max_pause_s", ""),
        ("[voice]\nspeed = nan\n", 2, "voice.speed", ""),
        ("[brain]\ncontext_tokens = 512\nmax_reply_tokens = 400\n", 1, "half", ""),
        ('[ears]\nlisten_to = "call"\n', 2, "hear itself", "virtual-microphone"),
        ('[dialogue]\nname = "."\n', 2, "two letters", ""),
        ('[dialogue]\nwake_phrases = ["hey", ""]\n', 2, "two letters", ""),
        ("# mine\nears = 3\n", 2, "[ears]", ""),
        ("xyz = true\n", 1, "[xyz]", "known here"),
        ("[tools]\nserver = {}\n", 2, "tools.server", "servers"),
        ("[tools.servers.a]\n[tools.servers.b]\nallow = []\n", 1, "tools.servers.a", ""),
        ('[tools.servers.a]\ncommand = "x"\nargs = "y"\n', 3, "args", ""),
        ('[tools.servers.a]\ncommand = "x"\nshell = true\n', 3, "tools.servers.a.shell", ""),
        ('[log]\n[tools.servers.a]\nurl = "http://example.org/"\n', 2, "remote = true", ""),
        ('[tools.servers.a]\nurl = "http://127.0.0.1.evil.org/"\n', 1, "remote = true", ""),
        ('[tools.servers.a]\nurl = "http://localhost@evil.org/"\n', 1, "remote = true", ""),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, says: str, suggests: str
) -> None:
    path = settings_file(tmp_path, text)
    with pytest.raises(SetupError) as refused:
        load(path)
    assert f"{path}:{line}:" in str(refused.value)
    assert says in str(refused.value)
    assert suggests in refused.value.fix
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("content", [b"[ears\n", b"\xff\xfe", b"x = \n"])
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(SetupError, match=str(path)):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nowhere"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "wrong",
    [
        'headers = "hidden"',
        "headers = { X-Key = 5 }",
        'headers = { X-Key = "hidden\\nHost: evil" }',
        'headers = { "X Key" = "hidden" }',
        'headers = { Authorization = "hidden" }\ntoken_file = "/token"',
        'env = { KEY = "hidden" }',
        'env = { "A=B" = "hidden" }',
    ],
)
def test_what_is_secret_of_a_server_of_tools_is_in_no_message(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[tools.servers.a]\nurl = "http://localhost/"\n{wrong}\n')
    with pytest.raises(SetupError) as caught:
        load(path)
    assert "tools.servers.a" in str(caught.value)
    assert "hidden" not in str(caught.value) and "5" not in str(caught.value).split(": ", 1)[1]


def test_what_is_secret_of_a_server_of_tools_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[tools.servers.a]\nurl = "http://localhost/"\nheaders = { X-Key = "hidden" }\n'
        '[tools.servers.b]\ncommand = "b"\nenv = { KEY = "hidden" }\n'
    )
    settings = load(path).settings
    shown = as_toml(settings.model_dump(mode="json"))
    assert "hidden" not in shown + repr(settings)
    assert set(tomllib.loads(shown)["tools"]["servers"]["a"]["headers"]) == {"X-Key"}
    assert settings.tools.servers["a"].headers["X-Key"].get_secret_value() == "hidden"
    assert Settings.model_validate(settings.model_dump()) == settings


def test_servers_of_tools(tmp_path: Path) -> None:
    text = (
        '[tools.servers.house]\ncommand = "house-mcp"\nargs = ["--quiet"]\nallow = ["light"]\n'
        '[tools.servers.web]\nurl = "https://example.org/mcp"\nremote = true\n'
        '[tools.servers.near]\nurl = "http://[::1]:8000/mcp"\n'
    )
    servers = load(settings_file(tmp_path, text)).settings.tools.servers
    assert servers["house"].args == ("--quiet",)
    assert servers["house"].allow == ("light",)
    assert servers["web"].allow == (), "nothing may be called that was not named"
    assert load(packaged_config()).settings.tools.servers == {}


def test_settings_are_shown_as_a_file_that_can_be_read(
    tmp_path: Path,
) -> None:
    path = settings_file(tmp_path, '[tools.servers.house]\ncommand = "house-mcp"\n')
    expected = load(path).settings
    with console.out.capture() as shown:
        show_config(argparse.Namespace(config=path), expected)
    assert load(settings_file(tmp_path, shown.get())).settings == expected
