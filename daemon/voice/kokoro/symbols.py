"""The symbols of Kokoro 1.0, and the number that each has as a token.

Facts of the model, as its authors' ``config.json`` (hexgrad/Kokoro-82M) lists them.
"""

from collections.abc import Iterable

PAD = 0  # stands at both ends of what the network is given
TABLE_ROWS = 178  # of the network's embedding; version 1.1 has other symbols in as many rows

_NUMBERED = (
    (1, ';:,.!?'), (9, '—…"()“” \u0303ʣʥʦʨᵝꭧAI'), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"),
    (41, "Yᵊabcdef"), (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"),
    (90, "ɟ"), (92, "ɡ"), (99, "ɥ"), (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"),
    (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ"), (147, "ʒʔ"),
    (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip

TOKENS = {symbol: first + i for first, row in _NUMBERED for i, symbol in enumerate(row)}
"""Symbol → token."""

SYMBOLS = {token: symbol for symbol, token in TOKENS.items()}
"""Token → symbol."""

MARKS = ';:,.!?—…"()“” '
"""Symbols that are no sound."""


def tokens(symbols: Iterable[str]) -> list[int]:
    """Return the tokens of those symbols that the model knows."""
    return [TOKENS[symbol] for symbol in symbols if symbol in TOKENS]


def has_sound(symbols: str) -> bool:
    """Whether anything would be heard."""
    return any(symbol in TOKENS and symbol not in MARKS for symbol in symbols)
