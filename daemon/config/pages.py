"""Made from the settings' declarations: the packaged ``config.toml`` and the settings pages.

``python -m daemon.config.pages`` writes them anew in a checkout; a test tells when that is due.
"""

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from daemon.config import Settings, catalogue
from daemon.config.field import SettingInfo
from daemon.files import atomic_write
from daemon.i18n import speaking, tr

WIDTH = 100  # characters of a line
HEAD = """\
# Digital Life: every setting with its default.
# Your own file, ~/.config/digital-life/config.toml, needs only what you change.
# `digital-life config show` prints what is in force, `config check FILE` checks a file.
# Made from daemon/config/*.py by `make settings`.
"""


def config_toml() -> str:
    """Return the text of the packaged ``config.toml``, which is in English."""
    with speaking("en"):
        return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for section, infos in groupby(catalogue().values(), key=lambda info: info.section):
        yield f"[{section}]"
        for info in infos:
            yield from textwrap.wrap(
                explained(info), WIDTH, initial_indent="# ", subsequent_indent="# "
            )
            yield f"{info.key} = {_value(info)}"
        yield ""


def settings_page(language: str) -> str:
    """Return the page of the documentation that lists all settings, in Markdown."""
    with speaking(language):
        return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield f"# {tr('Settings')}\n"
    yield tr(
        "Your own file, `~/.config/digital-life/config.toml`, needs only what you change. "
        "`digital-life config show` prints what is in force, `digital-life config check FILE` "
        "checks a file, and `digital-life reload` applies it to the running daemon."
    )
    for section, infos in groupby(catalogue().values(), key=lambda info: info.section):
        yield f"\n## [{section}]\n\n{tr(purpose(section))}\n"
        yield f"| {tr('setting')} | {tr('default')} | {tr('meaning')} | {tr('applied')} |"
        yield "|---|---|---|---|"
        for info in infos:
            when = tr("at once") if info.live else tr("after a restart")
            yield f"| `{info.key}` | {_shown(info)} | {explained(info)} | {when} |"


def purpose(section: str) -> str:
    """Return the sentence that says what a section is for: the end of its class's docstring."""
    kind = Settings.model_fields[section].annotation
    said = (getattr(kind, "__doc__", "") or "").split(": ", 1)[1]
    return said[0].upper() + said[1:]


def explained(info: SettingInfo) -> str:
    """Return what a setting means and, where that is a range, what is allowed."""
    meaning = tr(info.description)
    if info.least is None or info.most is None:
        return meaning
    return tr("{meaning} ({least} to {most})").format(
        meaning=meaning, least=f"{info.least:,.10g}", most=f"{info.most:,.10g}"
    )


def _shown(info: SettingInfo) -> str:
    """Return a default for the page, where a long text would not fit."""
    if info.name == "brain.persona":
        return tr("a friendly companion")
    return f"`{_value(info)}`"


def _value(info: SettingInfo) -> str:
    """Return a default as TOML."""
    value: object = info.default
    if isinstance(value, dict):
        return "{}"
    text = json.dumps(value, ensure_ascii=False)
    if info.name == "brain.persona":  # sentences on lines of their own
        return '"""\\\n' + str(value).replace(". ", ". \\\n") + '"""'
    return text


def write(folder: Path) -> list[Path]:
    """Write what is made from the declarations into a checkout; return the files."""
    made = {
        folder / "config.toml": config_toml(),
        folder / "docs/settings.md": settings_page("en"),
        folder / "docs/settings.zh.md": settings_page("zh"),
    }
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        with atomic_write(path) as part:
            part.write_text(text, encoding="utf-8")
    return list(made)


if __name__ == "__main__":
    for written in write(Path(__file__).parents[2]):
        print(written)  # noqa: T201
