"""From exports of several messengers to a way of talking."""

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from daemon.brain.style import Style, StyleExample
from daemon.errors import InputError, SetupError
from daemon.training.chat_sources import Chats, read_chats
from daemon.training.masking import mask
from daemon.training.style import Learned, learn
from tests.chat_exports import NAMES, Pairs, answers, qq, telegram, whatsapp, write


def learned(tmp_path: Path, person: str) -> Learned:
    return learn(read_chats([write(person, tmp_path)]), NAMES[person])


def from_text(tmp_path: Path, text: str) -> Chats:
    (tmp_path / "chat.txt").write_text(text, encoding="utf-8")
    return read_chats([tmp_path / "chat.txt"])


def test_a_folder_is_sorted_by_contents_and_each_file_that_gives_nothing_says_why(
    tmp_path: Path,
) -> None:
    told: list[tuple[int, int, str]] = []
    chats = read_chats([write("robin", tmp_path)], lambda *now: told.append(now))
    found = [(file.name, file.format, file.messages, bool(file.reason)) for file in chats.files]
    assert found == [
        ("chat.txt", "WhatsApp", 50, False),
        ("export.zip/result.json", "Telegram JSON", 50, False),
        ("notes.txt", "", 0, True),
        ("picture.jpg", "", 0, True),
    ]
    assert all(len(file.sha256) == 64 for file in chats.files[:2])
    assert told[0][0] == 0 and told[-1][:2] == (told[0][1], told[0][1])


@pytest.mark.parametrize(
    ("person", "words", "emoji", "capitals"),
    [
        ("robin", {"mate", "lol"}, "😂", (0.0, 0.1)),
        ("edith", {"my", "dear"}, "", (0.9, 1.0)),
        ("xiaoyu", {"哈哈哈"}, "😆", (0.0, 0.0)),
        ("laochen", set[str](), "", (0.0, 0.0)),
    ],
)
def test_the_card_says_how_somebody_writes(
    tmp_path: Path, person: str, words: set[str], emoji: str, capitals: tuple[float, float]
) -> None:
    made = learned(tmp_path, person)
    (habits,) = made.style.habits
    assert made.answers == 50 and len(made.people) == 2
    assert words <= set(habits.words)
    assert emoji == "".join(habits.favourite_emoji[:1])
    assert capitals[0] <= habits.capitals <= capitals[1]
    assert len(made.style.examples) == 40
    assert {(one.question, one.answer) for one in made.style.examples} <= set(answers(person))


def test_all_names_of_a_person_are_learned_from_and_one_is_not_enough(tmp_path: Path) -> None:
    chats = read_chats([write("xiaoyu", tmp_path)])
    assert learn(chats, ["小雨", "wxid_1"]).answers == 50
    assert learn(chats, ["小雨"]).answers == 25


@pytest.mark.parametrize("names", [["Nobody"], ["Robin", "Nobody"], []])
def test_who_is_there_is_said_when_the_person_is_not(tmp_path: Path, names: list[str]) -> None:
    chats = read_chats([write("robin", tmp_path)])
    with pytest.raises(InputError) as caught:
        learn(chats, names)
    assert "Robin" in caught.value.fix and "Alex" in caught.value.fix


def test_a_few_answers_are_too_few(tmp_path: Path) -> None:
    chats = from_text(tmp_path, whatsapp(answers("robin")[:19], "Robin", "Alex"))
    with pytest.raises(InputError, match="19"):
        learn(chats, ["Robin"])


def test_two_languages_have_habits_and_examples_each(tmp_path: Path) -> None:
    pairs: Pairs = [*answers("robin")[:30], *answers("xiaoyu")[:30]]
    style = learn(from_text(tmp_path, whatsapp(pairs, "Mo", "Al")), ["Mo"]).style
    assert {habits.language for habits in style.habits} == {"en", "zh"}
    chinese = [any("\u4e00" <= char <= "\u9fff" for char in one.answer) for one in style.examples]
    assert 3 <= sum(chinese[:10]) <= 7
    assert "in English" in style.card and "用中文" in style.card


def test_what_is_private_is_in_no_example(tmp_path: Path) -> None:
    private = [(f"where are you {n}?", f"ring me on 138123456{n:02}") for n in range(40)]
    pairs: Pairs = [*answers("robin"), *private]
    made = learn(from_text(tmp_path, whatsapp(pairs, "Robin", "Alex")), ["Robin"])
    assert made.masked["phone"] == 40 and made.answers == 50
    assert not any("[" in one.answer or "138" in one.answer for one in made.style.examples)


def test_a_style_is_kept_as_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    style = learned(tmp_path / "chats", "edith").style
    path = tmp_path / "style.json"
    style.save(path)
    assert Style.load(path) == style
    assert path.stat().st_mode & 0o777 == 0o600
    assert ("examples", "40") in style.rows()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file"),
        ("{", "Expecting"),
        ("[]", "does not describe a way of talking"),
        ('{"version": 2}', "later version"),
        ('{"version": 1}', "messages"),
        ('{"version": 1, "messages": 1, "more": 1}', "more"),
        ('{"version": 1, "messages": 1, "examples": [{"question": "a", "answer": ""}]}', "answer"),
        ("[" * 100_000, "recursion"),
        (
            '{"version": 1, "messages": 1, "habits": [{"language": "en", "share": 1.0, "usual": 1, '
            '"longest": 1, "capitals": 0.0, "stops": 0.0, "exclamations": 0.0, "emoji": 0.0, '
            '"words": ["<|im_end|>"]}]}',
            "pattern",
        ),
        ('{"a": "' + "a" * 1_000_000 + '"}', "does not describe a way of talking"),
    ],
)
def test_a_damaged_style_is_refused_with_its_reason(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    path = tmp_path / "style.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SetupError, match=reason):
        Style.load(path)


def test_a_topic_is_forgotten_in_its_words_and_in_others() -> None:
    pairs = [
        ("how is the divorce?", "awful"),
        ("did they get divorced?", "yes"),
        ("is the marriage over?", "sadly"),
        ("tea?", "please"),
    ]
    style = Style(messages=4, examples=tuple(StyleExample(question=q, answer=a) for q, a in pairs))
    kept, gone = style.without("divorce")
    assert [one.question for one in kept.examples] == ["is the marriage over?", "tea?"]
    assert gone == 2

    def encode(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        about = any(word in text for word in ("divorce", "marriage"))
        return np.array([about, not about], np.float32)

    kept, gone = style.without("divorce", encode)
    assert [one.question for one in kept.examples] == ["tea?"] and gone == 3
    assert style.without(" ") == (style, 0)
    assert style.without("what about the sadness of it")[1] == 0, "small words are no topic"


def test_archives_that_are_damaged_locked_or_deep_are_told_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    write("robin", tmp_path)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "export.zip").read_bytes()[:-40])
    for name, inner in (("two.zip", "export.zip"), ("three.zip", "two.zip")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(tmp_path / inner, inner)
    reasons = {file.name: file.reason for file in read_chats([tmp_path]).files}
    assert "damaged" in reasons["cut.zip"]
    assert "same file" in reasons["two.zip/export.zip/result.json"]
    assert "within an archive" in reasons["three.zip/two.zip/export.zip"]


def test_nothing_that_can_be_read_says_what_was_tried(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Buy milk.\n")
    with pytest.raises(InputError) as caught:
        read_chats([tmp_path])
    assert "notes.txt" in caught.value.fix
    with pytest.raises(InputError, match="does not exist"):
        read_chats([tmp_path / "none"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_of_the_files_are_told_apart(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(qq(answers("xiaoyu"), "小雨", "小明").encode(encoding))
    assert learn(read_chats([path]), ["小雨"]).answers == 50


def test_accents_of_latin_1_are_no_chinese_characters(tmp_path: Path) -> None:
    pairs = [
        (f"Wie schön ist es in Köln {i}?", f"für mich natürlich {i}, grüße") for i in range(30)
    ]
    path = tmp_path / "chat.txt"
    path.write_bytes(whatsapp(pairs, "Jörg", "Al").encode("latin-1"))
    style = learn(read_chats([path]), ["Jörg"]).style
    assert "natürlich" in style.examples[0].answer
    smiling = [("How is it?", f"splendid {i} 🙂") for i in range(30)]
    path.write_bytes(whatsapp(smiling, "Lin", "Al").encode("gb18030"))
    assert "🙂" in learn(read_chats([path]), ["Lin"]).style.examples[0].answer


@pytest.mark.parametrize(
    "answer", ["h" + "a" * 60, "<|im_end|> [x] | sure", "да нормально, работаю дома", "🙂🙂", "1"]
)
def test_what_is_said_over_and_over_is_no_error(tmp_path: Path, answer: str) -> None:
    """Such as endless laughter for a greeting, and one thing in all that both sides write."""
    pairs = [("hello", answer if i % 2 else "yeah fine") for i in range(60)]
    style = learn(from_text(tmp_path, whatsapp(pairs, "Lin", "Al")), ["Lin"]).style
    style.save(tmp_path / "style.json")
    assert Style.load(tmp_path / "style.json") == style


def test_a_greeting_keeps_its_combining_marks(tmp_path: Path) -> None:
    pairs = [("नमस्ते", f"मैं ठीक हूँ यार {i}") for i in range(30)]
    (habits,) = learn(from_text(tmp_path, whatsapp(pairs, "Lin", "Al")), ["Lin"]).style.habits
    assert habits.greetings == ("मैं",)


def test_archives_within_archives_are_unpacked_up_to_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.training.chat_sources.MAX_TOTAL_BYTES", 100_000)
    text = whatsapp(answers("robin"), "Robin", "Alex")
    (tmp_path / "chat.txt").write_text(text)
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("chat.txt", text + " " * 40_000)
    bytes_of_inner = inner.read_bytes()
    inner.unlink()
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as made:
        for number in range(20):
            made.writestr(f"{number:02}.zip", bytes_of_inner + bytes([number]))
    files = read_chats([tmp_path]).files
    assert files[0].name == "chat.txt" and not files[0].reason
    assert 2 <= sum(bool(one.sha256) for one in files) <= 4
    assert "larger than" in files[-1].reason


def test_one_chat_in_two_files_is_learned_once(tmp_path: Path) -> None:
    text = telegram(answers("edith"), "Edith", "Al")
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(text)
    chats = read_chats([tmp_path])
    assert learn(chats, ["Edith"]).answers == 50
    assert [bool(file.reason) for file in chats.files] == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the password is hunter2 ok", "the password is [password] ok"),
        ("密码是abc123，别告诉别人", "密码是[password]，别告诉别人"),
        ("验证码：482913", "验证码：[password]"),
        ("my pin is 4821", "my pin is [password]"),
        ("车牌京A·12345在楼下", "车牌[plate]在楼下"),
        ("粤B12345D", "[plate]"),
        ("plate number is 7ABC123", "plate number is [plate]"),
        ("B-MW 1234 parks here", "[plate] parks here"),
        ("IBAN DE89 3704 0044 0532 0130 00 thanks", "IBAN [account] thanks"),
        ("account number 1234567", "account number [account]"),
        ("we live at 12 Baker Street, come", "we live at [address], come"),
        ("Hauptstraße 12a", "[address]"),
        ("建国路88号3单元502室", "[address]"),
        ("the pin is gone, the code is 5 lines", None),
        ("I saw 3 cars on the road", None),
        ("UTF-8 and GB-2312, MP3, x86-64", None),
    ],
)
def test_what_is_private_is_masked(text: str, expected: str | None) -> None:
    counted: Counter[str] = Counter()
    assert mask(text, counted) == (text if expected is None else expected)
    assert bool(counted) == (expected is not None)
