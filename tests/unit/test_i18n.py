import ast
import gc
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemon
from daemon import i18n
from daemon.config import catalogue
from daemon.config.pages import purpose

PACKAGE = Path(daemon.__file__).parent
CHINESE: dict[str, str] = tomllib.loads((PACKAGE / "texts_zh.toml").read_text(encoding="utf-8"))


def tree_of(path: Path) -> ast.Module:
    # Python 3.11 takes finalisers that run while it builds a tree for an error of its own.
    gc.disable()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    gc.enable()
    return tree


def texts_in_code() -> Iterator[tuple[Path, str]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            match node:
                case ast.Call(func=ast.Name(id="tr"), args=[ast.Constant(value=str(text))]):
                    yield path, text


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_its_chinese() -> None:
    missing = [(path.name, text) for path, text in texts_in_code() if text not in CHINESE]
    assert not missing


def test_every_label_has_its_chinese() -> None:
    assert not [info.label for info in catalogue().values() if info.label not in CHINESE | {"": ""}]


def test_no_chinese_is_left_over() -> None:
    declared = {
        text
        for info in catalogue().values()
        for text in (info.description, purpose(info.section), info.label)
    }
    used = declared | {text for _, text in texts_in_code()}
    assert not set(CHINESE) - used


def test_every_text_gets_its_fields() -> None:
    """``tr(text).format(…)`` of a name that was changed in one of the two would end a command."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(func=ast.Name(id="tr"), args=[ast.Constant(str(text))]),
                        attr="format",
                    ),
                    keywords=given,
                ):
                    names = {it.arg for it in given}  # None: of a mapping that is not known here
                    assert None in names or fields(text) == names, f"{path}:{node.lineno}"


@pytest.mark.parametrize("english", CHINESE)
def test_a_translation_keeps_the_fields(english: str) -> None:
    assert fields(CHINESE[english]) == fields(english)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("zh_CN.UTF-8", "zh"), ("en_GB.UTF-8", "en"), ("de_DE.UTF-8", "en"), ("C", "en")],
)
def test_the_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, locale: str, expected: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    i18n.system_language.cache_clear()
    try:
        assert i18n.language() == expected
        assert (i18n.tr("Stopped.") == "Stopped.") == (expected == "en")
    finally:
        i18n.system_language.cache_clear()
