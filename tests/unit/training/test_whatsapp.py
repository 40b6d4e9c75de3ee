"""WhatsApp's exports in the languages and forms of many telephones."""

import tomllib
from pathlib import Path

import pytest

from daemon.training.chat_files import read_export
from daemon.training.chats import ChatMessage
from daemon.training.formats.json_lines import Columns
from daemon.training.formats.whatsapp_words import folded, phrases

SAMPLES = tomllib.loads(
    (Path(__file__).parents[2] / "golden" / "chats" / "whatsapp_languages.toml").read_text("utf-8")
)


def read(text: str, folder: Path) -> list[ChatMessage]:
    path = folder / "chat.txt"
    path.write_text(text, encoding="utf-8")
    return read_export(path, Columns()).said


def words(text: str, folder: Path) -> list[str]:
    return [said.text for said in read(text, folder) if said.kind == "text"]


@pytest.mark.parametrize("name", SAMPLES)
def test_only_what_people_say_is_kept(name: str, tmp_path: Path) -> None:
    said = read(SAMPLES[name]["file"], tmp_path)
    spoken = [[one.who, one.text] for one in said if one.kind == "text"]
    assert spoken == SAMPLES[name]["said"]


@pytest.mark.parametrize("name", SAMPLES)
def test_times_go_on(name: str, tmp_path: Path) -> None:
    times = [said.at for said in read(SAMPLES[name]["file"], tmp_path)]
    known = [at for at in times if at is not None]
    assert len(known) == len(times) and known == sorted(known)
    assert known[-1] - known[0] < 2 * 86_400  # each sample is a talk of an evening or two


def test_a_mark_decides_in_a_language_that_nobody_listed(tmp_path: Path) -> None:
    text = (
        "[14.01.24, 21:00:10] Blab: \u200eFlorp wugs glorpen.\n"
        "[14.01.24, 21:01:10] Rosa: blab?\n"
        "\u200e[14.01.24, 21:02:10] Milo: \u200ewug nerp\n"
        "\u200e[14.01.24, 21:03:10] Milo: Florp.pdf • \u200e3 glip \u200edok nerp\n"
        "\u200e[14.01.24, 21:04:10] Milo: my own words \u200e<florp: 00000004-PHOTO-2024.jpg>\n"
        "[14.01.24, 21:05:10] Milo: blab! \u200e<Glorp zu wugged>\n"
        "[14.01.24, 21:06:10] Rosa: \u200eGLIP:\nWhich?\n\u200eWUG: a (\u200e1 x)\n"
        "[14.01.24, 21:07:10] Milo: wug nerp\n"
    )
    assert words(text, tmp_path) == ["blab?", "my own words", "blab!", "wug nerp"]


@pytest.mark.parametrize(
    "text",
    [
        "This message was deleted by mistake",
        "I left",
        "Rosa added sugar",
        "You should see <Media omitted> in there",
        "<sigh>",
        "<I promise>",
        "see notes.txt (the new one)",
        "notes.txt",
        "null and void",
        "Video call, tomorrow?",
        "https://example.org is where: see",
        "Plan:\ntea\ncups",
        "Look: 21:30 - we meet",
        "14/01/2024 at 21:30 - we meet",
    ],
)
@pytest.mark.parametrize("begin", ["14/01/2024, 21:3{} - ", "[14/01/2024, 21:30:0{}] "])
def test_what_only_resembles_its_words_stays(begin: str, text: str, tmp_path: Path) -> None:
    lines = ["Rosa: hm", "Milo: " + text, "Rosa: ah", "Milo: yes"]
    written = "\n".join(begin.format(number) + line for number, line in enumerate(lines))
    assert words(written, tmp_path) == ["hm", text, "ah", "yes"]


def test_a_caption_is_the_senders(tmp_path: Path) -> None:
    text = "14/01/2024, 21:30 - Rosa: IMG-20240114-WA0003.jpg ({})\nthe red one\n"
    for attached in ("file attached", "a language nobody listed"):
        assert words(text.format(attached), tmp_path) == ["the red one"]


def test_a_date_in_another_form_is_a_part_of_a_message(tmp_path: Path) -> None:
    text = (
        "14/01/2024, 21:30 - Rosa: look\n[14/01/2024, 21:30:10] Cy: hi\n14.01.24, 9:00 - Di: ho\n"
    )
    said = read(text, tmp_path)
    assert [one.who for one in said] == ["Rosa"]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["1/2/24", "1/3/24", "1/31/24"], 29),  # month first: no month has the number 31
        (["01/02/24", "02/02/24", "13/02/24"], 12),
        (["11/12/23", "12/12/23"], 1),  # either is possible: people write day by day
        (["24/2/28", "24/2/29", "24/3/1"], 2),
        (["28/2/2567", "1/3/2567"], 2),  # the Buddhist calendar
    ],
)
def test_the_order_of_dates_is_decided_over_the_file(
    dates: list[str], days: int, tmp_path: Path
) -> None:
    said = read("\n".join(f"{date}, 9:00 - A: a" for date in dates), tmp_path)
    assert said[0].at is not None and said[-1].at is not None
    assert said[-1].at - said[0].at == days * 86_400


@pytest.mark.parametrize(
    ("clock", "hour"),
    [
        ("12:05 am", 0),
        ("12:05\u202fp.\u00a0m.", 12),
        ("오전 12:05", 0),
        ("下午1:05", 13),
        ("9:05 ص", 9),
        ("ÖS 1:05", 13),
        ("1:05 μ.μ.", 13),
        ("午後1:05", 13),
        ('8:05 אחה"צ', 20),
        ("klo 13.05", 13),
    ],
)
def test_halves_of_the_day(clock: str, hour: int, tmp_path: Path) -> None:
    said = read(f"14/1/2024 {clock} - A: a\n", tmp_path)
    assert said[0].at is not None and said[0].at % 86_400 == hour * 3600 + 300


def test_names_with_colons_and_quoted_colons(tmp_path: Path) -> None:
    text = (
        "[1/14/24, 9:29:10 PM] Tea: now: \u200eMessages and calls are end-to-end encrypted.\n"
        "[1/14/24, 9:29:11 PM] Rosa: hi\n"
        "[1/14/24, 9:29:12 PM] Tea: now: \u200eRosa added you\n"
    )
    assert [said.who for said in read(text, tmp_path)] == ["Tea: now", "Rosa", "Tea: now"]
    text = '14/01/24, 21:29 - Rosa changed the subject to "Tea: now"\n14/01/24, 21:30 - Rosa: hi\n'
    assert [said.who for said in read(text, tmp_path)] == ["", "Rosa"]


def test_phrases_are_found_as_they_are_written() -> None:
    assert folded(" \u200eThis  message was deleted. ") in phrases().instead
    assert len(phrases().media) > 200
    assert not {"", "a"} & (phrases().media | phrases().instead | phrases().attached)
