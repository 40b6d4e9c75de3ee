"""Where the user's files belong, by the XDG specification."""

from pathlib import Path

import platformdirs

PROGRAM = "digital-life"


def config_folder() -> Path:
    """Return where settings and personas are."""
    return platformdirs.user_config_path(PROGRAM)


def data_folder() -> Path:
    """Return where faces, voices and the memory are."""
    return platformdirs.user_data_path(PROGRAM)


def cache_folder() -> Path:
    """Return where models and what is made of them are."""
    return platformdirs.user_cache_path(PROGRAM)
