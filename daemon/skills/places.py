"""Time zones of places, by their English and Chinese names."""

import functools
from importlib import resources

_RESOURCE = resources.files("daemon.skills").joinpath("sentences/places.tsv")


@functools.cache
def _zones() -> dict[str, str]:
    zones: dict[str, str] = {}
    for line in _RESOURCE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            zone, english, chinese = line.split("\t")
            for name in f"{english}|{chinese}".split("|"):
                zones.setdefault(name, zone)
    return zones


def zone_of(place: str) -> str | None:
    """Return the IANA zone of a place by its name in small letters; ``None`` if it is not known."""
    return _zones().get(place) if place else None
