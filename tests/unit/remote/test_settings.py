"""What may be set of servers that hear or speak: nothing leaves the machine unless that is said."""

import argparse
from pathlib import Path

import pytest

from daemon.commands.brain_options import add_brain_options, with_brain
from daemon.config import Settings, load
from daemon.config.speech_servers import EarsServerSettings, VoiceServerSettings
from daemon.ears.on_server import OpenAIReader
from daemon.ears.server_choice import ears_on_server, reader_of
from daemon.errors import SetupError
from daemon.remote.place import Kind, Place
from daemon.service import check_servers
from daemon.service.finding import Severity
from daemon.voice.server_choice import voice_on_server
from tests.unit.remote.server_helpers import NOBODY, LocalEars, LocalVoice

HERE = ("http://127.0.0.1:8000/v1", "http://localhost:1/v1", "tcp://[::1]:10300")
ELSEWHERE = (
    "http://192.168.1.9:8000/v1",
    "https://api.example.com/v1",
    "tcp://0.0.0.0:10300",
    "http://localhost.example.com/v1",
    "http://127.0.0.1@example.com/v1",
)


@pytest.mark.parametrize(
    "section, url",
    [
        *((section, url) for section in ("ears_server", "voice_server") for url in ELSEWHERE),
        *(("server", url) for url in ELSEWHERE if url.startswith("http")),
    ],
)
def test_another_computer_has_to_be_allowed(tmp_path: Path, section: str, url: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[{section}]\nurl = "{url}"\n')
    with pytest.raises(SetupError, match="remote = true"):
        load(file)
    file.write_text(f'[{section}]\nurl = "{url}"\nremote = true\n')
    assert getattr(load(file).settings, section).url == url


def test_whoever_types_the_address_says_where_words_go() -> None:
    parser = argparse.ArgumentParser()
    add_brain_options(parser)
    asked = parser.parse_args(["--server", "http://192.168.1.9:8000/v1"])
    assert with_brain(Settings(), asked).server.remote


@pytest.mark.parametrize("url", HERE)
def test_this_computer_needs_no_leave(url: str) -> None:
    assert VoiceServerSettings(url=url).url == url


@pytest.mark.parametrize(
    "kind, url", [("openai", ""), ("openai", "tcp://[::1]:1"), ("wyoming", NOBODY)]
)
def test_the_address_fits_the_kind(kind: Kind, url: str) -> None:
    with pytest.raises(SetupError, match=kind):
        Place.of("ears", kind, EarsServerSettings(url=url))


def test_wyoming_has_a_port() -> None:
    with pytest.raises(SetupError, match="tcp://127"):
        Place.of("ears", "wyoming", EarsServerSettings(url="tcp://127.0.0.1"))


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITAL_LIFE_KEY", "sk-a-secret")
    place = Place.of("voice", "openai", VoiceServerSettings(url=NOBODY))
    assert place.key == "sk-a-secret" and "sk-a-secret" not in repr(place)


def settings(kind: str, url: str) -> Settings:
    return Settings.model_validate(
        {
            "ears": {"kind": kind},
            "ears_server": {"url": url},
            "voice": {"kind": kind},
            "voice_server": {"url": url},
        }
    )


def test_parts_are_made_of_the_settings() -> None:
    wanted = settings("openai", NOBODY)
    assert isinstance(reader_of(wanted)[1], OpenAIReader)
    assert ears_on_server(wanted, LocalEars()).server.part == "ears"
    assert voice_on_server(wanted, LocalVoice()).server.part == "voice"
    wanted = settings("wyoming", "tcp://127.0.0.1:9")
    assert ears_on_server(wanted, LocalEars()).server.url == "tcp://127.0.0.1:9"
    assert voice_on_server(wanted, LocalVoice()).server.in_use


@pytest.mark.parametrize(
    "kind, url, level",
    [
        ("openai", NOBODY, Severity.WARNING),
        ("wyoming", "tcp://127.0.0.1:9", Severity.WARNING),
        ("openai", "", Severity.ERROR),
    ],
)
def test_the_doctor_looks_at_them(kind: str, url: str, level: Severity) -> None:
    found = [finding for check in check_servers.CHECKS for finding in check(settings(kind, url))]
    assert [finding.name for finding in found] == ["ears server", "voice server"]
    assert {finding.level for finding in found} == {level}
    assert all(finding.fix for finding in found)


def test_the_doctor_looks_at_no_server_where_none_is_set() -> None:
    assert not [finding for check in check_servers.CHECKS for finding in check(Settings())]
