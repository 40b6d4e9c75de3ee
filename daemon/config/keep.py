"""Writes chosen settings into the user's file, and leaves the rest of it as it was."""

from collections.abc import Iterable
from pathlib import Path

import tomlkit

from daemon.config import Settings, load, packaged_config, user_config
from daemon.errors import StorageError
from daemon.files import atomic_write, unwritable
from daemon.i18n import tr


def keep(settings: Settings, names: Iterable[str], config: Path | None) -> Path:
    """Write the settings called ``names``, such as ``voice.speed``; return the file.

    ``config`` is the file; ``None`` is the user's own, which is made if need be. Comments and all
    else in it stay. Raises ``StorageError``, and ``SetupError`` for a file that cannot be read.
    """
    path = (config or user_config()).resolve()  # a link stays a link
    if path == packaged_config().resolve():
        raise StorageError(tr("{path} comes with the program.").format(path=path))
    load(path if path.exists() else packaged_config())  # refuses a file that is broken already
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    document, values = tomlkit.parse(text), settings.model_dump()
    for name in names:
        section, key = name.split(".")
        value = values[section][key]
        document.setdefault(section, tomlkit.table())[key] = (
            list(value) if isinstance(value, tuple) else value
        )
    made = tomlkit.dumps(document)
    with atomic_write(path) as part:
        part.write_text(made, encoding="utf-8")
        if path.exists():
            part.chmod(path.stat().st_mode & 0o777)
    return path
