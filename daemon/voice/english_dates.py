"""Dates, years and times of day in English text."""

import re

from daemon.voice.english_numbers import (
    cardinal,
    ordinal,
    pairs,
    plural,
    two_digits,
    year,
)
from daemon.voice.rules import rules

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_SHORT = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_MONTH = "|".join([*_MONTHS, "Sept", *(name for name in _SHORT if name not in ("May", "Sept"))])
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])"

_RATIO = re.compile(r"\b(?:ratio|scale|odds|score|aspect|won|lost|beat|mix)\b[\w\s]{0,12}$", re.I)

# What stands before a number that is a year, and not a quantity, whatever comes after it.
_BEFORE_YEAR = re.compile(
    r"\b(?:in|since|of|year|from|until|till|before|after|during|around|circa|late|early|mid|born|Q[1-4]|FY|H[12]|"
    rf"died|by|to|summer|winter|spring|autumn|fall|{_MONTH}),?\s+$",
    re.I,
)
_QUANTITY = re.compile(
    r"\s(?!was\b|is\b|has\b|does\b|this\b|as\b|its\b|his\b|always\b|plus\b|versus\b|yes\b|"
    r"[a-z]*(?:less|ess)\b)(?:[a-z]+s\b|people\b|men\b|women\b|children\b|percent\b|feet\b)|\s?%"
)


def _month(name: str) -> str:
    return _SHORT.get(name.rstrip("."), name)


def _year_of_date(written: str) -> str:
    return year(written) if len(written) == 4 else two_digits(written)


def _date(year_: str, month: str, day: str, whole: str) -> str:
    """Say a date of figures, or return ``whole`` if the calendar has no such day."""
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return whole
    return f"{_MONTHS[int(month) - 1]} {ordinal(str(int(day)))}, {_year_of_date(year_)}"


def _iso_date(match: re.Match[str]) -> str:
    said = _date(match[1], match[3], match[4], match[0])
    return said + (", " if match[5] else "")


def _local_date(match: re.Match[str]) -> str:
    """5/1/2024 is the first of May here; 25/12/2024 can only be Christmas."""
    month, day = match[1], match[3]
    if int(month) > 12:
        month, day = day, month
    return _date(match[4], month, day, match[0])


def _short_date(match: re.Match[str]) -> str:
    if not (1 <= int(match[1]) <= 12 and 1 <= int(match[2]) <= 31):
        return match[0]
    return f"{_MONTHS[int(match[1]) - 1]} {ordinal(match[2])}"


def _month_day(match: re.Match[str]) -> str:
    said = f"{_month(match['month'])} {ordinal(match['day'])}"
    if match["last"]:
        said += f" to {ordinal(match['last'])}"
    return said + (f", {year(match['year'])}" if match["year"] else "")


def _day_month(match: re.Match[str]) -> str:
    said = f"{'' if match['the'] else 'the '}{match['the'] or ''}{ordinal(match['day'])}"
    if match["last"]:
        said += f" to the {ordinal(match['last'])}"
    said += f" of {_month(match['month'])}"
    return said + (f" {year(match['year'])}" if match["year"] else _full_stop(match))


def _month_year(match: re.Match[str]) -> str:
    return f"{_month(match[1])} {year(match[2])}"


def _numbered_month(match: re.Match[str]) -> str:
    return f"{_MONTHS[int(match[1]) - 1]} {year(match[2])}"


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match[1]), match[2], match[3], match["half"]
    if not half and second is None and _RATIO.search(match.string[: match.start()]):
        return f"{cardinal(match[1])} to {cardinal(str(int(minute)))}"
    noon = f" {half.upper()}M" if half else ""
    if hour in (0, 24) and minute == "00" and second in (None, "00"):
        return "midnight"
    said = cardinal(str(hour))
    if minute != "00":
        said += f" {two_digits(minute)}"
    elif not noon:
        said += " o'clock" if hour <= 12 else " hundred"
    if second is not None and second != "00":
        said += f" and {cardinal(str(int(second)))} second{'s' * (second != '01')}"
    return said + noon + _full_stop(match)


def _hour(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} {match['half'].upper()}M{_full_stop(match)}"


def _full_stop(match: re.Match[str]) -> str:
    """Keep the dot of "p.m." where nothing follows: it ends the sentence, too."""
    return "." if match[0].endswith(".") and not match.string[match.end() :].strip() else ""


def _decade(match: re.Match[str]) -> str:
    written = match[1]
    if written in ("100", "1000"):
        return "hundreds" if written == "100" else "thousands"
    if written.endswith("00"):
        return f"{cardinal(written[:-2])} hundreds" if written != "2000" else "two thousands"
    return plural(year(written) if len(written) == 4 else cardinal(written))


def _year(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :]
    if not _BEFORE_YEAR.search(before) and (match[0] < "1100" or _QUANTITY.match(after)):
        return cardinal(match[0])
    return year(match[0])


_HALF = r"(?P<half>[aApP])\.?\s?[mM](?:\.|\b)"
_DAYS = (
    "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun"
)
_SHORT_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
    "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip


def _named_range(match: re.Match[str]) -> str:
    """Mon-Fri → Monday to Friday, Jan–March → January to March."""
    names = (_SHORT_DAYS.get(name[:3], _month(name)) for name in (match[1], match[2]))
    return " to ".join(names)


RULES = rules(
    *((rf"\b({names})\.?\s?[-–—]\s?({names})\b", _named_range) for names in (_DAYS, _MONTH)),
    # Dates.
    (r"(?<![\w.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)(?:(T)(?=\d)|(?![-/]\d))", _iso_date),
    (r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\d/-])", _local_date),
    (r"(?<![\w./-])(\d{1,2})(/)(\d{1,2})/(\d{2})(?![\d/-])", _local_date),
    (
        r"(?i:(?<=\bon )|(?<=\bby )|(?<=\buntil )|(?<=\bsince )|(?<=\bdue ))"
        r"(\d{1,2})/(\d{1,2})(?![\d/]| of\b)",
        _short_date,
    ),
    (
        rf"\b(?P<month>{_MONTH})\.?\s{_DAY}(?:st|nd|rd|th)?"
        rf"(?:\s?[-–—]\s?(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?(?:,?\s(?P<year>\d{{4}}))?(?![\d:%/]|[.,]\d)",
        _month_day,
    ),
    (
        rf"(?P<the>\b[Tt]he\s)?(?<![\w.,:-]){_DAY}(?:st|nd|rd|th)?"
        r"(?:\s?[-–—]\s?(?P<last>\d{1,2})(?:st|nd|rd|th)?)?"
        rf"\s(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s(?P<year>\d{{4}})\b)?",
        _day_month,
    ),
    (r"(?<![\w./-])(0[1-9]|1[0-2])/((?:19|20)\d\d)(?![\d/-])", _numbered_month),
    (r"(\b(?:ISO|IEC|DIN|EN)[\s/-]?(?:[A-Z]{2,4}\s)?\d+):(?=(?:19|20)\d\d\b)", r"\1, "),
    (rf"\b({_MONTH})\.?,?\s(1\d{{3}}|20\d\d)(?!\d)", _month_year),
    (
        r"(?<=\d)(\s?[apAP]\.?[mM]\.?)?\s*[-–—]\s*(?=\d{1,2}(?::\d\d|\s?[apAP]\.?[mM]\b))",
        r"\1 to ",
    ),
    # Times. One figure after the colon is a ratio.
    (r"(?<![\d:.,])(\d{1,4}):(\d)(?![\d:])", lambda m: f"{cardinal(m[1])} to {cardinal(m[2])}"),
    (
        rf"(?<![\d:.,])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])(?:\s?{_HALF})?",
        _time,
    ),
    (r"(?<=\d)\s*:\s*(?=\d)", " to "),
    (rf"(?<![\w:.,$€£])(\d{{1,2}})\s?{_HALF}", _hour),
    # Before the units, for these take an "s" for seconds.
    (r"(?<![\w.])['’]?(\d{0,2}\d0)['’]?s\b", _decade),
    (r"(?<![\w.])(480|720|1080|1440|2160)[pi]\b", lambda m: f"{pairs(m[1])} P"),
    (r"(?<!\S)['’](\d\d)(?![\w'’])", lambda m: two_digits(m[1])),
)

YEARS = rules(
    (r"(?<![\w.,:$€£/#-])(?:1\d{3}|20\d\d)(?!\w|[,.]\d|[-/]\d*[A-Za-z/])", _year),
)
