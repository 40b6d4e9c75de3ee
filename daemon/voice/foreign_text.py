"""Signs, units, dates and times as words, for languages other than English and Chinese.

The voices of these languages make their sounds with espeak-ng, which reads numbers by itself. What
it does not read are money, units, dates in figures, minus signs, and what has a form of its own
(German years, French hours). The words and their plurals are those of Unicode's CLDR: units, money
and dates through Babel, numbers through unicode-rbnf.
"""

import functools
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import NumberFormatError, format_currency, parse_decimal
from babel.units import format_unit
from unicode_rbnf import FormatPurpose, RbnfEngine

from daemon.languages import language

_NUMBER = r"\d+(?:[.,' \u00a0\u202f]\d{2,3}(?!\d))*(?:[.,]\d+)?"
_CURRENCIES = {
    "US$": "USD", "R$": "BRL", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR",
    "₽": "RUB", "₴": "UAH", "EUR": "EUR", "USD": "USD", "GBP": "GBP", "CHF": "CHF",
}  # fmt: skip
_UNITS = {
    "km/h": "kilometer-per-hour", "m/s": "meter-per-second", "km²": "square-kilometer",
    "m²": "square-meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "m": "meter",
    "kg": "kilogram", "mg": "milligram", "g": "gram", "ml": "milliliter", "l": "liter",
    "L": "liter", "kWh": "kilowatt-hour", "kW": "kilowatt", "W": "watt", "V": "volt",
    "GHz": "gigahertz", "MHz": "megahertz", "Hz": "hertz", "KB": "kilobyte", "kB": "kilobyte",
    "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "°C": "celsius", "°F": "fahrenheit",
    "%": "percent", "min": "minute",
}  # fmt: skip
_LETTER = r"[^\W\u3040-\u9fff]"  # or figure; Japanese has numbers right beside its own
_SIGN = "|".join(map(re.escape, _CURRENCIES))
_UNIT = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_MONEY = re.compile(
    rf"(?<!{_LETTER}|[.,])(?P<minus>[-−]?)(?:(?P<before>{_SIGN})[ \u00a0]?(?P<n1>{_NUMBER})"
    rf"|(?P<n2>{_NUMBER})[ \u00a0\u202f]?(?P<behind>{_SIGN})(?!{_LETTER}))"
)
_MEASURE = re.compile(
    rf"(?<!{_LETTER}|[.,])(?P<number>[-−]?{_NUMBER})[ \u00a0\u202f]?"
    rf"(?P<unit>{_UNIT})(?!{_LETTER}|[/²³])"
)
_DATE = re.compile(
    r"(?<![\w./])(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
    r"|(?P<day>\d{1,2})(?P<sign>[./])(?P<month>\d{1,2})(?P=sign)(?P<year>\d{4}))(?![\w/])"
)
_MINUS = re.compile(rf"(?<!{_LETTER}|[.,)\]])[-−](?=\d)")
_SPANISH_ORDINAL = re.compile(r"(?<=\d)\.(?=[ºª])")
_HOUR = re.compile(r"(?<![\w:.,])(\d{1,2}) ?[hH](?: ?(\d\d))?(?!\w)")
_CLOCK = re.compile(r"(?<![\w:.,])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])(?:[ \u00a0]Uhr\b)?")
_GERMAN_YEAR = re.compile(
    r"(?<![\w.,])1[1-9]\d\d(?![\w%€$]|[.,]\d|[ \u00a0]?(?:€|[kcm]?m\b|k?g\b))"
)
_FRENCH_ORDINAL = re.compile(r"(?<![\w.,])(\d{1,3})(?:e|ème)(?!\w)")
_MAX_DIGITS = 18  # of a number, beyond which nobody hears a quantity


def spoken(text: str, code: str) -> str:
    """Return ``text``, in the language with this code, as it is to be read aloud."""
    if not any(char.isdigit() for char in text):
        return text
    text = _DATE.sub(lambda found: _date(found, code), text)
    text = _times(text, code)
    text = _MONEY.sub(lambda found: _money(found, code), text)
    text = _MEASURE.sub(lambda found: _measure(found, code), text)
    if rule := _OWN.get(code):
        text = rule(text)
    return _MINUS.sub(f"{_minus(code)} ", text)


@functools.cache
def _engine(code: str) -> RbnfEngine:
    return RbnfEngine.for_language(code)


@functools.cache
def _minus(code: str) -> str:
    """Return the word before a number below zero."""
    below, above = (_engine(code).format_number(number).text for number in (-1, 1))
    return below.removesuffix(above).strip()


@functools.cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


def _value(written: str, code: str) -> Decimal | None:
    """Return a number as the language writes it; ``None`` for what is none."""
    if len(written) > _MAX_DIGITS:
        return None
    plain = re.sub(r"[ \u00a0\u202f']", "", written)
    symbols = _locale(code).number_symbols["latn"]
    group, point = symbols["group"], symbols["decimal"]
    # "3.5" in a language with a comma: no group of thousands has one or two figures.
    if point == "," and re.fullmatch(r"\d+\.\d{1,2}", plain):
        plain = plain.replace(".", ",")
    if group not in ".,":
        plain = plain.replace(".", "") if point == "," and "," in plain else plain
    try:
        return parse_decimal(plain, locale=_locale(code))
    except NumberFormatError:
        return None


def _money(found: re.Match[str], code: str) -> str:
    value = _value(found["n1"] or found["n2"], code)
    if value is None:
        return found[0]
    currency = _CURRENCIES[found["before"] or found["behind"]]
    whole, cents = int(value), int(value % 1 * 100)
    said = format_currency(
        Decimal(whole), currency, "#,##0", _locale(code), format_type="name", currency_digits=False
    )
    if cents:
        said = " ".join(filter(None, (said, language(code).writing.cents, str(cents))))
    return f"{_minus(code)} {said}" if found["minus"] else said


def _measure(found: re.Match[str], code: str) -> str:
    number = found["number"].replace("−", "-")
    value = _value(number.lstrip("-"), code)
    if value is None:
        return found[0]
    said = format_unit(value, _UNITS[found["unit"]], "long", locale=_locale(code))
    return f"{_minus(code)} {said}" if number.startswith("-") else said


def _date(found: re.Match[str], code: str) -> str:
    parts = [found[name] for name in (("y", "m", "d") if found["y"] else ("year", "month", "day"))]
    try:
        day = date(*map(int, parts))
    except ValueError:
        return found[0]
    said = language(code).said
    if code in ("ru", "uk"):  # CLDR ends them with an abbreviation
        return f"{day.day} {said.months[day.month - 1]} {day.year}"
    return format_date(day, "long", locale=_locale(code))


def _times(text: str, code: str) -> str:
    """Read 15h30 and, in German and French, 15:30."""
    if code in ("fr", "pt"):
        text = _HOUR.sub(lambda found: _hours(found[1], found[2], code), text)
    if code == "fr":
        text = _CLOCK.sub(lambda found: _hours(found[1], found[2], code), text)
    if code == "de":
        text = _CLOCK.sub(lambda found: f"{int(found[1])} Uhr {_minutes(found[2])}".strip(), text)
    return text


def _hours(hour: str, minutes: str | None, code: str) -> str:
    said = format_unit(int(hour), "hour", "long", locale=_locale(code))
    between = language(code).writing.cents if code != "fr" else ""
    return " ".join(filter(None, (said, between if minutes else "", _minutes(minutes or ""))))


def _minutes(written: str) -> str:
    return str(int(written)) if written.strip("0") else ""


def _spanish(text: str) -> str:
    return _SPANISH_ORDINAL.sub("", text)


def _french(text: str) -> str:
    def ordinal(found: re.Match[str]) -> str:
        number = _engine("fr").format_number(int(found[1]), purpose=FormatPurpose.ORDINAL)
        return number.text

    return _FRENCH_ORDINAL.sub(ordinal, text)


def _german(text: str) -> str:
    months = "|".join(language("de").said.months)
    place = re.compile(rf"(?<![\w.,])(\b[dD]er )?(\d{{1,2}})\.(?= ?(?:{months}|Jahrhundert))")
    text = place.sub(lambda found: (found[1] or "") + _german_place(found[2], found[1]), text)
    return _GERMAN_YEAR.sub(
        lambda found: _engine("de").format_number(int(found[0]), purpose=FormatPurpose.YEAR).text,
        text,
    )


def _german_place(written: str, article: str | None) -> str:
    """Read "der 3. Mai" and, with an n, "am 3. Mai" and "im 19. Jahrhundert"."""
    number = _engine("de").format_number(int(written), purpose=FormatPurpose.ORDINAL)
    return number.text if article else number.text_by_ruleset["spellout-ordinal-n"]


_OWN: dict[str, Callable[[str], str]] = {"es": _spanish, "fr": _french, "de": _german}
