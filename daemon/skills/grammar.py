"""Understands orders and questions to the built-in skills, without a model.

A sentence is brought to its normal form, freed of what means nothing, its times are replaced by
marks, and what is left is compared with the sentences in ``sentences/*.toml``. It has to be one of
them as a whole: whatever else is said goes to the brain.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from daemon.skills import clauses, followups, times_en, times_zh
from daemon.skills.building import build
from daemon.skills.intents import Dismiss, Intent, Names
from daemon.skills.memory_intents import ForgetSaid, Recollect
from daemon.skills.normal import MAX_LENGTH, Marked, is_chinese, normalised
from daemon.skills.reading import Reading
from daemon.skills.templates import SPAN, WHEN, Grammar, grammar

HESITATION = re.compile(
    r"(?<![^ ])(?:u+h*m+|uh+|e+rm*|hmm+|lets say|let me (?:think|see)|(?<=for )(?:well|i dont know)"
    r"|(?<!id )(?<!would )(?<!i )like(?= (?:\d|half|an? |one |two |five |ten ))) |[嗯呃额唔]+"
)
# Words that only sometimes mean nothing, so they are left out last.
SMALL_WORDS_EN = re.compile(
    r" (?:please|just|also|well|actually|maybe|like|kind of|you know|right now|currently|again"
    r"|real quick|at the moment|over(?= (?:in|there))|for me|or so|exactly|only|this year|then"
    r"|(?:(?<=for )|(?<=of ))about|and(?= (?:please|can)))"
    r"(?= |$)|^(?:and|also) |^(?:oh no|oh my god|oh dear|any idea|would you mind telling me) "
    r"|^do you happen to know "
)
SMALL_WORDS_ZH = re.compile(
    r"你?(?:给|帮|替)我|给(?=取消|删)|一下子?|一声|那个|麻烦你?|请你?|呢|呀|嘛|呗|啊|(?<=[了吧定点])吧|天哪|哎呀|记得|到时候"
)
MAX_FILLERS = 12  # that are taken off a sentence's ends


def understand(
    text: str, language: str, now: datetime, names: Names, previous: Intent | None = None
) -> Intent | None:
    """Return what is wanted; ``None`` when unsure, and the brain answers.

    ``now`` has the zone of the person. ``previous`` is the last intent, while a follow-up to it
    may come: "and another for five minutes", "no, fifteen", "tomorrow at nine" after "When?".
    ``language`` only decides where the words themselves do not tell. Never raises; time grows
    with the length of the text up to ``MAX_LENGTH`` characters, beyond which nothing is looked at.
    """
    if not text or len(text) > MAX_LENGTH:
        return None
    chinese = is_chinese(text) or (language == "zh" and text.isdigit())
    known = grammar("zh" if chinese else "en")
    whole = normalised(text).without(HESITATION)
    bare = _without_fillers(whole, known, names, chinese)
    sentences = (bare, whole) if bare.text != whole.text else (bare,)
    if names.ringing and any(once(s.text) in known.words["dismiss"] for s in sentences):
        return Dismiss()
    intent = _of_sentences(sentences, known, now, names, chinese)
    belongs_to_it = previous is not None and intent == ForgetSaid()  # "forget that": of what?
    if belongs_to_it and isinstance(previous, Recollect):
        return ForgetSaid(previous.about)
    if intent is not None and not belongs_to_it:
        return intent
    if previous is not None:
        for sentence in sentences:
            later = followups.understand(sentence, previous, known, now, names, chinese)
            if later is not None:
                return later
    if intent is not None:
        return intent
    lighter = whole.without(SMALL_WORDS_ZH if chinese else SMALL_WORDS_EN)
    if lighter.text not in ("", whole.text):
        bare = _without_fillers(lighter, known, names, chinese)
        if (intent := _of_sentences((bare, lighter), known, now, names, chinese)) is not None:
            return intent
    return clauses.understand(
        text, chinese, now, known, lambda clause: understand(clause, language, now, names)
    )


def _of_sentences(
    sentences: Iterable[Marked], known: Grammar, now: datetime, names: Names, chinese: bool
) -> Intent | None:
    """Return what one of these wants as a whole."""
    for sentence in sentences:
        for reading in _readings(sentence, known, now, names, chinese):
            if (intent := build(reading)) is not None:
                return intent
    return None


def once(text: str) -> str:
    """Return what was said again and again: "stop stop stop", 好了好了."""
    return re.sub(r"^(.+?)(?: ?\1)+$", r"\1", text)


def _readings(
    sentence: Marked, known: Grammar, now: datetime, names: Names, chinese: bool
) -> Iterator[Reading]:
    """Yield how a sentence can be read, likeliest first."""
    has = _words_in(sentence, chinese)
    plain = [(o, s) for o in known.orders for s in o.sentences if s.may_be(has)]
    marked = sentence
    if any(order.timed for order, _ in plain):
        marked = sentence.part(0, len(sentence.text))
        (times_zh if chinese else times_en).mark_times(marked, now.date())
    marked_has = _words_in(marked, chinese)
    for order, wording in plain:
        chosen = marked if order.timed else sentence
        if order.timed and not wording.may_be(marked_has):
            continue
        if match := wording.match(chosen.text if chinese else f" {chosen.text}"):
            yield Reading(order, match, chosen, known, now, names, chinese)


def _words_in(text: Marked, chinese: bool) -> Callable[[str], bool]:
    """Return what tells whether a word, or a mark, may be in a text."""
    if not text.values:  # a mark may come yet
        words = {*text.text.split(), SPAN, WHEN}
    else:
        spans, whens = text.spans(text.text), text.whens(text.text)
        words = {*text.text.split(), *[SPAN] * bool(spans), *[WHEN] * bool(whens)}
    if not chinese:
        return words.__contains__
    return lambda word: word in words if word in (SPAN, WHEN) else word in text.text


def _without_fillers(text: Marked, known: Grammar, names: Names, chinese: bool) -> Marked:
    """Return what is left without greetings, politeness, hesitation and its own name."""
    calls = [normalised(name).text for name in names.assistant]
    called = "|".join(re.escape(call) for call in sorted(calls, key=len, reverse=True) if call)
    gap = "" if chinese else " "
    before = [known.before, *([re.compile(rf"{gap}(?:{called})")] if called else [])]
    after = [known.after, *([re.compile(rf"{gap}(?:{called})$")] if called else [])]
    for _ in range(MAX_FILLERS):
        spoken = gap + text.text
        if match := next(filter(None, (p.match(spoken) for p in before)), None):
            end = match.end()
            if end < len(spoken) and (chinese or spoken[end] == " "):
                text = (
                    text.part(end, len(text.text)) if not chinese else text.part(end, len(spoken))
                )
                continue
        match = next(filter(None, (p.search(spoken) for p in after)), None)
        if match and match.start() > 0:
            text = text.part(0, match.start() - len(gap))
            continue
        break
    return text
