"""The Chinese README says what the English one does."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Return the first words of each line in blocks of code, without what is said of it."""
    blocks = re.findall(r"```(?:sh|toml)\n(.*?)```", text, re.DOTALL)
    lines = [
        line.split("  #")[0].split("   #")[0].strip()
        for block in blocks
        for line in block.splitlines()
    ]
    return [
        re.sub(r'"[^"]*[^\x00-\x7f][^"]*"|"[A-Z][^"]*[.?!]"', "TEXT", line)
        for line in lines
        if line
    ]


def test_both_have_the_same_sections() -> None:
    assert [len(marks) for marks in re.findall(r"^(#+) ", CHINESE, re.MULTILINE)] == [
        len(marks) for marks in re.findall(r"^(#+) ", ENGLISH, re.MULTILINE)
    ]


def test_both_have_the_same_commands() -> None:
    assert [re.sub(r" #.*", "", line) for line in commands(CHINESE)] == [
        re.sub(r" #.*", "", line) for line in commands(ENGLISH)
    ]


def test_both_have_the_same_tables_and_pictures() -> None:
    rows = re.compile(r"^\|", re.MULTILINE)
    pictures = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
    assert len(rows.findall(CHINESE)) == len(rows.findall(ENGLISH))
    assert pictures.findall(CHINESE) == pictures.findall(ENGLISH)
