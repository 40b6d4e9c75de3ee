"""Roman numerals, abbreviations, addresses and names with signs in English text."""

import re

from daemon.voice.english_numbers import cardinal, digits, ordinal, roman
from daemon.voice.rules import rules

_COUNTED = (
    "Wars?|Chapters?|Parts?|Acts?|Scenes?|Volumes?|Vol|Books?|Types?|Phases?|Stages?|Sections?|Articles?|"
    "Appendix|Figures?|Tables?|Bowl|Levels?|Class|Grade|Titles?|Fantasy|Mark|Amendments?|Division|Category|"
    "Episodes?|Season|Round|Group|Schedule|Unit|Step|Lesson|Tier|Factor|Apollo|Gemini|Saturn|Windows|Rocky"
)
_RULERS = (
    "Albert|Alexander|Alfonso|Amenhotep|Artaxerxes|Basil|Benedict|Boniface|Carlos|Catherine|Charles|"
    "Christian|Clement|Cleopatra|Constantine|Cyrus|Darius|David|Edward|Elizabeth|Ferdinand|Francis|"
    "Franz|Frederick|Friedrich|George|Gregory|Gustav|Haakon|Harald|Henry|Innocent|Isabella|Ivan|James|"
    "Joseph|Juan|Julius|Kamehameha|Leo|Leopold|Louis|Manuel|Margaret|Margrethe|Mary|Maximilian|"
    "Mehmed|Murad|Napoleon|Nicholas|Olav|Oscar|Otto|Paul|Pedro|Peter|Philip|Pius|Ptolemy|Rama|Ramesses|"
    "Ramses|Richard|Robert|Rudolf|Selim|Sixtus|Suleiman|Theodosius|Thutmose|Umberto|Urban|Victor|"
    "Wilhelm|William|Xerxes|Emmanuel|Ludwig|John|Farouk|Abdullah|Akihito|Adrian|Celestine|Sigismund"
)

_WORDS = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor",
    "Jr": "Junior",
    "Sr": "Senior", "Gen": "General", "Sen": "Senator", "Rep": "Representative", "Gov": "Governor",
    "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Rev": "Reverend",
    "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Mt": "Mount", "Inc": "Incorporated",
    "Ltd": "Limited", "Corp": "Corporation", "Co": "Company", "Dept": "Department",
    "Univ": "University", "dept": "department", "govt": "government", "avg": "average",
    "Pres": "President", "Maj": "Major", "Bros": "Brothers",
    "approx": "approximately", "Approx": "Approximately", "vs": "versus", "etc": "et cetera",
    "cf": "compare", "est": "established",
    "incl": "including", "excl": "excluding",
    "Jan": "January",
    "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July",
    "Aug": "August",
    "Sept": "September", "Sep": "September", "Oct": "October", "Nov": "November", "Dec": "December",
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Hon": "Honorable", "Esq": "Esquire",
    "ca": "circa", "ed": "edition", "esp": "especially", "tel": "telephone",
    "Tel": "Telephone", "ext": "extension", "Apt": "Apartment",
}  # fmt: skip
_BEFORE_NUMBER = {
    "No": "number", "Nos": "numbers", "no": "number", "Fig": "figure", "fig": "figure",
    "Figs": "figures", "Vol": "volume",
    "vol": "volume", "Ch": "chapter", "ch": "chapter", "Sec": "section", "p": "page", "pp": "pages",
    "Eq": "equation",
    "Tab": "table", "Art": "article", "Nr": "number", "pt": "part", "Pt": "part", "ver": "version",
}  # fmt: skip

# Endings of names that are words; the others are spelt, which capitals tell the voice.
_SPOKEN_ENDINGS = {
    *[
        "com",
        "org",
        "net",
        "info",
        "biz",
        "dev",
        "app",
        "zip",
        "doc",
        "bin",
        "dat",
        "log",
        "bat",
        "tar",
        "text",
        "exe",
        "gov",
        "mil",
        "museum",
        "page",
        "site",
        "shop",
    ]
}
_FILES = (
    "py|pyc|ipynb|js|mjs|ts|tsx|jsx|json|txt|md|pdf|docx?|xlsx?|pptx?|csv|tsv|xml|html?|css|scss|svg|png|jpe?g|gif|"
    "bmp|webp|mp[34]|wav|flac|ogg|mkv|mov|avi|zip|tar|gz|xz|bz2|rar|7z|exe|dll|so|sh|bash|bat|c|h|cpp|hpp|cc|rs|"
    "go|java|class|jar|rb|php|sql|db|ya?ml|toml|ini|cfg|conf|log|lock|bak|tmp|tex|bib|iso|img|deb|rpm|apk|onnx|gguf|bin|dat"
)
_DOMAINS = (
    "com|org|net|edu|gov|mil|int|io|ai|co|me|tv|app|dev|info|biz|xyz|site|page|shop|cloud|tech|online|"
    "uk|us|ca|de|fr|es|it|nl|be|ch|at|eu|pl|ru|cn|jp|kr|in|au|nz|br|se|no|fi|dk|cz|ie|test|local|example"
)


# Roman numerals are in words by the time that abbreviations are read.
_IN_WORDS = (
    "One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|"
    r"[A-Z][a-z]+(?:teen|ty)(?:-\w+)?"
)

# A single C, D, L or M is a letter: Appendix C.
_NUMERAL = "[IVX]+|[IVXLCDM]{3,}|[LX][IVX]+"


def _numeral(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]}{cardinal(str(value)).title()}" if value else match[0]


def _second_numeral(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]}{cardinal(str(value)).title()}" if value else match[0]


def _ruler(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]} the {ordinal(str(value)).title()}" if value else match[0]


def _century(match: re.Match[str]) -> str:
    value = roman(match[1])
    return ordinal(str(value)) if value else match[0]


def _abbreviation(match: re.Match[str]) -> str:
    at_end = not match.string[match.end() :].strip(" \"')")
    return _WORDS[match[1]] + ("." if at_end else "")


def _saint(_match: re.Match[str]) -> str:
    return "Saint "


def _road(match: re.Match[str]) -> str:
    """Say "St." or "Dr." behind a name; the dot stays where it ends the sentence."""
    at_end = not match.string[match.end() :].strip(" \"')")
    return ("Street" if match[0].startswith("St") else "Drive") + ("." if at_end else "")


def _initials(match: re.Match[str]) -> str:
    """U.S. → US, which the voice spells; the last dot stays where it ends the sentence."""
    at_end = not match.string[match.end() :].strip(" \"')")
    return match[0].replace(".", "").replace(" ", "") + ("." if at_end else "")


def _ending(written: str) -> str:
    return written if written.lower() in _SPOKEN_ENDINGS else written.upper()


def _dotted(name: str) -> str:
    """Say a file's or a host's name: report_2024.pdf → report 2024 dot PDF."""
    *stem, ending = name.split(".")
    stem = [re.sub(r"[_-]+", " ", part) for part in stem]
    return " dot ".join([*(part for part in stem if part), _ending(ending)])


def _file(match: re.Match[str]) -> str:
    return _dotted(match[0]) if not match[0].startswith(".") else f"dot {_dotted(match[0][1:])}"


def _mail(match: re.Match[str]) -> str:
    return f"{re.sub(r'[._+-]+', _mail_sign, match[1])} at {_dotted(match[2])}"


def _mail_sign(sign: re.Match[str]) -> str:
    names = {".": " dot ", "_": " underscore ", "-": " dash ", "+": " plus "}
    return names[sign[0][0]]


def _host(match: re.Match[str]) -> str:
    path = [part for part in re.split(r"/", match["path"] or "") if part]
    said = [re.sub(r"[?&=#%]+", " ", _dotted(part) if "." in part else part) for part in path]
    return " slash ".join([_dotted(match["host"].removeprefix("www.")), *said])


def _path(match: re.Match[str]) -> str:
    said = re.sub(r"(?<=/)\.", "dot ", match[0])
    return re.sub(r"[/\\]", lambda m: " slash " if m[0] == "/" else " backslash ", said)


def _hashtag(match: re.Match[str]) -> str:
    words = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|_", " ", match[1])
    return f"hashtag {words}"


ADDRESSES = rules(
    (r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)", _mail),
    (r"(?:https?://|ftp://)(?P<host>[\w.-]*\w)(?::\d+)?(?P<path>/[\w./?&=#%+-]*\w)?/?", _host),
    (
        rf"(?<![\w.@/])(?P<host>(?:[A-Za-z0-9][\w-]*\.)+(?:{_DOMAINS}))(?![\w-]|\.\w)(?P<path>/[\w./?&=#%+-]*\w)?/?",
        _host,
    ),
    (
        r"(?<![\w.])(?:[Cc]/)?([A-Za-z])\+\+",
        lambda m: f"{'C or ' if '/' in m[0] else ''}{m[1]} plus plus",
    ),
    (r"(?<=[a-z])\+\+", " plus plus"),
    (r"\b([A-Z])#(?!\w)", r"\1 sharp"),
    (r"(?<![\w.])(ASP|ADO|VB)?\.NET\b", lambda m: f"{m[1] + ' ' if m[1] else ''}dot net"),
    (rf"(?<![\w@-])(?<!\w\.)\.?(?:[\w-]+\.)+(?:{_FILES})(?![\w-]|\.\w)", _file),
    (
        r"(?<![\w.])\.([a-z]{2,5})(?=\s(?:files?|folders?|format|extension)\b)",
        lambda m: "dot " + _ending(m[1]),
    ),
    (r"(?<![\w/.<\[])~?(?:/[A-Za-z_.][\w.-]*)+/?(?=\W|$)", _path),
    (r"\b[A-Z]:(?:\\[\w.-]+)+\\?", _path),
    (r"(?<!\w)#(?=\d{1,4}\b|\sof\b)", "number "),
    (r"(?<!\w)#(\d{5,})\b", lambda m: f"number {digits(m[1])}"),
    (r"(?<!\w)#(\w*[A-Za-z]\w*)", _hashtag),
    (r"(?<!\w)@(?=\w)", "at "),
)

ROMANS = rules(
    (r"\bWW\s?(?:II|2)\b", "World War Two"),
    (r"\bWW\s?(?:I|1)\b", "World War One"),
    (rf"\b((?:{_COUNTED})\.?\s(?:No\.\s)?)({_NUMERAL})\b(?!['’.]\w)", _numeral),
    (
        r"\b((?:type|part|chapter|phase|stage|section|act|volume|level|tier)s?\s)([IVX]{2,}|V|X)\b",
        _numeral,
    ),
    (rf"((?:{_COUNTED})\s[A-Z][\w-]+(?:,|\sand|\sor|\sto)\s)({_NUMERAL})\b", _second_numeral),
    (
        r"\b((?:King|Queen|Pope|Emperor|Tsar|Kaiser|Sultan|Shah)\s(?:\w+\s)?[A-Z]\w+)\s([IVX]+)\b",
        _ruler,
    ),
    (rf"\b({_RULERS})\s([IVX]{{2,}}|V|X)\b", _ruler),
    (
        rf"\b({_RULERS})\s(I)\b(?=\s(?:of|was|is|has|ruled|reigned|died|became|"
        r"never\smarried|married|who|to|and\s[A-Z]\w*)\b|['’]s|[,.;)]|$)",
        _ruler,
    ),
    (r"\b([IVX]+)(?:th|st|nd|rd)?(?=\s(?:century|centuries|Olympiad|dynasty)\b)", _century),
    (r"\b([IVXLC]{2,})(?:th|st|nd|rd)\b", _century),
    (r"((?:\b[A-Z][a-z]+\s){2})(V)\b(?!['’.]\w|\.\s[A-Z])", _numeral),
    (r"\b([A-Z][a-z]+\s)([IVX]{2,})\b(?!['’]\w)", _numeral),
)

ABBREVIATIONS = rules(
    (r"\be\.\s?g\.,?", "for example"),
    (r"\bi\.\s?e\.,?", "that is"),
    (r"\bE\.g\.,?", "For example"),
    (r"\bI\.e\.,?", "That is"),
    (r"\bPh\.\s?D\b\.?", "PhD"),
    (r"\bc\.\s?(?=\d{3,4}\b)", "circa "),
    (r"\bw/o\b", "without"),
    (r"\bw/(?=\s)", "with"),
    (
        rf"\b({'|'.join(_BEFORE_NUMBER)})\.\s?(?=\d|(?:{_IN_WORDS})\b)",
        lambda m: _BEFORE_NUMBER[m[1]] + " ",
    ),
    (
        r"(?<=[a-z]\s)St\.?(?=\s+(?:in|at|on|near|and|now|is|was)\b|[,;]|\s*$)|(?<=[A-Z][a-z]\s)St\.(?=\s[a-z])",
        _road,
    ),
    (r"(?<=\w\s)St\.(?=\s+[a-z]|[,;]|\s*$)", _road),
    (r"\bSt\.?\s(?=[A-Z])", _saint),
    (r"\bFt\.\s(?=[A-Z])", "Fort "),
    (r"(?<=[a-z]\s)Dr\.(?=\s+[a-z]|[,;]|\s*$)", _road),
    (rf"\b({'|'.join(_WORDS)})\.(?!\w)", _abbreviation),
    (r"\bvs\b", "versus"),
    (r"\b(?:[A-Za-z]\.){2,}(?!\w)|\b(?:[A-Z]\.\s?){2,}(?=\s|$)", _initials),
)
