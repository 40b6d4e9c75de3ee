"""Cutting a reply, as it is being made, into pieces that are spoken in one go.

The first piece is cut early, at its first clause, so that speech starts while the model is still
writing; the others are whole sentences, because a voice needs a whole sentence to get its melody
right. What differs between languages is in ``sentence_rules.py``.
"""

import re

from daemon.brain.feelings import feelings_in_words, may_be_mark
from daemon.brain.reasoning_filter import ReasoningFilter
from daemon.brain.sentence_rules import SentenceRules, sentence_rules
from daemon.brain.speakable_text import CJK, SpeakableText, tidy
from daemon.expression import Feeling, Felt
from daemon.languages.guess import HAN, KANA, MARKS
from daemon.media import Sentence

FIRST_CLAUSE_WORDS = 3.0  # a clause of fewer sounds like a stumble when the next one comes late
FIRST_JOINT_WORDS = 4.0  # with no punctuation, from here on cut before a joining word
FIRST_ANY_WORDS = 8.0  # and from here on between any two words
FIRST_PARTICLE_WORDS = 6.0  # ten Chinese characters: from here on cut after a particle
CHINESE_WORD = 0.6  # words a Chinese character counts for: "今天天气很好" is about three and a half
MIN_SENTENCE_WIDTH = 16  # a narrower one is joined with the next: "Yes.", "好的。"
MAX_SENTENCE_WIDTH = 200  # from here on it is cut at a clause: 13 s of speech in either language
CHINESE_WIDTH = 3  # a Chinese character takes about as long to say as three Latin letters

_LETTER = rf"(?:[^\W_{HAN}{KANA}]|[{MARKS}])"
WORD = re.compile(rf"[{HAN}{KANA}]|{_LETTER}+(?:['’]{_LETTER}+)*")
"""A word of letters, or a Chinese or Japanese character."""

_CHINESE = re.compile(f"[{CJK}]")
_KANA = re.compile(f"[{KANA}]")
_WORD_BEGIN = re.compile(rf"\s+(?=((?:\w|[{MARKS}])+)\s)")
_WORDS = re.compile(rf"[{CJK}]|[^\s{CJK}]+")

_CLOSERS = r"[\"'”’)\]}」』）》】〉]*"
# A dash between figures, or a short one between words, is that of a range: 20–25, London–Paris.
_DASH = r"(?<!\d)—+(?=[^—–])|—+(?=[^—–\d])|(?<=\s)–+(?=[^—–])|–+(?=\s)"
# Behind a plain word a comma is known for one before anything follows.
_COMMA = r"(?<=[^\W\d_]),\Z"
_CLAUSE = re.compile(rf"[，、；：]{_CLOSERS}|[,;:]{_CLOSERS}(?=[\s{CJK}])|{_COMMA}|{_DASH}")

# A small model may write "1. 4 million": better two sentences joined than a number torn apart.
_BEFORE_NUMBER = re.compile(
    r"\d\.$|\b(?:No|Nos|Fig|Vol|Ch|Sec|p|pp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_BEFORE_BRACKET = re.compile(r"\b(?:Jr|Sr|Inc|Ltd|Co|Corp|etc|[ap]\.?m)\.$", re.IGNORECASE)
_ITEM = re.compile(r"\s*[(（]?\d{1,3}\.$")


class SentenceSplitter:
    """Cuts one reply. The outcome does not depend on how the reply is cut into pieces."""

    def __init__(self, openers: bool = False, language: str = "", brisk: bool = False) -> None:
        """``language`` is that of the reply; "" is English, Chinese and mixtures of both.

        ``brisk``: what follows a first piece is written and spoken long before that has been heard.
        """
        self._brisk = brisk
        self._rules = sentence_rules(language)
        self._language = language
        self.openers = openers
        """Whether it may begin with a piece of less than ``FIRST_CLAUSE_WORDS``: "Sure,"."""
        self._reasoning = ReasoningFilter()
        self._spoken = SpeakableText()
        self._text = ""
        self._felt: list[tuple[int, Feeling]] = []  # what marks said, with their places in it
        self._count = 0
        self._words_cut = 0.0

    def feed(self, piece: str) -> list[Sentence]:
        """Add a piece of the reply; return the sentences that are complete with it."""
        return self._feed(self._reasoning.feed(piece))

    def _feed(self, said: str) -> list[Sentence]:
        sentences: list[Sentence] = []
        for char in said:
            following = self._spoken.next_visible
            settled = self._spoken.feed(char)
            if settled or self._spoken.next_visible != following:
                self._add(settled)
                sentences += self._cut(self._spoken.next_visible)
        return sentences

    def finish(self) -> list[Sentence]:
        """End the reply; return what is left."""
        self.openers = False  # nothing follows
        sentences = self._feed(self._reasoning.finish())
        self._add(self._spoken.finish() + "\n")
        return sentences + self._cut("")

    def _add(self, settled: str) -> None:
        self._felt += [(len(self._text) + at, feeling) for at, feeling in self._spoken.felt]
        self._spoken.felt.clear()
        self._text += settled

    def _cut(self, following: str) -> list[Sentence]:
        """Take complete sentences off the front; ``following`` is the next character if known."""
        if may_be_mark(following):
            return []  # it belongs to the sentence before it, and costs a token
        sentences = []
        while (end := self._end(following)) is not None:
            said, self._text = self._text[:end], self._text[end:]
            text = tidy(said)
            felt = self._take_feelings(said, text)
            if text:
                opener = self._may_open and words(text) < FIRST_CLAUSE_WORDS
                sentences.append(Sentence(self._count, text, opener, felt))
                self._count += 1
                self._words_cut += words(text)
        return sentences

    def _take_feelings(self, said: str, text: str) -> tuple[Felt, ...]:
        """Return what is felt in a piece that was cut off, by its marks or else by its words."""
        end, blank = len(said), len(self._text) - len(self._text.lstrip())
        own = [found for found in self._felt if text and found[0] <= end + blank]
        self._felt = [(max(0, at - end), kind) for at, kind in self._felt[len(own) :]]
        if own:
            return tuple(Felt(kind, min(1.0, at / end)) for at, kind in own)
        return feelings_in_words(text, self._language) if text else ()

    def _end(self, following: str) -> int | None:
        """Where the first piece of the text ends, if that is certain."""
        opener = self._rules.opener.match(self._text) if self._may_open else None
        if opener and words(opener[0]) < FIRST_CLAUSE_WORDS:
            return opener.end()
        return _boundary(self._text, following, self._is_early, self._rules, self._brisk)

    @property
    def _may_open(self) -> bool:
        """Whether nothing has been cut yet, and the first few words may be."""
        return self.openers and not self._count

    @property
    def _is_early(self) -> bool:
        """Whether so little has been cut ("Sure!") that its sound ends before a whole sentence."""
        return self._words_cut < FIRST_CLAUSE_WORDS


def sentences_of(text: str, language: str = "") -> list[Sentence]:
    """Cut a whole text that is to be said."""
    splitter = SentenceSplitter(language=language)
    return [*splitter.feed(text), *splitter.finish()]


def words(text: str) -> float:
    """How many English words, or Chinese characters' worth of them, ``text`` has."""
    found = _WORDS.findall(text)
    return sum(
        CHINESE_WORD if _CHINESE.match(word) else 1.0
        for word in found
        if any(char.isalnum() for char in word)
    )


def is_chinese(char: str) -> bool:
    """Whether ``char`` is of a script without spaces between words, or its punctuation."""
    return _CHINESE.match(char) is not None


def has_chinese(text: str) -> bool:
    """Whether ``text`` is Chinese, or has some in it; Japanese is not."""
    return any(map(is_chinese, text)) and not _KANA.search(text)


def width(text: str) -> int:
    """How long ``text`` is when spoken, in Latin letters."""
    return len(text) + (CHINESE_WIDTH - 1) * len(_CHINESE.findall(text))


def _boundary(
    text: str, following: str, early: bool, rules: SentenceRules, brisk: bool
) -> int | None:
    """Where the first sentence of ``text`` ends, if that is certain."""
    end = _sentence_end(text, following, early, rules)
    if early:
        firsts = (end, _first_clause(text), _first_words(text, following, rules, brisk))
        end = min(filter(None, firsts), default=None)
    if (end is None or width(text[:end]) > MAX_SENTENCE_WIDTH) and width(text) > MAX_SENTENCE_WIDTH:
        return _long_cut(text)
    return end


def _sentence_end(text: str, following: str, early: bool, rules: SentenceRules) -> int | None:
    view = text + following
    for match in rules.end.finditer(view):
        end = match.end()
        if match[0] == "\n" and end <= len(text):
            return end
        rest = view[end:]
        if not rest or end > len(text):
            return None  # a closing quote or another full stop may follow
        if not _ends(view[:end], match[0], rest, rules):
            if _undecided(match[0], rest):
                return None
            continue
        if early or width(text[:end].strip()) >= MIN_SENTENCE_WIDTH:
            return end
    return None


def _undecided(mark: str, rest: str) -> bool:
    """Whether only the next visible character can tell if ``mark`` ends a sentence."""
    return not rest.strip(" \t") and not _CHINESE.match(mark)


def _ends(before: str, mark: str, rest: str, rules: SentenceRules) -> bool:
    """Whether ``mark``, the end of ``before``, ends a sentence when ``rest`` follows."""
    if re.match(r"[。！？；：…।॥]", mark):
        return True
    after = rest.lstrip(" \t")
    if not after:
        return False
    if not rest[0].isspace() and not _CHINESE.match(rest[0]):
        return False  # 3.14, 3:30, main.py, example.com
    if mark.startswith("."):
        if _ITEM.fullmatch(before) or rules.title.search(before):
            return False
        if rules.ordinal and rules.ordinal.search(before):
            return False
        if after[0].isdigit() and _BEFORE_NUMBER.search(before):
            return False
        if after[0] in "(（" and _BEFORE_BRACKET.search(before):
            return False
    return not (after[0].islower() and mark[0] in ".!?")


def _first_clause(text: str) -> int | None:
    for match in _CLAUSE.finditer(text):
        if words(text[: match.end()]) >= FIRST_CLAUSE_WORDS:
            return match.end()
    return None


def _first_words(text: str, following: str, rules: SentenceRules, brisk: bool) -> int | None:
    """Where to cut a first sentence that goes on without any punctuation.

    ``following`` is the first character of a word that has only begun.
    """
    for match in _WORD_BEGIN.finditer(text):
        before = text[: match.start()]
        count = words(before)
        if count < FIRST_JOINT_WORDS:
            continue
        if rules.joint.fullmatch(match[1]):
            return match.end()
        phrase = brisk and rules.phrase and rules.phrase.fullmatch(match[1])
        if (phrase or count >= FIRST_ANY_WORDS) and _part(before, match[1], rules):
            return match.end()
    begun = following.isalpha() and text[-1:].isspace()
    if begun and words(text) >= FIRST_ANY_WORDS and _part(text, following, rules):
        return len(text)
    for match in rules.particle.finditer(text) if rules.particle else ():
        if words(text[: match.end()]) >= FIRST_PARTICLE_WORDS:
            return match.end()
    return None


def _part(before: str, following: str, rules: SentenceRules) -> bool:
    """Whether two words may be parted.

    A number counts what is beside it, and a full stop that ends no sentence belongs to a title or
    an ordinal: "Dr. Weber", "im 2. Stock".
    """
    last = before.split()[-1]
    bound = last[-1].isdigit() or last[-1] == "." or following[0].isdigit()
    return not bound and not rules.leaning.fullmatch(last)


def _long_cut(text: str) -> int:
    """Where to cut a sentence that is too long: after a clause, else a word, else anywhere."""
    limit = budget = MAX_SENTENCE_WIDTH
    for number, char in enumerate(text):
        budget -= CHINESE_WIDTH if is_chinese(char) else 1
        if budget < 0:
            limit = number
            break
    clauses = [match.end() for match in _CLAUSE.finditer(text, 0, limit)]
    if clauses and width(text[: clauses[-1]]) >= MAX_SENTENCE_WIDTH / 4:
        return clauses[-1]
    spaces = [match.end() for match in re.finditer(r"\s+", text[:limit])]
    return spaces[-1] if spaces else limit
