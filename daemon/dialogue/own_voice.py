"""Knows its own words when they come back: what is left of an echo that the canceller let through.

A canceller needs seconds to learn a room, and a busy computer plays with gaps that it cannot know
of. What it leaves is faint, but now and then enough for a word to be read from it.
"""

from difflib import SequenceMatcher

from daemon.brain.sentences import WORD

RECENT = 60  # words: what was said in the last twenty seconds
FEWEST = 2  # words; a single one may as well be a person's ("Paris?")
ECHO_S = 1.0  # after a reply in which its echo may still be heard
ALIKE = 0.7  # share of what was heard that was just said, in the same order


def is_own(heard: str, said: str) -> bool:
    """Whether ``heard`` is no more than a part of ``said``, as far as a recogniser can tell."""
    words, own = WORD.findall(heard.casefold()), WORD.findall(said.casefold())[-RECENT:]
    if len(words) < FEWEST:
        return False
    blocks = SequenceMatcher(None, own, words, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= ALIKE * len(words)


class OwnVoice:
    """What was said last, and whether the newest turn may be its echo. Times are the loop's."""

    def __init__(self) -> None:
        self._said, self._until = "", float("-inf")
        self._near = False

    def spoke(self, text: str, now: float) -> None:
        """Note what was heard of a reply that ends now."""
        self._said, self._until = text, now + ECHO_S

    def turn_began(self, now: float) -> None:
        """Note that somebody begins to speak."""
        self._near = now < self._until

    def echoes(self, heard: str) -> bool:
        """Whether the newest turn is the end of the reply before it, heard again."""
        return self._near and is_own(heard, self._said)
