"""Text that keeps a grammar or a JSON Schema, because no other token can be chosen."""

import json
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from llguidance import LLMatcher, LLTokenizer, grammar_from
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from numpy.typing import NDArray

from daemon.brain.openvino.tokenizer import Vocabulary

NOTHING = np.float32(-np.inf)
# As models write JSON; free to put white space in, a small one may put in nothing else.
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Grammars:
    """Makes constraints for one model; its table of tokens is made when the first is needed."""

    def __init__(self, vocabulary: Vocabulary, size: int) -> None:
        self._vocabulary, self._size = vocabulary, size

    def constraint(self, fields: Mapping[str, object]) -> "Constraint | None":
        """Return what ``grammar`` or ``json_schema`` in the fields of a request asks for.

        A schema that llguidance does not take constrains nothing.
        """
        if "grammar" in fields:
            told = grammar_from("gbnf", str(fields["grammar"]))
        elif "json_schema" in fields:
            schema = {**_fields(fields["json_schema"]), "x-guidance": _LAYOUT}
            told = grammar_from("json_schema", json.dumps(schema))
        else:
            return None
        matcher = LLMatcher(self._tokens, told, log_level=0)
        return None if matcher.is_error() else Constraint(matcher, self._size)

    @cached_property
    def _tokens(self) -> LLTokenizer:
        ends = sorted(self._vocabulary.ends)
        text = self._vocabulary.file.read_text(encoding="utf-8")
        return LLTokenizer(text, n_vocab=self._size, eos_token=ends)


def _fields(schema: object) -> Mapping[str, object]:
    return schema if isinstance(schema, Mapping) else {}


class Constraint:
    """Where one text is in its grammar."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher, self._size = matcher, size
        self._bits = allocate_token_bitmask(1, size)

    def restrict(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores (vocabulary,) in which only those of tokens that may follow are finite."""
        fill_next_token_bitmask(self._matcher, self._bits)
        allowed = np.unpackbits(self._bits.view(np.uint8), bitorder="little")[: self._size]
        return np.where(allowed.astype(bool), scores, NOTHING)

    def accept(self, token: int) -> bool:
        """Go on to the next token; whether the text may go on, too."""
        return self._matcher.consume_token(token) and not self._matcher.is_stopped()
