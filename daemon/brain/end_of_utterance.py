"""Whether a sentence is over, by what a language model expects after its last word.

Smart Turn hears how something was said; a voice that stops after "I would like to know" may sound
finished, and one that has paused before may never do. The brain knows whether something must
follow. The idea is that of LiveKit's turn detector, which trains a model for it. How the bounds
below were chosen, and how well they do, is in docs/performance.md.
"""

import math

from daemon.brain.sentences import words
from daemon.languages.matching import unfinished
from daemon.media import JsonObject

UNFINISHED = 0.02
"""A probability below which somebody is in the middle of a sentence, however finished it sounds."""
WHOLE = 0.4
"""A probability above which somebody has finished, even if it does not sound so."""
MIN_WORDS = 2.0  # "Why?" and "Paris." are whole, and a language model does not know
# Recognisers hear a question's tone and word order, but put the mark after "Could you explain" as
# well. With this factor all of 41 short whole questions in two languages, written for the purpose,
# count as whole, and half of 30 beginnings with a mark.
QUESTION_MARK = 25.0  # times likelier to be whole
PREAMBLE_WORDS = 2.0, 4.5  # more than, up to: such beginnings are short; asking takes a moment
_ENDS = ".?!。？！…।"
_MARKS = " \t\n,，、;；:：—–-\"'“”‘’«»¿¡" + _ENDS
ASKED = ("en", "zh")
"""The languages whose sentences a brain was found to know the ends of; see docs/performance.md."""


def unmarked(text: str) -> str:
    """Return ``text`` without the marks at its end: recognisers put them after half a sentence."""
    return text.rstrip(_MARKS)


def is_plainly_whole(text: str) -> bool:
    """Whether the brain need not be asked, which takes a moment: a question, if not a short one."""
    least, most = PREAMBLE_WORDS
    return _is_question(text) and not least < words(text) <= most


def is_plainly_unfinished(text: str, language: str) -> bool:
    """Whether the last word lets more follow in any case: "because", "para", それから."""
    return not _is_question(text) and bool(unfinished(language).search(unmarked(text)))


def with_mark(text: str, probability: float) -> float:
    """Return how likely ``text`` is whole, if that is the probability without its last mark."""
    return min(1.0, probability * QUESTION_MARK) if _is_question(text) else probability


def is_too_short_to_tell(text: str) -> bool:
    """Whether there are too few words to tell the brain anything."""
    return words(text) < MIN_WORDS


def end_probability(answer: JsonObject) -> float:
    """Add up the probabilities of all tokens that end a sentence, in an answer of llama.cpp's.

    ``answer`` is that of ``/completion`` to one token with ``n_probs``.
    """
    expected = answer["completion_probabilities"][0]["top_logprobs"]
    return sum(math.exp(one["logprob"]) for one in expected if _ends(one["token"]))


def _ends(token: str) -> bool:
    """Whether a token ends a sentence; those that end a message have no text."""
    return not token or token[0] == "\n" or token.strip()[:1] in tuple(_ENDS)


def _is_question(text: str) -> bool:
    return text.rstrip().endswith(("?", "？"))
