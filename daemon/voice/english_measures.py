"""Money, units and percentages in English text."""

import re

from daemon.voice.english_numbers import NUMBER, cardinal
from daemon.voice.rules import rules

# What a sign or a code of a currency is called: one, several, and the hundredth part of it.
_DOLLAR = ("dollar", "dollars", "cent", "cents")
_CURRENCIES = {
    "$": _DOLLAR,
    **{
        sign: (f"{name} dollar", f"{name} dollars", "cent", "cents")
        for signs, name in (
            ("US$ USD", "US"), ("A$ AU$ AUD", "Australian"), ("C$ CA$ CAD", "Canadian"),
            ("HK$ HKD", "Hong Kong"), ("NZ$ NZD", "New Zealand"), ("S$ SGD", "Singapore"),
        )
        for sign in signs.split()
    },
    "€": ("euro", "euros", "cent", "cents"), "EUR": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "GBP": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""), "JPY": ("yen", "yen", "", ""),
    "CN¥": ("yuan", "yuan", "", ""), "CNY": ("yuan", "yuan", "", ""),
    "RMB": ("yuan", "yuan", "", ""), "₹": ("rupee", "rupees", "paisa", "paise"),
    "Rs.": ("rupee", "rupees", "paisa", "paise"),
    "INR": ("rupee", "rupees", "paisa", "paise"), "₩": ("won", "won", "", ""),
    "KRW": ("won", "won", "", ""), "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₺": ("lira", "lira", "", ""), "₪": ("shekel", "shekels", "", ""),
    "฿": ("baht", "baht", "", ""), "₿": ("bitcoin", "bitcoins", "", ""), "BTC": ("bitcoin",
    "bitcoins", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "", ""), "R$": ("real", "reais", "", ""),
}  # fmt: skip
_SCALES = {
    "k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million",
    "B": "billion", "b": "billion", "bn": "billion", "T": "trillion", "tn": "trillion",
}  # fmt: skip
_WORD_SCALES = "hundred|thousand|million|billion|trillion"

# One and several of each. What is written with capitals as well ("10KG") is found by _unit_name.
_UNITS = {
    symbol: (one, one + "s")
    for one, symbols in {
        "kilometer": "km", "meter": "m", "centimeter": "cm", "millimeter": "mm",
        "micrometer": "µm μm", "nanometer": "nm", "mile": "mi", "yard": "yd yds",
        "kilogram": "kg kgs", "gram": "g", "milligram": "mg", "microgram": "µg μg mcg",
        "pound": "lb lbs", "ounce": "oz", "liter": "l L", "milliliter": "ml mL", "gallon": "gal",
        "deciliter": "dl dL", "hectare": "ha", "second": "s sec secs",
        "minute": "min mins", "hour": "h hr hrs", "millisecond": "ms", "microsecond": "µs μs",
        "nanosecond": "ns", "year": "yr yrs", "week": "wk wks", "byte": "bytes",
        "kilobyte": "kB KB", "megabyte": "MB", "gigabyte": "GB", "terabyte": "TB",
        "petabyte": "PB", "kibibyte": "KiB", "mebibyte": "MiB", "gibibyte": "GiB",
        "kilobit": "kb Kb kbit", "megabit": "Mb Mbit", "gigabit": "Gb Gbit", "watt": "W",
        "kilowatt": "kW", "megawatt": "MW", "gigawatt": "GW", "tablespoon": "tbsp",
        "teaspoon": "tsp", "watt hour": "Wh",
        "kilowatt hour": "kWh", "megawatt hour": "MWh", "volt": "V", "millivolt": "mV",
        "kilovolt": "kV", "milliamp": "mA", "milliamp hour": "mAh", "amp hour": "Ah",
        "calorie": "cal", "kilocalorie": "kcal", "joule": "J", "kilojoule": "kJ",
        "pascal": "Pa", "kilopascal": "kPa", "hectopascal": "hPa",
        "decibel": "dB", "pixel": "px", "megapixel": "MP", "knot": "kn", "ohm": "Ω",
        "kiloohm": "kΩ", "mole": "mol", "square meter": "sqm",
    }.items()
    for symbol in symbols.split()
}  # fmt: skip
_UNITS |= {
    "ft": ("foot", "feet"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"), "psi": ("pound per square inch", "pounds per square inch"),
    "mph": ("mile per hour", "miles per hour"),
    "sqft": ("square foot", "square feet"), "kph": ("kilometer per hour", "kilometers per hour"),
    "rpm": ("revolution per minute", "revolutions per minute"), "RPM": ("revolution per minute",
    "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"), "fps": ("frame per second",
    "frames per second"),
    "kbps": ("kilobit per second", "kilobits per second"), "Mbps": ("megabit per second",
    "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "ppm": ("part per million",
    "parts per million"),
}  # fmt: skip
_CAPITALS = {
    unit.upper(): unit for unit in ("km", "kg", "cm", "mm", "ml", "mph", "kph", "lb", "lbs")
}
_POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
_ROOTS = {"sq": "square", "cu": "cubic"}

_SYMBOL = "|".join(re.escape(unit) for unit in sorted([*_UNITS, *_CAPITALS], key=len, reverse=True))
_ONE_UNIT = rf"(?:(?:sq|cu)\.?\s)?(?:{_SYMBOL})(?:\^?[23²³](?!\d))?"
_AMOUNT = rf"{NUMBER}(?:\s(?:{_WORD_SCALES}))?"
_CURRENCY = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_CODES = "|".join(sign for sign in _CURRENCIES if sign.isalpha())
_TO = r"\s*(?:[-–—−~]|to)\s*"

# "a $5 bill", "a 10 km run": what measures a thing and stands before its name is singular.
_BEFORE_A_NAME = re.compile(
    rf"\b(?:an?|another|this|that|one)\s+(?:{NUMBER}\sto\s)?$", re.IGNORECASE
)


def _alone(match: re.Match[str]) -> bool:
    """Whether the amount measures the thing after it, so that its unit is singular."""
    named = re.match(r"[ -][A-Za-z]", match.string[match.end() :])
    return bool(named and _BEFORE_A_NAME.search(match.string[: match.start()]))


def _money(match: re.Match[str]) -> str:
    one, more, *_ = _CURRENCIES[match["sign"]]
    minus = "minus " if match["minus"] or match["below"] else ""
    amount, scale = match["amount"], match["scale"] or ""
    scale = _SCALES.get(scale, scale.strip())
    apart = match["again"] and re.search(r"\bfrom\s+$", match.string[: match.start()])
    if (high := match["high"]) and not scale and (apart or "." in amount + high):
        return f"{minus}{_exactly(amount, match['sign'])} to {_exactly(high, match['sign'])}"
    if high:
        scale = f" {scale}" if scale else ""
        return f"{minus}{cardinal(amount)} to {cardinal(high)}{scale} {more}"
    if scale:
        return f"{minus}{cardinal(amount)} {scale} {one if _alone(match) else more}"
    return minus + _exactly(amount, match["sign"], _alone(match))


def _exactly(amount: str, sign: str, alone: bool = False) -> str:
    """Say an amount with its hundredths: twelve dollars and fifty cents."""
    one, more, small_one, small = _CURRENCIES[sign]
    whole, _, part = amount.replace(",", "").partition(".")
    if not part or not part.strip("0"):
        return f"{cardinal(whole)} {one if whole == '1' or alone else more}"
    if len(part) != 2 or not small:
        return f"{cardinal(amount)} {more}"
    rest = f"{cardinal(str(int(part)))} {small_one if part == '01' else small}"
    if not whole.strip("0"):
        return rest
    return f"{cardinal(whole)} {one if whole == '1' else more} and {rest}"


def _money_behind(match: re.Match[str]) -> str:
    one, more, *_ = _CURRENCIES[match["sign"]]
    amount, scale = match["amount"], match["scale"] or ""
    scale = _SCALES.get(scale, scale.strip())
    said = f"{cardinal(amount)} {scale}".strip()
    return f"{said} {one if said == 'one' or _alone(match) else more}"


def _unit_name(written: str, singular: bool) -> str:
    """Return the name of one unit with its power: m² → square meters."""
    prefix = ""
    if root := re.match(r"(sq|cu)\.?\s", written):
        prefix, written = _ROOTS[root[1]] + " ", written[root.end() :]
    if written not in _UNITS and written[-1:] in _POWERS:
        prefix, written = _POWERS[written[-1]] + " ", written[:-1].rstrip("^")
    return prefix + _UNITS[_CAPITALS.get(written, written)][0 if singular else 1]


def _unit(match: re.Match[str]) -> str:
    number, unit = match["number"], match["unit"]
    first, *per = re.split(r"\s?/\s?", unit)
    name = _unit_name(first, singular=number == "1" or _alone(match))
    for below in per:
        square = below in ("s²", "s2", "s^2")
        name += " per second squared" if square else f" per {_unit_name(below, singular=True)}"
    minus = "minus " if match["minus"] else ""
    return f"{minus}{_said(number)} {name}"


def _said(number: str) -> str:
    amount, space, scale = number.partition(" ")
    return cardinal(amount) + space + scale


def _small_unit(match: re.Match[str]) -> str:
    """Name a unit after a number that is in words already: one and a half km."""
    first, *per = match[2].split("/")
    part = re.search(r"\band [a-z]+\s*$", match.string[: match.start()]) is None
    one = part and not match[1].startswith(
        "power"
    )  # three quarters of a mile, two and a half miles
    names = [_unit_name(first, singular=one), *(_unit_name(unit, singular=True) for unit in per)]
    return f"{match[1]} {' per '.join(names)}"


def _feet_and_inches(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} foot {cardinal(match[2])}"


def _inches(match: re.Match[str]) -> str:
    if match.string[: match.start()].count('"') % 2:
        return match[0]  # it closes a quotation
    return f"{cardinal(match[1])} {'inch' if match[1] == '1' or _alone(match) else 'inches'}"


def _decimal_comma(match: re.Match[str]) -> str:
    """Euros are often written so: €5,50."""
    return ".".join(filter(None, match.groups()))


def _per(match: re.Match[str]) -> str:
    short = {"mo": "month"}
    return f" per {_UNITS[match[1]][0] if match[1] in _UNITS else short.get(match[1], match[1])}"


_PER = (
    "second|minute|hour|day|week|month|year|night|person|user|head|seat|item|mo|yr|wk|hr|h|"
    "kg|lb|oz|mile|mi|km|L|gal|kWh"
)

RULES = rules(
    (r"(?:(?<=€)|(?<=€ ))(\d+),(\d\d)(?![\d,])|(?<![\d,])(\d+),(\d\d)(?=\s?€)", _decimal_comma),
    (rf"(?<=\d)\s?[x×]\s?(?={NUMBER}\s?(?:{_SYMBOL})\b)", " by "),
    (
        rf"(?P<minus>(?<![\w)])[-−])?(?<![A-Za-z])(?P<sign>{_CURRENCY})\s?(?P<below>-)?(?P<amount>{NUMBER})"
        rf"(?:{_TO}(?P<again>(?P=sign))?(?P<high>{NUMBER}))?"
        rf"(?P<scale>\s?(?:{_WORD_SCALES})\b|(?:bn|mn|tn|[kKmMbBT])\b)?(?![\d,]*\d)",
        _money,
    ),
    (
        rf"(?<![\w.,])(?P<amount>{NUMBER})(?P<scale>\s(?:{_WORD_SCALES})|bn|[kKmMB])?"
        rf"\s?(?P<sign>[€£¥₹₩₽₺₪฿₿$](?!\d)|(?:{_CODES})\b)",
        _money_behind,
    ),
    (r"(?<![\w.,])(\d+)\s?¢", lambda m: f"{cardinal(m[1])} cent{'s' * (m[1] != '1')}"),
    (rf"(?<=[a-z])\s?/\s?({_PER})(?![\w/])", _per),
    (r"(?<=\d)/(second|minute|hour|day|week|month|year|night|person|user)\b", r" per \1"),
    (r"\b((?:dollar|cent|euro|pound|rupee)s?|pence|yen)\s?/\s?(?=[a-z]{3,})", r"\1 per "),
    (r"(?<![\w.])(\d+)\s?['′]\s?(\d{1,2})\s?(?:[\"″]|'')", _feet_and_inches),
    (r"(?<![\w.])([4-7])['′](\d{1,2})(?![\w'])", _feet_and_inches),
    (rf"(?<![\w.])({NUMBER})\s?[\"″](?!\w)", _inches),
    (
        rf"(?P<minus>(?<![\w)])[-−]\s?)?(?<![\w.,])(?P<number>{_AMOUNT})(?:\s|-)?"
        rf"(?P<unit>{_ONE_UNIT}(?:\s?/\s?{_ONE_UNIT})*)(?![\w°²³])(?!['’]\w)"
        r"(?:\.(?=\s[a-z]|,))?",
        _unit,
    ),
    (
        rf"\b(half|(?:quarter|third|fifth|eighth|tenth)s?|"
        rf"power of (?:minus )?[a-z-]+)\s({_ONE_UNIT}(?:/{_ONE_UNIT})?)(?![\w°])",
        _small_unit,
    ),
    (
        rf"((?<![\w)])[-−–])?(?<![\w.,])({NUMBER})\s?%",
        lambda m: f"{'minus ' * bool(m[1])}{cardinal(m[2])} percent",
    ),
    (r"(?<=\d )in\b\.?(?=\s(?:tall|wide|long|high|deep|thick|by|x)\b)", "inches"),
    (rf"(?<![\w.,])({NUMBER})\s?‰", lambda m: f"{cardinal(m[1])} per mille"),
)
