"""Whether a sentence is over, by what a language model expects after its last word.

Smart Turn hears how something was said; a voice that stops after "I would like to know" may sound
finished. The brain knows that something must follow. Of 20 questions cut at a comma, with
Qwen2.5-Coder 0.5B, 17 had a full stop or question mark expected with less than ``UNFINISHED``; of
52 whole ones, none. The idea is that of LiveKit's turn detector, which trains a model for it.
"""

import math
from typing import Any

from daemon.brain.sentences import words

UNFINISHED = 0.01
"""A probability below which somebody is taken to be in the middle of a sentence."""
FEWEST_WORDS = 2.0  # "Why?" and "Paris." are whole, and a language model does not know
_ENDS = ".?!。？！…"
_MARKS = " \t\n,，、;；:：—–-\"'“”‘’" + _ENDS


def unmarked(text: str) -> str:
    """Return ``text`` without the marks at its end: recognisers put them after half a sentence."""
    return text.rstrip(_MARKS)


def is_plainly_whole(text: str) -> bool:
    """Whether the brain need not be asked, which takes a moment.

    Too few words tell it nothing. Recognisers hear a question's tone and word order: Whisper put a
    question mark after 1 of those 20 halves.
    """
    return words(text) < FEWEST_WORDS or text.rstrip().endswith(("?", "？"))


def end_probability(answer: dict[str, Any]) -> float:
    """Add up the probabilities of all tokens that end a sentence, in an answer of llama.cpp's.

    ``answer`` is that of ``/completion`` to one token with ``n_probs``.
    """
    expected = answer["completion_probabilities"][0]["top_logprobs"]
    return sum(math.exp(one["logprob"]) for one in expected if _ends(one["token"]))


def _ends(token: str) -> bool:
    """Whether a token ends a sentence; those that end a message have no text."""
    return not token or token[0] == "\n" or token.strip()[:1] in tuple(_ENDS)
