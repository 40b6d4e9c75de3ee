"""How loud each of Kokoro's voices is as it comes: measured once for all machines.

The same network and pack give the same sound everywhere, so nobody has to wait until a voice has
said some sentences for that. ``tests/bench/voice_levels.py`` makes ``levels.toml``.
"""

import functools
import tomllib
from pathlib import Path


@functools.cache
def levels() -> dict[str, float]:
    """Return LUFS by the voice's name."""
    path = Path(__file__).with_name("levels.toml")
    return {name: float(value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}
