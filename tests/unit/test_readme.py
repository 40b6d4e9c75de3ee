"""The Chinese README and pages say what the English ones do, and name what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 150  # of the README: what does not fit belongs into docs/
PAIRS = [
    (ROOT / "README.md", ROOT / "README.zh-CN.md"),
    *(
        (page, page.with_suffix(".zh.md"))
        for page in sorted((ROOT / "docs").glob("*.md"))
        if not page.name.endswith(".zh.md")
    ),
]
ENGLISH_DETAIL = {"performance.md"}  # its Chinese page has the figures, not the reasons

pairs = pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8"))
        for english, chinese in PAIRS
        if english.name not in ENGLISH_DETAIL
    ],
    ids=[english.name for english, _ in PAIRS if english.name not in ENGLISH_DETAIL],
)


def blocks(text: str) -> list[str]:
    return re.findall(r"```(?:sh|toml)\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the first words of each line in blocks of code, without what is said of it."""
    lines = [
        re.sub(r"\s+#.*", "", line).strip() for block in blocks(text) for line in block.splitlines()
    ]
    text_argument = r'"[^"]*[^\x00-\x7f][^"]*"|"[A-Z][^"]*[.?!]"'
    return [re.sub(text_argument, "TEXT", line) for line in lines if line]


def sections(text: str) -> list[int]:
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", outside, re.MULTILINE)]


def test_the_readme_stays_short() -> None:
    for readme in PAIRS[0]:
        assert len(readme.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pairs
def test_both_have_the_same_sections(english: str, chinese: str) -> None:
    assert sections(chinese) == sections(english)


@pairs
def test_both_have_the_same_commands(english: str, chinese: str) -> None:
    settings = {'languages = ["zh"]': 'languages = ["en"]'}  # each speaks of its own language
    assert [settings.get(line, line) for line in commands(chinese)] == commands(english)


@pairs
def test_both_have_the_same_tables_and_pictures(english: str, chinese: str) -> None:
    rows = re.compile(r"^\|", re.MULTILINE)
    pictures = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
    assert len(rows.findall(chinese)) == len(rows.findall(english))
    assert pictures.findall(chinese) == pictures.findall(english)


@pytest.mark.parametrize("page", [chinese for _, chinese in PAIRS], ids=lambda page: page.name)
def test_no_line_ends_between_two_characters(page: Path) -> None:
    """A browser shows the line's end as a space, which Chinese does not have."""
    outside = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    character = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
    assert not re.findall(rf"{character}\n *{character}", outside)


CODE_PAGES = ("docs/architecture.md", "docs/glossary.md")
NAMES = re.compile(r"`([\w/]+\.py)`: ((?:`[\w.]+`(?:, )?)+)")  # `file.py`: `Class.method`, `name`


@pytest.mark.parametrize(
    "page",
    [
        *(ROOT / name.replace(".md", end) for name in CODE_PAGES for end in (".md", ".zh.md")),
        ROOT / "CONTRIBUTING.md",
    ],
    ids=lambda page: page.name,
)
def test_the_code_has_what_its_pages_name(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = set(re.findall(r"`([\w/]+(?:/|\.py|\.toml))`", text))
    for path in paths - {path for path in paths if re.search("NAME|TOPIC|LANGUAGE", path)}:
        assert (ROOT / "daemon" / path).exists() or (ROOT / path).exists(), path
    named = NAMES.findall(text)
    assert named or page.name == "CONTRIBUTING.md"
    for path, names in named:
        code = (ROOT / "daemon" / path.removeprefix("daemon/")).read_text(encoding="utf-8")
        for name in re.findall(r"\w+", names):
            defined = rf"^\s*(?:(?:async )?def |class ){name}\b|^\s*{name}(?::| =)"
            assert re.search(defined, code, re.MULTILINE), f"{path} has no {name}"
