"""A double is a folder that is a persona, a voice and a face at once."""

from pathlib import Path

import pytest

from daemon.config import Settings
from daemon.config.state import with_values
from daemon.dialogue.personas import find_persona, list_personas, own_personas, with_persona
from daemon.doubles import store
from daemon.doubles.store import RECORD, begin_double, find_double, list_doubles
from daemon.errors import InputError, SetupError, StorageError
from daemon.face.catalogue import find_face, own_faces_directory
from daemon.voice.catalogue import NewVoice, find_voice, list_voices
from tests.unit.doubles.making import CONSENT, begun, give_face, give_voice, whole


def test_what_is_begun_has_consent_and_nothing_else() -> None:
    double = begun()
    assert double.parts == () and double.record.consent == CONSENT
    assert (double.folder / RECORD).stat().st_mode & 0o077 == 0
    assert double.folder.parent.stat().st_mode & 0o077 == 0, "nobody else may look into it"
    persona = find_persona("Zzyxa", Settings())
    assert persona.double and persona.voice.name is None and persona.face == ""
    assert "Zzyxa's digital double" in persona.prompt


def test_a_double_is_a_persona_with_its_own_voice_and_face() -> None:
    double = whole()
    assert double.parts == ("voice", "face")
    settings = with_persona(Settings(), find_persona("zzyxa", Settings()))
    assert settings.voice.name == settings.face.name == settings.persona.name == "Zzyxa"
    assert settings.brain.persona.startswith("You are Zzyxa,")
    assert find_voice("Zzyxa").directory == double.folder / "voice"
    assert [voice.name for voice in list_voices()[0]] == ["Zzyxa"]
    assert find_face("Zzyxa").directory == double.folder / "face"
    assert "Zzyxa" in find_voice("Zzyxa").statement and find_face("Zzyxa").statement
    assert "Zzyxa" in [persona.id for persona in list_personas(Settings())]


def test_sources_are_noted_by_name_and_checksum_and_replaced_by_part() -> None:
    double = whole()
    assert [(one.part, one.name) for one in double.record.sources] == [
        ("voice", "me.wav"),
        ("face", "me.mp4"),
    ]
    newer = store.Source(part="voice", name='a "quoted" \\ name.wav', sha256="00" * 32)
    double = store.note_sources(double, "voice", [newer])
    assert find_double("Zzyxa").record == double.record
    assert [one.part for one in double.record.sources] == ["face", "voice"]


@pytest.mark.parametrize(
    "wrong",
    ['sha256 = ""', 'sha256 = "ab"', """consented = '2026-01-01" # \"'""", 'made = "today"'],
)
def test_a_record_holds_days_and_checksums_only(wrong: str) -> None:
    """An empty checksum would be found in every file once the double is removed."""
    record = whole().folder / store.RECORD
    key = wrong.split(" ")[0]
    lines = [
        wrong if line.startswith(f"{key} =") else line for line in record.read_text().split("\n")
    ]
    record.write_text("\n".join(lines))
    with pytest.raises(SetupError, match="cannot be used"):
        find_double("Zzyxa")


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "-x", "x", "12", "a" * 41, "a b"])
def test_what_a_double_cannot_be_called(name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        begin_double(name, CONSENT, Settings())
    with pytest.raises(InputError, match="cannot be called"):
        find_double(name)


def test_a_chinese_name() -> None:
    assert begun("林月").name == "林月"


def test_names_that_are_taken(tmp_path: Path) -> None:
    own_personas().mkdir(parents=True)
    (own_personas() / "bo.toml").write_text('name = "Bob"\nprompt = "You are Bob."\n')
    with NewVoice("mother") as new:
        (new.directory / "voice.toml").write_text('kind = "world"\nconsent = "2026-01-01"\n')
        new.directory.rename(new.directory.with_name("mother"))
    face = own_faces_directory() / "aunt"
    face.mkdir(parents=True)
    (face / "face.toml").write_text('description = ""\n')
    begun()
    for name in ("luna", "Bob", "mother", "aunt", "default", "Zzyxa"):
        with pytest.raises(InputError, match=f"“{name}” already"):
            begin_double(name, CONSENT, Settings())


def test_without_leave_there_is_no_double(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="agreed"):
        begin_double("Zzyxa", " \n", Settings())
    assert not list(tmp_path.rglob("Zzyxa"))


def test_a_name_that_is_nearly_right() -> None:
    begun()
    with pytest.raises(SetupError) as caught:
        find_double("Zzyxb")
    assert "Zzyxa" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "said"),
    [("version = 9\nprogram = '9.1'\n", "9.1"), ("version = 1\n", "program"), ("=", "cannot")],
)
def test_a_damaged_or_newer_one_is_named_and_leaves_the_others(text: str, said: str) -> None:
    begun("Anna")
    (begun().folder / RECORD).write_text(text)
    good, bad = list_doubles()
    assert [double.name for double in good] == ["Anna"]
    assert len(bad) == 1 and said in str(bad[0])


def test_a_disk_that_is_full_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write_record", full)
    with pytest.raises(StorageError):
        begin_double("Zzyxa", CONSENT, Settings())
    assert not list(tmp_path.rglob("*Zzyxa*"))


def test_a_part_that_comes_later_is_found_at_once() -> None:
    double = begun()
    give_voice(double)
    assert find_double("Zzyxa").parts == ("voice",)
    give_face(find_double("Zzyxa"))
    assert find_persona("Zzyxa", Settings()).face == "Zzyxa"
    chosen = with_values(Settings(), {"persona.name": "Zzyxa"})
    assert with_persona(chosen, find_persona("Zzyxa", chosen)).face.name == "Zzyxa"
