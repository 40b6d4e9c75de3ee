"""Dates, years, times of day and telephone numbers in English text."""

import re

from daemon.voice.english_numbers import (
    cardinal,
    digits,
    ordinal,
    pairs,
    plural,
    two_digits,
    year,
)

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
    r"\b(?:in|since|of|year|from|until|till|before|after|during|around|circa|late|early|mid|born|"
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


def _phone(match: re.Match[str]) -> str:
    """Read a number group by group, as people do who give it to be written down."""
    groups = [digits(group) for group in re.findall(r"\d+", match[0])]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def _groups(match: re.Match[str]) -> str:
    """Read groups that no rule knows: long ones by the figure, 1-2-3 by the number."""
    groups = match[0].split("-")
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", match[0]):
        return match[0]  # a date
    return ", ".join(map(digits if max(map(len, groups)) > 2 else cardinal, groups))


def _letters(match: re.Match[str]) -> str:
    """Read a number whose end is a word: 1-800-FLOWERS."""
    return f"one, {pairs(match[1])}, {match[2].title()}"


def _spelt(match: re.Match[str]) -> str:
    return digits(match[0])


def _long(match: re.Match[str]) -> str:
    return cardinal(match[0]) if match[0].endswith("0000") else digits(match[0])


def _address(match: re.Match[str]) -> str:
    port = f" port {cardinal(match[2])}" if match[2] else ""
    return " dot ".join(digits(part) for part in match[1].split(".")) + port


def _room(match: re.Match[str]) -> str:
    return match[1] + pairs(match[2])


_HALF = r"(?P<half>[aApP])\.?\s?[mM](?:\.|\b)"
_NAMED = (
    r"(?:[Ff]light|[Rr]oom|[Rr]oute|[Hh]ighway|Hwy|[Ii]nterstate|[Ss]uite|[Aa]partment|"
    r"Apt\.?|Boeing|Airbus|[Bb]us|[Aa]rea)"
)
_NO_MORE = r"(?![\d/-]|[.,:]\d)"

RULES = [
    (re.compile(pattern), replace)
    for pattern, replace in (
        # Telephone numbers, from the most particular form on.
        (r"(?<![\w.])\+\d{1,3}(?:[-.\s]?\(?\d{2,5}\)?){2,5}(?!\d)", _phone),
        (r"(?<![\w.])(?:1[-.\s])?\(\d{3}\)\s?\d{3}[-.\s]\d{4}(?!\d)", _phone),
        (r"(?<![\w.-])(?:1[-.])?\d{3}([-.])\d{3}\1\d{4}(?![\d-])", _phone),
        (r"(?<![\w.-])\d+(?:-\d+){2,}(?![\w-])(?<!\d{4}-\d\d-\d\d)(?<!-\d\d\d\d)", _groups),
        (r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\d-])|(?<![\w.-])\d{3}-\d{4}(?![\d-])", _phone),
        (r"(?<![\w.])\d{4}(?:[- ]\d{4}){3}(?!\d)", _phone),
        (r"(?<![\w.-])1[-.](\d{3})[-.]([A-Z]{4,9})\b", _letters),
        (r"(?<![\w.,$€£-])911(?![\w%/-]|[.,]\d| [a-z]+s\b| people\b)", _spelt),
        (
            r"(?i:(?<=\bcall )|(?<=\bdial )|(?<=\bcalled )|(?<=\bcode )|(?<=\bpin ))\d{3,8}"
            + _NO_MORE,
            _spelt,
        ),
        (r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\w.]*\w)", _address),
        (r"(?<![\w.,])\d{10,}(?![\w,]*\d)(?!\.\d)", _long),
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
]

YEARS = [
    (re.compile(pattern), replace)
    for pattern, replace in (
        (rf"\b({_NAMED}\s(?:[Nn]umber\s)?)(\d{{3}})(?!\w|[.,]\d)", _room),
        (r"(?<![\w.,:$€£/#-])(?:1\d{3}|20\d\d)(?!\w|[,.]\d|[-/]\d*[A-Za-z/])", _year),
    )
]
